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
    %{body: body, ticket_id: socket.assigns.ticket.id}
    |> Support.reply_to_ticket(scope: socket.assigns.current_scope)
    |> reply_done(socket, "Your answer was not saved.", fn _reply, socket ->
      assign_new_reply(socket)
    end)
  end

  def handle_event("close", _params, %{assigns: assigns} = socket) do
    assigns.ticket
    |> Support.close_ticket(scope: assigns.current_scope)
    |> reply_done(socket, "The question is still open.", fn closed, socket ->
      assign(socket, :ticket, %{assigns.ticket | status: closed.status})
    end)
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
