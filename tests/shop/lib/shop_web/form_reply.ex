defmodule ShopWeb.FormReply do
  @moduledoc "How the forms and buttons of all LiveViews answer: one place, so that they answer alike."

  import Phoenix.Component, only: [assign: 3, to_form: 1, to_form: 2]
  import Phoenix.LiveView, only: [put_flash: 3, push_navigate: 2]

  @doc "Shows what is wrong with what was typed so far."
  def reply_validated(changeset, socket) do
    {:noreply, assign(socket, :form, to_form(changeset, action: :validate))}
  end

  @doc "Goes to another page with a message, or stays and shows the errors."
  def reply_saved({:ok, _saved}, socket, message, path) do
    {:noreply, socket |> put_flash(:info, message) |> push_navigate(to: path)}
  end

  def reply_saved({:error, %Ecto.Changeset{} = changeset}, socket, _message, _path) do
    {:noreply, assign(socket, :form, to_form(changeset))}
  end

  def reply_saved({:error, reason}, socket, _message, _path) do
    {:noreply, put_flash(socket, :error, explain(reason))}
  end

  @doc "Goes on with what `fun` makes of the result and the socket, or says what did not work."
  def reply_done({:ok, result}, socket, _message, fun) when is_function(fun, 2) do
    {:noreply, fun.(result, socket)}
  end

  def reply_done({:error, _reason}, socket, message, _fun) do
    {:noreply, put_flash(socket, :error, message)}
  end

  defp explain(:out_of_stock), do: "Somebody was faster: not everything is in stock."
  defp explain(:empty_cart), do: "There is nothing in the cart."
  defp explain(:no_address), do: "Please choose an address."
  defp explain(:declined), do: "The bank declined the charge."
  defp explain(_reason), do: "That did not work. Please try again."
end
