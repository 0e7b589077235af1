defmodule ShopWeb.Api.ProductControllerTest do
  use ShopWeb.ConnCase, async: true

  alias ShopWeb.Api.ProductJSON

  test "lists products without what is ours to know", %{conn: conn} do
    product = product()
    assert %{"data" => [listed]} = conn |> get(~p"/api/products") |> json_response(200)
    assert listed["slug"] == product.slug
    assert listed["available"]
    refute Map.has_key?(listed, "stock")
  end

  test "shows one with its tags", %{conn: conn} do
    product = product()
    conn = get(conn, ~p"/api/products/#{product.slug}")
    assert %{"data" => %{"tags" => []}} = json_response(conn, 200)
    assert ProductJSON.index(%{products: []}) == %{data: []}
  end
end
