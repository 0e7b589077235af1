defmodule Shop.Workers.OrderMail do
  @moduledoc "Mails customers what becomes of their orders."

  use Oban.Worker, queue: :mail, max_attempts: 8, unique: [period: 60]

  alias Shop.Mailer
  alias Shop.Orders
  alias Shop.Orders.InvoiceLink
  alias ShopWeb.Endpoint
  alias ShopWeb.Router.Helpers, as: Routes

  @doc "The job that confirms an order."
  def confirmation(order), do: new(%{"kind" => "confirmation", "order_id" => order.id})

  def shipped(order), do: new(%{"kind" => "shipped", "order_id" => order.id})

  @impl Oban.Worker
  def perform(%Oban.Job{args: %{"kind" => kind, "order_id" => order_id}}) do
    order = Orders.get_order_by_id!(order_id)
    {subject, text} = text(kind, order)

    with {:ok, _receipt} <- Mailer.send_text(order.user.email, subject, text), do: :ok
  end

  defp text("confirmation", order) do
    {"Your order #{order.number}",
     """
     Thank you! We have your order of #{length(order.lines)} things.

     Where it is: #{Routes.order_show_url(Endpoint, :show, order.id)} # error: [liveview/verified-routes]
     Its invoice: #{Endpoint.url()}/invoices/#{InvoiceLink.sign(order)}
     """}
  end

  defp text("shipped", order) do
    {"On its way: #{order.number}", "Your parcel to #{order.address.city} has left."}
  end
end
