defmodule Shop.Catalog.Tag do
  @moduledoc "A word that customers filter by."

  use Ecto.Schema

  alias Shop.Catalog.{Product, ProductTag}

  schema "tags" do
    field :name, :string

    many_to_many :products, Product, join_through: ProductTag

    timestamps(type: :utc_datetime, updated_at: false)
  end

  @doc "The distinct tag names in what staff typed, in lower case."
  @spec names(String.t() | nil) :: [String.t()]
  def names(nil), do: []

  def names(text) do
    for word <- String.split(text, ","),
        name = word |> String.trim() |> String.downcase(),
        name != "",
        uniq: true,
        do: name
  end
end
