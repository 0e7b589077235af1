defmodule ShopWeb.UserLive.Confirmation do
  @moduledoc "Where the link of the first mail leads. A button, because mail scanners follow links."

  use ShopWeb, :live_view

  alias Shop.Accounts

  @impl true
  def mount(%{"token" => token}, _session, socket) do
    {:ok, assign(socket, page_title: "Confirm your account", token: token)}
  end

  @impl true
  def handle_event("confirm", _params, socket) do
    case Accounts.confirm_user(socket.assigns.token) do
      {:ok, _user} ->
        {:noreply,
         socket
         |> put_flash(:info, "Your account is confirmed.")
         |> redirect(to: ~p"/users/log-in")}

      {:error, _reason} ->
        {:noreply, put_flash(socket, :error, "This link is too old, or was used before.")}
    end
  end

  @impl true
  def render(assigns) do
    ~H"""
    <Layouts.app flash={@flash} current_scope={@current_scope}>
      <.header>Welcome</.header>
      <.button phx-click="confirm" variant="primary">Confirm my account</.button>
    </Layouts.app>
    """
  end
end
