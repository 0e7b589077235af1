"""errors/http-without-timeout"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.facts.http.timeouts import (
    Sighting,
    UnlimitedWait,
    sightings,
    tesla_adapters,
)
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import ProjectRule
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.literals import List
from lsp_server.syntax.outline import Form
from lsp_server.text import Span, line_ending

from ._arguments import appended

_LIMIT = "30_000"  # milliseconds: no answer that comes later was waited for by anybody


class HttpWithoutTimeout(ProjectRule):
    """
    A request to another server that waits for its answer for ever.

    A server that takes the connection and never answers holds the process that asked: the request
    of a visitor, the worker of a queue, the GenServer that everybody calls. A few of them are
    enough, and the application stands still although nothing in it is broken.

    ## Bad

    ```elixir
    defmodule Shop.Rates do
      def fetch(url) do
        :httpc.request(:get, {url, []}, [], body_format: :binary)
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Rates do
      def fetch(url) do
        :httpc.request(:get, {url, []}, [timeout: 30_000], body_format: :binary)
      end
    end
    ```

    ## When it stays silent

    - The client brings a limit of at most 30 seconds: Req and Finch 15 s, HTTPoison and hackney
      5 s, ExAws 30 s. For those only an explicit `:infinity` is found.
    - Tesla is given another adapter, in the module, the client or the configuration, or a timeout
      as middleware or option anywhere in the module.
    - Options or middleware are put together where they cannot be seen.
    - The answer is a stream (`into:`, `stream_to:`, `Finch.stream`), which may rightly be silent
      for hours; mix tasks; `config/dev.exs` and `config/test.exs`.

    ## What the fix changes

    The client gets its own option with 30 seconds, the longest of what the others have by default:
    `timeout:` for `:httpc`, `Tesla.Middleware.Timeout` or the adapter's `timeout:` for Tesla,
    `after` for a `receive` of Mint's messages. A request that takes longer now returns
    `{:error, :timeout}` or what the client has for it, like any other request that fails.
    """

    reads = (UnlimitedWait, tesla_adapters)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """All waits; those of Tesla only where its default adapter makes the request."""
        adapters = tesla_adapters(snapshot.index)
        for path, one in snapshot.index.of(UnlimitedWait):
            if one.client == "Tesla" and not one.adapter:
                if "*" in adapters or one.module in adapters:
                    continue
            fix = Fix.safe("Wait for 30 seconds at most", _Limit(path, one.span).operations)
            yield self.finding(one.span, _message(one), path=path, fix=fix)


def _message(one: UnlimitedWait) -> str:
    match one.client:
        case "":
            return f"`{one.name}: :infinity` waits for an answer that may never come"
        case "Mint":
            return "`receive` has no `after`: it waits for an answer that may never come"
        case "Tesla":
            return f"`{one.name}` has no timeout: Tesla's default adapter waits for ever"
    return f"`{one.name}` has no timeout: it waits for ever"


class _Limit:
    """The fix of one wait."""

    def __init__(self, path: str, span: Span) -> None:
        self.path, self.span = path, span

    def operations(self, snapshot: Snapshot) -> list[Edit]:
        document = snapshot.document(self.path)
        if document is None:
            return []
        for one in sightings(document):
            if one.fact.span == self.span:
                return _edits(document, one)
        return []


def _edits(document: Document, one: Sighting) -> list[Edit]:
    place = one.place
    match one.fact.client, place:
        case "", _:
            return [Edit(place.span, _LIMIT, document.path)]
        case ":httpc", List():
            return appended(document, place, f"timeout: {_LIMIT}")
        case ":httpc", Call():
            return _lengthened(document, place)
        case "Mint", Call():
            return _after(document, place)
        case "Tesla", Call() if place.name == "use":
            return _middleware(document, place)
        case "Tesla", Call():
            return appended(document, place, f"opts: [adapter: [timeout: {_LIMIT}]]")
        case "Tesla", List() if one.fact.name == "Tesla.client":
            names = document.names_at(place.start)
            name = names.shorten("Tesla.Middleware.Timeout")
            return appended(document, place, f"{{{name}, timeout: {_LIMIT}}}")
        case "Tesla", List():
            around = place.parent
            is_adapter = around is not None and around.text.startswith("adapter:")
            text = f"timeout: {_LIMIT}"
            return appended(document, place, text if is_adapter else f"adapter: [{text}]")
    return []


def _lengthened(document: Document, call: Call) -> list[Edit]:
    """`request(url)` and `request(url, profile)` with all the arguments that take options."""
    written = call.written_arguments
    if call.pipe is not None or not written or not call.has_parentheses:
        return []
    profile = f", {written[1].text}" if len(written) > 1 else ""
    text = f":get, {{{written[0].text}, []}}, [timeout: {_LIMIT}], []{profile}"
    return [Edit(Span(written[0].start, written[-1].end), text, document.path)]


def _after(document: Document, call: Call) -> list[Edit]:
    """`after` for a `receive` whose only clause returns what `Mint.HTTP.stream/2` does, or whose
    value is the function's."""
    clauses, block, function = call.clauses(), call.do_block, Function.around(call)
    if block is None or function is None:
        return []
    body = clauses[0].body if len(clauses) == 1 else []
    streamed = body[0] if len(body) == 1 else None
    error = document.names_at(call.start).shorten("Mint.TransportError")
    if isinstance(streamed, Call) and streamed.name == "stream" and streamed.arguments:
        connection = streamed.arguments[0].text
        answer = f"{{:error, {connection}, %{error}{{reason: :timeout}}, []}}"
    elif function.body and function.body[-1] == call:
        answer = "{:error, :timeout}"
    else:
        return []
    newline = line_ending(document.source)
    indent = document.lines.indentation(block.end).decode()
    at = block.inner.end
    text = f"after{newline}{indent}  {_LIMIT} -> {answer}{newline}{indent}"
    return [Edit(Span(at, at), text, document.path)]


def _middleware(document: Document, use: Call) -> list[Edit]:
    """The `plug` after the last one of the module, else after the `use`."""
    module = document.outline.module_at(use.start)
    newline, lines = line_ending(document.source), document.lines
    plugs = [form for form in module.forms if form.callee == b"plug"]
    last: Form | None = plugs[-1] if plugs else None
    end = use.end if last is None else last.span.end
    indent = lines.indentation(use.start).decode()
    name = module.names.shorten("Tesla.Middleware.Timeout")
    text = f"{name}, timeout: {_LIMIT}"
    bracketed = last is not None and last.bytes.startswith(b"plug(")
    plug = f"plug({text})" if bracketed else f"plug {text}"
    at = lines.line_span(lines.line_at(end)).end
    if document.source[end:at].strip().startswith(b"#"):
        end = at
    blank = newline if last is None or b"\n" in last.bytes else ""
    return [Edit(Span(end, end), f"{newline}{blank}{indent}{plug}", document.path)]
