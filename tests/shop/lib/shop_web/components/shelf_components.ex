defmodule ShopWeb.ShelfComponents do
  @moduledoc "What is printed and stuck to the shelves."

  use ShopWeb, :html

  alias Shop.Catalog

  @doc "A price that is always today's."
  attr :product_id, :integer, required: true

  def price_tag(assigns) do
    ~H"""
    <strong>{euros(Catalog.price_of(@product_id))}</strong> <%!-- error: [liveview/query-in-template] --%>
    <small>{@unit}</small> <%!-- error: [liveview/undeclared-attr] --%>
    """
  end

  @doc "A card with the name of a shelf."
  attr :name, :string, required: true
  attr :large, :boolean, default: false

  def card(assigns) do
    ~H"""
    <div class={["card", @large && "card-large"]}}> <%!-- error: [liveview/malformed-template] --%>
      {@name}
    </div>
    """
  end
end
