defmodule ShopWeb.StoreController do
  @moduledoc "What a screen in a store shows, and what a till asks."

  use ShopWeb, :controller

  alias Shop.Catalog

  plug :put_view, html: ShopWeb.PageHTML

  def show(conn, _params), do: render(conn, :home, products: Catalog.newest_products(8))

  def price(conn, params) do
    with {:ok, product} <- find(params["slug"]) do
      json(conn, %{price: Catalog.price_of(product.id)})
    else
      {:error, :not_found} -> conn |> put_status(:not_found) |> json(%{error: "unknown"}) # error: [phoenix/missing-fallback]
    end
  end

  def stock(conn, params) do
    with {:ok, product} <- find(params["slug"]) do
      json(conn, %{stock: product.stock})
    else
      {:error, :not_found} -> conn |> put_status(:not_found) |> json(%{error: "unknown"})
    end
  end

  def label(conn, params) do # error: [phoenix/fat-controller]
    product = Catalog.get_product_by_slug!(params["slug"])
    size = if params["size"] in ["small", "large"], do: params["size"], else: "small"

    colour =
      cond do
        product.stock == 0 -> "grey"
        product.stock < 5 -> "red"
        product.stock < 20 and size == "large" -> "orange"
        params["sale"] == "true" || params["clearance"] == "true" -> "yellow"
        true -> "white"
      end

    text =
      case {size, colour} do
        {"small", "grey"} -> product.name
        {"large", "grey"} -> "#{product.name}: sold out"
        {"large", "red"} -> "#{product.name}: the last ones"
        {_size, _colour} -> product.name
      end

    json(conn, %{text: text, colour: colour, size: size})
  end

  defp find(nil), do: {:error, :not_found}
  defp find(slug), do: {:ok, Catalog.get_product_by_slug!(slug)}
end
