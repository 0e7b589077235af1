defmodule Shop.AuditTest do
  use Shop.DataCase, async: true

  alias Shop.Audit
  alias Shop.Audit.Event

  test "what succeeds is recorded with its actor" do
    scope = scope()
    product = product()

    assert {:ok, ^product} = Audit.transact(scope, "product.seen", fn -> {:ok, product} end)
    assert [%Event{action: "product.seen", actor: actor}] = Audit.recent(1)
    assert actor.id == scope.user.id
  end

  test "what fails is not" do
    assert {:error, :no} = Audit.transact(scope(), "product.seen", fn -> {:error, :no} end)
    assert Audit.recent() == []
  end

  test "an entry names its subject's module and id" do
    entry = Event.entry(scope(), "user.seen", user())
    assert entry.changes.subject_type == "Shop.Accounts.User"
  end
end
