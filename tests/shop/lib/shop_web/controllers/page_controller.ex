defmodule ShopWeb.PageController do
  use ShopWeb, :controller

  alias Shop.Accounts.UserNotifier
  alias Shop.Catalog

  @newest 8

  def home(conn, _params) do
    render(conn, :home, products: Catalog.newest_products(@newest))
  end

  def about(conn, _params) do
    render(conn, :about, page_title: gettext("About us"))
  end

  def contact(conn, %{"message" => message}) when is_binary(message) do
    UserNotifier.question_asked(message)

    conn
    |> put_flash(:info, gettext("Thank you, we will answer."))
    |> redirect(to: ~p"/about")
  end
end
