defmodule Shop.Orders.Events do
  @moduledoc """
  What happens to orders.

  Staff hears of every order on `"orders"`, a customer of their own on `"orders:<user id>"`:
  `{:order_placed, order}` and `{:order_changed, order}`.
  """

  alias Phoenix.PubSub
  alias Shop.Orders.Order

  @all "orders"

  def topic, do: @all

  def topic(user_id), do: "#{@all}:#{user_id}"

  def placed(%Order{} = order), do: tell(order, {:order_placed, order})

  def changed(%Order{} = order), do: tell(order, {:order_changed, order})

  defp tell(order, message) do
    with :ok <- PubSub.broadcast(Shop.PubSub, @all, message) do
      PubSub.broadcast(Shop.PubSub, topic(order.user_id), message)
    end
  end
end
