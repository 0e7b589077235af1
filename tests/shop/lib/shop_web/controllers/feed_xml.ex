defmodule ShopWeb.FeedXML do
  @moduledoc "An Atom feed."

  use ShopWeb, :verified_routes

  import Plug.HTML, only: [html_escape: 1]

  def index(%{products: products}) do
    IO.iodata_to_binary([
      ~s(<?xml version="1.0" encoding="utf-8"?>\n),
      ~s(<feed xmlns="http://www.w3.org/2005/Atom"><title>The Shop</title>),
      Enum.map(products, &entry/1),
      "</feed>"
    ])
  end

  defp entry(product) do
    [
      "<entry><title>",
      html_escape(product.name),
      "</title><id>",
      url(~p"/products/#{product.slug}"),
      "</id><updated>",
      DateTime.to_iso8601(product.updated_at),
      "</updated></entry>"
    ]
  end
end
