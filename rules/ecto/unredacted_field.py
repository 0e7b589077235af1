"""ecto/unredacted-field"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.facts.values import options_of
from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.syntax.elixir import Call, ModuleAttribute
from lsp_server.syntax.literals import Atom, Keywords, List, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Module

from ._schema_fields import in_schema, with_option

_SECRET = re.compile(
    r"(?:.+_)?(?:password|passwd|passphrase|secret|ssn|token)"
    r"|(?:.+_)?(?:api|private|secret|secret_access|encryption|signing)_key|api_secret"
    r"|(?:password|secret|token)_(?:hash|digest)|(?:.+_)?password_confirmation"
    r"|social_security_number|credit_card(?:_number)?|card_number|cvv|cvc"
)
_OPEN = re.compile(r"(?:.*_)?(?:public|csrf|page|next|continuation|cursor|sync|design)_.*")
_TEXTS = frozenset({":string", ":binary"})


class UnredactedField(Rule):
    """
    A field of a schema holds a secret, and nothing hides it where the struct is inspected.

    Structs are inspected far more often than anybody prints them on purpose: a crash report holds
    the state of the process, a failed match the value, `Logger.error("#{inspect(changeset)}")` the
    changes. Log files and error trackers then keep passwords and tokens in plain text, and more
    people can read those than can read the database. A changeset shows the values of its changes
    just the same.

    ## Bad

    ```elixir
    defmodule Shop.Accounts.User do
      use Ecto.Schema

      schema "users" do
        field :email, :string
        field :password, :string, virtual: true
        field :api_token, :string
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Accounts.User do
      use Ecto.Schema

      schema "users" do
        field :email, :string
        field :password, :string, virtual: true, redact: true
        field :api_token, :string, redact: true
      end
    end
    ```

    ## When it stays silent

    - `redact:` is given, whatever it says: then somebody has decided.
    - `@derive {Inspect, only: …}` or `except: …` leaves the field out, or cannot be read.
    - `@schema_redact` or `@derive_inspect_for_redacted_fields` says it for the whole schema.
    - The field is a number, a time or a flag (`field :password, :boolean`), or its name says that
      it is public (`public_token`, `csrf_token`).
    - Ecto is older than 3.5, which has no `redact:`.

    ## What the fix changes

    It adds `redact: true` behind the other options. Queries, changesets and the struct itself are
    as before: only what `inspect/2` prints is different.
    """

    requires = "ecto >= 3.5"

    @on(Call, name="field")
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        """The fields whose name says that they are secret."""
        if not in_schema(file.form) or call.receiver is not None:
            return
        written = call.written_arguments
        if not written or not isinstance(written[0], Atom):
            return
        name = written[0].name
        if not _SECRET.fullmatch(name) or _OPEN.fullmatch(name) or not _may_be_text(written):
            return
        if "redact" in dict(options_of(written[-1])) or _is_hidden(name, file.module):
            return
        option = "redact: true" if len(written) > 1 else ":string, redact: true"
        edits = [] if isinstance(written[-1], List) else with_option(call, option, file.document)
        yield self.finding(
            written[0],
            f"`{name}` shows in logs wherever the struct is inspected: it lacks `redact: true`",
            fix=Fix.safe("Redact the field", lambda _: edits) if edits else None,
        )


def _may_be_text(written: list[Node]) -> bool:
    """Whether the type is text or bytes, or a module, which may encrypt; options must be in
    sight."""
    if len(written) == 1:
        return True
    kind = written[1]
    if isinstance(kind, Keywords) or len(written) > 3:
        return False
    if len(written) == 3 and not _are_options(written[2]):
        return False
    return kind.text in _TEXTS or kind.kind in ("alias", "dot")


def _are_options(node: Node) -> bool:
    return isinstance(node, Keywords) or (isinstance(node, List) and node.is_keyword_list)


def _is_hidden(name: str, module: Module) -> bool:
    """Whether attributes of the module keep a field out of what is inspected."""
    for form in module.forms:
        node = form.node
        if not isinstance(node, ModuleAttribute) or node.value is None:
            continue
        if node.name in ("schema_redact", "derive_inspect_for_redacted_fields"):
            return True
        if node.name == "derive" and any(_leaves_out(one, name) for one in _derived(node.value)):
            return True
    return False


def _derived(value: Node) -> list[Node]:
    return value.elements if isinstance(value, List) else [value]


def _leaves_out(derived: Node, name: str) -> bool:
    if isinstance(derived, Keywords):
        options = derived.get("Inspect")
        return options is not None
    if not isinstance(derived, Tuple):
        return False
    protocol, *rest = derived.elements or [derived]
    if protocol.text != "Inspect":
        return False
    given = rest[0] if rest else None
    if isinstance(given, List):
        given = given.keywords
    if not isinstance(given, Keywords):
        return True
    only, excepted = given.get("only"), given.get("except")
    if excepted is not None:
        return not isinstance(excepted, List) or f":{name}" in _names(excepted)
    return only is None or not isinstance(only, List) or f":{name}" not in _names(only)


def _names(listed: List) -> set[str]:
    return {one.text for one in listed.elements}
