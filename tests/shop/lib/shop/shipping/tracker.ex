defmodule Shop.Shipping.Tracker do
  @moduledoc """
  Follows one parcel while somebody may be looking at it, and tells who does.

  There is one for each parcel that is under way, started below `Shop.ShipmentSupervisor`. It ends
  when the parcel is delivered or when the carrier has said nothing for a day.
  """

  use GenServer, restart: :transient

  alias Phoenix.PubSub

  require Logger

  @patience :timer.hours(24)

  def start_link(code) do
    GenServer.start_link(__MODULE__, code, name: via(code))
  end

  @doc "Follows a parcel; harmless when it is followed already."
  @spec follow(String.t()) :: {:ok, pid()} | {:error, term()}
  def follow(code) do
    case DynamicSupervisor.start_child(Shop.ShipmentSupervisor, {__MODULE__, code}) do
      {:ok, pid} -> {:ok, pid}
      {:error, {:already_started, pid}} -> {:ok, pid}
      {:error, reason} -> {:error, reason}
    end
  end

  @doc "Tells who watches the parcel where it is now. Nobody may be watching."
  @spec report(String.t(), atom()) :: :ok
  def report(code, status), do: GenServer.cast(via(code), {:report, status})

  def subscribe(code), do: PubSub.subscribe(Shop.PubSub, topic(code))

  @impl true
  def init(code), do: {:ok, %{code: code, status: :booked}, @patience}

  @impl true
  def handle_cast({:report, :delivered}, state) do
    tell(state.code, :delivered)
    {:stop, :normal, %{state | status: :delivered}}
  end

  def handle_cast({:report, status}, state) do
    tell(state.code, status)
    {:noreply, %{state | status: status}, @patience}
  end

  @impl true
  def handle_info(:timeout, state), do: {:stop, :normal, state}

  def handle_info(message, state) do
    Logger.debug("tracker: unexpected message", reason: inspect(message))
    {:noreply, state, @patience}
  end

  defp tell(code, status) do
    PubSub.broadcast(Shop.PubSub, topic(code), {:parcel_moved, code, status})
  end

  defp topic(code), do: "parcel:#{code}"

  defp via(code), do: {:via, Registry, {Shop.Registry, {__MODULE__, code}}}
end
