defmodule Shop.Inventory.Warehouse do
  @moduledoc "A place where pieces lie, and the name that its own system knows it by."

  use Ecto.Schema

  alias Shop.Inventory.StockLevel

  schema "warehouses" do
    field :name, :string
    field :code, :string

    has_many :stock_levels, StockLevel

    timestamps(type: :utc_datetime)
  end
end
