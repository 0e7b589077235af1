defmodule ShopWeb.ReviewComponents do
  @moduledoc "What customers say of a product."

  use ShopWeb, :html

  import Phoenix.HTML, only: [raw: 1]

  attr :review, :map, required: true

  def review(assigns) do
    ~H"""
    <article>
      <p>{raw(@review.body)}</p> <%!-- error: [security/xss-raw] --%>
      {stars(@review.rating)}
    </article>
    """
  end

  defp stars(rating), do: {:safe, String.duplicate("&#9733;", rating)}
end
