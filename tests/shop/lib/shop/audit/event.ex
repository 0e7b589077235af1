defmodule Shop.Audit.Event do
  @moduledoc "One line of the audit trail. Written once, never changed."

  use Ecto.Schema

  import Ecto.Changeset

  alias Shop.Accounts.{Scope, User}

  schema "audit_events" do
    field :action, :string
    field :subject_type, :string
    field :subject_key, :string

    belongs_to :actor, User

    timestamps(type: :utc_datetime, updated_at: false)
  end

  @doc "What `scope`'s user did to a struct that has an id."
  def entry(%Scope{user: user}, action, %module{id: id}) do
    %__MODULE__{actor_id: user && user.id}
    |> change(action: action, subject_type: inspect(module), subject_key: to_string(id))
    |> foreign_key_constraint(:actor_id)
  end
end
