defmodule Shop.InventoryTest do
  use Shop.DataCase, async: true

  alias Shop.Inventory
  alias Shop.Inventory.{StockLevel, StockWatcher, Warehouse}

  test "a second count replaces the first, and products get the sum" do
    north = Repo.insert!(%Warehouse{name: "North", code: "north"})
    south = Repo.insert!(%Warehouse{name: "South", code: "south"})
    product = product(stock: 0)

    assert Inventory.take_in_count(north, [{product.id, 5}]) == :ok
    assert Inventory.take_in_count(north, [{product.id, 2}]) == :ok
    assert Inventory.take_in_count(south, [{product.id, 1}]) == :ok
    assert Repo.aggregate(StockLevel, :sum, :quantity) == 3

    assert {1, nil} = Inventory.sync_products()
    assert [%{stock: 3}] = Inventory.low_stock()
  end

  test "the watcher takes note of counts" do
    watcher = start_supervised!(StockWatcher)
    assert StockWatcher.counted(7) == :ok
    assert %{7 => _seconds} = :sys.get_state(watcher)
  end
end
