"""What tags of templates bind: `:for`, and `:let` of components and their slots."""

from __future__ import annotations

from typing import Protocol

from lsp_server.facts.rows.expressions import UNKNOWN, Expression, field
from lsp_server.facts.rows.patterns import each, reach, way_to
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import BinaryOperator, Identifier
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.node import Node


class Reader(Protocol):
    """What reads the expressions of a template."""

    path: str
    layer: TemplateLayer | None

    def read(self, node: Node | None, depth: int = 0) -> Expression:
        """The expression that a node is."""
        ...


def bound_by_tag(reader: Reader, variable: Identifier, depth: int) -> tuple[int, Expression] | None:
    """What `:for` or `:let` of a tag around a place in a template binds a variable to, and where
    the tag begins."""
    layer = reader.layer
    if layer is None:
        return None
    path = heex.path_to(layer.template, variable.start)
    tags = [one for one in path if type(one) is heex.Tag]
    while tags:
        tag = tags.pop()
        loop = tag.attribute(":for")
        if loop is not None and isinstance(loop.value, heex.Braces):
            expression = loop.value.expression
            generator = layer.expression(expression)
            if isinstance(generator, BinaryOperator) and generator.operator == "<-":
                way = way_to(generator.left, variable.name)
                if way is not False and (
                    variable.start >= expression.end or variable.start < loop.span.start
                ):
                    value = each(reader.read(generator.right, depth + 1))
                    return tag.span.start, reach(value, way)
        let = tag.attribute(":let")
        if let is not None and isinstance(let.value, heex.Braces):
            pattern = layer.expression(let.value.expression)
            if pattern is not None and variable.start >= tag.opening.end:
                way = way_to(pattern, variable.name)
                if way is not False:
                    outer = tags[-1] if tags else tag
                    return tag.span.start, reach(_let(reader, tag, outer, depth), way)
    return None


def _let(reader: Reader, tag: heex.Tag, around: heex.Tag, depth: int) -> Expression:
    """What a component gives its slot: of `<.async_result :let={posts} assign={@posts}>` the
    result, of others what they say, by the attributes of their tag."""
    if tag.local_name == "async_result":
        return field(_attribute(reader, tag, "assign", depth), "result")
    is_slot = tag.kind is heex.TagKind.SLOT
    component = around if is_slot else tag
    if not component.is_component:
        return UNKNOWN
    pairs = tuple(
        Expression("pair", one.name, (_attribute(reader, component, one.name, depth),))
        for one in component.attributes
        if isinstance(one, heex.Attribute) and not one.name.startswith(":")
    )
    given = Expression("map", args=pairs)
    slot = tag.local_name if is_slot else "inner_block"
    return Expression("slot", slot, (given,), span=component.name_span, path=reader.path)


def _attribute(reader: Reader, tag: heex.Tag, name: str, depth: int) -> Expression:
    given = tag.attribute(name)
    if given is None or not isinstance(given.value, heex.Braces) or reader.layer is None:
        return UNKNOWN
    return reader.read(reader.layer.expression(given.value.expression), depth + 1)
