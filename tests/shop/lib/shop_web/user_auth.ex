defmodule ShopWeb.UserAuth do
  @moduledoc "Who is asking, for requests and for LiveViews, and what they may see."

  use ShopWeb, :verified_routes

  import Phoenix.Controller
  import Plug.Conn

  alias Phoenix.Component
  alias Phoenix.LiveView
  alias Shop.Accounts
  alias Shop.Accounts.Scope

  @doc "Starts a session for a user and goes to where they wanted to go."
  def log_in_user(conn, user) do
    token = Accounts.create_session_token(user)
    return_to = get_session(conn, :return_to)

    conn
    |> renew_session()
    |> put_session(:user_token, token)
    |> put_session(:live_socket_id, live_socket_id(user))
    |> redirect(to: return_to || ~p"/catalog")
  end

  @doc "Ends the session, also in the browser's open LiveViews."
  def log_out_user(conn) do
    if token = get_session(conn, :user_token), do: Accounts.delete_session_token(token)

    if id = get_session(conn, :live_socket_id) do
      ShopWeb.Endpoint.broadcast(id, "disconnect", %{})
    end

    conn |> renew_session() |> redirect(to: ~p"/")
  end

  @doc "A plug: puts the scope of the session's user, or nil, under `:current_scope`."
  def fetch_current_scope(conn, _opts) do
    assign(conn, :current_scope, scope_of(get_session(conn, :user_token)))
  end

  @doc "A plug: sends visitors to the login page, and back after it."
  def require_authenticated_user(conn, _opts) do
    if conn.assigns.current_scope do
      conn
    else
      conn
      |> put_flash_if_fetched("Please log in first.")
      |> remember_return()
      |> redirect(to: ~p"/users/log-in")
      |> halt()
    end
  end

  @doc "A plug: only staff goes on."
  def require_staff(conn, _opts) do
    if Scope.staff?(conn.assigns.current_scope) do
      conn
    else
      conn |> send_resp(:forbidden, "Staff only") |> halt()
    end
  end

  @doc "A plug: who is logged in needs no login page."
  def redirect_if_authenticated(conn, _opts) do
    if conn.assigns.current_scope do
      conn |> redirect(to: ~p"/catalog") |> halt()
    else
      conn
    end
  end

  def on_mount(:mount_current_scope, _params, session, socket) do
    {:cont, mount_scope(socket, session)}
  end

  def on_mount(:require_authenticated, _params, session, socket) do
    socket = mount_scope(socket, session)

    if socket.assigns.current_scope do
      {:cont, socket}
    else
      {:halt, LiveView.redirect(socket, to: ~p"/users/log-in")}
    end
  end

  def on_mount(:require_staff, _params, session, socket) do
    socket = mount_scope(socket, session)

    if Scope.staff?(socket.assigns.current_scope) do
      {:cont, socket}
    else
      {:halt, LiveView.redirect(socket, to: ~p"/")}
    end
  end

  def on_mount(:redirect_if_authenticated, _params, session, socket) do
    socket = mount_scope(socket, session)

    if socket.assigns.current_scope do
      {:halt, LiveView.redirect(socket, to: ~p"/catalog")}
    else
      {:cont, socket}
    end
  end

  defp mount_scope(socket, session) do
    Component.assign_new(socket, :current_scope, fn -> scope_of(session["user_token"]) end)
  end

  defp scope_of(nil), do: nil
  defp scope_of(token), do: Accounts.scope_for_session(token)

  # A new session id keeps somebody who planted a session from sharing it after the login.
  defp renew_session(conn) do
    delete_csrf_token()

    conn
    |> configure_session(renew: true)
    |> clear_session()
  end

  defp remember_return(%{method: "GET"} = conn) do
    put_session(conn, :return_to, current_path(conn))
  end

  defp remember_return(conn), do: conn

  # The kiosk's pipeline fetches no flash.
  defp put_flash_if_fetched(%{assigns: %{flash: _flash}} = conn, message) do
    put_flash(conn, :error, message)
  end

  defp put_flash_if_fetched(conn, _message), do: conn

  defp live_socket_id(user), do: "users_sessions:#{user.id}"
end
