defmodule Shop.Repo.Migrations.CreateWishes do
  use Ecto.Migration

  def change do
    create table(:wishes) do
      add :user_id, references(:users), null: false # error: [ecto/missing-on-delete]
      add :product_id, :bigint, null: false # error: [ecto/missing-fk-constraint]
      add :occasion, :string
      add :urgency, :integer, null: false, default: 3

      timestamps(type: :utc_datetime)
    end

    create unique_index(:wishes, [:user_id, :product_id])
  end
end
