defmodule ShopWeb.OrderLive.Show do
  @moduledoc "One order of a customer's, and where its parcel is."

  use ShopWeb, :live_view

  alias Shop.Orders
  alias Shop.Orders.{Events, OrderLine}
  alias Shop.Shipping
  alias Shop.Shipping.Tracker

  @impl true
  def mount(%{"id" => id}, _session, socket) do
    scope = socket.assigns.current_scope
    order = Orders.get_order!(scope, id) # error: [liveview/query-in-mount]
    shipment = Shipping.shipment_of(order) # error: [liveview/query-in-mount]

    if connected?(socket) do
      Phoenix.PubSub.subscribe(Shop.PubSub, Events.topic(scope.user.id))
      if shipment, do: Tracker.subscribe(shipment.tracking_code)
    end

    {:ok,
     socket
     |> assign(order: order, shipment: shipment, page_title: order.number)
     |> assign(:arrival, Shipping.arrival(2))}
  end

  @impl true
  def handle_event("cancel", _params, socket) do
    case Orders.cancel(socket.assigns.current_scope, socket.assigns.order) do
      {:ok, _order} ->
        socket = put_flash(socket, :info, "Your order is cancelled.")
        {:noreply, push_redirect(socket, to: ~p"/orders")} # error: [liveview/push-redirect]

      {:error, _reason} ->
        {:noreply, put_flash(socket, :error, "It is too late to cancel this order.")}
    end
  end

  @impl true
  def handle_info({:order_changed, %{id: id}}, %{assigns: %{order: %{id: id}}} = socket) do
    {:noreply, assign(socket, :order, Orders.get_order!(socket.assigns.current_scope, id))}
  end

  def handle_info({:parcel_moved, _code, status}, socket) do
    {:noreply, assign(socket, :shipment, %{socket.assigns.shipment | status: status})}
  end

  def handle_info(_message, socket), do: {:noreply, socket}
end
