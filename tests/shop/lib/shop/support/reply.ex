defmodule Shop.Support.Reply do
  @moduledoc "What somebody adds to a ticket: its customer, or staff."

  use Ash.Resource,
    otp_app: :shop,
    domain: Shop.Support,
    data_layer: AshPostgres.DataLayer,
    authorizers: [Ash.Policy.Authorizer],
    notifiers: [Ash.Notifier.PubSub]

  alias Shop.Support.Checks.MayReadTicket

  postgres do
    table "support_replies"
    repo Shop.Repo

    references do
      reference :ticket, on_delete: :delete, index?: true
      reference :author, on_delete: :delete, index?: true
    end
  end

  actions do
    defaults [:read]

    create :write do
      accept [:body, :ticket_id]
      change set_attribute(:author_id, actor(:id))
    end
  end

  policies do
    policy action_type(:read) do
      authorize_if actor_attribute_equals(:role, :admin)
      authorize_if actor_attribute_equals(:role, :staff)
      authorize_if expr(ticket.requester_id == ^actor(:id))
    end

    policy action(:write) do
      authorize_if MayReadTicket
    end
  end

  pub_sub do
    module ShopWeb.Endpoint
    prefix "tickets"

    publish :write, ["changed", :ticket_id]
  end

  attributes do
    uuid_v7_primary_key :id

    attribute :body, :string do
      allow_nil? false
      public? true
      constraints max_length: 5_000
    end

    timestamps()
  end

  relationships do
    belongs_to :ticket, Shop.Support.Ticket do
      allow_nil? false
      public? true
    end

    belongs_to :author, Shop.Support.Requester do
      allow_nil? false
      attribute_type :integer
    end
  end
end
