defmodule Shop.Catalog.PriceChange do
  @moduledoc "What a product cost before, and who changed it."

  use Ecto.Schema

  import Ecto.Changeset

  alias Shop.Accounts.{Scope, User}
  alias Shop.Catalog.Product

  schema "price_changes" do
    field :old_price, :decimal
    field :new_price, :decimal

    belongs_to :product, Product
    belongs_to :changed_by, User

    timestamps(type: :utc_datetime, updated_at: false)
  end

  @doc "The change from the price that a product had to the one it has."
  def between(%Scope{user: user}, %Product{price: old}, %Product{id: id, price: new}) do
    %__MODULE__{product_id: id, changed_by_id: user.id}
    |> change(old_price: old, new_price: new)
    |> foreign_key_constraint(:product_id)
    |> foreign_key_constraint(:changed_by_id)
  end
end
