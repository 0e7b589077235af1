defmodule FerryWeb.WizardLive do
  use FerryWeb, :live_view

  alias Ferry.Trips

  @impl true
  def mount(_params, _session, socket) do
    {:ok,
     assign(socket,
       step: 1,
       changeset: Trips.change_trip(%Trips.Trip{}),
       log: []
     ), temporary_assigns: [log: []]}
  end

  @impl true
  def handle_event("next", %{"trip" => params}, socket) do
    changeset = Trips.change_trip(%Trips.Trip{}, params)

    if changeset.valid? do
      {:noreply, push_redirect(socket, to: Routes.trip_path(socket, :show, changeset.data))}
    else
      {:noreply, assign(socket, changeset: %{changeset | action: :insert})}
    end
  end

  def handle_event("back", _params, socket), do: {:noreply, push_patch(socket, to: "/trips")}

  @impl true
  def handle_info({:log, entry}, socket), do: {:noreply, assign(socket, :log, [entry])}

  @impl true
  def render(%{step: 1} = assigns) do
    ~L"""
    <h1 class="title <%= if @step > 1, do: "done" %>"><%= gettext("Step %{n}", n: @step) %></h1>
    <%= f = form_for @changeset, "#", [phx_submit: :next, as: :trip, novalidate: true] %>
      <div class="field <%= if f.errors[:from] do %>has-error<% end %>">
        <%= label f, :from, class: "label" %>
        <%= text_input f, :from, autofocus: true, list: "ports" %>
        <datalist id="ports"><%= for port <- @ports do %><option value="<%= port %>"><% end %></datalist>
        <%= error_tag f, :from %>
      </div>
      <p>5 < 6 && {a} > "b"</p>
      <%= unless @hidden do %>
        <%= submit "Next →", phx_disable_with: "…", class: "btn" %>
      <% end %>
    </form>
    <ol id="log" phx-update="append">
      <%= for entry <- @log do %>
        <li id="log-<%= entry.id %>"><%= entry.text %></li>
      <% end %>
    </ol>
    """
  end

  def render(assigns) do
    ~L"""
    <%= live_patch "Back", to: "/trips" %>
    """
  end
end
