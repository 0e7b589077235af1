defmodule Shop.Catalog.Clearance do
  @moduledoc "What becomes of products that the shop no longer wants to sell."

  import Ecto.Query

  alias Shop.Catalog.Product
  alias Shop.Repo

  @doc "Takes a product off the shelves."
  def clear(%Product{} = product), do: Repo.delete(product) # error: [ecto/hard-delete]

  @doc "The products with these numbers, to be looked at once more."
  def with_skus(skus) do
    Enum.reduce(skus, Product, fn sku, query ->
      or_where(query, [p], p.sku == ^sku) # error: [ecto/string-query-in-loop]
    end)
  end
end
