defmodule ShopWeb.CatalogLive.Show do
  @moduledoc "A product's page, on which it can be put into the cart and compared."

  use ShopWeb, :live_view

  import ShopWeb.ProductComponents

  alias Shop.Carts
  alias Shop.Catalog
  alias Shop.Catalog.Events
  alias Shop.FeatureFlags
  alias Shop.Pricing

  @impl true
  def mount(%{"slug" => slug}, _session, socket) do
    if connected?(socket), do: Events.subscribe()

    product = Catalog.get_product_by_slug!(slug) # error: [liveview/query-in-mount]

    {:ok,
     socket
     |> assign(product: product, page_title: product.name)
     |> assign(foreign_price: nil, others: [], compare?: FeatureFlags.enabled?("compare"))}
  end

  @impl true
  def handle_event("add", _params, %{assigns: %{current_scope: nil}} = socket) do
    {:noreply,
     socket
     |> put_flash(:info, "Please open an account to buy.")
     |> push_redirect(to: ~p"/users/register")} # error: [liveview/push-redirect]
  end

  def handle_event("add", _params, socket) do
    socket.assigns.current_scope
    |> Carts.add_product(socket.assigns.product)
    |> reply_done(socket, "That did not work.", fn _item, socket ->
      push_navigate(socket, to: ~p"/cart")
    end)
  end

  def handle_event("convert", %{"currency" => currency}, socket) do
    price =
      case Pricing.convert(socket.assigns.product.price, currency) do
        {:ok, amount} -> "#{amount} #{currency}"
        {:error, :unknown_currency} -> nil
      end

    {:noreply, assign(socket, :foreign_price, price)}
  end

  def handle_event("compare", %{"ids" => ids}, socket) when is_list(ids) do
    ids = for text <- ids, {id, ""} <- [Integer.parse(text)], do: id
    {:noreply, assign(socket, :others, Catalog.compare_products(ids))}
  end

  @impl true
  def handle_info({:product_archived, %{id: id}}, %{assigns: %{product: %{id: id}}} = socket) do
    {:noreply,
     socket
     |> put_flash(:info, "This product has just been sold out for good.")
     |> push_navigate(to: ~p"/catalog")}
  end

  def handle_info({:product_saved, %{id: id, slug: slug}}, socket)
      when id == socket.assigns.product.id do
    {:noreply, assign(socket, :product, Catalog.get_product_by_slug!(slug))}
  end

  def handle_info(_message, socket), do: {:noreply, socket}

  @impl true
  def render(assigns) do
    ~H"""
    <Layouts.app flash={@flash} current_scope={@current_scope}>
      <.header>
        {@product.name}
        <:actions>
          <.button :if={@product.stock > 0} phx-click="add" variant="primary">
            Put into the cart
          </.button>
        </:actions>
      </.header>
      <p>{@product.description}</p>
      <p class="price">{euros(@product.price)}</p>
      <.stock pieces={@product.stock} />
      <p>
        <.button phx-click="convert" phx-value-currency="CHF">In francs</.button>
        <span :if={@foreign_price}>{@foreign_price}</span>
      </p>
      <p>
        <.link :for={tag <- @product.tags} navigate={~p"/products?#{[q: tag.name]}"}>{tag.name}</.link>
      </p>
      <form :if={@compare?} id="compare" phx-submit="compare">
        <input :for={n <- 1..3} type="number" name="ids[]" aria-label={"Product #{n}"} />
        <.button type="submit">Compare</.button>
      </form>
      <ul>
        <li :for={other <- @others}>{other.name}: {euros(other.price)}</li>
      </ul>
      <.review :for={review <- @product.reviews} review={review}>
        <.link
          :if={@current_scope && review.user_id == @current_scope.user.id}
          href={~p"/products/#{@product.slug}/reviews/#{review.id}"}
          method="delete"
        >
          Withdraw
        </.link>
      </.review>
    </Layouts.app>
    """
  end
end
