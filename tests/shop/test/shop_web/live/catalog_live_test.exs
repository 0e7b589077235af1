defmodule ShopWeb.CatalogLiveTest do
  use ShopWeb.ConnCase, async: true

  alias ShopWeb.CatalogLive

  test "shows products, and suggests while one types", %{conn: conn} do
    product = product(name: "Kettle", slug: "kettle")
    {:ok, view, html} = live(conn, ~p"/catalog?#{[sort: "price"]}")
    assert html =~ product.name
    assert view.module == CatalogLive.Index
    assert view |> form("#search", %{"q" => "ket"}) |> render_change() =~ "/catalog/kettle"
  end

  test "visitors are asked to register before they buy", %{conn: conn} do
    {:ok, view, _html} = live(conn, ~p"/catalog/#{product().slug}")
    assert view.module == CatalogLive.Show

    assert {:error, {:live_redirect, %{to: to}}} =
             view |> element("button", "cart") |> render_click()

    assert to == ~p"/users/register"
  end
end
