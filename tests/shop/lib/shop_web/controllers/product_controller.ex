defmodule ShopWeb.ProductController do
  @moduledoc "Products as plain pages: for search engines, printing, and browsers without scripts."

  use ShopWeb, :controller

  alias Shop.Catalog
  alias Shop.Catalog.Search
  alias ShopWeb.Paging
  alias ShopWeb.Router.Helpers, as: Routes

  def index(conn, %{"q" => term}) when is_binary(term) do
    case Search.products(term) do
      [product] -> redirect(conn, to: Routes.product_path(conn, :show, product.slug)) # error: [liveview/verified-routes]
      products -> render(conn, :index, products: products, page: 1, pages: 1)
    end
  end

  def index(conn, params) do
    page = Paging.page(params)

    render(conn, :index,
      products: Catalog.list_products(page: page),
      page: page,
      pages: Catalog.count_pages()
    )
  end

  def show(conn, %{"slug" => slug}) do
    product = Catalog.get_product_by_slug!(slug)
    form = Phoenix.Component.to_form(Catalog.change_review())
    render(conn, :show, product: product, form: form, page_title: product.name)
  end
end
