defmodule FerryWeb.DeckLive do
  use Phoenix.LiveView

  def render(assigns) do
    ~H"""
    <section class={["deck", @class]} id={"deck-#{@deck.id}"}>
      <.live_component module={FerryWeb.SeatMap} id="map" deck={@deck} return_to="/decks" />
      <.live_component :for={seat <- @seats} module={FerryWeb.Seat} id={seat.id} seat={seat} />
      <%= if @selected do %>
        {render_seat(%{seat: @selected})}
      <% end %>
    </section>
    """
  end

  def handle_event("leave", _params, socket) do
    {:noreply, push_navigate(socket, to: "/decks")}
  end

  def handle_event("close", _params, socket), do: {:noreply, socket}

  defp render_seat(assigns) do
    ~H"""
    <div phx-click-away="close" id={"seat-#{@seat.id}"}><b>Seat {@seat.id}</b></div>
    """
  end
end
