defmodule ShopWeb.SupportLive.Show do
  @moduledoc "One question and what was said of it, for its customer and for staff."

  use ShopWeb, :live_view

  alias Phoenix.Socket.Broadcast
  alias Shop.Support
  alias ShopWeb.Endpoint

  @impl true
  def mount(%{"id" => id}, _session, socket) do
    case load(socket, id) do
      {:ok, ticket} ->
        if connected?(socket), do: Endpoint.subscribe("tickets:changed:#{ticket.id}")
        {:ok, socket |> assign(ticket: ticket, page_title: ticket.subject) |> assign_new_reply()}

      {:error, _not_found_or_forbidden} ->
        {:ok, push_navigate(socket, to: ~p"/support")}
    end
  end

  @impl true
  def handle_event("reply", %{"form" => %{"body" => body}}, socket) do
    reply = %{body: body, ticket_id: socket.assigns.ticket.id}

    case Support.reply_to_ticket(reply, scope: socket.assigns.current_scope) do
      {:ok, _reply} -> {:noreply, assign_new_reply(socket)}
      {:error, _error} -> {:noreply, put_flash(socket, :error, "Your answer was not saved.")}
    end
  end

  def handle_event("close", _params, %{assigns: assigns} = socket) do
    case Support.close_ticket(assigns.ticket, scope: assigns.current_scope) do
      {:ok, ticket} ->
        {:noreply, assign(socket, :ticket, %{assigns.ticket | status: ticket.status})}

      {:error, _error} ->
        {:noreply, put_flash(socket, :error, "The question is still open.")}
    end
  end

  @impl true
  def handle_info(%Broadcast{topic: "tickets:changed:" <> id}, socket) do
    case load(socket, id) do
      {:ok, ticket} -> {:noreply, assign(socket, :ticket, ticket)}
      {:error, _gone} -> {:noreply, push_navigate(socket, to: ~p"/support")}
    end
  end

  def handle_info(_message, socket), do: {:noreply, socket}

  @impl true
  def render(assigns) do
    ~H"""
    <Layouts.app flash={@flash} current_scope={@current_scope}>
      <.header>
        {@ticket.subject}
        <:actions>
          <.button :if={@ticket.status == :open} phx-click="close">Close</.button>
        </:actions>
      </.header>
      <p>{@ticket.body}</p>
      <blockquote :for={reply <- @ticket.replies} id={"reply-#{reply.id}"}>{reply.body}</blockquote>
      <.form :if={@ticket.status == :open} for={@form} id="reply" phx-submit="reply">
        <.input field={@form[:body]} type="textarea" label="Your answer" />
        <.button type="submit" variant="primary">Send</.button>
      </.form>
    </Layouts.app>
    """
  end

  defp load(socket, id) do
    Support.get_ticket(id, scope: socket.assigns.current_scope, load: [:replies])
  end

  defp assign_new_reply(socket), do: assign(socket, :form, to_form(%{"body" => ""}, as: :form))
end
