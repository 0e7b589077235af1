defmodule ShopWeb.ConnCase do
  @moduledoc "A test that sends requests."

  use ExUnit.CaseTemplate

  alias Shop.Accounts
  alias Shop.Accounts.Scope
  alias Shop.Fixtures

  using do
    quote do
      use ShopWeb, :verified_routes

      import Phoenix.ConnTest
      import Phoenix.LiveViewTest
      import Plug.Conn
      import Shop.Fixtures
      import ShopWeb.ConnCase

      @endpoint ShopWeb.Endpoint
    end
  end

  setup tags do
    Shop.DataCase.start_sandbox(tags)
    {:ok, conn: Phoenix.ConnTest.build_conn()}
  end

  @doc "A setup step: somebody is logged in."
  def register_and_log_in_user(%{conn: conn}) do
    user = Fixtures.user()
    %{conn: log_in(conn, user), user: user, scope: Scope.for_user(user)}
  end

  @doc "A setup step: one of the staff is logged in."
  def log_in_staff(%{conn: conn}) do
    user = Fixtures.user(role: :staff)
    %{conn: log_in(conn, user), user: user, scope: Scope.for_user(user)}
  end

  def log_in(conn, user) do
    Phoenix.ConnTest.init_test_session(conn, %{user_token: Accounts.create_session_token(user)})
  end
end
