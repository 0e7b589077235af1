defmodule ShopWeb.ManualController do
  @moduledoc "The manuals of what the shop sells, and the papers of one order."

  use ShopWeb, :controller

  alias Shop.Orders

  def show(conn, %{"name" => name}) do
    folder = Application.fetch_env!(:shop, :manuals)
    send_download(conn, {:file, Path.join(folder, name)}) # error: [security/path-traversal]
  end

  def papers(conn, %{"id" => id}) do
    order = Orders.get_order_by_id!(id) # error: [security/missing-authorization]
    render(conn, :papers, order: order, layout: false)
  end
end
