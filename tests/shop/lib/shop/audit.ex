defmodule Shop.Audit do
  @moduledoc "Who changed what: an entry for every change that staff may be asked about."

  import Ecto.Query

  alias Shop.Accounts.Scope
  alias Shop.Audit.Event
  alias Shop.Repo

  @doc """
  Runs `fun` and records its subject under `action`, both or neither.

  `fun` returns `{:ok, subject}` or `{:error, reason}`, and so does this function.
  """
  def transact(%Scope{} = scope, action, fun) when is_function(fun, 0) do
    Repo.transact(fn ->
      with {:ok, subject} <- fun.(),
           {:ok, _event} <- scope |> Event.entry(action, subject) |> Repo.insert() do
        {:ok, subject}
      end
    end)
  end

  @doc "The newest entries, newest first."
  def recent(limit \\ 50) when limit in 1..200 do
    Repo.all(from e in Event, order_by: [desc: e.id], limit: ^limit, preload: [:actor])
  end
end
