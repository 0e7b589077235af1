defmodule Shop.DataCase do
  @moduledoc "A test that may use the database; what it writes is gone after it."

  use ExUnit.CaseTemplate

  alias Ecto.Adapters.SQL.Sandbox

  using do
    quote do
      import Ecto.Query
      import Shop.DataCase
      import Shop.Fixtures

      alias Shop.Repo
    end
  end

  setup tags do
    start_sandbox(tags)
    :ok
  end

  def start_sandbox(tags) do
    owner = Sandbox.start_owner!(Shop.Repo, shared: not tags[:async])
    on_exit(fn -> Sandbox.stop_owner(owner) end)
  end

  @doc "The messages of a changeset by field."
  def errors_on(changeset) do
    Ecto.Changeset.traverse_errors(changeset, fn {message, _opts} -> message end)
  end
end
