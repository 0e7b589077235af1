defmodule Shop.Repo.Migrations.CreateShipments do
  use Ecto.Migration

  def change do
    create table(:shipments) do
      add :order_id, references(:orders, on_delete: :restrict), null: false # error: [ecto/missing-fk-index]
      add :tracking_code, :string, null: false
      add :status, :string, null: false, default: "booked"

      timestamps(type: :utc_datetime)
    end

    create unique_index(:shipments, [:tracking_code])
  end
end
