defmodule Shop.Support.Requester do
  @moduledoc "As much of a user as support needs to know. Accounts owns the table."

  use Ash.Resource,
    otp_app: :shop,
    domain: Shop.Support,
    data_layer: AshPostgres.DataLayer,
    authorizers: [Ash.Policy.Authorizer]

  postgres do
    table "users"
    repo Shop.Repo
    migrate? false
  end

  actions do
    defaults [:read]
  end

  policies do
    policy action_type(:read) do
      authorize_if actor_attribute_equals(:role, :admin)
      authorize_if actor_attribute_equals(:role, :staff)
      authorize_if expr(id == ^actor(:id))
    end
  end

  attributes do
    integer_primary_key :id

    attribute :email, :ci_string do
      allow_nil? false
      public? true
    end

    timestamps(type: :utc_datetime)
  end
end
