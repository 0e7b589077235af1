defmodule Shop.Accounts.ScopeTest do
  use ExUnit.Case, async: true

  alias Shop.Accounts.{Scope, User}

  test "nobody has no scope" do
    assert Scope.for_user(nil) == nil
    refute Scope.staff?(nil)
  end

  test "staff and admins are staff" do
    assert Scope.staff?(%Scope{user: %User{role: :staff}})
    assert Scope.staff?(%Scope{user: %User{role: :admin}})
    refute Scope.staff?(%Scope{user: %User{role: :customer}})
  end

  test "a scope's user is the actor of Ash" do
    user = %User{id: 1}
    assert {:ok, ^user} = Ash.Scope.ToOpts.get_actor(%Scope{user: user})
  end
end
