defmodule ShopWeb.ProductComponents do # error: [liveview/mixed-templates]
  @moduledoc "Products as they look in lists, the same on dead pages and in LiveViews."

  use ShopWeb, :html

  alias Shop.Catalog.{Product, Review}

  attr :product, Product, required: true
  attr :rest, :global

  @doc "A product on a card that leads to its page."
  def card(assigns) do
    ~H"""
    <article class="card" {@rest}>
      <h2><.link navigate={~p"/catalog/#{@product.slug}"}>{@product.name}</.link></h2>
      <p>{@product.category.name}</p>
      <p class="price">{euros(@product.price)}</p>
      <.stock pieces={@product.stock} />
    </article>
    """
  end

  attr :pieces, :integer, required: true

  @doc "How many pieces there are, as far as customers need to know."
  def stock(assigns) do
    ~H"""
    <p :if={@pieces > 5}>In stock</p>
    <p :if={@pieces in 1..5}>Only {@pieces} left</p>
    <p :if={@pieces < 1} class="error">Sold out</p>
    """
  end

  attr :review, Review, required: true
  slot :inner_block

  def review(assigns) do
    ~H"""
    <blockquote>
      <p>{@review.body}</p>
      <footer>{String.duplicate("★", @review.rating)} {render_slot(@inner_block)}</footer>
    </blockquote>
    """
  end

  attr :action, :string, required: true

  @doc "The search box above lists of products."
  def search(assigns) do
    ~H"""
    <.form let={f} for={%{}} as={:search} action={@action} method="get"> <%!-- error: [liveview/let-attribute] --%>
      {search_input(f, :term, placeholder: "What do you look for?")} <%!-- error: [liveview/form-for] --%>
      <button class="search <%= @action %>">Search</button> <%!-- error: [liveview/eex-in-attribute] --%>
    </.form>
    """
  end

  attr :text, :string, required: true

  @doc "A small label on a product's picture."
  def ribbon(assigns), do: ~L|<b title="<%= @text %>"><%= @text %></b>| # error: [liveview/sigil-l]
end
