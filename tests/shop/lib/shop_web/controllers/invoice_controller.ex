defmodule ShopWeb.InvoiceController do
  @moduledoc "Invoices behind links that were mailed to their customers."

  use ShopWeb, :controller

  alias Shop.Orders
  alias Shop.Orders.InvoiceLink

  def show(conn, %{"signed" => signed}) do
    case InvoiceLink.verify(signed) do
      {:ok, id} -> render(conn, :show, order: Orders.get_order_by_id!(id), layout: false)
      {:error, :expired} -> send_resp(conn, :gone, "This link is too old.")
      {:error, _reason} -> send_resp(conn, :not_found, "")
    end
  end
end
