defmodule Shop.Pricing.ExchangeRates do
  @moduledoc "Today's exchange rates, asked for once an hour by a task of this process."

  use GenServer

  alias Shop.Pricing.RatesClient

  require Logger

  @refresh_every :timer.hours(1)

  def start_link(opts) do
    GenServer.start_link(__MODULE__, opts, name: __MODULE__)
  end

  @spec rate(String.t()) :: {:ok, Decimal.t()} | :error
  def rate(currency), do: GenServer.call(__MODULE__, {:rate, currency})

  @impl true
  def init(_opts) do
    Process.send_after(self(), :refresh, @refresh_every)

    case RatesClient.latest() do # error: [otp/blocking-init]
      {:ok, rates} -> {:ok, %{rates: rates, task: nil}}
      {:error, _reason} -> {:ok, %{rates: %{}, task: nil}}
    end
  end

  @impl true
  def handle_call({:rate, currency}, _from, state) do
    {:reply, Map.fetch(state.rates, currency), state}
  end

  @impl true
  def handle_info(:refresh, state) do
    task = Task.Supervisor.async_nolink(Shop.TaskSupervisor, &RatesClient.latest/0)
    Process.send_after(self(), :refresh, @refresh_every)
    {:noreply, %{state | task: task.ref}}
  end

  def handle_info({ref, result}, %{task: ref} = state) do
    Process.demonitor(ref, [:flush])

    case result do
      {:ok, rates} ->
        {:noreply, %{state | rates: rates, task: nil}}

      {:error, reason} ->
        Logger.warning("exchange rates kept", reason: inspect(reason))
        {:noreply, %{state | task: nil}}
    end
  end

  def handle_info({:DOWN, ref, :process, _pid, reason}, %{task: ref} = state) do
    Logger.warning("exchange rates kept", reason: inspect(reason))
    {:noreply, %{state | task: nil}}
  end

  def handle_info(message, state) do
    Logger.debug("exchange rates: unexpected message", reason: inspect(message))
    {:noreply, state}
  end
end
