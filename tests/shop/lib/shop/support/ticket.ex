defmodule Shop.Support.Ticket do
  @moduledoc "A question of a customer, open until staff or the customer closes it."

  use Ash.Resource,
    otp_app: :shop,
    domain: Shop.Support,
    data_layer: AshPostgres.DataLayer,
    authorizers: [Ash.Policy.Authorizer],
    notifiers: [Ash.Notifier.PubSub]

  postgres do
    table "support_tickets"
    repo Shop.Repo

    references do
      reference :requester, on_delete: :delete, index?: true
    end
  end

  actions do
    defaults [:read]

    read :mine do
      filter expr(requester_id == ^actor(:id))
      prepare build(sort: [inserted_at: :desc], limit: 50, load: [:reply_count])
    end

    read :waiting do
      filter expr(status == :open)
      prepare build(sort: [inserted_at: :asc], limit: 50, load: [:reply_count, :requester])
    end

    create :open do
      accept [:subject, :body, :priority]
      change set_attribute(:requester_id, actor(:id))
    end

    update :close do
      accept []
      change set_attribute(:status, :closed)
    end
  end

  policies do
    bypass actor_attribute_equals(:role, :admin) do
      authorize_if always()
    end

    policy action_type(:read) do
      authorize_if actor_attribute_equals(:role, :staff)
      authorize_if expr(requester_id == ^actor(:id))
    end

    policy action(:open) do
      authorize_if actor_present()
    end

    policy action(:close) do
      authorize_if actor_attribute_equals(:role, :staff)
      authorize_if expr(requester_id == ^actor(:id))
    end
  end

  pub_sub do
    module ShopWeb.Endpoint
    prefix "tickets"

    publish :open, "opened"
    publish :close, ["changed", :id]
  end

  attributes do
    uuid_v7_primary_key :id

    attribute :subject, :string do
      allow_nil? false
      public? true
      constraints max_length: 120
    end

    attribute :body, :string do
      allow_nil? false
      public? true
      constraints max_length: 5_000
    end

    attribute :status, :atom do
      allow_nil? false
      public? true
      default :open
      constraints one_of: [:open, :closed]
    end

    attribute :priority, :atom do
      allow_nil? false
      public? true
      default :normal
      constraints one_of: [:low, :normal, :high]
    end

    timestamps()
  end

  relationships do
    belongs_to :requester, Shop.Support.Requester do
      allow_nil? false
      attribute_type :integer
    end

    has_many :replies, Shop.Support.Reply
  end

  aggregates do
    count :reply_count, :replies
  end
end
