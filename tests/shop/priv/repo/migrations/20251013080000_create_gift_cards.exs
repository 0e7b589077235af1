defmodule Shop.Repo.Migrations.CreateGiftCards do
  use Ecto.Migration

  def change do
    create table(:gift_cards) do
      add :code, :string, null: false
      add :serial, :string, null: false
      add :balance, :float, null: false, default: 0.0 # error: [ecto/float-money]
      add :redeem_token, :string, null: false

      timestamps(type: :utc_datetime)
    end

    create unique_index(:gift_cards, [:code])
    index(:gift_cards, [:redeem_token]) # error: [ecto/index-not-created]
  end
end
