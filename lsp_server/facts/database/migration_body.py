"""Runs the body of a migration as far as the text alone tells what happens.

Statements are followed in order through the migration's own functions, loops over known lists, and
conditions on the direction. Under any other condition an operation is marked as conditional.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lsp_server.facts.database import migration_data, migration_objects, migration_sql
from lsp_server.facts.database.migration_objects import Constraint, Table
from lsp_server.facts.database.migrations import (
    AlterTable,
    AnyOperation,
    Change,
    ChangeData,
    CreateConstraint,
    CreateIndex,
    CreateTable,
    DropConstraint,
    DropIndex,
    DropTable,
    Execute,
    Index,
    RenameColumn,
    RenameIndex,
    RenameTable,
    TableName,
    Unknown,
)
from lsp_server.facts.values import UNKNOWN, Name, Scope, Value, bindings, value_of
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    AnonymousFunction,
    BinaryOperator,
    Block,
    Call,
    Capture,
    Identifier,
    Match,
    Pipe,
)
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Module

STEPS = 5_000  # statements that one direction may run before the rest counts as unknown
DEPTH = 30
_LINES = frozenset({"add", "add_if_not_exists", "modify", "remove", "remove_if_exists"})
_AROUND = frozenset({"transaction", "transact"})
_QUERIES = frozenset({"query", "query!"})
_LOOPS = frozenset({"Enum.each", "Enum.map", "Stream.each", "Enum.flat_map"})
_ELIXIR = frozenset(
    {"Application", "Code", "Enum", "IO", "Keyword", "List", "Logger", "Map", "Mix"}
)
_SPOKEN = frozenset({"index", "unique_index", "constraint", "table", "references", "fragment"})
_HARMLESS = frozenset({"flush", "import", "alias", "require", "raise", "comment", "disable"})


Functions = Mapping[tuple[str, int], Sequence[Function]]  # by name and arity


class Run:
    """One direction. `lines` holds the lines of the `create` or `alter` that is being read."""

    def __init__(self, module: Module, functions: Functions, direction: str) -> None:
        self.module = module
        self.functions = functions
        self.direction = direction
        self.done: list[AnyOperation] = []
        self.lines: list[Change] | None = None
        self.vague = False  # whether the lines do not say all
        self.timestamps = False
        self.steps = 0

    def block(self, nodes: Sequence[Node], scope: Scope, conditional: bool, depth: int) -> Scope:
        """Run statements one after the other; the answer holds the variables they bound."""
        for node in nodes:
            self.steps += 1
            if self.steps > STEPS or depth > DEPTH:
                self.done.append(Unknown(node.span, conditional))
                return scope
            scope = self.statement(node, scope, conditional, depth)
        return scope

    def statement(self, node: Node, scope: Scope, conditional: bool, depth: int) -> Scope:
        match node:
            case Match():
                inner = self.statement(node.right, scope, conditional, depth + 1)
                value = migration_objects.read(node.right, inner)
                return scope.bind(bindings(node.left, value))
            case Block():
                return self.block(node.children, scope, conditional, depth + 1)
            case Pipe():
                if isinstance(node.left, Pipe):
                    scope = self.statement(node.left, scope, conditional, depth + 1)
                if isinstance(node.right, Call):
                    self.call(node.right, scope, conditional, depth)
            case Call():
                self.call(node, scope, conditional, depth)
            case Identifier(name):
                self.enter(name, [], scope, conditional, depth)
        return scope

    def call(self, call: Call, scope: Scope, conditional: bool, depth: int) -> None:
        name = call.name
        if call.receiver is not None:
            self.remote(call, scope, conditional, depth)
        elif name in _LINES or name == "timestamps":
            self.line(call, scope, conditional)
        elif name in ("create", "create_if_not_exists"):
            self.create(call, scope, conditional, depth)
        elif name == "alter":
            self.alter(call, scope, conditional, depth)
        elif name in ("drop", "drop_if_exists"):
            self.drop(call, scope, conditional)
        elif name == "rename":
            self.rename(call, scope, conditional)
        elif name == "execute":
            self.execute(call, scope, conditional, depth)
        elif name in ("if", "unless"):
            self.condition(call, scope, conditional, depth)
        elif name in ("case", "cond", "with", "try"):
            self.branches(call, scope, conditional, depth)
        elif name == "for":
            self.comprehension(call, scope, conditional, depth)
        else:
            self.enter(name, call.arguments, scope, conditional, depth)
            own = (name, len(call.arguments)) in self.functions or name in _HARMLESS | _SPOKEN
            if not own and self.lines is None:
                key = ("", name, len(call.arguments))  # what an import brings may do anything
                self.done.append(ChangeData(call.name_span, conditional, name, function=key))

    def remote(self, call: Call, scope: Scope, conditional: bool, depth: int) -> None:
        arguments = call.arguments
        if call.name in _QUERIES and arguments:
            texts = (migration_objects.sql(one, scope) for one in arguments[:2])
            sql = next(filter(None, texts), "")
            self.done.extend(migration_sql.operations(sql, call.name_span, conditional))
        elif call.dotted in _LOOPS and len(arguments) == 2:
            items = migration_objects.read(arguments[0], scope)
            self.each(items, arguments[1], scope, conditional, depth)
        elif self.lines is not None:
            self.vague = True
        else:
            self.done.extend(migration_data.changes(call, self.module, conditional))
            if call.module and call.module.partition(".")[0] not in _ELIXIR:
                values = [migration_objects.read(one, scope) for one in arguments]
                self.foreign(arguments, values, conditional)
            if call.name in _AROUND and arguments:
                self.apply(arguments[0], [], scope, conditional, depth)

    # Tables and their columns

    def inside(
        self, nodes: Sequence[Node], scope: Scope, depth: int
    ) -> tuple[tuple[Change, ...], bool, bool]:
        """The lines of a block, whether there may be more, and whether it has `timestamps`."""
        outer = (self.lines, self.vague, self.timestamps)
        self.lines, self.vague, self.timestamps = [], False, False
        self.block(nodes, scope, False, depth + 1)
        found = (tuple(self.lines), self.vague, self.timestamps)
        self.lines, self.vague, self.timestamps = outer
        return found

    def line(self, call: Call, scope: Scope, conditional: bool) -> None:
        if self.lines is None:
            return
        if call.name == "timestamps":
            self.timestamps = True
            changes = list(migration_objects.timestamps(call, scope))
        else:
            change = migration_objects.change(call, scope)
            changes = [] if change is None else [change]
        self.vague |= conditional or any(not one.column.name for one in changes)
        self.lines.extend(one for one in changes if one.column.name)

    def create(self, call: Call, scope: Scope, conditional: bool, depth: int) -> None:
        arguments = call.arguments
        made = migration_objects.read(arguments[0], scope) if arguments else UNKNOWN
        span, softly = call.name_span, call.name == "create_if_not_exists"
        match made:
            case Index():
                self.done.append(CreateIndex(span, conditional, made, softly))
            case Constraint(table, name, check, exclude, validate):
                self.done.append(
                    CreateConstraint(span, conditional, table, name, check, exclude, validate)
                )
            case Table(table, key):
                lines, vague, stamps = self.inside(call.body, scope, depth)
                columns = (*key, *(one.column for one in lines))
                self.done.append(
                    CreateTable(span, conditional, table, columns, softly, stamps, vague)
                )
            case _:
                self.done.append(Unknown(span, conditional))

    def alter(self, call: Call, scope: Scope, conditional: bool, depth: int) -> None:
        arguments = call.arguments
        table = migration_objects.read(arguments[0], scope) if arguments else UNKNOWN
        span = call.name_span
        name = table.name if isinstance(table, Table) else TableName("")
        lines, vague, stamps = self.inside(call.body, scope, depth)
        self.done.append(AlterTable(span, conditional, name, lines, stamps))
        if vague or not name.name:
            self.done.append(Unknown(span, conditional, name))

    def drop(self, call: Call, scope: Scope, conditional: bool) -> None:
        arguments = call.arguments
        gone = migration_objects.read(arguments[0], scope) if arguments else UNKNOWN
        span = call.name_span
        match gone:
            case Index():
                self.done.append(DropIndex(span, conditional, gone))
            case Constraint(table=table, name=name):
                self.done.append(DropConstraint(span, conditional, table, name))
            case Table(table):
                self.done.append(DropTable(span, conditional, table))
            case _:
                self.done.append(Unknown(span, conditional))

    def rename(self, call: Call, scope: Scope, conditional: bool) -> None:
        arguments = call.arguments
        subject = migration_objects.read(arguments[0], scope) if arguments else UNKNOWN
        to = migration_objects.read(call.keyword("to"), scope)
        span = call.name_span
        match subject, to:
            case Index(), str():
                self.done.append(RenameIndex(span, conditional, subject, str(to)))
            case Table(table), Table(other):
                self.done.append(RenameTable(span, conditional, table, other))
            case Table(table), str():
                column = migration_objects.read(arguments[1], scope)
                if isinstance(column, str):
                    self.done.append(RenameColumn(span, conditional, table, str(column), str(to)))
                else:
                    self.done.append(Unknown(span, conditional, table))
            case Table(table), _:
                self.done.append(Unknown(span, conditional, table))
            case _:
                self.done.append(Unknown(span, conditional))

    # SQL

    def execute(self, call: Call, scope: Scope, conditional: bool, depth: int) -> None:
        arguments = call.arguments
        if not arguments:
            return
        up, *rest = [self.text(one, scope) or None for one in arguments[:2]]
        down = rest[0] if rest else None
        self.run(Execute(call.name_span, conditional, up, down, len(arguments)))
        if up is None:
            self.apply(arguments[0], [], scope, conditional, depth)

    def run(self, execute: Execute) -> None:
        self.done.append(execute)
        self.done.extend(
            migration_sql.operations(execute.up or "", execute.span, execute.conditional)
        )

    def text(self, node: Node, scope: Scope) -> str:
        """SQL that is written here, or that a function of the module returns."""
        found = migration_objects.sql(node, scope)
        if found or not isinstance(node, (Call, Identifier)):
            return found
        arguments = node.arguments if isinstance(node, Call) else []
        values = [migration_objects.read(one, scope) for one in arguments]
        clauses = self.functions.get((node.name, len(values)), [])
        if len(clauses) != 1 or not clauses[0].body:
            return ""
        return migration_objects.sql(clauses[0].body[-1], self.inner(clauses[0], values))

    def inner(self, function: Function, values: Sequence[Value]) -> Scope:
        """What the names in a function mean that is called with values."""
        bound: dict[str, Value] = {}
        for pattern, value in zip(function.parameters, values, strict=True):
            bound.update(bindings(pattern, value))
        return Scope(self.module, bound)

    # Where statements lead

    def condition(self, call: Call, scope: Scope, conditional: bool, depth: int) -> None:
        written = call.written_arguments
        holds = self.decided(written[0]) if written else None
        if holds is not None and call.name == "unless":
            holds = not holds
        if holds is not False:
            self.block(call.body, scope, conditional or holds is None, depth + 1)
        if holds is not True:
            self.block(call.section("else"), scope, conditional or holds is None, depth + 1)

    def decided(self, condition: Node) -> bool | None:
        """Whether a condition on `direction()` holds; None for any other."""
        if isinstance(condition, BinaryOperator) and condition.operator in ("==", "==="):
            sides = (condition.left, condition.right)
            if any(
                isinstance(one, (Call, Identifier)) and one.name == "direction" for one in sides
            ):
                return any(one.text == f":{self.direction}" for one in sides)
        return None

    def branches(self, call: Call, scope: Scope, conditional: bool, depth: int) -> None:
        written = call.written_arguments
        subject = written[0] if written else None
        by_direction = isinstance(subject, (Call, Identifier)) and subject.name == "direction"
        for clause in call.clauses():
            chosen = by_direction and [one.text for one in clause.patterns] == [
                f":{self.direction}"
            ]
            if chosen or not by_direction:
                self.block(clause.body, scope, conditional or not chosen, depth + 1)
        if call.name in ("with", "try"):
            self.block(call.body, scope, True, depth + 1)

    def comprehension(self, call: Call, scope: Scope, conditional: bool, depth: int) -> None:
        scopes = [scope]
        for one in call.written_arguments:
            if isinstance(one, BinaryOperator) and one.operator == "<-":
                scopes = [
                    inner.bind(bindings(one.left, item))
                    for inner in scopes
                    for item in _items(migration_objects.read(one.right, inner))
                ][:STEPS]
            elif one.kind != "keywords":
                conditional = True
        for inner in scopes:
            self.block(call.body, inner, conditional, depth + 1)

    def each(
        self, items: Value, function: Node, scope: Scope, conditional: bool, depth: int
    ) -> None:
        for item in _items(items):
            self.apply(function, [item], scope, conditional, depth)

    def apply(
        self, function: Node, values: list[Value], scope: Scope, conditional: bool, depth: int
    ) -> None:
        """Call `fn … end` or `&name/1` with values."""
        match function:
            case AnonymousFunction():
                several = len(function.clauses) > 1
                for clause in function.clauses:
                    bound: dict[str, Value] = {}
                    for pattern, value in zip(clause.patterns, values, strict=False):
                        bound.update(bindings(pattern, value))
                    self.block(clause.body, scope.bind(bound), conditional or several, depth + 1)
            case Capture() if function.function is not None:
                target, _ = function.function
                if isinstance(target, Call) and target.receiver is not None:
                    self.done.extend(migration_data.changes(target, self.module, conditional))
                    return
                name = target.name if isinstance(target, (Call, Identifier)) else ""
                if name == "execute" and values and isinstance(values[0], str):
                    self.run(Execute(function.span, conditional, str(values[0])))
                else:
                    self.invoke(name, values, conditional, depth)
            case Capture() if isinstance(function.operand, (Call, Pipe)):
                self.statement(function.operand, scope, conditional, depth + 1)

    def enter(
        self, name: str, arguments: Sequence[Node], scope: Scope, conditional: bool, depth: int
    ) -> None:
        """Call a function of the module; what is not defined there can only matter in a block."""
        values = [migration_objects.read(one, scope) for one in arguments]
        if not self.invoke(name, values, conditional, depth) and name not in _HARMLESS:
            self.vague |= self.lines is not None
            if name not in _SPOKEN:
                self.foreign(arguments, values, conditional)

    def foreign(
        self, arguments: Sequence[Node], values: Sequence[Value], conditional: bool
    ) -> None:
        """A function of another module is told a table, of which it may make anything."""
        for node, value in zip(arguments, values, strict=True):
            if self.lines is None and isinstance(value, Name):
                self.done.append(Unknown(node.span, conditional, TableName(str(value))))

    def invoke(self, name: str, values: list[Value], conditional: bool, depth: int) -> bool:
        clauses = self.functions.get((name, len(values)), [])
        fitting = [one for one in clauses if _fits(one, values)]
        for function in fitting:
            scope = self.inner(function, values)
            self.block(function.body, scope, conditional or len(fitting) > 1, depth + 1)
        return bool(clauses)


def _items(value: Value) -> Iterator[Value]:
    """The elements of a list; of an unknown one a single unknown element."""
    return iter(value) if isinstance(value, list) else iter([UNKNOWN])


def _fits(function: Function, values: Sequence[Value]) -> bool:
    """Whether a clause can be the one that is called: its literal parameters equal the values."""
    for pattern, value in zip(function.parameters, values, strict=True):
        expected = value_of(pattern, Scope())
        if expected is not UNKNOWN and value is not UNKNOWN and expected != value:
            return False
    return True
