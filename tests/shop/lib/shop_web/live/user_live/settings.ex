defmodule ShopWeb.UserLive.Settings do
  @moduledoc "A new password."

  use ShopWeb, :live_view

  alias Shop.Accounts

  @impl true
  def mount(_params, _session, socket) do
    form = socket.assigns.current_scope |> Accounts.change_password() |> to_form()
    {:ok, socket |> assign(:page_title, "Settings") |> assign(:form, form)}
  end

  @impl true
  def handle_event("validate", %{"user" => params}, socket) do
    socket.assigns.current_scope |> Accounts.change_password(params) |> reply_validated(socket)
  end

  def handle_event("save", %{"user" => params, "current" => current}, socket) do
    case Accounts.update_password(socket.assigns.current_scope, current, params) do
      {:ok, _user} -> {:noreply, redirect(socket, to: ~p"/users/log-in")}
      {:error, _changeset} = error -> reply_saved(error, socket, "", ~p"/users/settings")
    end
  end

  @impl true
  def render(assigns) do
    ~H"""
    <Layouts.app flash={@flash} current_scope={@current_scope}>
      <.header>{@current_scope.user.email}</.header>
      <.form for={@form} id="password" phx-change="validate" phx-submit="save">
        <label for="current">Password so far</label>
        <input
          id="current"
          type="password"
          name="current"
          autocomplete="current-password"
          phx-hook="FocusEnd"
          required
        />
        <.input field={@form[:password]} type="password" label="New password" required />
        <.input field={@form[:password_confirmation]} type="password" label="Once more" required />
        <.button type="submit" variant="primary">Change</.button>
      </.form>
    </Layouts.app>
    """
  end
end
