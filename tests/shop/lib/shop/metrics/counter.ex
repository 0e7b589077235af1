defmodule Shop.Metrics.Counter do
  @moduledoc "Counts what is not worth a row in the database."

  use Agent # error: [otp/unsupervised-genserver]

  def start_link(_opts) do
    Agent.start_link(fn -> %{} end, name: __MODULE__)
  end

  @spec increment(atom()) :: :ok
  def increment(name) do
    Agent.cast(__MODULE__, fn counts -> Map.update(counts, name, 1, &(&1 + 1)) end)
  end

  @doc "How often each thing was counted since the start."
  @spec counts() :: %{atom() => pos_integer()}
  def counts, do: Agent.get(__MODULE__, & &1)
end
