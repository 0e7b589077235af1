defmodule Shop.Repo.Migrations.AddNoteToOrders do
  use Ecto.Migration

  def change do
    alter table(:orders) do
      add :note, :text
      add :packing_note, :text
    end
  end
end
