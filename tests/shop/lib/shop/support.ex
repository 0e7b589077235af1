defmodule Shop.Support do
  @moduledoc "Customers' questions and what staff answers."

  use Ash.Domain, otp_app: :shop, extensions: [AshPhoenix]

  authorization do
    authorize :by_default
    require_actor? true
  end

  resources do
    resource Shop.Support.Ticket do
      define :open_ticket, action: :open
      define :list_my_tickets, action: :mine
      define :list_waiting_tickets, action: :waiting
      define :get_ticket, action: :read, get_by: [:id]
      define :close_ticket, action: :close
    end

    resource Shop.Support.Reply do
      define :reply_to_ticket, action: :write
    end

    resource Shop.Support.Requester
  end
end
