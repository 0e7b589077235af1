defmodule FerryWeb.DeckLive do
  use Phoenix.LiveView

  def render(assigns) do
    ~L"""
    <section class="deck <%= @class %>" id="deck-<%= @deck.id %>">
      <%= live_component @socket, FerryWeb.SeatMap, id: "map", deck: @deck, return_to: "/decks" %>
      <%= for seat <- @seats do %>
        <%= live_component @socket, FerryWeb.Seat, id: seat.id, seat: seat %>
      <% end %>
      <%= if @selected do %>
        <%= render_seat(%{seat: @selected}) %>
      <% end %>
    </section>
    """
  end

  def handle_event("leave", _params, socket) do
    {:noreply, push_redirect(socket, to: "/decks")}
  end

  def handle_event("close", _params, socket), do: {:noreply, socket}

  defp render_seat(assigns) do
    ~L"""
    <div phx-capture-click="close" id="seat-<%= @seat.id %>"><b>Seat <%= @seat.id %></b></div>
    """
  end
end
