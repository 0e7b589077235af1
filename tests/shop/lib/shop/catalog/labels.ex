defmodule Shop.Catalog.Labels do
  @moduledoc "Labels for the shelves, as files that the printer in the warehouse picks up."

  alias Shop.Catalog.Product

  @folder "/var/spool/labels"

  @doc "Puts a label into the printer's folder."
  @spec print(Product.t()) :: :ok | {:error, File.posix()}
  def print(%Product{} = product) do
    File.mkdir_p(@folder) # error: [errors/ignored-result]
    File.write(path(product), label(product))
  end

  @doc "Prints the label once more that is on the shelf."
  def reprint(%Product{} = product) do
    case last(product) do # error: [errors/case-without-error]
      {:ok, label} -> File.write(path(product), label)
    end
  end

  @doc "How many labels somebody wants, as typed into the form; one where it is no number."
  @spec copies(String.t()) :: integer()
  def copies(text) do
    try do # error: [errors/rescue-as-control-flow]
      String.to_integer(text)
    rescue
      ArgumentError -> 1
    end
  end

  defp last(product) do
    if is_nil(product.archived_at), do: File.read(path(product)), else: {:error, :not_for_sale}
  end

  defp label(product), do: [product.name, "\n", Decimal.to_string(product.price), "\n"]
  defp path(product), do: Path.join(@folder, "#{product.id}.txt")
end
