defmodule Shop.Repo.Migrations.CreateWarehouses do
  use Ecto.Migration

  def change do
    create table(:warehouses) do
      add :name, :string, null: false
      add :code, :string, null: false

      timestamps(type: :utc_datetime)
    end

    create unique_index(:warehouses, [:code])

    create table(:stock_levels) do
      add :warehouse_id, references(:warehouses, on_delete: :delete_all), null: false
      add :product_id, references(:products, on_delete: :delete_all), null: false
      add :quantity, :integer, null: false, default: 0

      timestamps(type: :utc_datetime)
    end

    create unique_index(:stock_levels, [:warehouse_id, :product_id])
    create index(:stock_levels, [:product_id])
  end
end
