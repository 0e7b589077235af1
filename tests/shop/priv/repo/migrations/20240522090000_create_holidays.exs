defmodule Shop.Repo.Migrations.CreateHolidays do
  use Ecto.Migration

  def change do
    create table(:holidays) do # error: [ecto/missing-timestamps]
      add :name, :string, null: false
      add :country, :string, null: false
      add :day, :date, null: false
    end

    create unique_index(:holidays, [:country, :day])
  end
end
