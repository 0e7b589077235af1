"""phoenix/permissive-cors"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.values import Scope, value_of
from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding
from lsp_server.lint.rule import Rule, on
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.literals import Boolean
from lsp_server.syntax.names import module_text
from lsp_server.syntax.node import Node


class PermissiveCors(Rule):
    """
    A CORS policy that lets every site act for a logged-in user.

    With credentials allowed, the browser sends cookies along with a request that a script of
    another site makes, and gives that script the answer. `"*"` as origin then means that any page a
    user visits can read and change what is theirs. CORSPlug allows credentials unless it is told
    not to.

    ## Bad

    ```elixir
    defmodule ShopWeb.Endpoint do
      use Phoenix.Endpoint, otp_app: :shop

      plug CORSPlug, origin: "*"
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.Endpoint do
      use Phoenix.Endpoint, otp_app: :shop

      plug CORSPlug, origin: ["https://shop.example"]
    end
    ```

    ## When it stays silent

    - Credentials are off: `credentials: false` for CORSPlug, no `allow_credentials: true` for
      Corsica.
    - The origins are a list, a regular expression or a function.

    ## What the fix changes

    There is none: which sites may call is not written in the code. Name them, or say
    `credentials: false` where the API works without cookies.
    """

    @on(Call, name=("plug", "use", "config"))
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        """`plug CORSPlug`, `plug Corsica`, `use Corsica.Router`, `config :cors_plug`."""
        written = call.written_arguments
        if call.receiver is not None or not written:
            return
        module = file.names(call).expand(module_text(written[0]))
        if (call.name, module) in (("plug", "CORSPlug"), ("config", ":cors_plug")):
            key, credentials = "origin", "credentials"
            allowed = not _is(call.keyword(credentials), False)
        elif module in ("Corsica", "Corsica.Router"):
            key, credentials = "origins", "allow_credentials"
            allowed = _is(call.keyword(credentials), True)
        else:
            return
        origin = call.keyword(key)
        if origin is not None and allowed and _is_any(origin, file):
            yield self.finding(
                origin,
                f"`{key}: {origin.text}` lets every site send requests with the user's cookies: "
                f"name the sites, or say `{credentials}: false`",
            )


def _is(node: Node | None, value: bool) -> bool:
    return isinstance(node, Boolean) and node.value is value


def _is_any(origin: Node, file: File) -> bool:
    value = value_of(origin, Scope(file.module))
    return value == "*" or (isinstance(value, list) and "*" in value)
