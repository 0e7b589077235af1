defmodule ShopWeb.CartLive do
  @moduledoc "The cart, the same in all of a customer's windows."

  use ShopWeb, :live_view

  alias Shop.Carts

  @impl true
  def mount(_params, _session, socket) do
    if connected?(socket), do: Carts.subscribe(socket.assigns.current_scope)

    {:ok, socket |> assign(:page_title, "Your cart") |> load()} # error: [liveview/query-in-mount]
  end

  @impl true
  def handle_event("change", %{"item" => id, "quantity" => quantity}, socket) do
    socket.assigns.current_scope
    |> Carts.set_quantity(id, quantity)
    |> reply_done(socket, "Between 1 and 99, please.", fn _item, socket -> socket end)
  end

  def handle_event("remove", %{"item" => id}, socket) do
    case Carts.remove_item(socket.assigns.current_scope, id) do
      {:ok, item} -> {:noreply, put_flash(socket, :info, "#{item.quantity} pieces removed.")}
      {:error, :not_found} -> {:noreply, load(socket)}
    end
  end

  @impl true
  def handle_info(:cart_changed, socket), do: {:noreply, load(socket)}
  def handle_info(_message, socket), do: {:noreply, socket}

  @impl true
  def render(assigns) do
    ~H"""
    <Layouts.app flash={@flash} current_scope={@current_scope}>
      <.header>Your cart</.header>
      <p :if={@cart.items == []}>There is nothing in it yet.</p>
      <ul>
        <li :for={item <- @cart.items} id={"item-#{item.id}"}>
          <.link navigate={~p"/catalog/#{item.product.slug}"}>{item.product.name}</.link>
          <form id={"quantity-#{item.id}"} phx-change="change">
            <input type="hidden" name="item" value={item.id} />
            <input
              type="number"
              name="quantity"
              value={item.quantity}
              min="1"
              max="99"
              phx-debounce="300"
              aria-label="Pieces"
            />
          </form>
          <.button phx-click="remove" phx-value-item={item.id}>Remove</.button>
        </li>
      </ul>
      <p :if={@cart.items != []}>
        {euros(@total)} <.button navigate={~p"/checkout"} variant="primary">Check out</.button>
      </p>
    </Layouts.app>
    """
  end

  defp load(socket) do
    cart = Carts.get_cart(socket.assigns.current_scope)
    if connected?(socket), do: Carts.keep(cart)
    assign(socket, cart: cart, total: Carts.total(cart))
  end
end
