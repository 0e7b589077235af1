defmodule Shop.Shipping.Parcels do
  @moduledoc "Measures of parcels, as carriers want them."

  use GenServer # error: [otp/code-organisation-by-process]

  def start_link(opts) do
    GenServer.start_link(__MODULE__, opts, name: __MODULE__)
  end

  @doc "Length and girth in centimetres."
  @spec girth(map()) :: pos_integer()
  def girth(parcel), do: GenServer.call(__MODULE__, {:girth, parcel})

  @impl true
  def init(opts), do: {:ok, opts}

  @impl true
  def handle_call({:girth, parcel}, _from, state) do
    {:reply, parcel.length + 2 * (parcel.width + parcel.height), state}
  end
end
