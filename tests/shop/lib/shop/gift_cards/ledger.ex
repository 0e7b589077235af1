defmodule Shop.GiftCards.Ledger do
  @moduledoc "Which cards lie on which till, until the shop closes."

  use GenServer

  def start_link(opts) do
    GenServer.start_link(__MODULE__, opts, name: __MODULE__)
  end

  @doc "The cards of a till."
  @spec cards(String.t()) :: [String.t()]
  def cards(till), do: GenServer.call(__MODULE__, {:cards, till})

  @doc "Lays a card on a till."
  @spec lay(String.t(), String.t()) :: :ok
  def lay(till, code), do: GenServer.call(__MODULE__, {:lay, till, code})

  @doc "Takes all cards of a till, and says how many they were."
  @spec clear(String.t()) :: non_neg_integer()
  def clear(till), do: GenServer.call(__MODULE__, {:clear, till})

  @impl true
  def init(_opts) do
    :ok = Phoenix.PubSub.subscribe(Shop.PubSub, "tills")
    {:ok, %{}}
  end

  @impl true
  def handle_call({:cards, till}, _from, tills) do
    {:reply, Map.get(tills, till, []), tills}
  end

  def handle_call({:lay, till, code}, _from, tills) do
    {:noreply, Map.update(tills, till, [code], &[code | &1])} # error: [otp/missing-reply]
  end

  def handle_call({:clear, till}, _from, tills) do
    {:reply, length(cards(till)), Map.delete(tills, till)} # error: [otp/self-call]
  end

  @impl true
  def handle_info({:closed, till}, tills) do # error: [otp/missing-catch-all]
    {:noreply, Map.delete(tills, till)}
  end
end
