defmodule FerryWeb.WizardLive do
  use FerryWeb, :live_view

  alias Ferry.Trips

  @impl true
  def mount(_params, _session, socket) do
    {:ok,
     socket
     |> assign(step: 1, form: to_form(Trips.change_trip(%Trips.Trip{}), as: :trip))
     |> stream(:log, [])}
  end

  @impl true
  def handle_event("next", %{"trip" => params}, socket) do
    changeset = Trips.change_trip(%Trips.Trip{}, params)

    if changeset.valid? do
      {:noreply, push_navigate(socket, to: Routes.trip_path(socket, :show, changeset.data))}
    else
      {:noreply, assign(socket, form: to_form(%{changeset | action: :insert}, as: :trip))}
    end
  end

  def handle_event("back", _params, socket), do: {:noreply, push_patch(socket, to: "/trips")}

  @impl true
  def handle_info({:log, entry}, socket), do: {:noreply, stream_insert(socket, :log, entry)}

  @impl true
  def render(%{step: 1} = assigns) do
    ~H"""
    <h1 class={["title", if(@step > 1, do: "done")]}>{gettext("Step %{n}", n: @step)}</h1>
    <.form for={@form} action="#" phx-submit="next" novalidate>
      <div class={["field", if(@form.errors[:from], do: "has-error")]}>
        <label for={@form[:from].id} class="label">From</label>
        <input
          type="text"
          id={@form[:from].id}
          name={@form[:from].name}
          value={@form[:from].value}
          autofocus
          list="ports"
        />
        <datalist id="ports"><option :for={port <- @ports} value={port}></option></datalist>
        {error_tag @form, :from}
      </div>
      <p>5 &lt; 6 && &lbrace;a&rbrace; > "b"</p>
      <%= unless @hidden do %>
        <button type="submit" phx-disable-with="…" class="btn">Next →</button>
      <% end %>
    </.form>
    <ol id="log" phx-update="stream">
      <li :for={{id, entry} <- @streams.log} id={id}>{entry.text}</li>
    </ol>
    """
  end

  def render(assigns) do
    ~H"""
    <.link patch="/trips">Back</.link>
    """
  end
end
