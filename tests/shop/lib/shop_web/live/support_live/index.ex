defmodule ShopWeb.SupportLive.Index do
  @moduledoc "A customer's questions."

  use ShopWeb, :live_view

  alias Shop.Support

  @impl true
  def mount(_params, _session, socket) do
    {:ok, socket |> assign(:page_title, "Your questions") |> stream(:tickets, [])}
  end

  @impl true
  def handle_params(_params, _uri, socket) do
    tickets = Support.list_my_tickets(scope: socket.assigns.current_scope)
    reply_done(tickets, socket, "Please try again.", &stream(&2, :tickets, &1, reset: true))
  end

  @impl true
  def render(assigns) do
    ~H"""
    <Layouts.app flash={@flash} current_scope={@current_scope}>
      <.header>
        Your questions
        <:actions>
          <.button phx-click="refresh">Refresh</.button> <%!-- error: [liveview/unhandled-event] --%>
          <.button navigate={~p"/support/new"} variant="primary">Ask something</.button>
        </:actions>
      </.header>
      <ul id="tickets"> <%!-- error: [liveview/stream-markup] --%>
        <li :for={{dom_id, ticket} <- @streams.tickets} id={dom_id}>
          <.link navigate={~p"/support/#{ticket.id}"}>{ticket.subject}</.link>
          ({ticket.status}, {ticket.reply_count} answers)
        </li>
      </ul>
      <p><.link navigate={~p"/suport"}>All questions</.link></p> <%!-- error: [liveview/unknown-route] --%>
    </Layouts.app>
    """
  end
end
