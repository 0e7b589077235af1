defmodule ShopWeb.UserLive.Registration do
  @moduledoc "Opening an account."

  use ShopWeb, :live_view

  alias Shop.Accounts

  @impl true
  def mount(_params, _session, socket) do
    {:ok, assign(socket, page_title: "Register", form: to_form(Accounts.change_registration()))}
  end

  @impl true
  def handle_event("validate", %{"user" => params}, socket) do
    params |> Accounts.change_registration() |> reply_validated(socket)
  end

  def handle_event("save", %{"user" => params}, socket) do
    params
    |> Accounts.register_user(&url(~p"/users/confirm/#{&1}"))
    |> reply_saved(socket, "Please look into your mailbox.", ~p"/catalog")
  end

  @impl true
  def render(assigns) do
    ~H"""
    <Layouts.app flash={@flash} current_scope={@current_scope}>
      <.header>Open an account</.header>
      <.form for={@form} id="registration" phx-change="validate" phx-submit="save">
        <.input field={@form[:email]} type="email" label="Email" autocomplete="username" required />
        <.input
          field={@form[:password]}
          type="password"
          label="Password, twelve characters or more"
          autocomplete="new-password"
          required
        />
        <.button type="submit" variant="primary">Register</.button>
      </.form>
    </Layouts.app>
    """
  end
end
