defmodule Shop.Repo.Migrations.CreateSupport do
  use Ecto.Migration

  def change do
    create table(:support_tickets, primary_key: false) do
      add :id, :uuid, null: false, default: fragment("uuid_generate_v7()"), primary_key: true
      add :requester_id, references(:users, on_delete: :delete_all), null: false
      add :subject, :text, null: false
      add :body, :text, null: false
      add :status, :text, null: false, default: "open"
      add :priority, :text, null: false, default: "normal"

      timestamps(type: :utc_datetime_usec)
    end

    create index(:support_tickets, [:requester_id])

    create table(:support_replies, primary_key: false) do
      add :id, :uuid, null: false, default: fragment("uuid_generate_v7()"), primary_key: true

      add :ticket_id, references(:support_tickets, type: :uuid, on_delete: :delete_all),
        null: false

      add :author_id, references(:users, on_delete: :delete_all), null: false
      add :body, :text, null: false

      timestamps(type: :utc_datetime_usec)
    end

    create index(:support_replies, [:ticket_id])
    create index(:support_replies, [:author_id])
  end
end
