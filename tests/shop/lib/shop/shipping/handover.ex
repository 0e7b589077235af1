defmodule Shop.Shipping.Handover do
  @moduledoc "What the carrier is given in the evening."

  alias Shop.Shipping.LabelPrinter
  alias Shop.Shipping.Parcels

  @doc "Queues the labels of all parcels that leave today."
  @spec print_all([map()], String.t()) :: :ok
  def print_all(parcels, carrier) do
    Process.put(:carrier, carrier) # error: [otp/process-dictionary]
    labels = Enum.map(parcels, &label/1)
    Enum.each(labels, &GenServer.cast(LabelPrinter, {:queue, &1})) # error: [otp/scattered-interface, otp/cast-flood]
  end

  defp label(parcel) do
    "#{Process.get(:carrier)} #{parcel.code} #{Parcels.girth(parcel)}" # error: [otp/process-dictionary]
  end
end
