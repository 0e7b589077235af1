defmodule Shop.Workers.BookShipment do
  @moduledoc "Books the parcel of an order that was paid, and has the customer told."

  use Oban.Worker, queue: :default, max_attempts: 10, unique: [keys: [:order_id]]

  alias Shop.Orders
  alias Shop.Shipping

  @impl Oban.Worker
  def perform(%Oban.Job{args: %{"order_id" => order_id}}) do
    order = Orders.get_order_by_id!(order_id)

    with {:ok, _shipment} <- Shipping.book(order),
         {:ok, _order} <- Orders.mark_shipped(order) do
      :ok
    end
  end
end
