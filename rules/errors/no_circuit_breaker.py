"""errors/no-circuit-breaker"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsp_server.document import Document
from lsp_server.facts.http.modules import HttpModule, requests
from lsp_server.facts.modules import modules
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.offered import offered
from lsp_server.lint.rule import ProjectRule
from lsp_server.lint.set_apart import set_apart
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span, line_ending

from ._arguments import appended

WIDTH = 98  # the formatter's line length
_SITES = 3  # requests from which on a module counts as the client of a service
_BASES = frozenset({"Tesla", "HTTPoison.Base"})
# What may be sent twice and has the effect of once.
_REPEATABLE = frozenset({"get", "head", "options", "put", "delete"})
_HELPER = "with_retry"


class NoCircuitBreaker(ProjectRule):
    """
    The client of another service that neither tries again nor ever leaves the service alone.

    Most failures of a network are over after a moment, and one more try would have been enough.
    A service that is down, on the other hand, is asked by every request anew, each of which waits
    until its limit of time, so that both sides stay down longer.

    ## Bad

    ```elixir
    defmodule Shop.Parcels do
      @url "https://parcels.example.com"

      def find(code), do: HTTPoison.get(@url <> "/parcels/" <> code)

      def labels(code), do: HTTPoison.get(@url <> "/labels/" <> code)

      def cancel(code), do: HTTPoison.delete(@url <> "/parcels/" <> code)
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Parcels do
      @url "https://parcels.example.com"

      def find(code), do: with_retry(fn -> HTTPoison.get(@url <> "/parcels/" <> code) end)

      def labels(code), do: with_retry(fn -> HTTPoison.get(@url <> "/labels/" <> code) end)

      def cancel(code), do: with_retry(fn -> HTTPoison.delete(@url <> "/parcels/" <> code) end)

      defp with_retry(request, pause \\\\ 200) do
        case request.() do
          {:error, _reason} when pause < 1_000 ->
            Process.sleep(pause)
            with_retry(request, pause * 2)

          result ->
            result
        end
      end
    end
    ```

    ## When it stays silent

    - The module writes down fewer than three requests (or calls of its own function that makes
      one), or speaks anywhere of retries, backoff, `:fuse`, ExternalService or a circuit breaker.
    - The requests are `Req.get` and `Req.head`, which Req tries again by itself.
    - All requests go through a module of the project that is guarded; mix tasks.

    ## What the fix changes

    Tesla gets `Tesla.Middleware.Retry`, Req its `retry: :transient`. For other clients the requests
    that may be sent twice (`get`, `head`, `options`, `put`, `delete`) are tried up to four times,
    with growing pauses of together 1.4 seconds, by a private function that is added. A `post` is
    left alone: only you know whether it may be repeated. `:fuse` is the next step for a service
    that is often down.
    """

    severity = Severity.HINT
    profile = Profile.AGGRESSIVE
    reads = (HttpModule, modules)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """All modules that make many requests without a guard."""
        found = {one.module: (path, one) for path, one in snapshot.index.of(HttpModule)}
        known = modules(snapshot.index)
        for module, (path, one) in found.items():
            if one.guarded or one.sites < _SITES:
                continue
            bases = [
                client
                for client in one.clients
                if client in known and any(use.module in _BASES for use in known[client][1].uses)
            ]
            if any(client in known and client not in bases for client in one.clients):
                continue
            if any(base in found and found[base][1].guarded for base in bases):
                continue
            fix = Fix.review("Try failed requests again", _Retrying(path, module).operations)
            yield self.finding(
                one.name_span,
                f"{module} asks another service in {one.sites} places, without retry or fuse",
                path=path,
                fix=offered(fix, snapshot),
            )


class _Retrying:
    """The fix of one module."""

    def __init__(self, path: str, module: str) -> None:
        self.path, self.module = path, module

    def operations(self, snapshot: Snapshot) -> Sequence[Edit]:
        document = snapshot.document(self.path)
        for module in () if document is None else document.modules:
            if module.name == self.module and document is not None:
                return _middleware(document, module) or _edits(document, module)
        return []


def _middleware(document: Document, module: Module) -> list[Edit]:
    if not module.uses("Tesla"):
        return []
    after = next(
        (form for form in reversed(module.forms) if form.callee in (b"plug", b"use")), None
    )
    if after is None:
        return []
    newline, indent = line_ending(document.source), document.lines.indentation(after.span.start)
    name = module.names.shorten("Tesla.Middleware.Retry")
    options = f"{name}, delay: 200, max_retries: 3"
    plug = f"plug({options})" if after.bytes.startswith(b"plug(") else f"plug {options}"
    blank = newline if after.callee == b"use" or b"\n" in after.bytes else ""
    end = after.span.end
    return [Edit(Span(end, end), f"{newline}{blank}{indent.decode()}{plug}", document.path)]


def _edits(document: Document, module: Module) -> list[Edit]:
    edits: list[Edit] = []
    wrapped = False
    for form in module.forms:
        for call, client in requests(form) if form.function is not None else ():
            if client == "Req":
                if not call.arguments or len(call.written_arguments) < 1:
                    continue
                edits += appended(document, call, "retry: :transient")
            elif call.name in _REPEATABLE and call.capture_arity is None:
                inside = _wrapped(document, call)
                edits += inside
                wrapped = wrapped or bool(inside)
    if wrapped:
        edits += _helper(document, module)
    return edits


def _wrapped(document: Document, call: Call) -> list[Edit]:
    node: Node = call.pipe or call
    lines, newline = document.lines, line_ending(document.source)
    start = lines.line_span(lines.line_at(node.start)).start
    end = lines.line_span(lines.line_at(node.end)).end
    around = document.source[start : node.start] + document.source[node.end : end]
    flat = f"{_HELPER}(fn -> {node.text} end)"
    if newline not in node.text and len(around.decode("utf-8", "replace") + flat) <= WIDTH:
        return [Edit(node.span, flat, document.path)]
    if document.source[start : node.start].rstrip().endswith(b"->"):
        return []  # all clauses beside it would have to be laid out anew
    indent = lines.indentation(node.start).decode()
    rows = newline.join(f"{indent}  {row.removeprefix(indent)}" for row in node.text.split(newline))
    text = f"{_HELPER}(fn ->{newline}{rows}{newline}{indent}end)"
    return [Edit(node.span, text, document.path), *set_apart(document, node)]


def _helper(document: Document, module: Module) -> list[Edit]:
    last: Form = module.forms[-1]
    newline, indent = line_ending(document.source), document.lines.indentation(last.span.start)
    rows = [
        "",
        f"defp {_HELPER}(request, pause \\\\ 200) do",
        "  case request.() do",
        "    {:error, _reason} when pause < 1_000 ->",
        "      Process.sleep(pause)",
        f"      {_HELPER}(request, pause * 2)",
        "",
        "    result ->",
        "      result",
        "  end",
        "end",
    ]
    text = "".join(f"{newline}{indent.decode()}{row}" if row else newline for row in rows)
    return [Edit(Span(last.span.end, last.span.end), text, document.path)]
