"""Evaluates expressions of rows through the functions and queries of a project."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lsp_server.facts.database.schemas import Schema, Schemas
from lsp_server.facts.modules import FunctionKey
from lsp_server.facts.project.context import ProjectContext
from lsp_server.facts.rows.expressions import Expression, parts
from lsp_server.facts.rows.kinds import (
    BARE,
    NOT_KNOWN,
    OPEN,
    Constant,
    Loaded,
    Nothing,
    NotLoaded,
    Query,
    Record,
    Rows,
    Site,
    Value,
    Values,
)
from lsp_server.facts.rows.returns import RowsReturned

_LISTS = frozenset({"all", "all_by", "stream"})
_SINGLES = frozenset(
    ["one", "one!", "get", "get!", "get_by", "get_by!", "reload", "reload!"],
)
_DEEPEST = 40
_MOST = 16  # alternatives

Returned = Mapping[FunctionKey, Sequence[RowsReturned]]


@dataclass
class Evaluator:
    """Evaluates expressions of one project."""

    schemas: Schemas
    context: ProjectContext
    returned: Returned
    resolve: Callable[[str, Expression], FunctionKey | None]
    _budget: int = 0
    _active: list[FunctionKey] = field(default_factory=list)
    # What functions give for their arguments. What was cut short (by a budget, by recursion) is
    # not remembered.
    _known: dict[tuple[FunctionKey, tuple[Values, ...]], Values] = field(default_factory=dict)
    # The same field is read again and again in one function.
    _asked: dict[tuple[FunctionKey, Expression], Values] = field(default_factory=dict)
    _parameters: dict[FunctionKey, frozenset[str]] = field(default_factory=dict)
    _cut: int = 0

    def values(self, expression: Expression, function: FunctionKey) -> Values:
        """What an expression in a function can be."""
        asked = (function, expression)
        found = self._asked.get(asked)
        if found is None:
            self._budget, self._active = 4000, []
            found = self._asked[asked] = self._of(expression, function, {}, 0)
        return found

    def _of(
        self, one: Expression, where: FunctionKey, given: Mapping[str, Values], depth: int
    ) -> Values:
        self._budget -= 1
        if self._budget < 0 or depth > _DEEPEST:
            self._cut += 1
            return NOT_KNOWN
        match one.kind:
            case "schema":
                known = self.schemas.of(self._full(one.name, where)) is not None
                return (Query(self._full(one.name, where)),) if known else NOT_KNOWN
            case "nothing":
                return (Nothing(),)
            case "atom":
                return (Constant(one.name, Loaded({one.name: BARE})),)
            case "list" | "pair":
                return (Constant("", self._named(one, where, given, depth)),)
            case "param":
                return given.get(one.name, NOT_KNOWN)
        if one.kind == "map":
            pairs = one.args
            return (
                Record(
                    {pair.name: self._of(pair.args[0], where, given, depth + 1) for pair in pairs}
                ),
            )
        if one.kind == "call":
            key = self.resolve(where[0], one)
            wanted = self._read_by(key) if key is not None else self._read_by_library(one, where)
            args = [
                self._of(arg, where, given, depth + 1) if str(at) in wanted else NOT_KNOWN
                for at, arg in enumerate(one.args)
            ]
            return self._call(one, args, where) if key is None else self._own(key, args, depth)
        args = [self._of(arg, where, given, depth + 1) for arg in one.args]
        match one.kind:
            case "either":
                return _some(value for arg in args for value in arg)
            case "tuple":
                return (Record({str(at): arg for at, arg in enumerate(args)}),)
            case "rows":
                return tuple(_many(value) for value in args[0])
            case "field":
                return _some(it for value in args[0] for it in self.read(value, one.name))
            case "each" | "one":
                found = _some(it for value in args[0] for it in _element(value, one.kind == "each"))
                return found
            case "at":
                return _some(it for value in args[0] for it in _at(value, one))
            case "step":
                return self._step(one, args)
        return NOT_KNOWN

    def _read_by(self, key: FunctionKey) -> frozenset[str]:
        """The parameters, by number, that what a function returns depends on; those of most
        functions are not rows, and most calls give the same whatever they are given."""
        found = self._parameters.get(key)
        if found is None:
            found = self._parameters[key] = frozenset(
                part.name
                for clause in self.returned.get(key, ())
                for part in parts(clause.result)
                if part.kind == "param"
            )
        return found

    def _full(self, module: str, where: FunctionKey) -> str:
        return where[0] if module == "__MODULE__" else module

    def _schema(self, rows: Rows) -> Schema | None:
        return self.schemas.of(rows.schema)

    def read(self, value: Value, name: str) -> Values:
        """What reading a field of a value gives."""
        if isinstance(value, Record):
            return value.values.get(name, NOT_KNOWN)
        if isinstance(value, Nothing):
            return ()
        if not isinstance(value, (Rows, NotLoaded)) or (isinstance(value, Rows) and value.many):
            return NOT_KNOWN
        module = value.schema if isinstance(value, Rows) else value.target
        schema = self.schemas.of(module)
        association = None if schema is None else schema.association(name)
        if schema is None or association is None or association.is_embed:
            return NOT_KNOWN
        target = self.schemas.target(schema, association)
        reached = "" if target is None else target.module
        if isinstance(value, NotLoaded):
            return (NotLoaded(value.rows, (*value.names, name), reached),)
        loaded = value.loaded.get(name)
        if loaded is None:
            return (NotLoaded(value, (name,), reached),)
        if target is None:
            return NOT_KNOWN
        many = association.is_many
        if association.through:
            return NOT_KNOWN
        way = (*value.way, name)
        return (
            Rows(target.module, loaded, many, value.each, value.sites, way, value.listed or many),
        )

    def _step(self, one: Expression, args: list[Values]) -> Values:
        found: list[Value] = []
        for value in args[0]:
            if not isinstance(value, Query) or one.name == "select":
                found.append(None)
            elif one.name == "preload":
                found += [
                    Query(value.schema, value.loaded | self._through(value.schema, added))
                    for added in _preloads(args[1])
                ]
            else:
                found.append(Query(value.schema, value.loaded | OPEN))
        return _some(found)

    def _through(self, module: str, added: Loaded) -> Loaded:
        """What is loaded with what is named: an association `through` others loads them too."""
        schema = self.schemas.of(module)
        if schema is None:
            return OPEN
        below: dict[str, Loaded] = {}
        for name, one in added.below.items():
            association = schema.association(name)
            if association is None:
                return OPEN
            target = self.schemas.target(schema, association)
            inner = one if target is None else self._through(target.module, one)
            if association.through:
                for step in reversed(association.through):
                    inner = Loaded({step: inner}, True)
                below[association.through[0]] = inner.below[association.through[0]]
                inner = OPEN
            below[name] = inner
        return Loaded(below, added.open)

    def _named(
        self, one: Expression, where: FunctionKey, given: Mapping[str, Values], depth: int
    ) -> Loaded:
        """The preloads that a list of literals names."""
        if one.kind == "pair":
            below = self._of(one.args[0], where, given, depth + 1)
            nested = OPEN
            if len(below) == 1:
                match below[0]:
                    case Constant(_, loaded) | Query(_, loaded):
                        nested = loaded
                    case Nothing():
                        nested = BARE
            return Loaded({one.name: nested})
        found = BARE
        for arg in one.args:
            if arg.kind in ("list", "pair"):
                found |= self._named(arg, where, given, depth + 1)
            else:
                values = self._of(arg, where, given, depth + 1)
                known = values[0] if len(values) == 1 else None
                found |= known.loaded if isinstance(known, Constant) else OPEN
        return found

    # ---- calls

    def _read_by_library(self, call: Expression, where: FunctionKey) -> tuple[str, ...]:
        """The arguments, by number, of a call of Ecto that matter."""
        if call.name == "assoc" or call.name == "preload":
            return "0", "1"
        module = call.module or where[0]
        fetching = call.name == "paginate" or call.name in _LISTS or call.name in _SINGLES
        return ("0",) if fetching and self.context.is_repo(module) else ()

    def _call(self, call: Expression, args: list[Values], where: FunctionKey) -> Values:
        module = call.module or where[0]
        if call.name == "assoc" and call.module in ("", "Ecto", "Ecto.Query"):
            return self._assoc(args, call)
        if not self.context.is_repo(module) or (module, "prepare_query", 3) in self.returned:
            return NOT_KNOWN
        name = f"{module.rpartition('.')[2]}.{call.name}"
        site = Site(call.path, call.span, where, name)
        if call.name == "preload" and len(args) > 1:
            return _some(
                self._preloaded(value, added) for value in args[0] for added in _preloads(args[1])
            )
        first = args[0] if args else NOT_KNOWN
        if call.name in _LISTS:
            return _some(_fetched(value, site, True) for value in first)
        if call.name in _SINGLES:
            return _some([*(_fetched(value, site, False) for value in first), Nothing()])
        if call.name == "paginate":
            entries = _some(_fetched(value, site, True) for value in first)
            return (Record({"entries": entries, "*": entries}),)
        return NOT_KNOWN

    def _own(self, key: FunctionKey, args: list[Values], depth: int) -> Values:
        if key not in self.returned:
            return NOT_KNOWN
        asked = (key, tuple(args))
        known = self._known.get(asked)
        if known is not None:
            return known
        if key in self._active or len(self._active) > 12:
            self._cut += 1
            return NOT_KNOWN
        clauses, cut = self.returned[key], self._cut
        self._active.append(key)
        found: list[Value] = []
        for clause in clauses:
            given = {str(at): arg for at, arg in enumerate(args)}
            for default in clause.defaults:
                if default.name not in given:
                    given[default.name] = self._of(default.args[0], key, {}, depth + 1)
            if not self._goes_round(clause.result, key, given, depth):
                found += self._of(clause.result, key, given, depth + 1)
        self._active.pop()
        values = _some(found)
        if cut == self._cut:
            self._known[asked] = values
        return values

    def _goes_round(
        self, result: Expression, key: FunctionKey, given: Mapping[str, Values], depth: int
    ) -> bool:
        """Whether a clause returns what the function returns for the same rows once more, as one
        does that goes over a list of filters."""
        if result.kind != "call" or self.resolve(key[0], result) != key:
            return False
        wanted = self._read_by(key)
        return all(
            self._of(arg, key, given, depth + 1) == given.get(str(at), NOT_KNOWN)
            for at, arg in enumerate(result.args)
            if str(at) in wanted
        )

    def _assoc(self, args: list[Values], call: Expression) -> Values:
        """`Ecto.assoc(post, :comments)`."""
        if len(args) != 2:
            return NOT_KNOWN
        found: list[Value] = []
        for value in args[0]:
            schema = self._schema(value) if isinstance(value, Rows) else None
            named = args[1][0]
            association = (
                schema.association(named.name)
                if schema is not None and isinstance(named, Constant)
                else None
            )
            target = (
                self.schemas.target(schema, association)
                if schema is not None and association is not None
                else None
            )
            found.append(None if target is None else Query(target.module))
        return _some(found)

    def _preloaded(self, value: Value, added: Loaded) -> Value:
        match value:
            case Rows():
                below = self._through(value.schema, added)
                return replace(value, loaded=value.loaded | below)
            case Nothing():
                return value
        return None


def _fetched(value: Value, site: Site, many: bool) -> Value:
    if not isinstance(value, Query):
        return None
    return Rows(value.schema, value.loaded, many, sites=(site,), listed=many)


def _preloads(values: Values) -> list[Loaded]:
    """The preloads that a value stands for; open ones where that is not known."""
    found: list[Loaded] = []
    for value in values:
        match value:
            case Constant(_, loaded):
                found.append(loaded)
            case Nothing():
                found.append(BARE)
            case _:
                found.append(OPEN)
    return found


def _many(value: Value) -> Value:
    """A list whose elements are tuples."""
    return Record({"*": (value,)})


def _element(value: Value, each: bool) -> Values:
    match value:
        case Rows() if value.many:
            return (replace(value, many=False, each=value.each or each),)
        case Record(values) if "*" in values:
            found: list[Value] = []
            for one in values["*"]:
                if isinstance(one, Record):
                    marked = {key: _marked(inner, each) for key, inner in one.values.items()}
                    found.append(Record(marked))
                else:
                    found += _element(one, each)
            return _some(found)
        case NotLoaded():
            return (value,)
        case Nothing():
            return ()
    return NOT_KNOWN


def _marked(values: Values, each: bool) -> Values:
    return tuple(
        replace(one, each=one.each or each) if isinstance(one, Rows) else one for one in values
    )


def _at(value: Value, one: Expression) -> Values:
    if not isinstance(value, Record):
        return () if isinstance(value, (Nothing, Constant)) else NOT_KNOWN
    if one.module:
        tag = value.values.get("0", NOT_KNOWN)
        if len(tag) == 1 and isinstance(tag[0], Constant) and tag[0].name != one.module:
            return ()
    return value.values.get(one.name, NOT_KNOWN)


def _some(values: Iterable[Value]) -> Values:
    """The alternatives, each once; not known at all where there are too many."""
    found: list[Value] = []
    for value in values:
        if value not in found:
            found.append(value)
        if len(found) > _MOST:
            return NOT_KNOWN
    return tuple(found)
