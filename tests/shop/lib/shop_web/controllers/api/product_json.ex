defmodule ShopWeb.Api.ProductJSON do
  @moduledoc false

  alias Shop.Catalog.Product

  def index(%{products: products}), do: %{data: Enum.map(products, &summary/1)}

  def show(%{product: product}) do
    tags = Enum.map(product.tags, & &1.name)
    %{data: product |> summary() |> Map.put(:tags, tags)}
  end

  defp summary(%Product{} = product) do
    %{
      slug: product.slug,
      name: product.name,
      price: product.price,
      available: product.stock > 0,
      category: product.category.slug
    }
  end
end
