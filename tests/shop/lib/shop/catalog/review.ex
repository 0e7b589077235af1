defmodule Shop.Catalog.Review do
  @moduledoc "What a customer says of a product, once for each product."

  use Ecto.Schema

  import Ecto.Changeset

  schema "reviews" do
    field :rating, :integer
    field :body, :string

    belongs_to :product, Shop.Catalog.Product
    belongs_to :user, Shop.Accounts.User

    timestamps(type: :utc_datetime)
  end

  @doc "Product and author are put in by the context and never cast."
  def changeset(review, attrs) do
    review
    |> cast(attrs, [:rating, :body])
    |> validate_required([:rating, :body])
    |> validate_inclusion(:rating, 1..5)
    |> validate_length(:body, min: 10, max: 2_000)
    |> check_constraint(:rating, name: :reviews_rating_is_one_to_five)
    |> unique_constraint([:product_id, :user_id], message: "was given before")
    |> foreign_key_constraint(:product_id)
  end
end
