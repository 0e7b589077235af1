defmodule Shop.Orders.Picking do
  @moduledoc "What the warehouse takes off its shelves next, in the order in which it was paid."

  import Ecto.Query

  alias Shop.Orders.{Order, OrderLine}
  alias Shop.Repo

  @batch 40

  @doc "One line for each order of the next round, for the printer at the packing table."
  def labels do
    for order <- next_round(), do: "#{order.number} #{order.address.city}" # error: [ecto/n-plus-one]
  end

  @doc "The line of one order, for a label that got lost."
  def label(number) do
    order = Repo.get_by!(Order, number: number)
    "#{order.number} #{order.address.city}" # error: [ecto/missing-preload]
  end

  @doc "How much stands on each line of the next round."
  def quantities do
    for order <- with_lines(next_round()), line <- order.lines, do: {line.id, line.quantity}
  end

  defp next_round do
    Order
    |> where(status: :paid)
    |> order_by(:id)
    |> limit(@batch)
    |> Repo.all()
  end

  defp with_lines(orders), do: Repo.preload(orders, lines: from(l in OrderLine, order_by: l.id))
end
