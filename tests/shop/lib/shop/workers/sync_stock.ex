defmodule Shop.Workers.SyncStock do
  @moduledoc "Brings the shop's stock in line with the warehouses' once an hour."

  use Oban.Worker, queue: :stock, max_attempts: 3

  alias Shop.Inventory
  alias Shop.Metrics.Counter

  require Logger

  @impl Oban.Worker
  def perform(%Oban.Job{}) do
    {products, _rows} = Inventory.sync_products()
    Logger.info("stock synced", worker: __MODULE__, reason: products)
    count_run()
  end

  defp count_run do
    Counter.increment(:stock_syncs)
  catch
    _kind, _reason -> :ok # error: [errors/swallowed-exception]
  end
end
