defmodule Shop.Carts.CartItem do
  @moduledoc "Some pieces of one product in a cart."

  use Ecto.Schema

  import Ecto.Changeset

  alias Shop.Carts.Cart
  alias Shop.Catalog.Product

  @type t :: %__MODULE__{}

  @max_quantity 99

  schema "cart_items" do
    field :quantity, :integer, default: 1

    belongs_to :cart, Cart
    belongs_to :product, Product

    timestamps(type: :utc_datetime)
  end

  def quantity_changeset(item, attrs) do
    item
    |> cast(attrs, [:quantity])
    |> validate_required([:quantity])
    |> validate_number(:quantity, greater_than: 0, less_than_or_equal_to: @max_quantity)
    |> check_constraint(:quantity, name: :cart_items_quantity_is_in_range)
    |> unique_constraint([:cart_id, :product_id])
    |> foreign_key_constraint(:product_id)
  end
end
