defmodule Shop.Health do
  @moduledoc "Whether the shop can serve: what a load balancer wants to know."

  alias Ecto.Adapters.SQL
  alias Shop.Repo

  @timeout :timer.seconds(2)

  @doc "`:ok`, or what is missing."
  @spec check() :: :ok | {:error, :database}
  def check do
    case SQL.query(Repo, "SELECT 1", [], timeout: @timeout) do
      {:ok, _result} -> :ok
      {:error, _exception} -> {:error, :database}
    end
  end
end
