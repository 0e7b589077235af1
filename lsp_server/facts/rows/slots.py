"""What components give their slots: `render_slot(col, row)` for each of the rows of a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from lsp_server.document import Document
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.index import Index, join
from lsp_server.facts.pages.components import FunctionComponent
from lsp_server.facts.pages.live_modules import rendering
from lsp_server.facts.pages.template_owners import template_owners
from lsp_server.facts.rows.expressions import UNKNOWN, Expression, field, replaced
from lsp_server.facts.rows.reader import Reader
from lsp_server.role import Role
from lsp_server.syntax.elixir import Call, ModuleAttribute
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.outline import Form
from lsp_server.text import Span

_ROLES = frozenset({Role.LIB, Role.TEMPLATE})
_DEEPEST = 4  # components that hand their slot on to another


class SlotRendered(Fact):
    """One `render_slot(slot, value)` of a component, the value in terms of its assigns.

    `through`: the attribute with the function that the value goes through, `@row_item.(row)`.
    The module is empty in a template file.
    """

    module: str
    function: str
    slot: str
    value: Expression
    through: str
    span: Span


@collects(SlotRendered)
def collect_slots(document: Document) -> Iterator[SlotRendered]:
    """The slots that the components of a file render with a value."""
    if document.role not in _ROLES or b"render_slot" not in document.source:
        return
    if document.template is not None:
        name = PurePosixPath(document.path).name.partition(".")[0]
        yield from _rendered(document, None, document.template, "", name)
        return
    for form in document.forms:
        function = form.function
        if function is not None and b"render_slot" in form.bytes:
            for layer in form.templates:
                yield from _rendered(document, form, layer, form.module.name, function.name)


def _rendered(
    document: Document, form: Form | None, layer: TemplateLayer, module: str, name: str
) -> Iterator[SlotRendered]:
    for call in layer.index.calls("render_slot"):
        if call.receiver is not None or len(call.arguments) != 2:
            continue
        slot, value = call.arguments
        reader, through = Reader(document.path, form, layer), ""
        given = reader.read(slot)
        while given.kind == "each":
            given = given.args[0]
        if given.kind != "assign":
            continue
        if isinstance(value, Call) and isinstance(value.receiver, ModuleAttribute):
            if not value.name and len(value.written_arguments) == 1:
                through = value.receiver.name
                value = value.written_arguments[0]
        found = reader.fresh().read(value)
        yield SlotRendered(module, name, given.name, found, through, call.callee_span)


class Slots:
    """What `:let` of a tag binds, where its component shows it."""

    def __init__(self, index: Index) -> None:
        owners = template_owners(index)
        self._tags = {
            (caller.path, caller.span): target
            for target, callers in rendering(index).callers.items()
            for caller in callers
        }
        self._rendered: dict[tuple[str, str, str], list[SlotRendered]] = {}
        for path, one in index.of(SlotRendered):
            module, function = one.module, one.function
            if not module and path in owners:
                owner, function = owners[path]
                module = owner.name
            self._rendered.setdefault((module, function, one.slot), []).append(one)
        self._unchanged = {
            (one.module, one.name, attr.name)
            for _, one in index.of(FunctionComponent)
            for attr in one.attrs
            if attr.default in ("&Function.identity/1", "& &1", "&(&1)")
        }

    def resolved(self, expression: Expression, depth: int = 0) -> Expression:
        """The expression with what slots are given in terms of the template that has the tag."""

        def value(one: Expression) -> Expression | None:
            return self._value(one, depth) if one.kind == "slot" else None

        return replaced(expression, value)

    def _value(self, slot: Expression, depth: int) -> Expression:
        target = self._tags.get((slot.path, slot.span))
        if target is None or depth >= _DEEPEST:
            return UNKNOWN
        found = self._rendered.get((*target, slot.name), [])
        if not found or any(one.value != found[0].value for one in found):
            return UNKNOWN
        attributes = slot.args[0]
        names = {pair.name for pair in attributes.args}
        for one in found:
            if one.through and (
                one.through in names or (*target, one.through) not in self._unchanged
            ):
                return UNKNOWN

        def given(one: Expression) -> Expression | None:
            if one.kind == "slot":
                return self._value(one, depth + 1)
            if one.kind in ("assign", "stream", "assigns", "param"):
                return field(attributes, one.name) if one.kind == "assign" else UNKNOWN
            return None

        return self.resolved(replaced(found[0].value, given), depth + 1)


@join(SlotRendered, FunctionComponent, rendering, template_owners)
def slots(index: Index) -> Slots:
    """What the slots of the project's components are given."""
    return Slots(index)
