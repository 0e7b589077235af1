defmodule Shop.SupportTest do
  use Shop.DataCase, async: true

  alias Shop.Support
  alias Shop.Support.Checks.MayReadTicket
  alias Shop.Support.{Reply, Ticket}

  @question %{subject: "Where is it?", body: "I have waited for a week."}

  test "a question is its customer's and staff's" do
    scope = scope()
    assert {:ok, %Ticket{id: id, status: :open}} = Support.open_ticket(@question, scope: scope)

    assert {:ok, [%Ticket{id: ^id, reply_count: 0}]} = Support.list_my_tickets(scope: scope)
    assert {:ok, [%Ticket{id: ^id}]} = Support.list_waiting_tickets(scope: scope(role: :staff))
    assert {:error, _not_found} = Support.get_ticket(id, scope: scope())
  end

  test "who may read may answer" do
    scope = scope()
    {:ok, ticket} = Support.open_ticket(@question, scope: scope)
    answer = %{body: "It is on its way.", ticket_id: ticket.id}

    assert {:ok, %Reply{}} = Support.reply_to_ticket(answer, scope: scope(role: :staff))
    assert {:error, %Ash.Error.Forbidden{}} = Support.reply_to_ticket(answer, scope: scope())
    assert MayReadTicket.describe([]) =~ "ticket"
  end

  test "a closed question waits no more" do
    scope = scope()
    {:ok, ticket} = Support.open_ticket(@question, scope: scope)
    assert {:ok, %Ticket{status: :closed}} = Support.close_ticket(ticket, scope: scope)
    assert {:ok, []} = Support.list_waiting_tickets(scope: scope(role: :staff))
  end
end
