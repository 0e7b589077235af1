defmodule Shop.OrdersTest do
  use Shop.DataCase, async: true

  alias Shop.Carts
  alias Shop.Orders
  alias Shop.Orders.{Events, InvoiceLink, Order, OrderLine}
  alias Shop.Payments.Payment

  describe "place_order/2" do
    test "takes the pieces and empties the cart" do
      scope = scope()
      product = product(stock: 1)
      {:ok, _item} = Carts.add_product(scope, product)
      attrs = %{"address_id" => address(scope).id, "note" => "Ring twice."}

      assert {:ok, %Order{lines: [%OrderLine{quantity: 1}]}} = Orders.place_order(scope, attrs)
      assert Repo.reload!(product).stock == 0
      assert Carts.get_cart(scope).items == []
    end

    test "refuses an empty cart, a foreign address and what is sold out" do
      scope = scope()
      attrs = %{"address_id" => address(scope).id}
      assert {:error, :empty_cart} = Orders.place_order(scope, attrs)

      {:ok, _item} = Carts.add_product(scope, product(stock: 1))
      foreign = %{"address_id" => address(scope()).id}
      assert {:error, :no_address} = Orders.place_order(scope, foreign)

      {:ok, _item} = Carts.add_product(scope, product(stock: 0))
      assert {:error, :out_of_stock} = Orders.place_order(scope, attrs)
    end

    test "tells staff and the customer" do
      scope = scope()
      :ok = Phoenix.PubSub.subscribe(Shop.PubSub, Events.topic())
      :ok = Phoenix.PubSub.subscribe(Shop.PubSub, Events.topic(scope.user.id))
      %Order{id: id} = order(scope)
      assert_receive {:order_placed, %Order{id: ^id}}
      assert_receive {:order_placed, %Order{id: ^id}}
    end
  end

  describe "pay/3" do
    test "records the payment under the company's reference" do
      Req.Test.stub(Shop.Payments, fn conn ->
        conn |> Plug.Conn.put_status(201) |> Req.Test.json(%{reference: "ref-1"})
      end)

      scope = scope()
      assert {:ok, %Order{status: :paid}} = Orders.pay(scope, order(scope), "4242")
      assert [%Payment{reference: "ref-1"}] = Repo.all(Payment)
    end

    test "leaves the order as it was when the bank declines" do
      Req.Test.stub(Shop.Payments, &Plug.Conn.send_resp(&1, 402, ""))
      scope = scope()
      order = order(scope)
      assert {:error, :declined} = Orders.pay(scope, order, "4000")
      assert Orders.get_order!(scope, order.id).status == :placed
    end
  end

  describe "cancel/2" do
    test "gives the pieces back" do
      scope = scope()
      order = order(scope)
      assert {:ok, %Order{status: :cancelled}} = Orders.cancel(scope, order)
      assert [%OrderLine{product_id: product_id}] = order.lines
      assert Shop.Catalog.get_product!(product_id).stock == 10
    end

    test "is too late after shipping" do
      scope = scope()
      order = %{order(scope) | status: :paid}
      assert {:ok, shipped} = Orders.mark_shipped(order)
      assert {:error, changeset} = Orders.cancel(scope, shipped)
      assert %{status: ["cannot follow shipped"]} = errors_on(changeset)
    end
  end

  test "customers see their own orders, staff sees all" do
    scope = scope()
    order = order(scope)

    assert [%Order{}] = Orders.list_orders(scope, 1)
    assert [] = Orders.list_orders(scope(), 1)
    assert [%Order{}] = Orders.list_recent(scope(role: :staff), :placed)
    assert %Order{} = Orders.get_any_order!(scope(role: :admin), order.id)
    assert %Order{} = Orders.get_order_by_id!(order.id)
    assert_raise Ecto.NoResultsError, fn -> Orders.get_order!(scope(), order.id) end
  end

  test "a note has an end" do
    changeset = Orders.change_placing(%{"note" => String.duplicate("x", 501)})
    assert %{note: [_too_long]} = errors_on(changeset)
  end

  test "a signed link leads to its order, a forged one nowhere" do
    assert {:ok, 7} = %Order{id: 7} |> InvoiceLink.sign() |> InvoiceLink.verify()
    assert {:error, :invalid} = InvoiceLink.verify("forged")
  end
end
