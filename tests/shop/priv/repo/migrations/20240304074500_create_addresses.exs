defmodule Shop.Repo.Migrations.CreateAddresses do
  use Ecto.Migration

  def change do
    create table(:addresses) do
      add :user_id, references(:users, on_delete: :delete_all), null: false
      add :line, :string, null: false
      add :postcode, :string, null: false
      add :city, :string, null: false
      add :country, :string, size: 2, null: false

      timestamps(type: :utc_datetime)
    end

    create index(:addresses, [:user_id])

    create constraint(:addresses, :addresses_country_is_known,
             check: "country IN ('AT', 'BE', 'CH', 'DE', 'FR', 'NL')"
           )
  end
end
