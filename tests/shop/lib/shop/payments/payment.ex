defmodule Shop.Payments.Payment do
  @moduledoc "Money that came in for an order, under the payment company's reference."

  use Ecto.Schema

  import Ecto.Changeset

  @type t :: %__MODULE__{}

  schema "payments" do
    field :reference, :string
    field :amount, :decimal
    field :settled_at, :utc_datetime

    belongs_to :order, Shop.Orders.Order

    timestamps(type: :utc_datetime)
  end

  @doc "A payment of an order's whole total."
  def of_order(order, reference) do
    %__MODULE__{order_id: order.id}
    |> change(reference: reference, amount: order.total)
    |> unique_constraint(:reference)
    |> foreign_key_constraint(:order_id)
  end

  def settle_changeset(payment), do: change(payment, settled_at: DateTime.utc_now(:second))
end
