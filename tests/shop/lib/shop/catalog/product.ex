defmodule Shop.Catalog.Product do
  @moduledoc "What is for sale. Archived products stay, because orders point to them."

  use Ecto.Schema

  import Ecto.Changeset

  alias Shop.Catalog.{Category, ProductTag, Review, Tag}

  @type t :: %__MODULE__{}

  schema "products" do
    field :name, :string
    field :slug, :string
    field :description, :string
    field :price, :decimal
    field :stock, :integer, default: 0
    field :archived_at, :utc_datetime
    field :tag_list, :string, virtual: true

    belongs_to :category, Category
    has_many :reviews, Review
    many_to_many :tags, Tag, join_through: ProductTag, on_replace: :delete

    timestamps(type: :utc_datetime)
  end

  @doc "Tags are handed over as records; the product's tags must be loaded."
  def changeset(product, attrs, tags \\ nil) do
    product
    |> cast(attrs, [:name, :description, :price, :stock, :category_id, :tag_list])
    |> validate_required([:name, :price, :stock, :category_id])
    |> validate_length(:name, max: 120)
    |> validate_number(:price, greater_than: 0)
    |> validate_number(:stock, greater_than_or_equal_to: 0)
    |> put_slug()
    |> put_tags(tags)
    |> unique_constraint(:slug)
    |> foreign_key_constraint(:category_id)
    |> check_constraint(:price, name: :products_price_is_positive)
    |> check_constraint(:stock, name: :products_stock_is_not_negative)
  end

  def archive_changeset(product), do: change(product, archived_at: DateTime.utc_now(:second))

  # A slug is an address: it does not follow when a product is renamed.
  defp put_slug(%{data: %{slug: nil}, changes: %{name: name}} = changeset) do
    put_change(changeset, :slug, slug(name))
  end

  defp put_slug(changeset), do: changeset

  defp put_tags(changeset, nil), do: changeset
  defp put_tags(changeset, tags), do: put_assoc(changeset, :tags, tags)

  defp slug(name) do
    name
    |> String.normalize(:nfd)
    |> String.downcase()
    |> String.replace(~r/[^a-z0-9]+/u, "-")
    |> String.trim("-")
  end
end
