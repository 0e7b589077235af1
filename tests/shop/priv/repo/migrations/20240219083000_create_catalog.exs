defmodule Shop.Repo.Migrations.CreateCatalog do
  use Ecto.Migration

  def change do
    create table(:categories) do
      add :name, :string, null: false
      add :slug, :string, null: false
      add :position, :integer, null: false, default: 0
      add :parent_id, references(:categories, on_delete: :nilify_all)

      timestamps(type: :utc_datetime)
    end

    create unique_index(:categories, [:slug])
    create index(:categories, [:parent_id])

    create table(:products) do
      add :name, :string, null: false
      add :slug, :string, null: false
      add :description, :text
      add :price, :decimal, precision: 10, scale: 2, null: false
      add :stock, :integer, null: false, default: 0
      add :archived_at, :utc_datetime
      add :category_id, references(:categories, on_delete: :restrict), null: false

      timestamps(type: :utc_datetime)
    end

    create unique_index(:products, [:slug])
    create index(:products, [:category_id])
    create constraint(:products, :products_price_is_positive, check: "price > 0")
    create constraint(:products, :products_stock_is_not_negative, check: "stock >= 0")
  end
end
