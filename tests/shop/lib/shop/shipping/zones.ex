defmodule Shop.Shipping.Zones do
  @moduledoc "What a parcel costs by country, from the table that the carrier sends once a year."

  use GenServer

  def start_link(opts) do
    GenServer.start_link(__MODULE__, opts, name: __MODULE__)
  end

  @spec fee(String.t()) :: {:ok, Decimal.t()} | :error
  def fee(country), do: GenServer.call(__MODULE__, {:fee, country})

  @impl true
  def init(_opts) do
    table = File.read!(Application.app_dir(:shop, "priv/zones.csv")) # error: [otp/blocking-init]
    {:ok, parse(table)}
  end

  @impl true
  def handle_call({:fee, country}, _from, fees), do: {:reply, Map.fetch(fees, country), fees}

  defp parse(table) do
    for line <- String.split(table, "\n", trim: true),
        [country, fee] <- [String.split(line, ",")],
        into: %{},
        do: {country, Decimal.new(fee)}
  end
end
