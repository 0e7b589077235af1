defmodule Shop.Catalog.Search do
  @moduledoc "Finding products by what customers type."

  import Ecto.Query

  alias Shop.Catalog.Product
  alias Shop.Metrics.Counter
  alias Shop.Repo

  require Logger

  @suggestions 8

  @doc "Names that start with what has been typed so far, with their slugs."
  @spec suggest(String.t()) :: [{String.t(), String.t()}]
  def suggest(prefix) do
    Counter.increment(:suggestions)

    case Repo.query("SELECT name, slug FROM products WHERE name ILIKE '#{prefix}%' LIMIT 8") do # error: [ecto/sql-injection]
      {:ok, %{rows: rows}} ->
        Enum.map(rows, &List.to_tuple/1)

      {:error, exception} ->
        Logger.warning("no suggestions", reason: Exception.message(exception))
        []
    end
  end

  @doc "Products whose name or description has the term, best match first."
  @spec products(String.t()) :: [Product.t()]
  def products(term) do
    pattern = "%#{escape(term)}%"

    Repo.all(
      from p in Product,
        where: is_nil(p.archived_at),
        where: ilike(p.name, ^pattern) or ilike(p.description, ^pattern),
        order_by: [desc: ilike(p.name, ^pattern), asc: p.name],
        limit: @suggestions,
        preload: [:category]
    )
  end

  # What LIKE would read as a wildcard is meant as it is written.
  defp escape(term), do: String.replace(term, ~r/[\\%_]/, "\\\\\\0")
end
