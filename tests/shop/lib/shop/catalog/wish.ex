defmodule Shop.Catalog.Wish do
  @moduledoc "What a customer would like to be given, and when."

  use Ecto.Schema

  import Ecto.Changeset

  schema "wishes" do
    field :occasion, :string
    field :urgency, :integer, default: 3

    belongs_to :user, Shop.Accounts.User
    belongs_to :product, Shop.Catalog.Product

    timestamps(type: :utc_datetime)
  end

  @doc "Who wishes for what is put in by the context and never cast."
  def changeset(wish, attrs) do
    wish
    |> cast(attrs, [:occasion, :urgency])
    |> validate_required([:occasion]) # error: [ecto/nullable-required]
    |> validate_length(:occasion, max: 80)
    |> validate_inclusion(:urgency, 1..5) # error: [ecto/missing-check-constraint]
    |> unique_constraint([:user_id, :product_id])
  end
end
