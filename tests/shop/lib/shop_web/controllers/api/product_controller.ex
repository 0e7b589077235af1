defmodule ShopWeb.Api.ProductController do
  use ShopWeb, :controller

  alias Shop.Catalog
  alias ShopWeb.Paging

  plug :put_view, json: ShopWeb.Api.ProductJSON

  action_fallback ShopWeb.FallbackController

  def index(conn, params) do
    render(conn, :index, products: Catalog.list_products(page: Paging.page(params)))
  end

  def show(conn, %{"slug" => slug}) do
    render(conn, :show, product: Catalog.get_product_by_slug!(slug))
  end
end
