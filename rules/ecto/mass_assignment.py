"""ecto/mass-assignment"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from lsp_server.facts.calls.primitives import words
from lsp_server.facts.local_flow import assigned, clauses_of
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    Access,
    BinaryOperator,
    Call,
    Identifier,
    ModuleAttribute,
    Pipe,
    strip_parentheses,
)
from lsp_server.syntax.literals import Atom, List, Sigil, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module

from ._permitted import listed, taken_out, without

ALL_FIELDS = "all fields of the schema"
# What nobody may say about himself.
_FLAGS = words("admin is_admin admin? superuser is_superuser super_admin is_super_admin is_staff")
_ROLES = words("role roles permissions")
_RIGHTS = _FLAGS | _ROLES
_OWNER = "user_id"
# Changesets that are not for what a visitor sends.
_TRUSTED = re.compile(
    r"admin|system|internal|import|seed|role|permission|promot|grant|invit|trusted|staff|oauth|sso"
    r"|member|owner|fixture|sync|owned|assoc"
)
# Schemas of people, whose role says what they may do; that of anything else is part of the thing.
_PEOPLE = re.compile(
    r"User|Account|Person|Profile|Author|Customer|Employee|Staff|Admin|Member$|Player|Teacher|Client"
)
# Schemas whose rows record something about a user: nobody fills in a form for them.
_RECORDS = re.compile(
    r"Log|Event|Audit|Token|Session|Job|Notif|Identit|Member|Role|Permission|Grant|Invit|Access|Key"
    r"|Credential|Device|Visit|Version|Revision|History|Activity|Failure"
)
# What a person types.
_CONTENT = re.compile(
    r"title|body|content|name|text|description|subject|comment|message|caption|bio|note|summary"
    r"|rating|amount|price|total|quantity|address|email|url|street|city|phone|question|answer"
    r"|headline|label|colou?r|number"
)
_GIVEN = frozenset({"id", "inserted_at", "updated_at"})
_DEPTH = 8


class MassAssignment(Rule):
    """
    A changeset that lets whoever sends the parameters set any field, or his own rights.

    The list that `cast` is given is the only thing between a form and the table. If it is made of
    the parameters themselves or of all fields of the schema, a field that somebody adds to the
    request is written too; if it holds `:role` or `:user_id`, a visitor becomes an administrator,
    or writes in the name of another, with one more line in the browser's console.

    ## Bad

    ```elixir
    defmodule Shop.Review do
      use Ecto.Schema
      import Ecto.Changeset

      schema "reviews" do
        field :title, :string
        field :body, :string
        field :is_admin, :boolean
      end

      def changeset(review, params) do
        cast(review, params, __schema__(:fields))
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Review do
      use Ecto.Schema
      import Ecto.Changeset

      schema "reviews" do
        field :title, :string
        field :body, :string
        field :is_admin, :boolean
      end

      def changeset(review, params) do
        cast(review, params, [:title, :body])
      end
    end
    ```

    ## When it stays silent

    - Data without a schema: `{data, types} |> cast(params, Map.keys(types))`.
    - The name of the function says that it is not for visitors: `admin_changeset`, `import_…`.
    - What is cast is written down by the code itself, and no parameter of the function.
    - `:role` in schemas of anything but people; `:user_id` unless it is listed beside what a
      person types (`:title`, `:body` …), in the call itself or as the only `…_id` of an attribute:
      the rows of a join table and what is recorded about a user (sessions, tokens, memberships,
      logs) are made by code.
    - A denylist that takes off more than keys and timestamps, and embedded schemas.

    ## What the fix changes

    A computed list becomes the list of the schema's own fields, without keys, timestamps and what
    gives rights. A right or an owner is taken from the list, or, where the list is an attribute
    that is used elsewhere too, subtracted at `cast`; set it with `put_change/3`, or in the
    struct, from what the server knows: `%Review{user_id: scope.user.id}`. Forms that sent the
    field need a changeset of their own.
    """

    roles = frozenset({Role.LIB})

    @on(Call, name="cast")
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        arguments = call.arguments
        if len(arguments) not in (3, 4) or file.form is None or not _is_changesets(call, file):
            return
        data, params, permitted = (strip_parentheses(one) for one in arguments[:3])
        if isinstance(data, Tuple) or file.is_mix_task:
            return
        form = file.form
        keys = _computed(permitted, params, form)
        if keys and not (keys == ALL_FIELDS and _is_embedded(form.module)):
            edits = listed(permitted, _fields(form.module), file)
            yield self.finding(
                permitted,
                f"`cast` permits {keys}: whoever sends the parameters sets any of them",
                fix=Fix.review("List the fields", lambda _: edits) if edits else None,
            )
            return
        function = Function.around(call)
        if function is None or not _comes_from_outside(params, function):
            return
        if _TRUSTED.search(function.name) or _is_embedded(form.module):
            return
        yield from self._rights(permitted, form)

    def _rights(self, permitted: Node, form: Form) -> Iterator[Finding]:
        names = list(_names(permitted, form))
        schema = form.module.name.rpartition(".")[2]
        written = {name for name, at in names if at is not None or isinstance(permitted, Sigil)}
        every = {name for name, _ in names}
        if {name for name in every if name.endswith("_id")} == {_OWNER}:
            written = every  # what code puts together refers to more than its owner
        given = {name: at for name, at in reversed(names) if _said(name, schema, written)}
        hidden = [name for name, _ in names if name in given and given[name] is None]
        for name, atom in given.items():
            if atom is not None:
                message = _message(name, schema, written)
                edits = taken_out(atom)
                fix = Fix.review(f"Do not cast :{name}", partial(_given, edits)) if edits else None
                yield self.finding(atom, message, fix=fix)
        if hidden:
            message = _message(hidden[0], schema, written)
            edits = without(permitted, list(dict.fromkeys(hidden)), form.module)
            title = f"Do not cast {', '.join(f':{name}' for name in dict.fromkeys(hidden))}"
            fix = Fix.review(title, partial(_given, edits)) if edits else None
            yield self.finding(permitted, message, fix=fix)


def _said(name: str, schema: str, written: set[str]) -> str:
    """What somebody does who sends a field; empty for one that anybody may set."""
    if name in _FLAGS or (name in _ROLES and _PEOPLE.search(schema)):
        return "gives himself rights"
    if name == _OWNER and _is_form(written) and not _RECORDS.search(schema):
        return "chooses the owner"
    return ""


def _message(name: str, schema: str, written: set[str]) -> str:
    said = _said(name, schema, written)
    return f"`cast` permits `:{name}`: whoever sends the parameters {said}"


def _given(edits: list[Edit], _: Snapshot) -> list[Edit]:
    return edits


def _is_changesets(call: Call, file: File) -> bool:
    """Whether a call is `Ecto.Changeset.cast`; also where an import comes from elsewhere."""
    if call.receiver is not None:
        return file.module_of(call) == "Ecto.Changeset"
    if file.is_local(call):
        return False
    return file.module_of(call) in (None, "Ecto.Changeset")


def _computed(permitted: Node, params: Node, form: Form) -> str:
    """How somebody would say what a computed list permits; empty for a list of names."""
    for node in _origins(permitted, form):
        for call in node.find(Call):
            arguments = call.arguments
            if call.dotted == "Map.keys" and len(arguments) == 1:
                if arguments[0].same_code(params):
                    return f"every key of `{params.text}`" if len(params.text) < 30 else "every key"
            if call.name == "__schema__" and arguments and arguments[0].text == ":fields":
                return "" if _subtracts(node) else ALL_FIELDS
    return ""


def _origins(node: Node, form: Form) -> Iterator[Node]:
    """An expression, and what its variable, or the module's own function in it, stands for."""
    yield node
    if isinstance(node, Identifier):
        value = assigned(node, form)
        if value is not None:
            yield value
            return
    if isinstance(node, (Identifier, Call)):
        for clause in clauses_of(node, form):
            if clause.function is not None:
                yield from clause.function.body[-1:]


