defmodule Shop.Inventory.StockWatcher do
  @moduledoc "Warns when a warehouse has sent no count for a day."

  use GenServer # error: [otp/unsupervised-genserver]

  require Logger

  @look_every :timer.hours(1)
  @patience 24 * 60 * 60

  def start_link(opts) do
    GenServer.start_link(__MODULE__, opts, name: __MODULE__)
  end

  @doc "Notes that a warehouse has counted."
  @spec counted(pos_integer()) :: :ok
  def counted(warehouse_id), do: GenServer.cast(__MODULE__, {:counted, warehouse_id})

  @impl true
  def init(_opts) do
    Process.send_after(self(), :look, @look_every)
    {:ok, %{}}
  end

  @impl true
  def handle_cast({:counted, warehouse_id}, seen) do
    {:noreply, Map.put(seen, warehouse_id, System.system_time(:second))}
  end

  @impl true
  def handle_info(:look, seen) do
    oldest = System.system_time(:second) - @patience

    for {warehouse_id, at} <- seen, at < oldest do
      Logger.warning("no count for a day", reason: warehouse_id)
    end

    Process.send_after(self(), :look, @look_every)
    {:noreply, seen}
  end

  def handle_info(message, seen) do
    Logger.debug("stock watcher: unexpected message", reason: inspect(message))
    {:noreply, seen}
  end
end
