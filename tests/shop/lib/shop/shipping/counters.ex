defmodule Shop.Shipping.Counters do
  @moduledoc "Figures for the screen in the warehouse."

  alias Shop.Shipping.LabelPrinter

  @doc "How many labels were printed since the last restart."
  @spec labels() :: non_neg_integer()
  def labels do
    GenServer.call(LabelPrinter, :printed) # error: [otp/scattered-interface]
  end

  @doc "Appends the figure of a day to the file that the screen reads."
  @spec note(Path.t(), Date.t(), non_neg_integer()) :: :ok
  def note(path, day, count) do
    file = File.open!(path, [:append, :utf8]) # error: [otp/resource-leak]
    IO.puts(file, "#{Date.to_iso8601(day)},#{count}")
  end
end
