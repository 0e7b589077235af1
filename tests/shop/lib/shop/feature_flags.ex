defmodule Shop.FeatureFlags do
  @moduledoc "Switches that staff turn without a deployment, read from memory."

  use GenServer

  import Ecto.Query

  alias Shop.FeatureFlags.Flag
  alias Shop.Repo

  def start_link(opts) do
    GenServer.start_link(__MODULE__, opts, name: __MODULE__)
  end

  @spec enabled?(String.t()) :: boolean()
  def enabled?(name), do: GenServer.call(__MODULE__, {:enabled?, name})

  @doc "Hands the process what is in the table now, after staff changed a switch."
  @spec reload() :: :ok
  def reload, do: GenServer.cast(__MODULE__, {:replace, Repo.all(enabled_names())})

  @doc "Deletes a switch, which turns off what it switched."
  @spec remove(%Flag{}) :: :ok
  def remove(%Flag{} = flag) do
    Repo.delete(flag) # error: [ecto/ignored-result]
    reload()
  end

  @impl true
  def init(_opts) do
    names = Repo.all(enabled_names()) # error: [otp/blocking-init]
    {:ok, MapSet.new(names)}
  end

  @impl true
  def handle_call({:enabled?, name}, _from, enabled) do
    {:reply, MapSet.member?(enabled, name), enabled}
  end

  @impl true
  def handle_cast({:replace, names}, _enabled) do
    {:noreply, MapSet.new(names)}
  end

  defp enabled_names do
    from f in Flag, where: f.enabled, select: f.name, limit: 500
  end
end
