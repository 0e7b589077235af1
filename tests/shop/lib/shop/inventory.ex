defmodule Shop.Inventory do
  @moduledoc "Where the pieces are, as the warehouses count them."

  import Ecto.Query

  alias Shop.Catalog.Product
  alias Shop.Inventory.{StockLevel, StockWatcher, Warehouse}
  alias Shop.Repo

  @low 5
  @batch 500

  @doc """
  Takes in a warehouse's count: a list of `{product_id, quantity}`.

  A count is the truth of its moment, so a second one replaces the first.
  """
  def take_in_count(%Warehouse{id: warehouse_id}, counts) do
    now = DateTime.utc_now(:second)

    counts
    |> Enum.map(fn {product_id, quantity} ->
      %{
        warehouse_id: warehouse_id,
        product_id: product_id,
        quantity: quantity,
        inserted_at: now,
        updated_at: now
      }
    end)
    |> Enum.chunk_every(@batch)
    |> Enum.each(fn rows ->
      Repo.insert_all(StockLevel, rows,
        on_conflict: {:replace, [:quantity, :updated_at]},
        conflict_target: [:warehouse_id, :product_id]
      )
    end)

    StockWatcher.counted(warehouse_id)
  end

  @doc "Sets every product's stock to the sum of what the warehouses hold."
  def sync_products do
    sums =
      from l in StockLevel,
        group_by: l.product_id,
        select: %{product_id: l.product_id, quantity: sum(l.quantity)}

    Repo.update_all(
      from(p in Product,
        join: s in subquery(sums),
        on: s.product_id == p.id,
        update: [set: [stock: s.quantity]]
      ),
      []
    )
  end

  @doc "Products that will soon be gone, fewest first."
  def low_stock(limit \\ 20) when limit in 1..100 do
    Repo.all(
      from p in Product,
        where: p.stock < @low and is_nil(p.archived_at),
        order_by: p.stock,
        limit: ^limit,
        preload: [:category]
    )
  end
end
