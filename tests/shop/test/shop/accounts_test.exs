defmodule Shop.AccountsTest do
  use Shop.DataCase, async: true

  alias Shop.Accounts
  alias Shop.Accounts.{Address, Scope, User, UserNotifier, UserToken}

  describe "authenticate/2" do
    test "finds the user of an email and its password" do
      user = user()
      assert {:ok, %User{id: id}} = Accounts.authenticate(user.email, password())
      assert id == user.id
    end

    test "says the same of a wrong password and of nobody" do
      assert {:error, :invalid_credentials} = Accounts.authenticate(user().email, "wrong")
      assert {:error, :invalid_credentials} = Accounts.authenticate("no@shop.example", "wrong")
    end
  end

  describe "register_user/2" do
    test "refuses an address that is none, and a short password" do
      attrs = %{"email" => "nobody", "password" => "short"}
      assert {:error, changeset} = Accounts.register_user(attrs, & &1)
      assert %{email: [_not_an_address], password: [_too_short]} = errors_on(changeset)
    end

    test "never lets a visitor choose a role" do
      attrs = %{"email" => "a@shop.example", "password" => password(), "role" => "admin"}
      assert {:ok, %User{role: :customer}} = Accounts.register_user(attrs, & &1)
    end
  end

  describe "confirm_user/1" do
    test "works once" do
      {encoded, token} = UserToken.build(user(), "confirm")
      Repo.insert!(token)

      assert {:ok, %User{confirmed_at: %DateTime{}}} = Accounts.confirm_user(encoded)
      assert {:error, :invalid_token} = Accounts.confirm_user(encoded)
    end

    test "refuses what is no token" do
      assert {:error, :invalid_token} = Accounts.confirm_user("%%%")
    end
  end

  describe "sessions" do
    test "a token leads to its scope until it is deleted" do
      user = user()
      token = Accounts.create_session_token(user)
      assert %Scope{user: %User{id: id}} = Accounts.scope_for_session(token)
      assert id == user.id

      assert :ok = Accounts.delete_session_token(token)
      assert Accounts.scope_for_session(token) == nil
    end

    test "a sign-in is remembered" do
      user = user()
      assert :ok = Accounts.record_sign_in(user)
      assert %DateTime{} = Accounts.get_user!(user.id).last_sign_in_at
    end
  end

  describe "update_password/3" do
    test "asks for the old one" do
      scope = scope()
      attrs = %{"password" => "another horse battery"}
      assert {:error, changeset} = Accounts.update_password(scope, "wrong", attrs)
      assert %{password: ["old password is wrong"]} = errors_on(changeset)
    end

    test "ends all sessions" do
      scope = scope()
      token = Accounts.create_session_token(scope.user)
      attrs = %{"password" => "another horse battery"}

      assert {:ok, _user} = Accounts.update_password(scope, password(), attrs)
      assert Accounts.scope_for_session(token) == nil
    end
  end

  describe "addresses" do
    test "belong to their user" do
      scope = scope()

      attrs = %{
        "line" => "Hafen 1",
        "postcode" => "20457",
        "city" => "Hamburg",
        "country" => "de"
      }

      assert {:ok, %Address{id: id, country: "DE"}} = Accounts.create_address(scope, attrs)
      assert [%Address{id: ^id}] = Accounts.list_addresses(scope)
      assert {:ok, %Address{}} = Accounts.fetch_address(scope, id)
      assert {:error, :no_address} = Accounts.fetch_address(scope(), id)
    end

    test "are in countries that we send to" do
      changeset = Accounts.change_address(%{"country" => "XX"})
      assert %{country: [_unknown]} = errors_on(changeset)
    end
  end

  test "changing a password hides it" do
    changeset = Accounts.change_password(scope(), %{"password" => "another horse battery"})
    refute inspect(changeset) =~ "another horse"
  end

  test "mails about an account do not wait for the mail to be sent" do
    assert :ok = UserNotifier.confirmation(user(), "https://shop.example/confirm")
    assert :ok = UserNotifier.password_changed(user())
  end
end
