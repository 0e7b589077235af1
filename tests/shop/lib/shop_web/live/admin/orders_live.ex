defmodule ShopWeb.Admin.OrdersLive do
  @moduledoc "The newest orders of all customers, as they come in."

  use ShopWeb, :live_view

  alias Phoenix.PubSub
  alias Shop.Orders
  alias Shop.Orders.{Events, Order}

  @impl true
  def mount(_params, _session, socket) do
    if connected?(socket), do: PubSub.subscribe(Shop.PubSub, Events.topic())

    {:ok, socket |> assign(:page_title, "Orders") |> assign(:statuses, Order.statuses())}
  end

  @impl true
  def handle_params(params, _uri, socket) do
    status = Enum.find(Order.statuses(), &(Atom.to_string(&1) == params["status"]))
    orders = Orders.list_recent(socket.assigns.current_scope, status)
    {:noreply, socket |> assign(:status, status) |> stream(:orders, orders, reset: true)}
  end

  @impl true
  def handle_event("refund", %{"id" => id}, socket) do
    scope = socket.assigns.current_scope

    scope
    |> Orders.cancel(Orders.get_any_order!(scope, id))
    |> reply_done(socket, "It cannot be taken back.", &stream_insert(&2, :orders, &1))
  end

  def handle_event("ship", %{"id" => id}, socket) do
    order = Orders.get_any_order!(socket.assigns.current_scope, id)
    {:ok, order} = Orders.mark_shipped(order) # error: [ecto/unhandled-error]
    {:noreply, stream_insert(socket, :orders, order, update_only: true)}
  end

  @impl true
  def handle_info({:order_placed, order}, %{assigns: %{status: nil}} = socket) do
    {:noreply, stream_insert(socket, :orders, order, at: 0, limit: 50)}
  end

  def handle_info({:order_changed, order}, socket) do
    {:noreply, stream_insert(socket, :orders, order, update_only: true)}
  end

  def handle_info(_message, socket), do: {:noreply, socket}

  @impl true
  def render(assigns) do
    ~H"""
    <Layouts.admin flash={@flash} current_scope={@current_scope}>
      <.header>Orders</.header>
      <p>
        <.link patch={~p"/admin/orders"}>All</.link>
        <.link :for={status <- @statuses} patch={~p"/admin/orders?#{[status: status]}"}>
          {status}
        </.link>
      </p>
      <.table id="orders" rows={@streams.orders}>
        <:col :let={order} label="Order">{order.number}</:col>
        <:col :let={order} label="Status">{order.status}</:col>
        <:col :let={order} label="Total">{euros(order.total)}</:col>
        <:col :let={order}>
          <.button phx-click="refund" phx-value-id={order.id} data-confirm="Take it back?">
            Take back
          </.button>
          <.button phx-click="ship" phx-value-id={order.id}>On its way</.button>
        </:col>
      </.table>
    </Layouts.admin>
    """
  end
end
