defmodule ShopWeb.Layouts do
  @moduledoc "What all pages have around them."

  use ShopWeb, :html

  alias Shop.Accounts.Scope

  embed_templates "layouts/*"

  @doc "The shop's frame: the way around, messages, and the page."
  attr :flash, :map, required: true
  attr :current_scope, Scope, default: nil
  slot :inner_block, required: true

  def app(assigns) do
    ~H"""
    <nav>
      <.link navigate={~p"/catalog"}>Catalogue</.link>
      <.link href={~p"/about"}>About</.link>
      <%= if @current_scope do %>
        <.link navigate={~p"/cart"}>Cart</.link>
        <.link navigate={~p"/orders"}>Orders</.link>
        <.link navigate={~p"/support"}>Support</.link>
        <.link navigate={~p"/users/settings"}>{@current_scope.user.email}</.link>
        <.link href={~p"/users/log-out"} method="delete">Log out</.link>
      <% else %>
        <.link navigate={~p"/users/register"}>Register</.link>
        <.link href={~p"/users/log-in"}>Log in</.link>
      <% end %>
    </nav>
    <main>
      <.flash kind={:info} flash={@flash} />
      <.flash kind={:error} flash={@flash} />
      {render_slot(@inner_block)}
    </main>
    """
  end

  @doc "The frame of the pages for staff."
  attr :flash, :map, required: true
  attr :current_scope, Scope, required: true
  slot :inner_block, required: true

  def admin(assigns) do
    ~H"""
    <.app flash={@flash} current_scope={@current_scope}>
      <aside>
        <.link navigate={~p"/admin"}>Today</.link>
        <.link navigate={~p"/admin/products"}>Products</.link>
        <.link navigate={~p"/admin/categories"}>Categories</.link>
        <.link navigate={~p"/admin/orders"}>Orders</.link>
        <.link navigate={~p"/admin/tickets"}>Tickets</.link>
      </aside>
      {render_slot(@inner_block)}
    </.app>
    """
  end
end
