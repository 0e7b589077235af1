"""Ecto schemas and embedded schemas: fields, associations, keys, and the tables they stand for.

Defaults are those of Ecto.Schema (ecto 3.13).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from lsp_server.facts.database.repo_places import underscore
from lsp_server.facts.fact import Fact
from lsp_server.facts.index import Index, join
from lsp_server.facts.project.expansion import Expander
from lsp_server.facts.project.using import own_uses
from lsp_server.text import Span

MANY = frozenset({"has_many", "many_to_many", "embeds_many"})
EMBEDS = frozenset({"embeds_one", "embeds_many"})


class Field(Fact):
    """A field of a schema. Options are spelled as in the source."""

    name: str
    span: Span  # the name
    type: str = ":string"  # as written, modules by their full name; empty where it is computed
    options: tuple[tuple[str, str], ...] = ()

    def option(self, key: str) -> str | None:
        """An option as written; empty where it is computed."""
        return next((value for name, value in self.options if name == key), None)

    @property
    def virtual(self) -> bool:
        """Whether no column belongs to it."""
        return self.option("virtual") == "true"

    @property
    def redact(self) -> bool:
        """Whether it is hidden when the struct is inspected."""
        return self.option("redact") == "true"

    @property
    def column(self) -> str:
        """The column's name; empty for a virtual field."""
        return "" if self.virtual else (self.option("source") or f":{self.name}").lstrip(":")


class Association(Fact):
    """`belongs_to`, `has_one`, `has_many`, `many_to_many`, `embeds_one`, `embeds_many`.

    `target` is a module's full name, empty for `through:` and where it is computed. `join_through`
    is a module or a table's name.
    """

    kind: str
    name: str
    span: Span  # the name
    target: str = ""
    foreign_key: str = ""  # field of the schema for belongs_to, else of the target
    references: str = "id"
    through: tuple[str, ...] = ()
    join_through: str = ""
    defines_field: bool = True  # `define_field:` of belongs_to
    options: tuple[tuple[str, str], ...] = ()

    def option(self, key: str) -> str | None:
        """An option as written; empty where it is computed."""
        return next((value for name, value in self.options if name == key), None)

    @property
    def is_many(self) -> bool:
        """Whether it holds a list."""
        return self.kind in MANY

    @property
    def is_embed(self) -> bool:
        """Whether it lies in a column of the same table."""
        return self.kind in EMBEDS


class Schema(Fact):
    """One `schema` or `embedded_schema`. An embedded one has no table.

    `open`: a macro may add more than is seen. What `use` of the project's own modules sets is
    filled in by the join `schemas`: until then `primary_key` and `foreign_key_type` say only what
    the module itself says (None, empty). `uses` are modules, with `/selector` where one is given.
    """

    module: str
    span: Span  # the word `schema`
    table: str = ""  # the source; empty also where it is computed
    prefix: str = ""
    embedded: bool = False
    fields: tuple[Field, ...] = ()  # without keys, associations and timestamps
    associations: tuple[Association, ...] = ()
    timestamps: tuple[Field, ...] = ()
    primary_key: tuple[Field, ...] | None = None
    foreign_key_type: str = ""
    uses: tuple[str, ...] = ()
    open: bool = False

    def field(self, name: str) -> Field | None:
        """A field by name; keys, foreign keys and timestamps are fields too."""
        return self.all_fields.get(name)

    def association(self, name: str) -> Association | None:
        """An association by name."""
        return next((one for one in self.associations if one.name == name), None)

    @property
    def all_fields(self) -> Mapping[str, Field]:
        """Every field by name: primary key, plain ones, those of belongs_to, timestamps, embeds."""
        found = {one.name: one for one in self.primary_key or ()}
        found |= {one.name: one for one in self.fields}
        for one in self.associations:
            if one.kind == "belongs_to" and one.defines_field:
                options = tuple(o for o in one.options if o[0] in ("source", "primary_key"))
                kind = one.option("type") or self.foreign_key_type or ":id"
                found.setdefault(one.foreign_key, Field(one.foreign_key, one.span, kind, options))
            elif one.is_embed:
                found.setdefault(one.name, Field(one.name, one.span, one.target, one.options))
        return found | {one.name: one for one in self.timestamps}

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the primary key's fields."""
        marked = (
            one.name for one in self.all_fields.values() if one.option("primary_key") == "true"
        )
        return tuple(dict.fromkeys((*(one.name for one in self.primary_key or ()), *marked)))

    def column(self, field: str) -> str:
        """The column of a field; empty for a virtual one and for what is no field."""
        found = self.all_fields.get(field)
        return "" if found is None else found.column


