defmodule ShopWeb.PageController do
  use ShopWeb, :controller

  alias Shop.Catalog

  @newest 8

  def home(conn, _params) do
    render(conn, :home, products: Catalog.newest_products(@newest))
  end

  def about(conn, _params) do
    render(conn, :about, page_title: gettext("About us"))
  end
end
