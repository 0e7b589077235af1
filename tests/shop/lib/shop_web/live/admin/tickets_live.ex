defmodule ShopWeb.Admin.TicketsLive do
  @moduledoc "The questions that wait for staff, oldest first."

  use ShopWeb, :live_view

  alias Shop.Support
  alias ShopWeb.Endpoint

  @impl true
  def mount(_params, _session, socket) do
    if connected?(socket), do: Endpoint.subscribe("tickets:opened")

    {:ok, socket |> assign(:page_title, "Questions") |> load()}
  end

  @impl true
  def handle_info(%{event: "open"}, socket), do: {:noreply, load(socket)}
  def handle_info(_message, socket), do: {:noreply, socket}

  @impl true
  def render(assigns) do
    ~H"""
    <Layouts.admin flash={@flash} current_scope={@current_scope}>
      <.header>Questions</.header>
      <.async_result :let={tickets} assign={@tickets}>
        <:loading>Looking …</:loading>
        <:failed>The questions could not be read.</:failed>
        <ul>
          <li :for={ticket <- tickets}>
            <.link navigate={~p"/support/#{ticket.id}"}>{ticket.subject}</.link>
            {ticket.requester.email}, {ticket.priority}
          </li>
        </ul>
      </.async_result>
    </Layouts.admin>
    """
  end

  defp load(socket) do
    scope = socket.assigns.current_scope

    assign_async(socket, :tickets, fn ->
      with {:ok, tickets} <- Support.list_waiting_tickets(scope: scope) do
        {:ok, %{tickets: tickets}}
      end
    end)
  end
end
