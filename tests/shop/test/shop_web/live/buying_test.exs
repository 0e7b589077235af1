defmodule ShopWeb.BuyingTest do
  use ShopWeb.ConnCase, async: true

  alias Shop.Carts
  alias ShopWeb.{CartLive, CheckoutLive, OrderLive}

  setup :register_and_log_in_user

  test "the cart changes with its quantities", %{conn: conn, scope: scope} do
    {:ok, item} = Carts.add_product(scope, product())
    {:ok, view, _html} = live(conn, ~p"/cart")
    assert view.module == CartLive

    view |> form("#quantity-#{item.id}", %{"quantity" => "3"}) |> render_change()
    assert render(view) =~ "€30.00"
    refute view |> element("button", "Remove") |> render_click() =~ "item-#{item.id}"
  end

  test "a cart becomes an order", %{conn: conn, scope: scope} do
    {:ok, _item} = Carts.add_product(scope, product())
    address(scope)
    {:ok, view, _html} = live(conn, ~p"/checkout")
    assert view.module == CheckoutLive
    assert render_async(view) =~ "Hafen 1"
    assert view |> form("#order") |> render_submit() =~ "To pay: €10.00"
  end

  test "orders are listed, shown and cancelled", %{conn: conn, scope: scope} do
    order = order(scope)
    {:ok, list, html} = live(conn, ~p"/orders")
    assert list.module == OrderLive.Index
    assert html =~ order.number

    {:ok, page, _html} = live(conn, ~p"/orders/#{order.id}")
    assert page.module == OrderLive.Show
    assert {:error, {:live_redirect, _to}} = page |> element("button", "Cancel") |> render_click()
  end
end
