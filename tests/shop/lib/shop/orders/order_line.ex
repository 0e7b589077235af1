defmodule Shop.Orders.OrderLine do
  @moduledoc "One product of an order, as it was called and priced when it was bought."

  use Ecto.Schema

  schema "order_lines" do
    field :name, :string
    field :quantity, :integer
    field :unit_price, :decimal

    belongs_to :order, Shop.Orders.Order
    belongs_to :product, Shop.Catalog.Product

    timestamps(type: :utc_datetime, updated_at: false)
  end

  @doc "The line for an item of a cart whose product is loaded."
  def from_item(%{product: product, quantity: quantity}) do
    %__MODULE__{
      name: product.name,
      quantity: quantity,
      unit_price: product.price,
      product_id: product.id
    }
  end

  def total(%__MODULE__{unit_price: price, quantity: quantity}) do
    Decimal.mult(price, quantity)
  end
end
