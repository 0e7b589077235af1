defmodule Shop.Repo.Migrations.CreatePayments do
  use Ecto.Migration

  def change do
    create table(:payments) do
      add :order_id, references(:orders, on_delete: :restrict), null: false
      add :reference, :string, null: false
      add :amount, :decimal, precision: 12, scale: 2, null: false
      add :settled_at, :utc_datetime

      timestamps(type: :utc_datetime)
    end

    create index(:payments, [:order_id])
    create unique_index(:payments, [:reference])
  end
end
