defmodule ShopWeb.ReviewController do
  use ShopWeb, :controller

  alias Shop.Catalog

  def create(conn, %{"product_slug" => slug, "review" => params}) do
    product = Catalog.get_product_by_slug!(slug)

    {kind, message} =
      case Catalog.create_review(conn.assigns.current_scope, product, params) do
        {:ok, _review} -> {:info, gettext("Thank you for your review.")}
        {:error, _changeset} -> {:error, gettext("Please give one to five stars and a sentence.")}
      end

    conn
    |> put_flash(kind, message)
    |> redirect(to: ~p"/products/#{slug}")
  end

  def delete(conn, %{"product_slug" => slug, "id" => id}) do
    case Catalog.delete_review(conn.assigns.current_scope, id) do
      {:ok, _review} -> redirect(conn, to: ~p"/products/#{slug}")
      {:error, :not_found} -> send_resp(conn, :not_found, "")
    end
  end
end
