"""Reads `schema` blocks, inline embeds, and the defaults that macros set for schemas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsp_server.document import Document, Language
from lsp_server.facts.database.schemas import (
    EMBEDS,
    Association,
    Field,
    Schema,
    SchemaBase,
    default_foreign_key,
)
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.sightings import forms_calling
from lsp_server.facts.values import UNKNOWN, Name, Scope, known, options_of, spelled, value_of
from lsp_server.role import Role
from lsp_server.syntax.elixir import Alias, BinaryOperator, Call, ModuleAttribute
from lsp_server.syntax.literals import Boolean, Keywords, List, Tuple
from lsp_server.syntax.names import Names, module_text
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span

_SCHEMAS = {
    b"schema": False,
    b"typed_schema": False,
    b"embedded_schema": True,
    b"typed_embedded_schema": True,
}
_ASSOCIATIONS = frozenset({"belongs_to", "has_one", "has_many", "many_to_many"})
_ATTRIBUTES = ("primary_key", "foreign_key_type", "schema_prefix")


@collects(Schema, SchemaBase)
def collect_schemas(document: Document) -> Iterator[Fact]:
    """The schemas of a file, and what its macros set for schemas elsewhere."""
    if document.language is not Language.ELIXIR or document.role is Role.DEPENDENCY:
        return
    quotes = b"quote" in document.outline.callers and b"Schema" in document.source
    for form in document.forms if quotes else forms_calling(document, _SCHEMAS.keys()):
        if form.callee in _SCHEMAS and form.module.name:
            yield from _Reader(form).schemas()
        elif quotes and form.callee in (b"defmacro", b"def") and b"Schema" in form.bytes:
            yield from _base(form)


def _base(form: Form) -> Iterator[SchemaBase]:
    """What `quote` inside `__using__` sets, or inside the function that a selector names; only
    where it uses a schema, directly or not."""
    function = form.function
    if function is None or not any(True for _ in form.index.calls("quote")):
        return
    selector = "" if function.name == "__using__" else f"/{function.name}"
    names = form.module.names
    uses = [
        names.expand(module_text(call.written_arguments[0]))
        for call in form.index.calls("use")
        if call.written_arguments
    ]
    if not any("Schema" in one for one in uses):
        return
    written = {
        node.name: node.value
        for node in form.index.nodes(ModuleAttribute)
        if node.name in _ATTRIBUTES and node.value is not None
    }
    scope = Scope(form.module)
    yield SchemaBase(
        form.module.name + selector,
        _primary_key(written.get("primary_key"), names),
        _type(written.get("foreign_key_type"), names, scope, ""),
        _text(written.get("schema_prefix"), scope),
        tuple(uses),
    )


class _Reader:
    def __init__(self, form: Form) -> None:
        self.form = form
        self.module = form.module
        self.names = form.module.names
        self.scope = Scope(form.module)

    def _attribute(self, name: str) -> Node | None:
        """The value of an attribute of the module; most say nothing of most of them."""
        if f"@{name}".encode() not in self.form.tree.source:
            return None
        return self.module.attribute(name)

    def schemas(self) -> Iterator[Schema]:
        """The schema of the form, then those of its inline embeds."""
        call = Call(self.form.raw, self.form.tree)
        embedded = _SCHEMAS[self.form.callee]
        written = call.written_arguments
        if call.do_block is None and call.keyword("do") is None:
            return
        table = _text(written[0], self.scope) if written and not embedded else ""
        if not embedded and not written:
            return  # `schema do` is of other libraries
        yield from self._read(
            self.module.name,
            call.name_span,
            call.body,
            Schema(
                self.module.name,
                call.name_span,
                table,
                _text(self._attribute("schema_prefix"), self.scope),
                embedded,
                primary_key=_primary_key(self._attribute("primary_key"), self.names),
                foreign_key_type=_type(
                    self._attribute("foreign_key_type"), self.names, self.scope, ""
                ),
                uses=_uses(self.names),
            ),
        )

    def _read(
        self, module: str, span: Span, body: Sequence[Node], head: Schema
    ) -> Iterator[Schema]:
        pending = [(head, body)]
        while pending:
            head, body = pending.pop(0)
            fields: list[Field] = []
            associations: list[Association] = []
            timestamps: tuple[Field, ...] = ()
            is_open = False
            for node in body:
                statement = _untyped(node)
                if isinstance(statement, ModuleAttribute):
                    continue
                name = statement.name if isinstance(statement, Call) else ""
                if not isinstance(statement, Call) or statement.receiver is not None:
                    is_open = True
                elif name == "timestamps":
                    timestamps = self._timestamps(statement)
                elif name == "field" and (field := self._field(statement)):
                    fields.append(field)
                elif (name in _ASSOCIATIONS or name in EMBEDS) and (
                    association := self._association(statement, head.module)
                ):
                    associations.append(association)
                    inline = self._inline(statement, association)
                    if inline is not None:
                        pending.append((inline, statement.body))
                else:
                    is_open = True
            yield Schema(
                head.module,
                head.span,
                head.table,
                head.prefix,
                head.embedded,
                tuple(fields),
                tuple(associations),
                timestamps,
                head.primary_key,
                head.foreign_key_type,
                head.uses,
                is_open or head.open,
            )

    def _options(self, call: Call) -> tuple[tuple[str, str], ...]:
        pairs = options_of(call.written_arguments[-1]) if call.written_arguments else ()
        return tuple(
            (key, _spelling(node, self.scope, self.names)) for key, node in pairs if key != "do"
        )

    def _field(self, call: Call) -> Field | None:
        written = [_untyped(one) for one in call.written_arguments]
        name = value_of(written[0], self.scope) if written else UNKNOWN
        if not isinstance(name, Name):
            return None
        kind = written[1] if len(written) > 1 and not _is_options(written[1]) else None
        options = self._options(call) if len(written) > 1 else ()
        return Field(
            str(name), written[0].span, _type(kind, self.names, self.scope, ":string"), options
        )

    def _association(self, call: Call, owner: str) -> Association | None:
        written = call.written_arguments
        name = value_of(written[0], self.scope) if written else UNKNOWN
        if not isinstance(name, Name):
            return None
        options = self._options(call) if len(written) > 1 else ()
        given = dict(options)
        queryable = written[1] if len(written) > 1 and not _is_options(written[1]) else None
        target = self._target(call, queryable, owner)
        through = value_of(call.keyword("through"), self.scope)
        default = ""
        if call.name == "belongs_to":
            default = f"{name}_id"
        elif call.name in ("has_one", "has_many"):
            key = _primary_key(self._attribute("primary_key"), self.names)
            references = given.get("references", f":{key[0].name}" if key else ":id").lstrip(":")
            default = default_foreign_key(owner, references)
        join = call.keyword("join_through")
        return Association(
            call.name,
            str(name),
            written[0].span,
            target,
            given.get("foreign_key", f":{default}").lstrip(":") if default else "",
            given.get("references", ":id").lstrip(":"),
            tuple(map(str, through)) if isinstance(through, list) and known(through) else (),
            self._module(join) or _text(join, self.scope),
            given.get("define_field") != "false",
            options,
        )

    def _target(self, call: Call, queryable: Node | None, owner: str) -> str:
        """The module of an association; of `{"table", Module}` the module."""
        if isinstance(queryable, Tuple) and len(queryable.elements) == 2:
            queryable = queryable.elements[1]
        if call.name in EMBEDS and call.do_block is not None:
            return f"{owner}.{module_text(queryable)}" if queryable is not None else ""
        return self._module(queryable)

    def _module(self, node: Node | None) -> str:
        if isinstance(node, ModuleAttribute) and node.value is None:
            node = self.module.attribute(node.name)
        written = module_text(node)
        if not written or node is None or written.startswith(":"):
            return ""
        return self.form.names_at(node.start).expand(written)

    def _inline(self, call: Call, association: Association) -> Schema | None:
        """The embedded schema that `embeds_one :x, X do … end` defines."""
        if call.name not in EMBEDS or call.do_block is None or not association.target:
            return None
        return Schema(
            association.target,
            call.name_span,
            embedded=True,
            primary_key=_primary_key(call.keyword("primary_key"), self.names),
            uses=_uses(self.names),
        )

    def _timestamps(self, call: Call) -> tuple[Field, ...]:
        given = dict(options_of(self._attribute("timestamps_opts")))
        written = call.written_arguments
        given |= dict(options_of(written[-1])) if written else {}
        kind = _type(given.get("type"), self.names, self.scope, ":naive_datetime")
        found: list[Field] = []
        for key in ("inserted_at", "updated_at"):
            node = given.get(key)
            name = Name(key) if node is None else value_of(node, self.scope)
            source = given.get(f"{key}_source")
            options = () if source is None else (("source", source.text),)
            if isinstance(name, Name):
                found.append(Field(str(name), call.name_span, kind, options))
        return tuple(found)


def _uses(names: Names) -> tuple[str, ...]:
    return tuple(f"{use.module}/{use.selector}".rstrip("/") for use in names.uses)


def _untyped(node: Node) -> Node:
    """`field(:a, :string) :: type`, as typed_ecto_schema has it, without its type."""
    if isinstance(node, BinaryOperator) and node.operator == "::":
        return node.left
    return node


def _is_options(node: Node) -> bool:
    return isinstance(node, Keywords) or (isinstance(node, List) and node.is_keyword_list)


def _text(node: Node | None, scope: Scope) -> str:
    value = value_of(node, scope)
    return str(value) if isinstance(value, str) else ""


def _type(node: Node | None, names: Names, scope: Scope, default: str) -> str:
    """A type as written, a module by its full name."""
    return default if node is None else _spelling(node, scope, names)


def _spelling(node: Node, scope: Scope, names: Names) -> str:
    if isinstance(node, ModuleAttribute) and node.value is None and scope.module is not None:
        node = scope.module.attribute(node.name) or node
    if isinstance(node, Alias):
        return names.expand(node.name)
    value = value_of(node, scope)
    if value is not UNKNOWN and known(value):
        return spelled(value)
    return " ".join(node.text.split())


def _primary_key(node: Node | None, names: Names) -> tuple[Field, ...] | None:
    """`@primary_key false` or `{name, type, options}`; None where nothing is said."""
    match node:
        case Boolean() if not node.value:
            return ()
        case Tuple([first, kind, *rest]):
            scope = Scope()
            options = options_of(rest[0]) if rest else ()
            spelled_options = tuple((key, _spelling(one, scope, names)) for key, one in options)
            name = _text(first, scope)
            return (Field(name, first.span, _spelling(kind, scope, names), spelled_options),)
    return None
