"""security/hardcoded-config"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import CreateFile, Edit, Finding, Fix, Operation
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.literals import Charlist, Integer, Quoted, Sigil, String
from lsp_server.syntax.outline import Module
from lsp_server.text import Span, line_ending

from ._literals import NAMES, Place, places
from ._running import is_running
from ._runtime_config import (
    WIDTH,
    app_name,
    config_folder,
    default_for_development,
    snake,
)

_KINDS = {
    "url": "the address",
    "host": "the host",
    "port": "the port",
    "email": "the mail address",
    "bucket": "the bucket",
    "path": "the folder",
}
_FOR_TESTS = re.compile(
    r"(?:^|/)(?:factor(?:y|ies)|fixtures?|seeds?|mocks?|stubs?|demo|dev)(?:[/._]|$)"
)


class HardcodedConfig(Rule):
    """
    The address of another system is written into a call.

    It cannot be another one in a test, on a colleague's machine or on staging, which then writes
    into the production system; and when it moves, the program has to be built again.

    ## Bad

    `config/config.exs`:

    ```elixir
    import Config

    config :shop, ecto_repos: [Shop.Repo]
    ```

    `lib/shop/rates.ex`:

    ```elixir
    defmodule Shop.Rates do
      def today(currency) do
        Req.get!("https://rates.shop-bank.io/v2/today/#{currency}").body
      end
    end
    ```

    ## Good

    `config/config.exs`:

    ```elixir
    import Config

    config :shop, rates_url: "https://rates.shop-bank.io"

    config :shop, ecto_repos: [Shop.Repo]
    ```

    `lib/shop/rates.ex`:

    ```elixir
    defmodule Shop.Rates do
      def today(currency) do
        Req.get!("#{Application.fetch_env!(:shop, :rates_url)}/v2/today/#{currency}").body
      end
    end
    ```

    ## What it looks for

    Addresses that are given to something which asks or connects (`get`, `post`, `request`,
    `connect`, `base_url:` …), hosts and ports of connections, senders and receivers of mail,
    buckets of ExAws, and files below `/var`, `/tmp`, `/srv`, `/opt`, `/home` and `/mnt`.

    ## When it stays silent

    - Module attributes and defaults of parameters: they have a name and one place.
    - Links that people follow, texts, and anything else that no connection is made to.
    - `example.com` and its like, names of XML namespaces, of schemas and of licences.
    - Mix tasks, command lines, tests, factories, documentation.

    ## What the fix changes

    The literal becomes `Application.fetch_env!`, in a private function where the line would grow
    too long, and `config/config.exs` gets the setting with the same value.
    """

    severity = Severity.INFORMATION
    roles = frozenset({Role.LIB})

    @on(Call, name=sorted(NAMES))
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        # Of the many calls with such a name few hold an address: that is asked before the rest.
        found = [] if file.layer is not None else list(places(call, file))
        if not found or _FOR_TESTS.search(file.path) or not is_running(call, file):
            return
        for place in found:
            message = f"{_KINDS[place.kind]} `{_short(place.shown)}` belongs in the configuration"
            yield self.finding(place.node, message, fix=_fix(place, file))


def _short(text: str) -> str:
    """What a message shows; of an address its host alone, as its path may be a secret."""
    scheme, sign, rest = text.partition("://")
    text = f"{scheme}{sign}{re.split('[/?#]', rest)[0]}" if sign else text
    return text if len(text) <= 60 else f"{text[:57]}…"


def _fix(place: Place, file: File) -> Fix | None:
    module = file.module
    if module.call is None or not module.name:
        return None
    return Fix.review(
        "Move it to the configuration",
        lambda snapshot: list(_moved(snapshot, file, module, place)),
        needs_files=True,
    )


def _moved(snapshot: Snapshot, file: File, module: Module, place: Place) -> Iterator[Operation]:
    app = app_name(snapshot, file.path, module.name)
    folder = config_folder(snapshot, file.path)
    path = f"{folder}config.exs"
    config = snapshot.document(path)
    source = "" if config is None else config.source.decode("utf-8", "replace")
    value = _value(place)
    setting = _free(_setting(module, place), value, source)
    document = snapshot.document(file.path)
    if document is None or not re.fullmatch(r"[a-z]\w*", setting):
        return
    lookup = f"Application.fetch_env!(:{app}, :{setting})"
    edits = [_replaced(place, lookup)]
    line = document.lines.line_bytes(document.lines.line_at(place.node.start)).decode().rstrip()
    growth = len(edits[0].text) - edits[0].span.length
    if len(line) + growth > WIDTH or "\n" in place.node.text:
        if 0 in module.names.functions.get(setting, ()):
            return
        newline = line_ending(document.source)
        indent = document.lines.indentation(module.span.start).decode() + "  "
        text = f"{indent}defp {setting}, do: {lookup}"
        if len(text) > WIDTH:
            text = f"{indent}defp {setting} do{newline}{indent}  {lookup}{newline}{indent}end"
        at = document.lines.line_span(document.lines.line_at(module.forms[-1].span.end)).end
        edits = [
            _replaced(place, f"{setting}()"),
            Edit(Span(at, at), f"{newline * 2}{text}"),
        ]
    if f"{setting}: {value}" not in source:
        call = f"config :{app}, {setting}: %s"
        if config is None:
            yield CreateFile(path, f"import Config\n\n{call.replace('%s', value)}\n")
        else:
            added = list(default_for_development(snapshot, folder, call, value))
            if not added:
                return
            yield from added
    for edit in edits:
        yield Edit(edit.span, edit.text, file.path)


def _setting(module: Module, place: Place) -> str:
    """`rates_url`: after the module and what it is."""
    name = snake(module.name.rpartition(".")[2])
    kind = "address" if name.endswith(place.kind) and place.kind == "email" else place.kind
    return f"{name}_{kind}"


def _free(name: str, value: str, source: str) -> str:
    """The name with a number where another setting has it already."""
    number, free = 1, name
    while f" {free}:" in source and f"{free}: {value}" not in source:
        number += 1
        free = f"{name}_{number}"
    return free


def _value(place: Place) -> str:
    if isinstance(place.node, Integer):
        return place.node.text
    return f'"{place.shown}"'


def _replaced(place: Place, lookup: str) -> Edit:
    node = place.node
    if place.kept and isinstance(node, Quoted):
        start = node.content.start
        return Edit(Span(start, start + len(place.shown.encode())), f"#{{{lookup}}}")
    if isinstance(node, (Charlist, Sigil)) and not isinstance(node, String):
        return Edit(node.span, f"String.to_charlist({lookup})")
    return Edit(node.span, lookup)
