defmodule ShopWeb.FeedController do
  @moduledoc "The newest products for feed readers."

  use ShopWeb, :controller

  import Ecto.Query, only: [from: 2]

  alias Shop.Catalog.Product
  alias Shop.Repo

  @entries 20

  plug :put_view, xml: ShopWeb.FeedXML

  def index(conn, _params) do
    newest =
      from p in Product, where: is_nil(p.archived_at), order_by: [desc: p.id], limit: @entries

    products = Repo.all(newest) # error: [phoenix/repo-in-web]

    conn
    |> put_resp_header("cache-control", "public, max-age=900")
    |> render(:index, products: products)
  end
end
