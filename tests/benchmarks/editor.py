"""A client that does nothing but type and wait, so that only the server's time is measured."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any, Self

FUNCTION = """\
  def update_{n}(%{{"id" => id}} = params, socket) do
    case Shop.Orders.update_order(id, params) do
      {{:ok, order}} ->
        socket |> assign(:order, order) |> put_flash(:info, "Order #{{order.id}} is saved")

      {{:error, changeset}} ->
        Enum.map(changeset.errors, fn {{field, _}} -> to_string(field) end)
    end
  end

"""


def module(lines: int) -> str:
    """A module of about so many lines."""
    count = max(1, lines // FUNCTION.count("\n"))
    return (
        "defmodule Shop.Big do\n"
        + "".join(FUNCTION.format(n=number) for number in range(count))
        + "end\n"
    )


class Typist:
    """A server process and the least client that can talk to it."""

    def __init__(self, command: list[str]) -> None:
        self._begun = time.perf_counter()
        self._process = subprocess.Popen(
            [*command, "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        capabilities: dict[str, Any] = {"textDocument": {"publishDiagnostics": {}}}
        params = {"processId": None, "rootUri": None, "capabilities": capabilities}
        self._send({"id": 1, "method": "initialize", "params": params})
        self._await(lambda message: message.get("id") == 1)
        self.started = time.perf_counter() - self._begun
        self._send({"method": "initialized", "params": {}})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        out = self._process.stdout
        assert out is not None
        length = 0
        while (line := out.readline().strip()) or not length:
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        message: dict[str, Any] = json.loads(out.read(length))
        return message

    def _await(self, condition: Any) -> dict[str, Any]:
        while True:
            message = self._receive()
            if condition(message):
                return message

    def type_in_a_module(self, lines: int, strokes: int) -> Iterator[float]:
        """Type letters into the middle of a module; the seconds from each to its diagnostics."""
        uri = f"file:///nowhere/lib/shop/big_{lines}.ex"
        text = module(lines)
        item = {"uri": uri, "languageId": "elixir", "version": 0, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": item}})
        self._published(uri, 0)
        middle = text.count("\n") // 2
        line = next(
            number
            for number, content in enumerate(text.split("\n"))
            if number >= middle and "is saved" in content
        )
        column = text.split("\n")[line].index("Order #")
        for version in range(1, strokes + 1):
            time.sleep(0.02)
            at = {"line": line, "character": column}
            change = {"range": {"start": at, "end": at}, "text": "x"}
            identifier = {"uri": uri, "version": version}
            params = {"textDocument": identifier, "contentChanges": [change]}
            begun = time.perf_counter()
            self._send({"method": "textDocument/didChange", "params": params})
            self._published(uri, version)
            yield time.perf_counter() - begun

    def _published(self, uri: str, version: int) -> None:
        self._await(
            lambda message: (
                message.get("method") == "textDocument/publishDiagnostics"
                and message["params"]["uri"] == uri
                and message["params"].get("version") == version
            )
        )
