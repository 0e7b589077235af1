defmodule ShopWeb.UserAuthTest do
  use ShopWeb.ConnCase, async: true

  alias Phoenix.LiveView.Socket
  alias Shop.Accounts
  alias ShopWeb.UserAuth

  setup %{conn: conn} do
    %{conn: conn |> init_test_session(%{}) |> Phoenix.Controller.fetch_flash()}
  end

  test "a login leads to where the visitor wanted to go", %{conn: conn} do
    conn = conn |> put_session(:return_to, "/cart") |> UserAuth.log_in_user(user())
    assert redirected_to(conn) == "/cart"
    assert %{user: _user} = Accounts.scope_for_session(get_session(conn, :user_token))
  end

  test "a logout ends the session", %{conn: conn} do
    token = Accounts.create_session_token(user())
    conn = conn |> put_session(:user_token, token) |> UserAuth.log_out_user()
    assert redirected_to(conn) == "/"
    assert Accounts.scope_for_session(token) == nil
  end

  test "a request without a session has no scope", %{conn: conn} do
    assert UserAuth.fetch_current_scope(conn, []).assigns.current_scope == nil
  end

  test "visitors are sent to the login page", %{conn: conn} do
    conn = conn |> assign(:current_scope, nil) |> UserAuth.require_authenticated_user([])
    assert conn.halted
    assert redirected_to(conn) == "/users/log-in"
  end

  test "customers are no staff", %{conn: conn} do
    conn = conn |> assign(:current_scope, scope()) |> UserAuth.require_staff([])
    assert conn.status == 403
  end

  test "who is logged in needs no login page", %{conn: conn} do
    conn = conn |> assign(:current_scope, scope()) |> UserAuth.redirect_if_authenticated([])
    assert redirected_to(conn) == "/catalog"
  end

  test "LiveViews know who is there" do
    session = %{"user_token" => Accounts.create_session_token(user())}

    assert {:cont, socket} = UserAuth.on_mount(:require_authenticated, %{}, session, %Socket{})
    assert socket.assigns.current_scope
    assert {:halt, _socket} = UserAuth.on_mount(:require_staff, %{}, session, %Socket{})

    assert {:halt, _socket} =
             UserAuth.on_mount(:redirect_if_authenticated, %{}, session, %Socket{})

    assert {:cont, socket} = UserAuth.on_mount(:mount_current_scope, %{}, %{}, %Socket{})
    assert socket.assigns.current_scope == nil
  end
end
