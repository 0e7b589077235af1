defmodule Shop.Catalog.Category do
  @moduledoc "A shelf. Shelves may stand in other shelves."

  use Ecto.Schema

  import Ecto.Changeset

  schema "categories" do
    field :name, :string
    field :slug, :string
    field :position, :integer, default: 0

    belongs_to :parent, __MODULE__
    has_many :products, Shop.Catalog.Product

    timestamps(type: :utc_datetime)
  end

  def changeset(category, attrs) do
    category
    |> cast(attrs, [:name, :slug, :position, :parent_id])
    |> validate_required([:name, :slug])
    |> validate_format(:slug, ~r/\A[a-z0-9-]+\z/)
    |> unique_constraint(:slug)
    |> assoc_constraint(:parent)
  end
end
