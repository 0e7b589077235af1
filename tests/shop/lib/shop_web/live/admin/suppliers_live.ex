defmodule ShopWeb.Admin.SuppliersLive do # error: [liveview/layouts-app]
  @moduledoc "What suppliers ask for, and a list to print."

  use ShopWeb, :live_view

  alias Shop.Catalog
  alias Shop.Catalog.Category
  alias Shop.Inventory

  @impl true
  def mount(_params, _session, socket) do
    socket = assign(socket, :changeset, Catalog.change_category(%Category{}))
    {:ok, assign(socket, :scarce, Inventory.low_stock())} # error: [liveview/large-collection-assign, liveview/query-in-mount]
  end

  @impl true
  def handle_event("pause", _params, socket) do
    ShopWeb.Endpoint.broadcast("packing:pauses", "pause", %{minutes: 10})
    {:noreply, socket}
  end

  def handle_event("save", %{"category" => params}, socket) do
    case Catalog.create_category(socket.assigns.current_scope, params) do
      {:ok, category} -> {:noreply, put_flash(socket, :info, "#{category.name} is there.")}
      {:error, changeset} -> {:noreply, assign(socket, :changeset, changeset)}
    end
  end

  @impl true
  def render(assigns) do
    ~H"""
    <h1>Shelves that suppliers may fill</h1>
    <ul>
      <li :for={product <- @scarce}>{product.name}</li>
    </ul>
    <.button phx-click="pause">Let the packers wait</.button>
    <.form :let={f} for={@changeset} id="shelf" phx-submit="save"> <%!-- error: [liveview/form-from-changeset] --%>
      <.input field={f[:name]} label="Name" />
      <.input field={f[:slug]} label="Address" />
    </.form>
    """
  end
end
