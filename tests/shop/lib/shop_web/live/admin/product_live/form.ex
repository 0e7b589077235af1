defmodule ShopWeb.Admin.ProductLive.Form do
  @moduledoc "A product's form, for a new one and for one that is there."

  use ShopWeb, :live_view

  alias Shop.Catalog
  alias Shop.Catalog.Product

  @impl true
  def mount(params, _session, socket) do
    {:ok, prepare(socket, socket.assigns.live_action, params)} # error: [liveview/query-in-mount]
  end

  @impl true
  def handle_event("validate", %{"product" => params}, socket) do
    socket.assigns.product |> Catalog.change_product(params) |> reply_validated(socket)
  end

  def handle_event("save", %{"product" => params}, socket) do
    socket.assigns.current_scope
    |> Catalog.save_product(socket.assigns.product, params)
    |> reply_saved(socket, "The product is saved.", ~p"/admin/products")
  end

  @impl true
  def render(assigns) do
    ~H"""
    <Layouts.admin flash={@flash} current_scope={@current_scope}>
      <.header>{@page_title}</.header>
      <.form for={@form} id="product" phx-change="validate" phx-submit="save">
        <.input field={@form[:name]} label="Name" required />
        <.input field={@form[:description]} type="textarea" label="Description" />
        <.input field={@form[:price]} type="number" label="Price" min="0.01" step="0.01" />
        <.input field={@form[:stock]} type="number" label="Pieces" min="0" />
        <.input
          field={@form[:category_id]}
          type="select"
          label="Category"
          prompt="Where does it stand?"
          options={Enum.map(@categories, &{&1.name, &1.id})}
        />
        <.input field={@form[:tag_list]} label="Tags, with commas between them" />
        <.button type="submit" variant="primary">Save</.button>
      </.form>
    </Layouts.admin>
    """
  end

  defp prepare(socket, :new, _params), do: show(socket, %Product{}, "New product")

  defp prepare(socket, :edit, %{"id" => id}) do
    product = Catalog.get_product!(id)
    tags = Enum.map_join(product.tags, ", ", & &1.name)
    show(socket, %{product | tag_list: tags}, product.name)
  end

  defp show(socket, product, title) do
    assign(socket,
      page_title: title,
      product: product,
      categories: Catalog.list_categories(),
      form: to_form(Catalog.change_product(product))
    )
  end
end
