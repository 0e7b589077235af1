"""Reads functions that build changesets, and finds the struct that each changeset begins with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from lsp_server.document import Document, Language
from lsp_server.facts.database.changesets import (
    IMPORTED,
    OWN,
    STEPS,
    Changeset,
    FieldName,
    FunctionKey,
    Step,
)
from lsp_server.facts.database.field_names import FieldReader
from lsp_server.facts.fact import collects
from lsp_server.facts.sightings import forms_calling
from lsp_server.facts.values import UNKNOWN, Scope, known, spelled, value_of
from lsp_server.role import Role
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    AnonymousFunction,
    BinaryOperator,
    Call,
    Capture,
    Clause,
    Identifier,
    Match,
    ModuleAttribute,
    Pipe,
    strip_parentheses,
)
from lsp_server.syntax.literals import Map
from lsp_server.syntax.names import module_text
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form

DEPTH = 60  # steps that are followed from a changeset back to its struct
_DECISIONS = frozenset({"if", "unless", "case", "cond", "with", "for", "try"})
_FOLDS = frozenset({"Enum.reduce", "List.foldl"})
_WANTED = frozenset(name.encode() for name in STEPS)
_CHANGESETS = frozenset({"changeset", "cs", "struct", "schema"})


@collects(Changeset)
def collect_changesets(document: Document) -> Iterator[Changeset]:
    """The functions of a file that build changesets."""
    if document.language is not Language.ELIXIR or document.role is not Role.LIB:
        return
    for form in forms_calling(document, _WANTED):
        if form.function is not None:
            yield from _Reader(form, form.function).read()


class _Reader:
    """One clause of a function."""

    def __init__(self, form: Form, function: Function) -> None:
        self.form = form
        self.function = function
        self.fields = FieldReader(form)
        self.tied: dict[int, tuple[str, bool]] = {}  # what is known of calls read before
        self.later: set[int] = set()  # calls that stand in a pipe after one read before
        self.bare: list[str] = []  # own functions that a value was piped to without parentheses
        self.parameters: dict[str, str | None] = {}
        for at, pattern in enumerate(function.parameters):
            self.parameters.update(_bound(pattern, self._expand, at == 0 or None))

    def read(self) -> Iterator[Changeset]:
        """One record for each schema whose changesets the function handles."""
        steps: dict[tuple[str, bool], list[Step]] = {}
        calls: dict[tuple[str, bool], dict[FunctionKey, None]] = {}
        for call in sorted(self.form.index.calls(*STEPS), key=lambda one: one.start):
            arguments = call.arguments
            if not self._is_step(call, arguments):
                continue
            passed: list[Call] = []
            self.bare.clear()
            tied = self._schema_of(arguments[0], passed)
            if tied is None:
                continue
            if call.raw.id not in self.later:
                passed.extend(self._later(call))
            self.tied[call.raw.id] = tied
            steps.setdefault(tied, []).append(self._step(call, arguments))
            keys = [self._key(one) for one in passed if not self._is_step(one, one.arguments)]
            keys += [(self.form.module.name, name, 1) for name in self.bare]
            calls.setdefault(tied, {}).update(dict.fromkeys(keys))
        for (schema, presumed), found in steps.items():
            yield Changeset(
                self.form.module.name,
                self.function.name,
                self.function.arity,
                self.function.name_span,
                schema,
                tuple(found),
                tuple(calls[schema, presumed]),
                presumed,
                self._is_lone(),
            )

    def _is_lone(self) -> bool:
        own = (self.function.name, self.function.arity)
        clauses = (one for one in self.form.module.functions if (one.name, one.arity) == own)
        return len(list(islice(clauses, 2))) < 2

    def _is_step(self, call: Call, arguments: Sequence[Node]) -> bool:
        """Whether a call is of Ecto.Changeset; one without module may be a function of its own."""
        name = call.name
        if name not in STEPS or len(arguments) < (3 if name == "cast" else 2):
            return False
        if call.receiver is not None:
            module = self.form.names_at(call.start).expand(call.module or "")
            return module.endswith("Changeset")
        return not self.form.module.names.defines(name, len(arguments))

    def _step(self, call: Call, arguments: Sequence[Node]) -> Step:
        listed = self.fields.read(arguments[2 if call.name == "cast" else 1])
        keywords = call.keywords
        options = () if keywords is None else keywords.pairs
        return Step(
            call.name,
            call.name_span,
            tuple(FieldName(name, span) for name, span in listed.names),
            listed.complete,
            tuple((pair.key, self._written(pair.value)) for pair in options if pair.value),
            self._is_conditional(call),
            call.pipe is not None,
            call.end,
            self._allowed(arguments) if call.name == "validate_inclusion" else (),
        )

    def _written(self, node: Node) -> str:
        """An option as written; of an attribute its value."""
        if isinstance(node, ModuleAttribute):
            value = value_of(node, Scope(self.form.module))
            return spelled(value) if value is not UNKNOWN and known(value) else node.text
        return node.text

    def _allowed(self, arguments: Sequence[Node]) -> tuple[str | int, ...]:
        listed = value_of(arguments[2], Scope(self.form.module)) if len(arguments) > 2 else UNKNOWN
        if not isinstance(listed, list) or not all(type(one) in (str, int) for one in listed):
            return ()
        return tuple(listed)

    def _is_conditional(self, call: Call) -> bool:
        for outer in call.ancestors():
            if outer == self.function.call:
                return False
            if isinstance(outer, Call) and outer.name in _DECISIONS and outer.receiver is None:
                return True
            if isinstance(outer, AnonymousFunction):
                return True
        return False

    def _later(self, call: Call) -> Iterator[Call]:
        """The calls of the same pipe after a call."""
        pipe = call.pipe
        if pipe is None:
            outer = call.parent
            pipe = outer if isinstance(outer, Pipe) else None
            if pipe is not None and isinstance(pipe.right, Call):
                self.later.add(pipe.right.raw.id)
                yield pipe.right
            elif pipe is not None and isinstance(pipe.right, Identifier):
                self.bare.append(pipe.right.name)
        while pipe is not None:
            outer = pipe.parent
            if not isinstance(outer, Pipe):
                return
            if isinstance(outer.right, Call):
                self.later.add(outer.right.raw.id)
                yield outer.right
            elif isinstance(outer.right, Identifier):
                self.bare.append(outer.right.name)
            pipe = outer

    def _key(self, call: Call) -> FunctionKey:
        module = call.module
        names = self.form.names_at(call.start)
        arity = len(call.arguments)
        if module is None:
            own = self.form.module.names.defines(call.name, arity)
            return (self.form.module.name if own else IMPORTED, call.name, arity)
        return (names.expand(module), call.name, arity)

    def _expand(self, node: Node) -> str:
        written = module_text(node)
        return self.form.names_at(node.start).expand(written) if written else ""

    def _schema_of(self, node: Node, passed: list[Call]) -> tuple[str, bool] | None:
        """The schema of a struct or changeset, and whether it is presumed; None where unknown.

        `passed` gets the calls that the value went through.
        """
        remote = ""
        for _ in range(DEPTH):
            step = self._back(strip_parentheses(node), passed)
            match step:
                case str():
                    presumed = step == OWN and remote != ""
                    return (remote if presumed else step), presumed
                case None:
                    return (remote, True) if remote else None
                case Node():
                    node = step
            last = passed[-1] if passed else None
            if last is not None and last.raw.id in self.tied:
                return self.tied[last.raw.id]
            if last is not None and not remote and last.module is not None:
                if not self._is_step(last, last.arguments):
                    remote = self._key(last)[0]
        return None

    def _back(self, node: Node, passed: list[Call]) -> Node | str | None:
        """One step towards where a value comes from: the node before it, or its schema at last."""
        match node:
            case Map() if node.struct is not None:
                return self._expand(node.struct) or None
            case Pipe(_, left, Identifier(name)):
                self.bare.append(name)
                return left
            case Pipe():
                return node.right
            case Match():
                return node.right
            case Identifier(name):
                return _given(node) or self._variable(name, node.start)
            case Capture():
                return _given(node)
            case Call():
                return self._through(node, passed)
        return None

    def _through(self, call: Call, passed: list[Call]) -> Node | str | None:
        if call.receiver is None and call.name in _DECISIONS:
            return next(_results(call), None)
        arguments = call.arguments
        if not arguments or call.name == "" or call.do_block is not None:
            return None
        if call.receiver is None and call.name in ("struct", "struct!"):
            return self._expand(arguments[0]) or arguments[0]
        if call.receiver is not None and call.module is None:
            return None
        if call.dotted in _FOLDS and len(arguments) == 3:
            return arguments[1]
        if (call.module or "").endswith("Repo"):
            named = self._expand(arguments[0])
            return named or (arguments[0] if call.name.startswith(("preload", "reload")) else None)
        passed.append(call)
        return arguments[0]

    def _variable(self, name: str, before: int) -> Node | str | None:
        for match in reversed(self.fields.matches):
            if match.end > before or match.start < self.function.head.end:
                continue
            left, outer = match.left, match.parent
            if isinstance(left, Identifier) and left.name == name:
                struct = outer.left if isinstance(outer, Match) else None
                return struct if isinstance(struct, Map) and struct.struct else match.right
            bound = _bound(left, self._expand, None)
            if name in bound:
                return bound[name]
        if name in self.parameters:
            return self.parameters[name]
        return OWN if name in _CHANGESETS else None


def _given(node: Node) -> Node | None:
    """What a parameter of `fn`, or `&2`, stands for, where the function folds a list into a
    changeset, or `then` hands it one."""
    for outer in node.ancestors():
        place = -1
        if isinstance(node, Capture) and isinstance(outer, Capture):
            place = (node.placeholder or 0) - 1
        elif isinstance(node, Identifier) and isinstance(outer, AnonymousFunction):
            patterns = outer.clauses[0].patterns if outer.clauses else []
            texts = [one.text for one in patterns]
            place = texts.index(node.name) if node.name in texts else -1
        if place < 0:
            continue
        call = outer.enclosing(Call)
        arguments = [] if call is None else call.arguments
        if call is not None and call.dotted in _FOLDS and len(arguments) == 3 and place == 1:
            return arguments[1]
        if call is not None and call.dotted in ("then", "tap") and place == 0:
            return arguments[0]
        return None
    return None


def _bound(
    pattern: Node, expand: Callable[[Node], str], own: bool | None
) -> Mapping[str, str | None]:
    """The variables of a pattern with the schema of the struct that each must be.

    `own`: whether a bare variable stands for a struct of the module itself.
    """
    match pattern:
        case Identifier(name):
            taken = own or name in _CHANGESETS
            return {name: OWN if taken else None}
        case BinaryOperator("=" | "\\\\", left, right):
            for struct, variable in ((left, right), (right, left)):
                if isinstance(struct, Map) and isinstance(variable, Identifier):
                    named = expand(struct.struct) if struct.struct is not None else ""
                    return {variable.name: named or (OWN if own else None)}
            return _bound(left, expand, own)
    return {}


def _results(call: Call) -> Iterator[Node]:
    """The last expressions of the branches of `if`, `case` …"""
    for section in ("do", "else"):
        nodes = call.section(section)
        if nodes and isinstance(nodes[0], Clause):
            nodes = [one.body[-1] for one in call.clauses(section) if one.body]
            yield from nodes
        elif nodes:
            yield nodes[-1]
