defmodule ShopWeb.InvoiceHTML do
  @moduledoc false

  use ShopWeb, :html

  alias Shop.Orders.OrderLine

  def show(assigns) do
    ~H"""
    <h1>Invoice {@order.number}</h1>
    <address>{@order.address.line}, {@order.address.postcode} {@order.address.city}</address>
    <table>
      <tr :for={line <- @order.lines}>
        <td>{line.quantity} × {line.name}</td>
        <td>{line |> OrderLine.total() |> euros()}</td>
      </tr>
    </table>
    <p>Total: {euros(@order.total)}</p>
    """
  end
end
