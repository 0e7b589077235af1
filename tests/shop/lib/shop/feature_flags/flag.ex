defmodule Shop.FeatureFlags.Flag do
  use Ecto.Schema

  import Ecto.Changeset

  schema "feature_flags" do
    field :name, :string
    field :enabled, :boolean, default: false

    timestamps(type: :utc_datetime)
  end

  def changeset(flag, attrs) do
    flag
    |> cast(attrs, [:name, :enabled])
    |> validate_required([:name, :enabled])
    |> validate_format(:name, ~r/\A[a-z_]+\z/)
    |> unique_constraint(:name)
  end
end
