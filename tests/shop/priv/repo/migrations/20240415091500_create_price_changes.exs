defmodule Shop.Repo.Migrations.CreatePriceChanges do
  use Ecto.Migration

  def change do
    create table(:price_changes) do
      add :product_id, references(:products, on_delete: :delete_all), null: false
      add :changed_by_id, references(:users, on_delete: :nilify_all)
      add :old_price, :decimal, precision: 10, scale: 2, null: false
      add :new_price, :decimal, precision: 10, scale: 2, null: false

      timestamps(type: :utc_datetime, updated_at: false)
    end

    create index(:price_changes, [:product_id])
  end
end
