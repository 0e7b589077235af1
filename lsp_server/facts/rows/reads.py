"""How rows of the database go through a project: what functions return, what they hand on to other
functions, templates and assigns, and where associations of rows are read."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from lsp_server.document import Document, Language
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.rows.expressions import FREE, UNKNOWN, Expression, holds, parts
from lsp_server.facts.rows.handovers import (
    Passing,
    assigned,
    components,
    looped,
    passed,
    rendered,
)
from lsp_server.facts.rows.lists import listed, mentions
from lsp_server.facts.rows.patterns import Place, place_of
from lsp_server.facts.rows.reader import Reader
from lsp_server.facts.rows.returns import RowsReturned, returned
from lsp_server.facts.sightings import forms_calling, forms_with
from lsp_server.role import Role
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import BinaryOperator, Call, Dot, Identifier
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.names import module_text
from lsp_server.syntax.node import Node, cast
from lsp_server.syntax.outline import Form
from lsp_server.text import Span


class RowRead(Fact):
    """One read of `text` (`post.author`) in a way that only a loaded association allows.

    `root` is what stands before the last dot, `name` what may be an association. `conditional`: it
    stands under an `if` or its like. The function is the clause or template that it stands in;
    `module` is empty in a template file, and `name` of `render("x.json", …)` is `x.json`. `shown`
    is the view or JSON module that is given it as a row.
    """

    module: str
    function: str
    arity: int
    name: str
    root: Expression
    text: str
    conditional: bool
    span: Span
    shown: str = ""


class LoadedAsked(Fact):
    """A module in a file that asks whether associations are loaded."""

    module: str


class RowsGiven(Fact):
    """Values that a function or template hands on.

    `kind` is `call` (to the function `target`, `name` with the arguments `args`), `component` (the
    attributes of the tag at `span` are the map `args[0]`), `render` (`args[0]` for the template
    `name` of a controller's view), `assign` or `stream` (`args[0]` under the key `name`).
    """

    module: str
    function: str
    arity: int
    kind: str
    target: str
    name: str
    args: tuple[Expression, ...]
    span: Span


# Each begins with a literal, which the search skips to. The name is group 1.
_READS = (
    re.compile(rb"\.([a-z_]\w*)(?=\.[a-z_]|\s*\|>| \+\+ )"),
    re.compile(rb"<-\s*@?[a-z_]\w*(?:\.[a-z_]\w*)*\.([a-z_]\w*)(?![\w(.?!])"),
    re.compile(rb"Enum\.\w+[?!]?\([^\n(),]*(?:\([^\n()]*\))?\.([a-z_]\w*)(?=[,)])"),
    re.compile(rb"Stream\.\w+\([^\n(),]*(?:\([^\n()]*\))?\.([a-z_]\w*)(?=[,)])"),
    re.compile(rb"List\.\w+\([^\n(),]*(?:\([^\n()]*\))?\.([a-z_]\w*)(?=[,)])"),
    re.compile(rb"length\([^\n()]*(?:\([^\n()]*\))?\.([a-z_]\w*)\)"),
    re.compile(rb"hd\([a-z_]\w*\.([a-z_]\w*)\)"),
    re.compile(rb" = [a-z_]\w*\.([a-z_]\w*)(?:\r?\n|;)"),
    re.compile(rb"& ?&1\.([a-z_]\w*)\)"),
    re.compile(rb"render_(?:one|many)\([a-z_]\w*\.([a-z_]\w*)(?=,)"),
    re.compile(rb"(?:JSON|View)\.[a-z_]\w*\([a-z_]\w*\.([a-z_]\w*)(?=[,)])"),
)
_VIEW = re.compile(r"(?:JSON|View)$")
_PATTERN = re.compile(
    rb"%(?:[A-Z][\w.]*)?\{([^{}\n]*: [a-z_][^{}\n]*)\}(?=(?: = [a-z_]\w*)?(?:,[^\n()]*)?"
    rb"(?: <-| ->| = |\)(?:,| when| do\b)))"
)
_FIELD = re.compile(rb"\b([a-z]\w*): ([a-z]\w*)(?=,|$)")
# What stands before and after a variable that is used as one or more rows. No pattern with the
# name in it: to compile one takes as long as to read a file.
_LOOPING_OVER = re.compile(rb"(?<![\w.:@&%])(?:(?:Enum|Stream)\.\w+[?!]?|length)\(\Z")
_PART = frozenset((b"_", b".", b":", b"@", b"&", b"%"))
_AFTER = re.compile(rb"\.[a-z_]|\s*\|> *(?:Enum|Stream)")
# Names that are no associations but stand between dots all the time.
_PLAIN = frozenset(
    b"assigns streams uploads params private query_params path_params changes errors entries "
    b"form socket inserted_at updated_at conn".split()
)
_SETTING = frozenset(b"assign assign_new assign_async stream".split())
_RENDERING = frozenset(b"render render_many render_one".split())
_LOOPING = frozenset(
    b"for map each flat_map map_join reduce filter reject sort_by group_by new find any? all? "
    b"into sum_by max_by min_by uniq_by frequencies_by".split()
)
_DELEGATION = b"defdelegate"
_DEFINITIONS = frozenset({b"def", b"defp"})
_UNSURE = (b"assoc_loaded?", b"NotLoaded")
_CHOOSING = frozenset({"if", "unless", "case", "cond"})
_ROLES = frozenset({Role.LIB, Role.TEMPLATE})

Where = tuple[Form | None, TemplateLayer | None]


@collects(RowRead, RowsGiven, RowsReturned, LoadedAsked)
def collect_rows(document: Document) -> Iterator[Fact]:
    """What a file says of rows."""
    if document.role not in _ROLES:
        return
    if document.template is not None:
        place = "", PurePosixPath(document.path).name.partition(".")[0], 1
        layer = document.template
        if not any(sign in document.source for sign in _UNSURE):
            yield from _reads(document, [(layer.span, place, (None, layer))])
        yield from _components(document, place, None, layer)
    elif document.language is Language.ELIXIR:
        yield from _Collector(document).facts()


class _Collector:
    """Collects the facts of one Elixir file."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.path = document.path
        self.forms = [one for one in document.forms if one.function is not None and one.module.name]
        self.templated = [one for one in self.forms if b"~" in one.bytes and one.templates]

    def facts(self) -> Iterator[Fact]:
        """All of them."""
        found: list[RowsGiven] = []
        wanted: dict[tuple[Place, int], None] = {}
        for fact in self._stated():
            yield fact
            if isinstance(fact, RowRead):
                positions = _positions([fact.root])
            elif isinstance(fact, RowsGiven):
                found.append(fact)
                depends = any(holds(one, "param") for one in fact.args)
                positions = _positions(fact.args) if depends else set()
            else:
                continue
            place = fact.module, fact.function, fact.arity
            wanted.update(((place, position), None) for position in positions)
        yield from self._callers({one.span for one in found}, wanted)

    def _stated(self) -> Iterator[RowRead | RowsGiven | RowsReturned | LoadedAsked]:
        if not any(sign in self.document.source for sign in _UNSURE):
            yield from _reads(self.document, self._spans())
        else:
            for module in self.document.modules:
                yield LoadedAsked(module.name)
        live = b"live_" in self.document.source or b"Live" in self.document.source
        for form in self.forms:
            function = form.function
            if function is None or form.callee not in _DEFINITIONS:
                if form.callee == _DELEGATION:
                    yield from self._delegated(form)
                continue
            names = form.index.raw_calls.keys()
            if live and not _SETTING.isdisjoint(names):
                yield from self._handed_on(form, "assign")
            if not _RENDERING.isdisjoint(names):
                yield from self._handed_on(form, "render")
            if not _LOOPING.isdisjoint(names):
                yield from self._handed_on(form, "loop")
            yield from returned(form, function, self.path)
            for layer in form.templates if b"~H" in form.bytes else ():
                yield from _components(self.document, place_of(form), form, layer)
        yield from self._lists()

    def _spans(self) -> Iterator[tuple[Span, Place, Where]]:
        for form in self.forms:
            yield form.span, place_of(form), (form, None)

    def _handed_on(self, form: Form, what: str) -> Iterator[RowsGiven]:
        reader = Reader(self.path, form)
        find = {"assign": assigned, "render": rendered, "loop": looped}[what]
        for kind, target, name, args, span in find(form, reader):
            yield RowsGiven(*place_of(form), kind, target, name, args, span)

    def _lists(self) -> Iterator[RowsGiven]:
        starts = [form.span.start for form in self.forms]
        for name in mentions(self.document.source):
            at = bisect_right(starts, name.start) - 1
            if at >= 0 and name.end <= self.forms[at].span.end:
                form = self.forms[at]
                given = listed(form, Reader(self.path, form), name)
                for kind, target, called, args, span in () if given is None else (given,):
                    yield RowsGiven(*place_of(form), kind, target, called, args, span)

    def _delegated(self, form: Form) -> Iterator[RowsReturned]:
        function = form.function
        if function is None:
            return
        reader = Reader(self.path, form)
        target = reader.read(function.call.keyword("to"))
        if target.kind != "schema":
            return
        renamed = reader.read(function.call.keyword("as"))
        name = renamed.name if renamed.kind == "atom" else function.name
        args = tuple(Expression("param", str(at)) for at in range(function.arity))
        call = Expression("call", name, args, target.name, function.name_span, self.path)
        yield RowsReturned(*place_of(form), call, (), function.name_span)

    def _callers(
        self, known: set[Span], wanted: dict[tuple[Place, int], None]
    ) -> Iterator[RowsGiven]:
        """Who in this file calls the functions that do something with what they are given, and what
        with: only arguments that matter there are read, half of all."""
        calls: dict[Place, list[tuple[Form, Passing]]] = {}
        given: dict[Span, tuple[Place, Place, Passing, dict[int, Expression]]] = {}
        pending = list(wanted)
        for target, position in pending:  # grows while it is read
            if target not in calls:
                calls[target] = [one for one in self._calls(target) if one[1].span not in known]
            for form, call in calls[target]:
                if not 0 <= position < len(call.given):
                    continue
                place = place_of(form)
                values = given.setdefault(call.span, (place, target, call, {}))[-1]
                if position in values:
                    continue
                values[position] = call.read(position)
                for one in _positions([values[position]]):
                    if (place, one) not in wanted:
                        wanted[place, one] = None
                        pending.append((place, one))
        for span, (place, (module, name, _), call, values) in given.items():
            if any(one.kind != "unknown" for one in values.values()):
                args = tuple(values.get(at, UNKNOWN) for at in range(len(call.given)))
                yield RowsGiven(*place, "call", module, name, args, span)

    def _calls(self, place: Place) -> Iterator[tuple[Form, Passing]]:
        """The calls of a function in this file, and its captures."""
        module, name, arity = place
        callee = name.encode()
        forms = {*forms_calling(self.document, {callee})}
        forms.update(forms_with(self.document, f"&{name}/{arity}".encode()))
        for form in self.templated:
            if any(callee in layer.index.raw_calls for layer in form.templates):
                forms.add(form)
        for form in sorted(forms, key=lambda one: one.raw.start_byte):
            if form.module.name == module and form.function is not None:
                for call in passed(form, self.path, name, arity):
                    yield form, call


def _positions(values: Iterable[Expression]) -> set[int]:
    """The parameters that values are made of; the assigns are the first one of a component."""
    return {
        int(part.name) if part.kind == "param" else 0
        for value in values
        for part in parts(value)
        if part.kind in FREE
    }


def _components(
    document: Document, place: Place, form: Form | None, layer: TemplateLayer
) -> Iterator[RowsGiven | RowRead]:
    """What the tags of components are given; an association among that is read there too."""
    unsure = any(sign in document.source for sign in _UNSURE)
    for name, attributes, span in components(layer, Reader(document.path, form, layer)):
        yield RowsGiven(*place, "component", "", name, (attributes,), span)
        for pair in () if unsure else attributes.args:
            value = pair.args[0]
            if value.kind == "field":
                text = pair.span.slice(document.source).decode("utf-8", "replace")
                if re.fullmatch(r"@?\w+(\.\w+)+", text):
                    yield RowRead(*place, value.name, value.args[0], text, True, pair.span)


def _reads(
    document: Document, spans: Iterator[tuple[Span, Place, Where]] | list[tuple[Span, Place, Where]]
) -> Iterator[RowRead]:
    source = document.source
    names = {
        match.span(1)
        for pattern in _READS
        for match in pattern.finditer(source)
        if match[1] not in _PLAIN
    }
    found = sorted(names.union(_taken_apart(source)))
    if not found:
        return
    places = sorted(spans, key=lambda one: one[0].start)
    starts = [one[0].start for one in places]
    for start, end in found:
        at = bisect_right(starts, start) - 1
        if at < 0 or places[at][0].end < end:
            continue
        _, place, (form, layer) = places[at]
        if layer is None and form is not None and b"~" in form.bytes:
            layer = next((one for one in form.templates if one.span.covers(Span(start, end))), None)
        read = _read(document, Span(start, end), place, form, layer)
        if read is not None:
            yield read


def _taken_apart(source: bytes) -> Iterator[tuple[int, int]]:
    """The first use of each variable that a pattern binds to a field: `%{author: author}`."""
    for pattern in _PATTERN.finditer(source):
        after = pattern.end()
        end = source.find(b"\n  end", after)
        end = len(source) if end < 0 else end
        for key, name in _FIELD.findall(pattern[1]):
            if key in _PLAIN or not _is_used(name, source, after, end):
                continue
            use = _first_use(name, source, after, end)
            if use >= 0:
                yield use, use + len(name)


def _first_use(name: bytes, source: bytes, start: int, end: int) -> int:
    """Where a variable is first used as one or more rows; -1 where it is not."""
    at = source.find(name, start, end)
    while at >= 0:
        before, after = source[max(start, at - 60) : at], at + len(name)
        following = source[after : after + 1]
        if before.endswith(b"<- "):
            used = following != b"." and not (following.isalnum() or following == b"_")
        elif before.endswith(b"("):
            used = following in (b",", b")") and _LOOPING_OVER.search(before) is not None
        else:
            used = False
        if not used and before[-1:] not in _PART and not before[-1:].isalnum():
            used = _AFTER.match(source, after, end) is not None
        if used:
            return at
        at = source.find(name, after, end)
    return -1


def _is_used(name: bytes, source: bytes, start: int, end: int) -> bool:
    """Whether a use of a variable as one or more rows is possible at all."""
    ways = (name + b".", name + b" |>", name + b"\n", b"<- " + name, b"(" + name)
    return any(source.find(way, start, end) >= 0 for way in ways)


def _read(
    document: Document, name: Span, place: Place, form: Form | None, layer: TemplateLayer | None
) -> RowRead | None:
    tree = document.tree if layer is None else layer.tree
    raw = tree.raw.root_node.named_descendant_for_byte_range(name.start, name.end)
    node = None if raw is None else cast(raw, tree)
    reader = Reader(document.path, form, layer)
    dot = None if node is None else node.parent
    if isinstance(node, Identifier) and (not isinstance(dot, Dot) or dot.start == node.start):
        return _of_variable(node, reader, place)
    call = dot.parent if isinstance(dot, Dot) else None
    if not isinstance(call, Call) or not call.is_field_access or call.name_span != name:
        return None
    root = reader.read(call.receiver)
    if not _may_be_rows(root):
        return None
    written, shown = "".join(call.text.split()), _shown(call, form)
    conditional = _is_conditional(call, layer)
    return RowRead(*place, call.name, root, written, conditional, call.span, shown)


def _shown(value: Call, form: Form | None) -> str:
    """The view or JSON module whose function is given a value."""
    arguments = value.parent
    call = None if arguments is None or arguments.kind != "arguments" else arguments.parent
    if form is None or not isinstance(call, Call):
        return ""
    module = call.module or ""
    if call.name in ("render_one", "render_many") and len(call.arguments) > 1:
        module = module_text(call.arguments[1])
    return form.names_at(value.start).expand(module) if _VIEW.search(module) else ""


def _of_variable(variable: Identifier, reader: Reader, place: Place) -> RowRead | None:
    """What a variable is that a pattern binds to a field."""
    value = reader.read(variable)
    if value.kind != "field" or not _may_be_rows(value.args[0]):
        return None
    conditional = _is_conditional(variable, reader.layer)
    return RowRead(*place, value.name, value.args[0], variable.name, conditional, variable.span)


def _may_be_rows(root: Expression) -> bool:
    kinds = {one.kind for one in parts(root)}
    return root.kind not in ("unknown", "assigns") and not kinds.isdisjoint(
        ("call", "param", "assign", "stream", "schema")
    )


def _is_conditional(node: Node, layer: TemplateLayer | None) -> bool:
    for outer in node.ancestors():
        match outer:
            case Call() if outer.receiver is None and outer.name in _CHOOSING:
                return True
            case BinaryOperator("&&" | "and" | "||" | "or"):
                return True
    around = () if layer is None else heex.path_to(layer.template, node.start)
    return any(type(one) is heex.Tag and one.attribute(":if") is not None for one in around)
