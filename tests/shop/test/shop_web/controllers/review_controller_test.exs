defmodule ShopWeb.ReviewControllerTest do
  use ShopWeb.ConnCase, async: true

  setup :register_and_log_in_user

  test "takes a review, and lets its author withdraw it", %{conn: conn, scope: scope} do
    product = product()
    review = %{"rating" => "4", "body" => "It does what it should."}

    conn = post(conn, ~p"/products/#{product.slug}/reviews", review: review)
    assert redirected_to(conn) == ~p"/products/#{product.slug}"
    assert [%{id: id}] = Shop.Catalog.get_product_by_slug!(product.slug).reviews

    stranger = Phoenix.ConnTest.build_conn() |> log_in(user())
    assert stranger |> delete(~p"/products/#{product.slug}/reviews/#{id}") |> response(404)
    assert {:ok, _review} = Shop.Catalog.delete_review(scope, id)
  end
end
