defmodule ShopWeb.Admin.CategoryLive do
  @moduledoc "The shelves: what there are, and a form for one more."

  use ShopWeb, :live_view

  alias Shop.Catalog
  alias Shop.Catalog.Category

  @impl true
  def mount(_params, _session, socket) do
    socket = assign(socket, page_title: "Categories", form: blank())
    {:ok, assign(socket, :categories, Catalog.list_categories())}
  end

  @impl true
  def handle_event("validate", %{"category" => params}, socket) do
    %Category{} |> Catalog.change_category(params) |> reply_validated(socket)
  end

  def handle_event("create", %{"category" => params}, socket) do
    socket.assigns.current_scope
    |> Catalog.create_category(params)
    |> reply_saved(socket, "One more shelf.", ~p"/admin/categories")
  end

  @impl true
  def render(assigns) do
    ~H"""
    <Layouts.admin flash={@flash} current_scope={@current_scope}>
      <.header>Categories</.header>
      <ol>
        <li :for={category <- @categories}>{category.name} <code>{category.slug}</code></li>
      </ol>
      <.form for={@form} id="category" phx-change="validate" phx-submit="create">
        <.input field={@form[:name]} label="Name" />
        <.input field={@form[:slug]} label="Address" />
        <.button type="submit">Add</.button>
      </.form>
    </Layouts.admin>
    """
  end

  defp blank, do: to_form(Catalog.change_category(%Category{}))
end
