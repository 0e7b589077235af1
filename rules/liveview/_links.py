"""Links that a helper function makes, rewritten as `<.link>`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.heex import Dialect
from lsp_server.syntax.literals import Keywords
from lsp_server.syntax.node import Node
from lsp_server.syntax.template_calls import helper_use
from lsp_server.syntax.template_edits import AttributeRules, Unsure, body, ends_sigil
from lsp_server.syntax.template_layout import element, following, opening_tag, place_of

from ._link_options import LinkOptions, link_attributes, link_options

HELPERS = "Phoenix.LiveView.Helpers"

# What `<.link>` of LiveView 0.18 to 1.2 declares and would not pass on to the `<a>`.
DECLARED = frozenset(
    {"navigate", "patch", "href", "method", "csrf-token", "rest", "inner-block", "inner_block"}
)


def live_link(rule: Rule, call: Call, file: File, attribute: str) -> Iterator[Finding]:
    """The finding for a call of `live_redirect` or `live_patch`, which `attribute` replaces."""
    if not _is_helper(call, file):
        return
    message = f"`{call.name}` is deprecated: write `<.link {attribute}={{…}}>`"
    link = link_of(call, file, {"to": attribute})
    if isinstance(link, Unsure):
        yield rule.finding(call.name_span, f"{message} by hand, because {link.reason}")
        return
    title, edits = f"Write <.link {attribute}>", link.edits
    fix = Fix.safe(title, lambda _: edits) if link.exact else Fix.review(title, lambda _: edits)
    yield rule.finding(call.name_span, message, fix=fix)


def _is_helper(call: Call, file: File) -> bool:
    if file.layer is not None and file.layer.dialect is not Dialect.HEEX:
        return False
    if call.receiver is None and is_own(call, file):
        return False
    module = file.module_of(call)
    if call.receiver is not None or module is not None:
        return module == HELPERS
    return file.layer is not None or call.keyword("to") is not None


def is_own(call: Call, file: File) -> bool:
    """Whether the module has a function of that name, of any arity: one call may be its head."""
    names = file.names(call)
    return any(names.defines(call.name, arity) for arity in range(4))


@dataclass(frozen=True)
class Link:
    """The edits that make a `<.link>` of a call; `exact` where all options are written out."""

    edits: list[Edit]
    exact: bool


def link_of(
    call: Call, file: File, renamed: Mapping[str, str], *, posts: bool = False
) -> Link | Unsure:
    """The `<.link>` that `helper(label, options)` becomes, if that is surely the same.

    `renamed` has the attributes that options become which `<.link>` declares; with `posts` the
    helper sends a post request unless its options say otherwise.
    """
    layer = file.layer
    if layer is None:
        return Unsure("it stands outside of a template")
    if file.names(call).defines("link", 1):
        return Unsure("this module has a `link/1` of its own")
    use = helper_use(call, layer)
    if isinstance(use, Unsure):
        return use
    parts = label_and_options(call)
    if isinstance(parts, Unsure):
        return parts
    label, options = parts
    kept = frozenset({"csrf_token"})
    rules = AttributeRules(renamed, frozenset({"do"}), DECLARED, kept=kept)
    written = link_attributes(options, rules, posts=posts)
    if isinstance(written, Unsure):
        return written
    exact = options.is_literal and not any(one.name.startswith("{") for one in written)
    lines = file.document.lines
    place = place_of(layer, lines, use.head.start)
    follows = following(lines, use.head.end)
    if use.end is not None:
        edits = [
            Edit(use.head, opening_tag(".link", written, place, follows=follows)),
            Edit(use.end, "</.link>"),
        ]
    elif label is None:
        return Unsure("it has no text")
    else:
        curly = use.curly and file.depends("phoenix_live_view >= 1.0")
        text = body(label, curly=curly)
        if isinstance(text, Unsure):
            return text
        edits = [Edit(use.head, element(".link", written, text, place, follows=follows))]
    if any(ends_sigil(layer.sigil, edit.text) for edit in edits):
        return Unsure("the new text holds the delimiter of the sigil")
    return Link(edits, exact)


def label_and_options(call: Call) -> tuple[Node | None, LinkOptions] | Unsure:
    """The label and the options of `helper(label, options)`, also where the label is `do:`.

    The label is None where a block holds it.
    """
    match call.arguments:
        case [options] if call.do_block is not None:
            return None, link_options(options)
        case [Keywords() as options] if options.get("do") is not None:
            return options.get("do"), link_options(options)
        case [options, Keywords() as block] if [one.key for one in block.pairs] == ["do"]:
            return block.get("do"), link_options(options)
        case [label, options] if call.do_block is None:
            return label, link_options(options)
        case [_, _]:
            return Unsure("it has a label and a block")
    return Unsure("its arguments are not a label and options")
