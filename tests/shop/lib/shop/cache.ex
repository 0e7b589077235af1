defmodule Shop.Cache do
  @moduledoc """
  Values that are dear to compute and may be a little old.

  Readers go to the ETS table and never wait for the process, which owns the table and sweeps it.
  """

  use GenServer

  require Logger

  @table __MODULE__
  @sweep_every :timer.minutes(5)

  def start_link(opts) do
    GenServer.start_link(__MODULE__, opts, name: __MODULE__)
  end

  @doc "The value under `key`, computed by `fun` when there is none younger than `ttl` milliseconds."
  @spec fetch(term(), pos_integer(), function()) :: term()
  def fetch(key, ttl, fun) do
    now = System.monotonic_time(:millisecond)

    case :ets.lookup(@table, key) do
      [{^key, value, expires_at}] when expires_at > now ->
        value

      _missing_or_old ->
        value = fun.()
        :ets.insert(@table, {key, value, now + ttl})
        value
    end
  end

  @doc "Forgets `key`, so that the next reader computes it anew."
  @spec forget(term()) :: :ok
  def forget(key) do
    :ets.delete(@table, key)
    :ok
  end

  @impl true
  def init(_opts) do
    :ets.new(@table, [
      :named_table,
      :public,
      read_concurrency: true,
      write_concurrency: :auto
    ])

    schedule_sweep()
    {:ok, %{swept: 0}}
  end

  @impl true
  def handle_info(:sweep, state) do
    now = System.monotonic_time(:millisecond)
    gone = :ets.select_delete(@table, [{{:_, :_, :"$1"}, [{:<, :"$1", now}], [true]}])
    schedule_sweep()
    {:noreply, %{state | swept: state.swept + gone}}
  end

  def handle_info(message, state) do
    Logger.debug("cache: unexpected message", reason: message)
    {:noreply, state}
  end

  defp schedule_sweep, do: Process.send_after(self(), :sweep, @sweep_every)
end
