defmodule ShopWeb.Admin.ProductLive.Index do
  @moduledoc "All that is for sale, to be changed or taken out."

  use ShopWeb, :live_view

  alias Shop.Catalog
  alias ShopWeb.Paging

  @impl true
  def mount(_params, _session, socket), do: {:ok, assign(socket, :page_title, "Products")}

  @impl true
  def handle_params(params, _uri, socket) do
    page = Paging.page(params)
    products = Catalog.list_products(page: page, sort: :name)

    {:noreply,
     socket
     |> assign(page: page, pages: Catalog.count_pages())
     |> stream(:products, products, reset: true)}
  end

  @impl true
  def handle_event("archive", %{"id" => id}, socket) do
    product = Catalog.get_product!(id)

    socket.assigns.current_scope
    |> Catalog.archive_product(product)
    |> reply_done(socket, "The product was not archived.", &stream_delete(&2, :products, &1))
  end

  @impl true
  def render(assigns) do
    ~H"""
    <Layouts.admin flash={@flash} current_scope={@current_scope}>
      <.header>
        Products
        <:actions>
          <.button navigate={~p"/admin/products/new"} variant="primary">New product</.button>
        </:actions>
      </.header>
      <.table id="products" rows={@streams.products}>
        <:col :let={product} label="Product">{product.name}</:col>
        <:col :let={product} label="Category">{product.category.name}</:col>
        <:col :let={product} label="Pieces">{product.stock}</:col>
        <:col :let={product}>
          <.link navigate={~p"/admin/products/#{product}/edit"}>Change</.link>
          <.button phx-click="archive" phx-value-id={product.id} data-confirm="Sure?">
            Archive
          </.button>
        </:col>
      </.table>
      <.link :if={@page < @pages} patch={~p"/admin/products?#{[page: @page + 1]}"}>More</.link>
    </Layouts.admin>
    """
  end
end
