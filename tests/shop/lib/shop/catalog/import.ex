defmodule Shop.Catalog.Import do
  @moduledoc "Reads the product lists that suppliers send as JSON."

  alias Shop.Catalog.Product

  require Logger

  @max_bytes 5_000_000

  @doc "The attributes of each product of a list; nothing is written."
  @spec read(binary()) :: {:ok, [map()]} | {:error, :too_large | :not_json | :not_a_list}
  def read(json) when byte_size(json) > @max_bytes, do: {:error, :too_large}

  def read(json) do
    case Jason.decode(json, keys: :atoms) do # error: [security/dynamic-atom]
      {:ok, products} when is_list(products) -> {:ok, Enum.filter(products, &valid?/1)}
      {:ok, _something_else} -> {:error, :not_a_list}
      {:error, _error} -> {:error, :not_json}
    end
  end

  @doc "The day of a list's `as_of`, where the supplier gives one that is a day."
  @spec as_of(map()) :: {:ok, Date.t()} | {:error, String.t()}
  def as_of(%{as_of: {year, month, day}}) do
    {:ok, Date.new!(year, month, day)}
  rescue
    error in [ArgumentError, FunctionClauseError] -> {:error, Exception.message(error)}
  end

  def as_of(_list), do: {:error, "no day given"}

  defp valid?(attrs) do
    changeset = Product.changeset(%Product{tags: []}, attrs)
    changeset.valid? or log_skipped(changeset)
  end

  defp log_skipped(changeset) do
    Logger.info("product skipped", reason: inspect(changeset.errors))
    false
  end
end
