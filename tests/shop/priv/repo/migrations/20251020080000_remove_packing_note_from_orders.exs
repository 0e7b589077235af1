defmodule Shop.Repo.Migrations.RemovePackingNoteFromOrders do
  use Ecto.Migration

  def change do
    alter table(:orders) do
      remove :packing_note # error: [ecto/irreversible-migration, ecto/unsafe-migration]
    end

    create index(:orders, [:inserted_at]) # error: [ecto/unsafe-migration]
  end
end
