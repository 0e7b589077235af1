"""What a script says of its LiveSocket."""

from __future__ import annotations

import pytest

from lsp_server.document import Document
from lsp_server.facts.fact import collect
from lsp_server.facts.pages.live_clients import LiveClient


def clients(source: str, path: str = "assets/js/app.js") -> list[LiveClient]:
    return list(collect(Document(path, source.encode())).of(LiveClient))


def test_a_whole_client() -> None:
    (client,) = clients(
        'import {LiveSocket} from "phoenix_live_view"\n'
        'let s = new LiveSocket("/live", Socket, {hooks, params: {_csrf_token: t}})\n'
        "s.connect()\n"
    )
    assert client.variable == "s"
    assert client.makes and client.has_token and client.connects
    assert not client.default_import


def test_brackets_and_quotes_in_strings_and_comments_mean_nothing() -> None:
    source = 'let s = new LiveSocket("/a)", /* ( */ Socket, {params: {a: "}"}}) // )\n'
    (client,) = clients(source)
    assert client.params is not None
    assert client.params.slice(source.encode()) == b'{a: "}"}'
    assert client.statement.end == len(source) - 1


@pytest.mark.parametrize(
    "source",
    [
        "new LiveSocket(",
        "let s = new LiveSocket(a, b, {params: {",
        "/* new LiveSocket(a, b) */",
        "LiveSocket '",
        "new LiveSocket()))",
    ],
)
def test_broken_scripts_raise_nothing(source: str) -> None:
    assert all(one.span.start <= one.span.end for one in clients(source))


def test_other_folders_and_packages_are_left_alone() -> None:
    source = 'import LiveSocket from "phoenix_live_view"\n'
    assert clients(source)[0].default_import
    assert clients(source, "assets/node_modules/a/app.js") == []
    assert clients('import LiveSocket from "./live_socket"\n') == []
