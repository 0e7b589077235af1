defmodule Shop.Inventory.StockLevel do
  @moduledoc "How many pieces of a product lie in a warehouse."

  use Ecto.Schema

  schema "stock_levels" do
    field :quantity, :integer, default: 0

    belongs_to :warehouse, Shop.Inventory.Warehouse
    belongs_to :product, Shop.Catalog.Product

    timestamps(type: :utc_datetime)
  end
end
