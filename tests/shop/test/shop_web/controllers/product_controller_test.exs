defmodule ShopWeb.ProductControllerTest do
  use ShopWeb.ConnCase, async: true

  test "lists and shows products", %{conn: conn} do
    product = product()
    assert conn |> get(~p"/products") |> html_response(200) =~ product.name
    assert conn |> get(~p"/products/#{product.slug}") |> html_response(200) =~ product.name
  end

  test "goes to the one product that was found", %{conn: conn} do
    product = product(name: "Unique teapot")
    conn = get(conn, ~p"/products?#{[q: "teapot"]}")
    assert redirected_to(conn) == ~p"/products/#{product.slug}"
  end
end
