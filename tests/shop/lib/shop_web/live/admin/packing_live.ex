defmodule ShopWeb.Admin.PackingLive do
  @moduledoc "One order on the packing table, and who else packs."

  use ShopWeb, :live_view

  alias Shop.Accounts
  alias Shop.Orders
  alias Shop.Shipping
  alias ShopWeb.Presence

  @topic "packing"

  @impl true
  def mount(%{"id" => id}, session, socket) do
    socket = assign(socket, :current_scope, Accounts.scope_for_session(session["user_token"])) # error: [liveview/assign-new, liveview/query-in-mount]
    order = Orders.get_any_order!(socket.assigns.current_scope, id) # error: [liveview/query-in-mount]

    if connected?(socket) do
      ShopWeb.Endpoint.subscribe(@topic)
      ShopWeb.Endpoint.subscribe("packing:pauses") # error: [liveview/unhandled-message]
    end

    socket = assign(socket, order: order, packers: Presence.list(@topic))
    {:ok, assign(socket, :scanned, []), temporary_assigns: [scanned: []]} # error: [liveview/phx-update-append]
  end

  @impl true
  def handle_event("scan", %{"code" => code}, socket) do
    {:noreply, assign(socket, :scanned, [%{id: System.unique_integer(), code: code}])}
  end

  def handle_event("label", _params, socket) do
    case Shipping.book(socket.assigns.order) do # error: [liveview/external-call-in-callback]
      {:ok, shipment} -> {:noreply, put_flash(socket, :info, "Print #{shipment.tracking_code}.")}
      {:error, _reason} -> {:noreply, put_flash(socket, :error, "The carrier has no label.")}
    end
  end

  @impl true
  def handle_info(%{event: "presence_diff"}, socket) do
    {:noreply, assign(socket, :packers, Presence.list(@topic))}
  end

  @impl true
  def render(assigns) do
    ~H"""
    <Layouts.admin flash={@flash} current_scope={@current_scope}>
      <.header>Packing {@order.number}</.header>
      <p>{map_size(@packers)} of us are packing.</p>
      <form id="scanner" phx-submit="scan">
        <input name="code" autofocus />
      </form>
      <ul id="scanned" phx-update="prepend"> <%!-- error: [liveview/phx-update-append] --%>
        <li :for={piece <- @scanned} id={"piece-#{piece.id}"}>{piece.code}</li>
      </ul>
      <.button phx-click="label">Print the label</.button>
      <.link navigate="/admin/orders">All orders</.link> <%!-- error: [liveview/string-path] --%>
    </Layouts.admin>
    """
  end
end
