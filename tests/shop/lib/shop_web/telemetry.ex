defmodule ShopWeb.Telemetry do
  @moduledoc "What the shop measures of itself."

  use Supervisor

  import Telemetry.Metrics

  def start_link(arg) do
    Supervisor.start_link(__MODULE__, arg, name: __MODULE__)
  end

  @impl true
  def init(_arg) do
    children = [
      {:telemetry_poller, measurements: measurements(), period: :timer.seconds(10)}
    ]

    Supervisor.init(children, strategy: :one_for_one)
  end

  def metrics do
    [
      summary("phoenix.endpoint.stop.duration", unit: {:native, :millisecond}),
      summary("phoenix.router_dispatch.stop.duration",
        tags: [:route],
        unit: {:native, :millisecond}
      ),
      summary("phoenix.live_view.mount.stop.duration", unit: {:native, :millisecond}),
      summary("shop.repo.query.total_time", unit: {:native, :millisecond}),
      summary("shop.repo.query.queue_time", unit: {:native, :millisecond}),
      summary("shop.http.stop.duration", tags: [:service], unit: {:native, :millisecond}),
      summary("shop.mail.stop.duration", unit: {:native, :millisecond}),
      counter("shop.accounts.sign_in.count", tags: [:role]),
      last_value("shop.cache.entries"),
      summary("vm.memory.total", unit: {:byte, :kilobyte}),
      summary("vm.total_run_queue_lengths.total")
    ]
  end

  defp measurements do
    [{__MODULE__, :measure_cache, []}]
  end

  @doc false
  def measure_cache do
    case :ets.info(Shop.Cache, :size) do
      :undefined -> :ok
      entries -> :telemetry.execute([:shop, :cache], %{entries: entries})
    end
  end
end
