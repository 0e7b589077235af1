defmodule Shop.Inventory.Names do
  @moduledoc "What the places are called."

  import Ecto.Query

  alias Shop.Inventory.Warehouse
  alias Shop.Repo

  def of_warehouses do
    Repo.all(from w in Warehouse, order_by: w.name, select: w.name) # error: [ecto/unbounded-query]
  end
end
