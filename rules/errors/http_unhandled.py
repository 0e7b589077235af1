"""errors/http-unhandled"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.facts.calls.request_path import Turn, entries, request_path
from lsp_server.facts.http.results import UntakenError, sightings
from lsp_server.facts.index import Index
from lsp_server.facts.modules import modules
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.offered import offered
from lsp_server.lint.rule import ProjectRule
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Call, Pipe
from lsp_server.text import Span

from ._answers import answer_of
from ._taken_errors import error_taken

_BASES = frozenset({"Tesla", "HTTPoison.Base"})
_LIBRARIES = frozenset(
    {
        *("HTTPoison", "Req", "Finch", "Tesla", "ExAws", "Mojito", "HTTPotion", "Neuron"),
        *("Mint.HTTP", "Mint.HTTP1", "Mint.HTTP2", ":httpc", ":hackney", ":gun", ":ibrowse"),
        "WebSockex",
    }
)
# Functions that raise and have no twin that returns a tuple with the answer alone.
_WITHOUT_TWIN = frozenset({"run!", "stream!"})


class HttpUnhandled(ProjectRule):
    """
    A request to another server that is written as if it could not fail.

    Networks fail every day: names do not resolve, connections are refused, answers come too late.
    `{:ok, response} =` and `Req.get!` turn each of them into an exception, and a `case` without a
    clause for the error into a CaseClauseError, so that the visitor sees an error page for a
    server that is not even yours.

    ## Bad

    ```elixir
    defmodule Shop.Rates do
      def today(currency) do
        {:ok, response} = HTTPoison.get("https://rates.example.com/" <> currency)
        Jason.decode(response.body)
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Rates do
      def today(currency) do
        with {:ok, response} <- HTTPoison.get("https://rates.example.com/" <> currency) do
          Jason.decode(response.body)
        end
      end
    end
    ```

    ## When it stays silent

    - A function that raises (`Req.get!`) is called where no visitor waits: only actions, plugs,
      callbacks of LiveViews and what they call are looked at.
    - The function rescues, or is itself named with an exclamation mark.
    - The module is an Oban worker or a Broadway pipeline, where what fails is tried again, or the
      request is made in a `Task` or `start_async`, whose caller learns of the failure.
    - The `case` has a clause that can take an error of any shape; mix tasks.

    ## What the fix changes

    What follows the request goes into a `with`, so that the function returns the client's
    `{:error, reason}` instead of raising, and the same as before where the request succeeds. A
    `case` gets the clause that returns it. Plugs, and actions without an `action_fallback`, answer
    with status 502, callbacks of a LiveView with a flash message. Look at the callers: they have to
    take the error now. There is no fix where the function could not return an error, or where the
    pattern also refuses answers that are no errors (`{:ok, %{status: 200}} =`).
    """

    reads = (UntakenError, entries, request_path, modules)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """All requests whose errors nobody takes."""
        index = snapshot.index
        reached, turns = request_path(index), entries(index)
        for path, one in index.of(UntakenError):
            key = (one.module, one.function, one.arity)
            if not _is_client(index, one.client) or (one.kind == "bang" and key not in reached):
                continue
            fix = None
            if one.name.rpartition(".")[2] not in _WITHOUT_TWIN:
                building = _Building(path, one.span, turns.get(key))
                written = Fix.review("Take the error of the request", building.operations)
                fix = offered(written, snapshot)
            yield self.finding(one.span, _message(one), path=path, fix=fix)


def _is_client(index: Index, module: str) -> bool:
    if module in _LIBRARIES:
        return True
    found = modules(index).get(module)
    return found is not None and any(use.module in _BASES for use in found[1].uses)


def _message(one: UntakenError) -> str:
    match one.kind:
        case "match":
            return f"`{{:ok, …}} = {one.name}` raises when the request fails: take the error"
        case "bang":
            return f"`{one.name}` raises while a visitor waits: take the error"
    return f"this `case` has no clause for the error of `{one.name}`"


class _Building:
    """The fix of one request."""

    def __init__(self, path: str, span: Span, turn: Turn | None) -> None:
        self.path, self.span, self.turn = path, span, turn

    def operations(self, snapshot: Snapshot) -> list[Edit]:
        document = snapshot.document(self.path)
        return [] if document is None else self._edits(document)

    def _edits(self, document: Document) -> list[Edit]:
        for one in sightings(document):
            function = one.form.function
            if one.fact.span != self.span or function is None:
                continue
            call = one.request.right if isinstance(one.request, Pipe) else one.request
            answer = answer_of(one.form, function, self.turn)
            if answer is None or not isinstance(call, Call):
                return []
            case = one.taker if one.fact.kind == "case" else None
            return error_taken(document, function, call, one.request, case, answer)
        return []
