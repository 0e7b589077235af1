defmodule Shop.CartsTest do
  use Shop.DataCase, async: true

  alias Shop.Carts
  alias Shop.Carts.{Cart, CartItem}

  test "a cart is empty before something is put in" do
    assert %Cart{items: []} = cart = Carts.get_cart(scope())
    assert Carts.keep(cart) == :ok
    assert Carts.count_items(nil) == 0
  end

  test "the same product twice is one item" do
    scope = scope()
    product = product()

    :ok = Carts.subscribe(scope)
    assert {:ok, %CartItem{}} = Carts.add_product(scope, product)
    assert {:ok, %CartItem{}} = Carts.add_product(scope, product)
    assert_receive :cart_changed

    cart = Carts.get_cart(scope)
    assert [%CartItem{quantity: 2}] = cart.items
    assert Carts.count_items(scope) == 2
    assert Decimal.equal?(Carts.total(cart), "20.00")
  end

  test "a quantity is between 1 and 99" do
    scope = scope()
    {:ok, item} = Carts.add_product(scope, product())

    assert {:ok, %CartItem{quantity: 3}} = Carts.set_quantity(scope, item.id, 3)
    assert {:error, changeset} = Carts.set_quantity(scope, item.id, 100)
    assert %{quantity: [_too_many]} = errors_on(changeset)
  end

  test "nobody touches the items of others" do
    {:ok, item} = Carts.add_product(scope(), product())
    assert {:error, :not_found} = Carts.remove_item(scope(), item.id)
  end

  test "what was removed or ordered is gone" do
    scope = scope()
    {:ok, item} = Carts.add_product(scope, product())
    assert {:ok, _item} = Carts.remove_item(scope, item.id)
    assert {0, nil} = Carts.clear(Carts.get_cart(scope))
  end

  test "young carts are kept" do
    {:ok, _item} = Carts.add_product(scope(), product())
    assert Carts.delete_old() == 0
  end
end