class SchemaBase(Fact):
    """What the macros of a module set for schemas that use it."""

    module: str  # with `/selector` where it is `use Module, :selector`
    primary_key: tuple[Field, ...] | None = None
    foreign_key_type: str = ""
    prefix: str = ""
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SchemaFile:
    """A schema and the file that defines it."""

    path: str
    schema: Schema


@dataclass(frozen=True)
class Schemas:
    """The schemas of a project. A table can have several."""

    by_module: Mapping[str, SchemaFile]
    by_table: Mapping[str, tuple[SchemaFile, ...]]

    def __iter__(self) -> Iterator[SchemaFile]:
        return iter(self.by_module.values())

    def of(self, module: str) -> Schema | None:
        """The schema of a module."""
        found = self.by_module.get(module)
        return None if found is None else found.schema

    def target(self, schema: Schema, association: Association) -> Schema | None:
        """The schema that an association leads to, through others where it says so."""
        path = association.through or (association.name,)
        here: Schema | None = schema
        for _ in range(10):
            step = None if here is None else here.association(path[0])
            if step is None:
                return None
            if step.through:
                path = (*step.through, *path[1:])
                continue
            here, path = self.of(step.target), path[1:]
            if not path:
                return here
        return None


@join(Schema, SchemaBase, own_uses)
def schemas(index: Index) -> Schemas:
    """The schemas by module and by table, with the defaults and aliases that `use` brings them."""
    bases = {base.module: base for _, base in index.of(SchemaBase)}
    modules = {schema.module for _, schema in index.of(Schema)}
    expander = Expander(own_uses(index))
    by_module: dict[str, SchemaFile] = {}
    by_table: dict[str, list[SchemaFile]] = {}
    for path, schema in index.of(Schema):
        schema = _with_targets(_with_defaults(schema, bases), modules, expander)
        found = SchemaFile(path, schema)
        if by_module.setdefault(schema.module, found) is found and schema.table:
            by_table.setdefault(schema.table, []).append(found)
    return Schemas(by_module, {table: tuple(found) for table, found in by_table.items()})


def _with_targets(schema: Schema, modules: Collection[str], expander: Expander) -> Schema:
    """Expand the targets that stand under an alias of a `use`."""
    if all(one.target in modules or not one.target for one in schema.associations):
        return schema
    uses = [one.partition("/") for one in schema.uses]
    aliases = expander.expand((module, selector) for module, _, selector in uses).aliases
    associations: list[Association] = []
    for one in schema.associations:
        first, dot, rest = one.target.partition(".")
        if one.target not in modules and first in aliases:
            full = aliases[first] + dot + rest
            one = msgspec.structs.replace(one, target=full)
        associations.append(one)
    return msgspec.structs.replace(schema, associations=tuple(associations))


def _with_defaults(schema: Schema, bases: Mapping[str, SchemaBase]) -> Schema:
    key, kind, prefix = schema.primary_key, schema.foreign_key_type, schema.prefix
    pending, seen = list(schema.uses), set[str]()
    while pending:
        base = bases.get(pending.pop(0))
        if base is not None and base.module not in seen:
            seen.add(base.module)
            key = base.primary_key if key is None else key
            kind = kind or base.foreign_key_type
            prefix = prefix or base.prefix
            pending.extend(base.uses)
    if key is None:
        key = (Field("id", schema.span, ":binary_id" if schema.embedded else ":id"),)
    return msgspec.structs.replace(
        schema, primary_key=key, foreign_key_type=kind or ":id", prefix=prefix
    )


def default_foreign_key(module: str, key: str = "id") -> str:
    """The foreign key that has_one and has_many assume in their target (ecto 3.13)."""
    return f"{underscore(module.rpartition('.')[2])}_{key}"