def _subtracts(node: Node) -> bool:
    """Whether more is taken off a list than keys and timestamps."""
    for operator in node.find(BinaryOperator):
        if operator.operator == "--":
            names = {one.name for one in operator.right.find(Atom)}
            if not names or names - _GIVEN:
                return True
    return any(
        call.dotted in ("Enum.reject", "Enum.filter", "List.delete") for call in node.find(Call)
    )


def _comes_from_outside(params: Node, function: Function) -> bool:
    """Whether what is cast is a parameter of the function, as it is or in another form."""
    while isinstance(params, Pipe):
        params = params.steps[0]
    if isinstance(params, Access):
        target = params.target
        return target is not None and _comes_from_outside(target, function)
    if not isinstance(params, Identifier):
        return False
    return any(
        isinstance(one, Identifier) and one.name == params.name
        for parameter in function.parameters
        for one in parameter.find(Identifier)
    )


def _names(node: Node, form: Form) -> Iterator[tuple[str, Atom | None]]:
    """The fields of a list, each with its atom where that stands in the call itself."""
    pending: list[tuple[Node, bool, int]] = [(node, True, 0)]
    while pending:
        one, here, depth = pending.pop()
        one = strip_parentheses(one)
        if depth > _DEPTH:
            continue
        match one:
            case List(elements):
                for element in elements:
                    if isinstance(element, Atom):
                        yield element.name, element if here else None
            case Sigil("w" | "W", str(text)) if one.modifiers == "a":
                for word in text.split():
                    yield word, None
            case BinaryOperator("++", left, right):
                pending += [(right, here, depth + 1), (left, here, depth + 1)]
            case BinaryOperator("--", left, right):
                gone = {name for name, _ in _names(right, form)}
                yield from ((n, at) for n, at in _names(left, form) if n not in gone)
            case ModuleAttribute() if one.value is None:
                value = form.module.attribute(one.name)
                if value is not None:
                    pending.append((value, False, depth + 1))
            case Identifier():
                value = assigned(one, form)
                if value is not None:
                    pending.append((value, False, depth + 1))


def _is_form(written: set[str]) -> bool:
    """Whether somebody fills in what the call itself lists: the owner, and what a person types."""
    return _OWNER in written and any(
        _CONTENT.search(name) is not None for name in written if not name.endswith("_id")
    )


def _is_embedded(module: Module) -> bool:
    return any(form.callee == b"embedded_schema" for form in module.forms)


def _fields(module: Module) -> Sequence[str]:
    for form in module.forms:
        if form.callee == b"schema":
            found = [
                call.written_arguments[0].name
                for call in form.index.calls("field")
                if call.receiver is None
                and call.written_arguments
                and isinstance(call.written_arguments[0], Atom)
            ]
            return [name for name in found if name not in _RIGHTS and not name.endswith("_id")]
    return ()
