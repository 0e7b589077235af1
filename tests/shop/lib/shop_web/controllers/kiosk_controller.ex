defmodule ShopWeb.KioskController do
  @moduledoc "The terminal at the counter: staff scans a label and sees the product."

  use ShopWeb, :controller

  alias Shop.Catalog.Product
  alias Shop.Repo

  def show(conn, _params), do: render(conn, :show, product: nil)

  def lookup(conn, %{"slug" => slug}) when is_binary(slug) do
    product = Repo.get_by(Product, slug: slug) # error: [phoenix/repo-in-web]
    render(conn, :show, product: product)
  end

  def lookup(conn, _params), do: send_resp(conn, :bad_request, "")

  def leave(conn, params) do
    redirect(conn, external: params["to"] || "/") # error: [phoenix/open-redirect]
  end
end
