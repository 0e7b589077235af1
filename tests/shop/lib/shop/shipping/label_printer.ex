defmodule Shop.Shipping.LabelPrinter do
  @moduledoc "The label printer of the warehouse, which takes one label at a time."

  use GenServer

  @port 9100
  @pause 200

  def start_link(opts) do
    GenServer.start_link(__MODULE__, opts, name: __MODULE__)
  end

  @doc "Prints a label, however many are before it."
  @spec print(binary()) :: :ok | {:error, term()}
  def print(label) do
    GenServer.call(__MODULE__, {:print, label}, :infinity) # error: [otp/infinite-timeout]
  end

  @impl true
  def init(opts), do: {:ok, %{host: Keyword.fetch!(opts, :host), printed: 0}}

  @impl true
  def handle_call({:print, label}, _from, state) do
    result = send_label(state.host, label)
    Process.sleep(@pause) # error: [otp/sleep-in-process, otp/blocking-callback]
    {:reply, result, %{state | printed: state.printed + 1}}
  end

  def handle_call(:printed, _from, state), do: {:reply, state.printed, state}

  def handle_cast({:queue, label}, state) do # error: [otp/missing-impl]
    send_label(state.host, label)
    {:noreply, %{state | printed: state.printed + 1}}
  end

  defp send_label(host, label) do
    {:ok, socket} = :gen_tcp.connect(host, @port, [:binary, active: false], 2_000) # error: [otp/resource-leak]
    :gen_tcp.send(socket, label)
  end
end
