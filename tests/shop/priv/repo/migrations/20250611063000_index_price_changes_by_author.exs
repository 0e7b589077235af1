defmodule Shop.Repo.Migrations.IndexPriceChangesByAuthor do
  use Ecto.Migration

  @disable_ddl_transaction true
  @disable_migration_lock true

  def change do
    create index(:price_changes, [:changed_by_id], concurrently: true)
  end
end
