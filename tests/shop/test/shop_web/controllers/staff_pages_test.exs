defmodule ShopWeb.StaffPagesTest do
  use ShopWeb.ConnCase, async: true

  import Phoenix.Controller, only: [controller_module: 1]

  alias Shop.Orders
  alias Shop.Orders.InvoiceLink
  alias ShopWeb.Admin.ExportController
  alias ShopWeb.{InvoiceController, InvoiceHTML, KioskController, PartnerController, PartnerHTML}

  setup :log_in_staff

  test "a kiosk shows what was scanned", %{conn: conn} do
    product = product()
    assert conn |> get(~p"/kiosk") |> html_response(200) =~ "kiosk"
    conn = post(conn, ~p"/kiosk/lookup", slug: product.slug)
    assert html_response(conn, 200) =~ product.name
    assert controller_module(conn) == KioskController
  end

  test "partners learn what is wrong with their lists", %{conn: conn} do
    assert conn |> get("/partners") |> html_response(200) =~ "Nothing was checked"
    conn = post(conn, "/partners/lists", list: "{")
    assert html_response(conn, 200) =~ "not JSON"
    assert controller_module(conn) == PartnerController
    assert render_component(&PartnerHTML.verdict/1, result: nil) =~ "Nothing"
  end

  test "turnover is exported as a table", %{conn: conn} do
    conn = get(conn, ~p"/admin/exports/turnover")
    assert response(conn, 200) == ""
    assert controller_module(conn) == ExportController
  end

  test "an invoice is behind a signed link", %{conn: conn} do
    order = order(scope())
    assert conn |> get(~p"/invoices/forged") |> response(404)
    conn = get(conn, ~p"/invoices/#{InvoiceLink.sign(order)}")
    assert html_response(conn, 200) =~ "Total"
    assert controller_module(conn) == InvoiceController

    order = Orders.get_order_by_id!(order.id)
    assert render_component(&InvoiceHTML.show/1, order: order) =~ order.number
  end
end
