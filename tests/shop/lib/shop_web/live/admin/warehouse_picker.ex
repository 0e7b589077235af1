defmodule ShopWeb.Admin.WarehousePicker do
  @moduledoc "A choice of warehouses, by name."

  use ShopWeb, :live_component

  alias Shop.Inventory.Names

  @impl true
  def update(assigns, socket) do
    {:ok, socket |> assign(assigns) |> assign(:names, Names.of_warehouses())}
  end

  @impl true
  def render(assigns) do
    ~H"""
    <ul id={@id}>
      <li :for={name <- @names}>{name}</li>
    </ul>
    """
  end
end
