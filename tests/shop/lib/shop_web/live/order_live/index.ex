defmodule ShopWeb.OrderLive.Index do
  @moduledoc "A customer's own orders."

  use ShopWeb, :live_view

  alias Shop.Orders
  alias Shop.Orders.{Events, Order}
  alias ShopWeb.Endpoint
  alias ShopWeb.Paging

  @impl true
  def mount(_params, _session, socket) do
    Endpoint.subscribe(Events.topic(socket.assigns.current_scope.user.id)) # error: [liveview/unguarded-subscribe]

    {:ok, assign(socket, :page_title, "Your orders")}
  end

  @impl true
  def handle_params(params, _uri, socket) do
    page = Paging.page(params)

    if page > 1 do
      socket = assign(socket, :page_title, "Older orders") # error: [liveview/lost-rebind]
    end

    orders = Orders.list_orders(socket.assigns.current_scope, page)
    {:noreply, socket |> assign(:page, page) |> stream(:orders, orders, reset: true)}
  end

  @impl true
  def handle_info({:order_placed, %Order{} = order}, socket) do
    {:noreply, stream_insert(socket, :orders, order, at: 0)}
  end

  def handle_info({:order_changed, %Order{} = order}, socket) do
    {:noreply, stream_insert(socket, :orders, order, update_only: true)}
  end

  def handle_info(_message, socket), do: {:noreply, socket}

  @impl true
  def render(assigns) do
    ~H"""
    <Layouts.app flash={@flash} current_scope={@current_scope}>
      <.header>Your orders</.header>
      <.table id="orders" rows={@streams.orders}>
        <:col :let={order} label="Order">
          {live_redirect(order.number, to: ~p"/orders/#{order.id}")} <%!-- error: [liveview/live-redirect] --%>
        </:col>
        <:col :let={order} label="Total">{euros(order.total)}</:col>
        <:col :let={order} label="Status">{order.status}</:col>
      </.table>
      <%= live_patch to: ~p"/orders?#{[page: @page + 1]}", class: "button" do %> <%!-- error: [liveview/live-patch] --%>
        Older orders
      <% end %>
    </Layouts.app>
    """
  end
end
