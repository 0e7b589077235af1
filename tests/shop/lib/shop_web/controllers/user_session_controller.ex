defmodule ShopWeb.UserSessionController do
  use ShopWeb, :controller

  alias Shop.Accounts
  alias ShopWeb.UserAuth

  require Logger

  def new(conn, _params) do
    render(conn, :new, form: form(""))
  end

  def create(conn, %{"session" => %{"email" => email, "password" => password}})
      when is_binary(email) and is_binary(password) do
    case Accounts.authenticate(email, password) do
      {:ok, user} ->
        Accounts.record_sign_in(user)
        UserAuth.log_in_user(conn, user)

      {:error, :invalid_credentials} ->
        conn
        |> put_flash(:error, gettext("Email or password is wrong."))
        |> render(:new, form: form(email))
    end
  end

  def create(conn, params) do
    Logger.warning("No sign-in: #{inspect(params)}") # error: [phoenix/sensitive-params-logged]
    send_resp(conn, :bad_request, "")
  end

  def delete(conn, _params), do: UserAuth.log_out_user(conn)

  defp form(email), do: Phoenix.Component.to_form(%{"email" => email}, as: :session)
end
