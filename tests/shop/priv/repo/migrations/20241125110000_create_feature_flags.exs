defmodule Shop.Repo.Migrations.CreateFeatureFlags do
  use Ecto.Migration

  def change do
    create table(:feature_flags) do
      add :name, :string, null: false
      add :enabled, :boolean, null: false, default: false

      timestamps(type: :utc_datetime)
    end

    create unique_index(:feature_flags, [:name])
  end
end
