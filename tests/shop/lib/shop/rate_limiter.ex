defmodule Shop.RateLimiter do
  @moduledoc """
  Counts what a caller does in a window of time.

  Fixed windows: a burst across the edge of two windows may reach twice the limit, which is good
  enough against password guessing.
  """

  use GenServer

  require Logger

  @table __MODULE__

  def start_link(opts) do
    GenServer.start_link(__MODULE__, opts, name: __MODULE__)
  end

  @doc "Counts one hit on `key`; `{:deny, retry_after_ms}` beyond `limit` hits in `window` ms."
  @spec hit(term(), pos_integer(), pos_integer()) :: :allow | {:deny, non_neg_integer()}
  def hit(key, limit, window) do
    now = System.system_time(:millisecond)
    slot = div(now, window)
    ends_at = (slot + 1) * window
    counter = {key, slot}

    case :ets.update_counter(@table, counter, {2, 1}, {counter, 0, ends_at}) do
      hits when hits <= limit -> :allow
      _too_many -> {:deny, ends_at - now}
    end
  end

  @impl true
  def init(opts) do
    :ets.new(@table, [
      :named_table,
      :public,
      read_concurrency: true,
      write_concurrency: :auto
    ])

    state = %{sweep_every: Keyword.fetch!(opts, :sweep_every)}
    {:ok, state, {:continue, :schedule}}
  end

  @impl true
  def handle_continue(:schedule, state) do
    Process.send_after(self(), :sweep, state.sweep_every)
    {:noreply, state}
  end

  @impl true
  def handle_info(:sweep, state) do
    now = System.system_time(:millisecond)
    :ets.select_delete(@table, [{{:_, :_, :"$1"}, [{:<, :"$1", now}], [true]}])
    {:noreply, state, {:continue, :schedule}}
  end

  def handle_info(message, state) do
    Logger.debug("rate limiter: unexpected message", reason: message)
    {:noreply, state}
  end
end
