"""The options of a link helper as attributes of `<.link>`, also where not all are written out.

What `Phoenix.HTML.Link` of Phoenix.HTML 3.1 and phoenix_html_helpers 1.0 do with a keyword list
decides: `to:` is taken out, the first of a doubled key counts. `<.link {rest}>` of LiveView 0.18 to
1.2 takes a keyword list whose keys may hold underscores; attributes that are written out win over
it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from lsp_server.syntax.elixir import BinaryOperator, Call, Pipe, strip_parentheses
from lsp_server.syntax.literals import Atom, Keywords, List, Pair, String
from lsp_server.syntax.node import Node
from lsp_server.syntax.template_edits import (
    SPREAD,
    AttributeRules,
    HeexAttribute,
    Unsure,
    attribute,
    attributes,
    balanced,
    brace_safe,
)

_DEEPEST = 8  # joins of options in each other
# What can be read twice: a variable, an assign, a field of one.
_PLAIN = re.compile(r"@?[a-z_]\w*[?!]?(?:\.[a-z_]\w*[?!]?)*")


@dataclass(frozen=True)
class LinkOptions:
    """Options that are written out, and the expression that gives the others, if there is one.

    What is `written` wins over the expression, the `defaults` count only where it has them not.
    `to` is a target that `Keyword.put` has put in.
    """

    written: tuple[Keywords, ...] = ()
    rest: Node | None = None
    defaults: tuple[Keywords, ...] = ()
    to: Node | None = None

    @property
    def is_literal(self) -> bool:
        """Whether all options are written out."""
        return self.rest is None

    def get(self, key: str) -> Node | None:
        """The value of an option that is written out."""
        if key == "to" and self.to is not None:
            return self.to
        found = (one.get(key) for one in self.written + self.defaults)
        return next((value for value in found if value is not None), None)


def link_options(node: Node, deep: int = 0) -> LinkOptions:
    """What is known of an expression that gives options."""
    node = strip_parentheses(node)
    match node.right if isinstance(node, Pipe) else node:
        case Keywords() as keywords:
            return LinkOptions((keywords,))
        case List([]):
            return LinkOptions()
        case List([Keywords() as keywords]):
            return LinkOptions((keywords,))
        case _ if deep >= _DEEPEST:
            pass
        case BinaryOperator("++", first, second):
            return _joined(node, link_options(first, deep + 1), link_options(second, deep + 1))
        case Call(module="Keyword", name="merge", arguments=[first, second]):
            return _joined(node, link_options(second, deep + 1), link_options(first, deep + 1))
        case Call(module="Keyword", name="put", arguments=[given, Atom("to"), value]):
            options = link_options(given, deep + 1)
            if options.get("to") is None:
                return replace(options, to=value)
    return LinkOptions(rest=node)


def _joined(whole: Node, strong: LinkOptions, weak: LinkOptions) -> LinkOptions:
    if strong.to is not None or weak.to is not None:
        return LinkOptions(rest=whole)
    if strong.is_literal:
        return replace(weak, written=strong.written + weak.written)
    if weak.is_literal:
        return replace(strong, defaults=strong.defaults + weak.written)
    return LinkOptions(rest=whole)


def link_attributes(
    options: LinkOptions, rules: AttributeRules, *, posts: bool = False
) -> tuple[HeexAttribute, ...] | Unsure:
    """The attributes that options become; with `posts` the method is post unless one is given.

    What is not known, or no attribute of its own, is spread at the end: `{rest}`.
    """
    pairs = [one for keywords in options.written for one in keywords.pairs]
    weak = [one for keywords in options.defaults for one in keywords.pairs if one.key != "to"]
    loose = [one for one in pairs if _is_loose(one)]
    target = None if options.to is None else attribute(rules.renamed["to"], options.to, rules)
    if isinstance(target, Unsure):
        return target
    found = [] if target is None else [target]
    for keywords in options.written + options.defaults:
        apart = (one.key for one in (loose if keywords in options.written else weak))
        some = attributes(keywords, replace(rules, dropped=rules.dropped.union(apart)))
        if isinstance(some, Unsure):
            return some
        found += some
    names = [one.name for one in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        return Unsure(f"`{twice}` is given twice")
    rest = "" if options.rest is None else brace_safe(options.rest)
    if isinstance(rest, Unsure):
        return rest
    if options.get("to") is None:
        if not rest:
            return Unsure("it has no `to:`")
        if not _PLAIN.fullmatch(rest):
            return Unsure("its `to:` is in options that are computed: bind these to a name")
        found.insert(0, HeexAttribute(rules.renamed["to"], f"{{{rest}[:to]}}"))
        rest = f"Keyword.delete({rest}, :to)"
    if posts and options.get("method") is None:
        if rest:
            rest = f'Keyword.put_new({rest}, :method, "post")'
        else:
            found.append(HeexAttribute("method", '"post"'))
    if weak:
        rest = f"Keyword.merge({_list(weak)}, {rest})"
    spreads = [one for one in (rest, _list(loose)) if one]
    if any("\n" in one or "<%" in one or not balanced(one) for one in spreads):
        return Unsure("options that are not written out cannot stand in braces")
    return (*found, *(HeexAttribute(f"{{{one}}}") for one in spreads))


def _list(pairs: list[Pair]) -> str:
    return f"[{', '.join(one.text for one in pairs)}]" if pairs else ""


def _is_loose(pair: Pair) -> bool:
    """Whether an option is spread over several attributes whose names are not known."""
    if pair.key not in SPREAD or isinstance(pair.value, String):
        return False
    return not (
        isinstance(pair.value, List) and (pair.value.is_keyword_list or pair.value.elements == [])
    )
