defmodule ShopWeb.CatalogLive.Index do
  @moduledoc "The catalogue: by page, by category, in three orders, and by what is typed."

  use ShopWeb, :live_view

  import ShopWeb.ProductComponents, only: [card: 1]

  alias Phoenix.PubSub
  alias Shop.Catalog
  alias Shop.Catalog.Search
  alias ShopWeb.Paging

  @impl true
  def mount(_params, _session, socket) do
    PubSub.subscribe(Shop.PubSub, "products") # error: [liveview/unguarded-subscribe]

    {:ok,
     socket
     |> assign(page_title: "Catalogue", suggestions: [])
     |> assign(:form, to_form(%{"q" => ""}))
     |> stream_configure(:products, dom_id: &"product-#{&1.slug}")}
  end

  @impl true
  def handle_params(params, _uri, socket) do
    sort = String.to_atom(Map.get(params, "sort", "name")) # error: [security/dynamic-atom]
    options = [sort: sort, category: params["category"], page: Paging.page(params)]

    {:noreply,
     socket
     |> assign(:options, options)
     |> assign(:pages, Catalog.count_pages(options))
     |> assign(:categories, Catalog.list_categories())
     |> stream(:products, Catalog.list_products(options), reset: true)}
  end

  @impl true
  def handle_event("suggest", %{"q" => typed}, socket) when byte_size(typed) > 2 do
    {:noreply, assign(socket, :suggestions, Search.suggest(typed))}
  end

  def handle_event("suggest", _params, socket) do
    {:noreply, assign(socket, :suggestions, [])}
  end

  @impl true
  def handle_info({:product_archived, product}, socket) do
    {:noreply, stream_delete(socket, :products, product)}
  end

  def handle_info({:product_saved, product}, socket) do
    message = gettext("%{name} has just changed.", name: product.name)
    {:noreply, put_flash(socket, :info, message)}
  end

  def handle_info(_message, socket), do: {:noreply, socket}

  @impl true
  def render(assigns) do
    ~H"""
    <Layouts.app flash={@flash} current_scope={@current_scope}>
      <.header>Catalogue</.header>
      <.form for={@form} id="search" phx-change="suggest">
        <.input field={@form[:q]} type="search" label="Search" autocomplete="off" />
      </.form>
      <ul>
        <li :for={{name, slug} <- @suggestions}>
          <.link navigate={~p"/catalog/#{slug}"}>{name}</.link>
        </li>
      </ul>
      <p>
        {live_patch("Newest first", to: ~p"/catalog?sort=newest", class: "sort")} <%!-- error: [liveview/live-patch] --%>
        {live_patch("Cheapest first", to: ~p"/catalog?sort=price", replace: true)} <%!-- error: [liveview/live-patch] --%>
        <.link patch={~p"/catalog"}>By name</.link>
      </p>
      <p>
        <.link :for={category <- @categories} patch={~p"/catalog?#{[category: category.slug]}"}>
          {category.name}
        </.link>
      </p>
      <p :if={@streams.products == []}>Nothing found.</p> <%!-- error: [liveview/stream-enumerated] --%>
      <section id="products" class="grid" phx-update="stream">
        <.card :for={{dom_id, product} <- @streams.products} id={dom_id} product={product} />
      </section>
      <.link
        :if={@options[:page] < @pages}
        patch={~p"/catalog?#{Keyword.update!(@options, :page, &(&1 + 1))}"}
      >
        Next page
      </.link>
    </Layouts.app>
    """
  end
end
