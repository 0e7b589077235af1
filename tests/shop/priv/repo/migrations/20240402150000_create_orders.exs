defmodule Shop.Repo.Migrations.CreateOrders do
  use Ecto.Migration

  def change do
    create table(:orders) do
      add :user_id, references(:users, on_delete: :restrict), null: false
      add :address_id, references(:addresses, on_delete: :restrict), null: false
      add :number, :string, null: false
      add :status, :string, null: false, default: "placed"
      add :total, :decimal, precision: 12, scale: 2, null: false

      timestamps(type: :utc_datetime)
    end

    create unique_index(:orders, [:number])
    create index(:orders, [:user_id, :status])
    create index(:orders, [:address_id])

    create table(:order_lines) do
      add :order_id, references(:orders, on_delete: :delete_all), null: false
      add :product_id, references(:products, on_delete: :restrict), null: false # error: [ecto/missing-fk-index]
      add :name, :string, null: false
      add :quantity, :integer, null: false
      add :unit_price, :decimal, precision: 10, scale: 2, null: false

      timestamps(type: :utc_datetime, updated_at: false)
    end

    create index(:order_lines, [:order_id])
  end
end
