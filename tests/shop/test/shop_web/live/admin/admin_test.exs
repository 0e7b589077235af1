defmodule ShopWeb.Admin.AdminTest do
  use ShopWeb.ConnCase, async: true

  alias Shop.Catalog
  alias ShopWeb.Admin.{CategoryLive, DashboardLive, OrdersLive, ProductLive, TicketsLive}

  setup :log_in_staff

  test "customers stay outside" do
    conn = Phoenix.ConnTest.build_conn() |> log_in(user()) |> get(~p"/admin")
    assert response(conn, 403) =~ "Staff only"
  end

  test "the day's figures", %{conn: conn} do
    {:ok, view, _html} = live(conn, ~p"/admin")
    assert view.module == DashboardLive
    assert render_async(view) =~ "All orders"
  end

  test "a product is changed and archived", %{conn: conn} do
    product = product()
    {:ok, form, _html} = live(conn, ~p"/admin/products/#{product}/edit")
    assert form.module == ProductLive.Form
    form |> form("#product", product: %{"name" => "Another pan"}) |> render_submit()
    assert Catalog.get_product!(product.id).name == "Another pan"

    {:ok, list, _html} = live(conn, ~p"/admin/products")
    assert list.module == ProductLive.Index
    list |> element("button", "Archive") |> render_click()
    assert Catalog.get_product!(product.id).archived_at
  end

  test "a category is added", %{conn: conn} do
    {:ok, view, _html} = live(conn, ~p"/admin/categories")
    assert view.module == CategoryLive
    attrs = %{"name" => "Cellar", "slug" => "cellar"}
    view |> form("#category", category: attrs) |> render_submit()
    assert Enum.any?(Catalog.list_categories(), &(&1.slug == "cellar"))
  end

  test "an order is taken back", %{conn: conn} do
    order = order(scope())
    {:ok, view, html} = live(conn, ~p"/admin/orders?#{[status: "placed"]}")
    assert view.module == OrdersLive
    assert html =~ order.number
    assert view |> element("button", "Take back") |> render_click() =~ "cancelled"
  end

  test "questions wait for staff", %{conn: conn} do
    {:ok, view, _html} = live(conn, ~p"/admin/tickets")
    assert view.module == TicketsLive
    assert render_async(view) =~ "Questions"
  end
end
