"""ecto/missing-on-delete"""

from __future__ import annotations

from collections.abc import Container, Iterator

from lsp_server.document import Document
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.severity import Profile, Severity
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.literals import Atom, Keywords, List, Pair, String
from lsp_server.syntax.node import Node

from ._alteration import with_type
from ._schema_fields import with_option


class MissingOnDelete(Rule):
    """
    A foreign key that does not say what happens when its parent is deleted.

    Without `on_delete:` the database refuses to delete a parent that has children. Often that is
    right and as often nobody has thought of it, and the first user who deletes an account gets an
    `Ecto.ConstraintError`. Written out, `:nothing`, `:delete_all`, `:nilify_all` or `:restrict` is
    a decision that the next reader can see.

    ## Bad

    `priv/repo/migrations/20240301090000_create_comments.exs`:
    ```elixir
    defmodule Blog.Repo.Migrations.CreateComments do
      use Ecto.Migration

      def change do
        create table(:comments) do
          add :post_id, references(:posts), null: false
        end
      end
    end
    ```

    ## Good

    `priv/repo/migrations/20240301090000_create_comments.exs`:
    ```elixir
    defmodule Blog.Repo.Migrations.CreateComments do
      use Ecto.Migration

      def change do
        create table(:comments) do
          add :post_id, references(:posts, on_delete: :nothing), null: false
        end
      end
    end
    ```

    ## When it stays silent

    - The reference says what was there before: `from: references(…)`, `remove :x, references(…)`,
      and all of `down`.
    - The options are an attribute, a variable or made by a function, which may say it.

    ## What the fix changes

    It writes `on_delete: :nothing`, which is what happens already. Put there what should happen; in
    a migration that has run, that takes another migration.
    """

    severity = Severity.INFORMATION
    profile = Profile.AGGRESSIVE
    roles = frozenset({Role.MIGRATION})

    @on(Call, name="references")
    def reference(self, call: Call, file: File) -> Iterator[Finding]:
        """A reference without the option, where a column becomes one."""
        if call.receiver is not None or not 1 <= len(call.arguments) <= 2:
            return
        if not _states_now(call):
            return
        options = _options(call)
        if options is None or "on_delete" in options:
            return
        subject = call.arguments[0]
        name = subject.text.lstrip(":").strip('"') if isinstance(subject, (Atom, String)) else ""
        what = f"`references({subject.text})`" if name else "the reference"
        edits = _edits(call, file.document)
        yield self.finding(
            call.name_span,
            f"{what} does not say what a delete of the other row does to this one",
            fix=Fix.review("Say on_delete: :nothing", lambda _: edits) if edits else None,
        )


def _options(call: Call) -> Container[str] | None:
    """The options of a reference; None where they are not written out."""
    if len(call.arguments) < 2:
        return ()
    last: Node | None = call.arguments[-1]
    if isinstance(last, List):
        if not last.elements:
            return ()
        last = last.keywords
    return last.values if isinstance(last, Keywords) else None


def _states_now(call: Call) -> bool:
    """Whether a reference is what a column becomes on the way up, and not what it was."""
    for outer in call.ancestors():
        if isinstance(outer, Pair) and outer.key == "from":
            return False
        if isinstance(outer, Call) and outer.name in ("remove", "remove_if_exists"):
            return False
    function = Function.around(call)
    return function is None or function.name != "down"


def _edits(call: Call, document: Document) -> list[Edit]:
    """The option behind the others, the line laid out anew if it gets too long."""
    written = call.written_arguments
    if not call.has_parentheses or not written or isinstance(written[-1], List):
        return []
    option = "on_delete: :nothing"
    for line in call.ancestors():
        if isinstance(line, Call) and line.name in ("add", "add_if_not_exists", "modify"):
            if len(line.written_arguments) > 1 and line.written_arguments[1].span == call.span:
                if "\n" not in call.text:
                    return with_type(document, line, f"{call.text[:-1]}, {option})")
            break
    return with_option(call, option, document)
