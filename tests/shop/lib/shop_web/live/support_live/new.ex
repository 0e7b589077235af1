defmodule ShopWeb.SupportLive.New do
  @moduledoc "Asking a question."

  use ShopWeb, :live_view

  alias Shop.Support

  @impl true
  def mount(_params, _session, socket) do
    form = Support.form_to_open_ticket(scope: socket.assigns.current_scope)
    {:ok, assign(socket, page_title: "Ask us", form: to_form(form))}
  end

  @impl true
  def handle_event("validate", %{"form" => params}, socket) do
    {:noreply, update(socket, :form, &AshPhoenix.Form.validate(&1, params))}
  end

  def handle_event("ask", %{"form" => params}, socket) do
    case AshPhoenix.Form.submit(socket.assigns.form, params: params) do
      {:ok, ticket} -> {:noreply, push_navigate(socket, to: ~p"/support/#{ticket.id}")}
      {:error, form} -> {:noreply, assign(socket, :form, form)}
    end
  end

  @impl true
  def render(assigns) do
    ~H"""
    <Layouts.app flash={@flash} current_scope={@current_scope}>
      <.header>What can we do for you?</.header>
      <.form for={@form} id="ticket" phx-change="validate" phx-submit="ask">
        <.input field={@form[:subject]} label="In a few words" />
        <.input field={@form[:body]} type="textarea" label="What happened?" rows="8" />
        <.input
          field={@form[:priority]}
          type="select"
          label="How urgent is it?"
          options={[{"It can wait", :low}, {"As usual", :normal}, {"Very", :high}]}
        />
        <.button type="submit" variant="primary">Ask</.button>
      </.form>
    </Layouts.app>
    """
  end
end
