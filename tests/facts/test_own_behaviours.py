"""Facts about behaviours that a project defines itself."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.processes.own_behaviours import OwnBehaviour, collect_own_behaviours


def behaviours(code: str) -> list[OwnBehaviour]:
    return list(collect_own_behaviours(Document("lib/shop/gateway.ex", code.encode())))


def test_callbacks_with_their_arity() -> None:
    code = """
    defmodule Shop.Gateway do
      @callback charge(map(), cents :: integer()) :: :ok
      @callback name :: String.t()
      @callback refund(id) :: {:ok, id} when id: term()
      @callback ready?() :: boolean
      @doc "No callback"
      def other(_), do: :ok
    end
    """
    wanted = (("charge", 2), ("name", 0), ("refund", 1), ("ready?", 0))
    assert behaviours(code) == [OwnBehaviour("Shop.Gateway", wanted, False)]


def test_whether_use_sets_the_behaviour() -> None:
    def by_use(behaviour: str) -> bool:
        using = f"defmacro __using__(_) do\n quote do\n @behaviour {behaviour}\n end\n end"
        code = f"defmodule Shop.Worker do\n @callback work :: :ok\n {using}\nend"
        return behaviours(code)[0].by_use

    assert by_use("Shop.Worker")
    assert by_use("unquote(__MODULE__)")
    assert not by_use("GenServer")


def test_only_in_lib() -> None:
    code = b"defmodule Shop.Mock do\n @callback work :: :ok\nend"
    assert not list(collect_own_behaviours(Document("test/support/mock.ex", code)))
