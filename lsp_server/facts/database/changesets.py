"""Functions that build changesets: what they cast, require, validate and turn into errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lsp_server.facts.database.schemas import Schema, Schemas, schemas
from lsp_server.facts.fact import Fact
from lsp_server.facts.index import Index, join
from lsp_server.facts.project.expansion import Expander
from lsp_server.facts.project.using import own_uses
from lsp_server.text import Span

CONSTRAINTS = frozenset(
    {
        "unique_constraint",
        "foreign_key_constraint",
        "assoc_constraint",
        "no_assoc_constraint",
        "check_constraint",
        "exclusion_constraint",
    }
)
CASTS = frozenset({"cast", "cast_assoc", "cast_embed"})
VALIDATIONS = frozenset(
    {
        "validate_required",
        "validate_acceptance",
        "validate_change",
        "validate_confirmation",
        "validate_exclusion",
        "validate_format",
        "validate_inclusion",
        "validate_length",
        "validate_number",
        "validate_subset",
        "unsafe_validate_unique",
    }
)
STEPS = CONSTRAINTS | CASTS | VALIDATIONS
OWN = ""  # the schema of what a function takes without saying more: that of its own module
FunctionKey = tuple[str, str, int]  # module, name, arity
IMPORTED = ""  # the module of a function that is called without one and not defined there


class FieldName(Fact):
    """A field as a step names it, perhaps in an attribute elsewhere in the file."""

    name: str
    span: Span


class Step(Fact):
    """One call on a changeset, `validate_required(…)`.

    `complete` is False where it may be about more fields than those. Options are as written.
    """

    name: str
    span: Span  # the function's name
    fields: tuple[FieldName, ...] = ()
    complete: bool = True
    options: tuple[tuple[str, str], ...] = ()
    conditional: bool = False
    piped: bool = False  # whether it is a step of a pipe, after which another can stand
    end: int = 0  # of the call
    allowed: tuple[str | int, ...] = ()  # the values of `validate_inclusion`, where all are known

    def option(self, key: str) -> str | None:
        """An option as written."""
        return next((value for name, value in self.options if name == key), None)

    @property
    def constraint(self) -> str:
        """The name that `name:` gives to a constraint; empty where it is Ecto's or computed."""
        return (self.option("name") or "").strip(':"')


class Changeset(Fact):
    """What one clause of a function does to the changesets of one schema.

    `schema` is the full name of the struct's module; empty where a parameter takes any struct,
    which means the schema of the function's own module if it has one. If it is `presumed`, it is a
    module whose function made the changeset, and counts only if it has a schema. `calls` are the
    other functions that the changeset goes through.
    """

    module: str
    function: str
    arity: int
    span: Span  # the function's name
    schema: str = ""
    steps: tuple[Step, ...] = ()
    calls: tuple[FunctionKey, ...] = ()
    presumed: bool = False
    lone: bool = True  # whether it is the only clause of its function


@dataclass(frozen=True, slots=True)
class ChangesetFile:
    """A function that builds changesets, and its file."""

    path: str
    changeset: Changeset


@dataclass(frozen=True)
class Changesets:
    """The functions that build changesets, by the schema that they are for."""

    by_schema: Mapping[str, tuple[ChangesetFile, ...]]
    # Those of modules without a schema; under `IMPORTED` all that an import could bring.
    shared: Mapping[FunctionKey, tuple[ChangesetFile, ...]]

    def of(self, schema: str) -> tuple[ChangesetFile, ...]:
        """The functions for a schema's module."""
        return self.by_schema.get(schema, ())

    def steps(self, schema: str, *names: str) -> Iterator[tuple[ChangesetFile, Step]]:
        """The steps of a schema's changesets, all or those of some names, with those of functions
        of other modules that the changesets are handed to."""
        pending = list(self.of(schema))
        seen: set[FunctionKey] = set()
        while pending:
            one = pending.pop(0)
            for step in one.changeset.steps:
                if not names or step.name in names:
                    yield one, step
            for key in one.changeset.calls:
                if key not in seen:
                    seen.add(key)
                    pending.extend(self.shared.get(key, ()))


@join(Changeset, schemas, own_uses)
def changesets(index: Index) -> Changesets:
    """The changesets of the project; what is for a module without a schema is shared.

    What a parameter is presumed to be is dropped where it casts fields that the schema lacks.
    """
    known = schemas(index)
    expander = Expander(own_uses(index))
    by_schema: dict[str, list[ChangesetFile]] = {}
    shared: dict[FunctionKey, list[ChangesetFile]] = {}
    for path, one in index.of(Changeset):
        schema = _full_name(one, known, expander)
        found = ChangesetFile(path, one)
        own = known.of(schema)
        if own is None:
            if not one.schema:
                for module in (one.module, IMPORTED):
                    shared.setdefault((module, one.function, one.arity), []).append(found)
        elif one.schema or _fits(one, own):
            by_schema.setdefault(schema, []).append(found)
    return Changesets(
        {schema: tuple(found) for schema, found in by_schema.items()},
        {key: tuple(found) for key, found in shared.items()},
    )


def _full_name(one: Changeset, known: Schemas, expander: Expander) -> str:
    """The module of the schema, also where an alias comes from a `use` of the schema's module."""
    if not one.schema or known.of(one.schema) is not None:
        return one.schema or one.module
    if one.presumed:
        return one.module
    here = known.of(one.module)
    uses = [use.partition("/") for use in here.uses] if here is not None else []
    aliases = expander.expand((module, selector) for module, _, selector in uses).aliases
    first, dot, rest = one.schema.partition(".")
    full = aliases.get(first, first) + dot + rest
    return one.module if full == "__MODULE__" else full


def _fits(one: Changeset, schema: Schema) -> bool:
    if schema.open:
        return True
    cast = (field.name for step in one.steps if step.name in CASTS for field in step.fields)
    return all(schema.field(name) or schema.association(name) for name in cast)
