"""Moves a query out of the web layer, into a function of the context that owns its schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsp_server.document import Document
from lsp_server.facts.calls.calls import CallSite
from lsp_server.facts.database.repo_places import underscore
from lsp_server.facts.database.schemas import Schemas, schemas
from lsp_server.facts.modules import functions, modules
from lsp_server.lint.finding import CreateFile, Edit, Operation
from lsp_server.lint.imports import import_edit
from lsp_server.lint.naming import plural, rows_of
from lsp_server.role import app_of
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import BODY, DO_BLOCK, SECTIONS, Call, Match, Pipe
from lsp_server.syntax.literals import Atom, Keywords
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Module
from lsp_server.text import Span, line_ending

from ._parameters import QUERY_FUNCTIONS, Needs, chain_of, needs_of

WIDTH = 98  # the formatter's line length

# The function that a repo's function becomes; `{by}` is what a row is sought by.
NAMES = {
    "get": "get_{one}",
    "get!": "get_{one}!",
    "get_by": "get_{one}_by{by}",
    "get_by!": "get_{one}_by{by}!",
    "all": "list_{many}",
    "one": "find_{one}",
    "one!": "find_{one}!",
    "exists?": "{one}_exists?",
    "aggregate": "aggregate_{many}",
    "paginate": "paginate_{many}",
    "insert": "create_{one}",
    "insert!": "create_{one}!",
    "update": "update_{one}",
    "update!": "update_{one}!",
    "delete": "delete_{one}",
    "delete!": "delete_{one}!",
    "insert_or_update": "save_{one}",
    "insert_or_update!": "save_{one}!",
    "update_all": "update_{many}",
    "delete_all": "delete_{many}",
}


_PLURAL = re.compile(r"[^aisu]s$")  # `Users` of a schema that is named after many


@dataclass(frozen=True)
class Context:
    """A context module; `exists` is False for one that is to be made at `path`."""

    name: str
    path: str
    exists: bool


def context_of(snapshot: Snapshot, schema: str) -> Context | None:
    """The context that owns a schema: the module around it, `Shop.Catalog` for
    `Shop.Catalog.Product`; for `Shop.Product` the one named after its rows, `Shop.Products`."""
    known: Schemas = schemas(snapshot.index)
    place = known.by_module.get(schema)
    if place is None:
        return None
    name = schema.rpartition(".")[0]
    while name in known.by_module:
        name = name.rpartition(".")[0]
    if "." not in name:
        last = schema.rpartition(".")[2]
        name = f"{name}.{last if _PLURAL.search(last) else plural(last)}" if name else ""
    if not name:
        return None
    found = modules(snapshot.index).get(name)
    if found is not None:
        return Context(name, found[0], True)
    lib = f"{app_of(place.path)}lib/"
    path = f"{lib}{_file(name)}.ex"
    folder = f"{place.path.rpartition('/')[0]}.ex"
    if folder.replace("_", "") == path.replace("_", ""):
        path = folder  # `oauth` as the project writes it, where others write `o_auth`
    if not place.path.startswith(lib) or path in snapshot.index:
        return None
    return Context(name, path, False)


def _file(module: str) -> str:
    return "/".join(underscore(part) for part in module.split("."))


def move(
    snapshot: Snapshot, path: str, site: CallSite, action: str, context: Context
) -> list[Operation]:
    """The function in the context, the call of it, and without directives that are left over."""
    document = snapshot.document(path)
    form = None if document is None else document.outline.form_at(site.span.start)
    if document is None or form is None:
        return []
    call = next((one for one in form.index.calls(site.name) if one.callee_span == site.span), None)
    if call is None or call.capture_arity is not None:
        return []
    expression = chain_of(call)
    needs = needs_of(expression)
    if not needs.possible:
        return []
    target = snapshot.document(context.path) if context.exists else None
    module = None
    if context.exists:
        named = () if target is None else target.modules
        module = next((one for one in named if one.name == context.name), None)
        if target is None or module is None:
            return []
    names = form.names_at(call.start)
    full = {one.name: snapshot.context.expand(names, one.name) for one in needs.aliases}
    lines = _body(document, expression, needs, full, module)
    name = _name(snapshot, context, call, site.subject, action, needs, lines, target)
    if name is None:
        return []
    arguments = ", ".join(needs.arguments.values())
    replaced = _replaced(document, expression, f"{names.shorten(context.name)}.{name}({arguments})")
    if replaced is None:
        return []
    edits: list[Operation] = [Edit(replaced[0], replaced[1], path)]
    edits += _left_over(snapshot, document, form.module, expression, needs)
    if name in _same(context, needs, lines, target):
        return edits
    definition = _definition(name, list(needs.arguments), lines)
    if definition is None:
        return []
    if target is None or module is None:
        created = _new_module(
            context, full.values(), needs, definition, line_ending(document.source)
        )
        return [*edits, CreateFile(context.path, created)]
    return [*edits, *_added(snapshot, target, module, definition, needs)]


def _body(
    document: Document, expression: Node, needs: Needs, full: dict[str, str], module: Module | None
) -> list[str]:
    """The lines of the expression in its new place, without the indentation of the first."""
    edits = list(needs.replacements)
    for one in needs.aliases:
        name = full[one.name]
        short = name.rpartition(".")[2] if module is None else module.names.shorten(name)
        edits.append((one.span, short))
    text, at = b"", expression.start
    for span, new in sorted(edits):
        text += document.source[at : span.start] + new.encode()
        at = span.end
    text += document.source[at : expression.end]
    depth = len(document.lines.indentation(expression.start))
    first, *rest = text.decode("utf-8", "replace").splitlines()
    return [first, *(line[depth:] if line[:depth].isspace() else line for line in rest)]


def _name(
    snapshot: Snapshot,
    context: Context,
    call: Call,
    schema: str,
    action: str,
    needs: Needs,
    lines: list[str],
    target: Document | None,
) -> str | None:
    """A name that is free in the context, or that of a function which does just this."""
    one, many = rows_of(schema)
    pattern = NAMES.get(call.name)
    if pattern is None:
        return None
    by = call.keywords
    key = f"_{by.pairs[0].key}" if isinstance(by, Keywords) and len(by.pairs) == 1 else ""
    if call.name == "aggregate" and any(
        isinstance(argument, Atom) and argument.name == "count" for argument in call.arguments
    ):
        pattern = "count_{many}"
    name = pattern.format(one=one, many=many, by=key)
    end = name[-1] if name[-1] in "!?" else ""
    same = _same(context, needs, lines, target)
    taken = {key[1] for key in functions(snapshot.index) if key[0] == context.name}
    for candidate in (name, f"{name.removesuffix(end)}_for_{action.rstrip('!?')}{end}"):
        if candidate in same or candidate not in taken:
            return candidate
    return None


def _same(
    context: Context, needs: Needs, lines: list[str], target: Document | None
) -> frozenset[str]:
    """The functions of the context that already have this body, up to the parameters' names."""
    if target is None:
        return frozenset()
    wanted = _without_names(" ".join(lines), list(needs.arguments))
    found: set[str] = set()
    for module in target.modules:
        if module.name != context.name:
            continue
        every = [one.name for one in module.functions]
        for function in module.functions:
            parameters = [one.text for one in function.parameters]
            body = function.body
            if function.is_private or every.count(function.name) > 1 or len(body) != 1:
                continue
            if len(parameters) == len(needs.arguments) and all(map(str.isidentifier, parameters)):
                if _without_names(body[0].text, parameters) == wanted:
                    found.add(function.name)
    return frozenset(found)


def _without_names(text: str, parameters: Sequence[str]) -> str:
    for number, name in enumerate(parameters):
        text = re.sub(rf"(?<![\w.:@]){re.escape(name)}(?![\w:(])", f"&{number}", text)
    return "".join(text.split())


def _definition(name: str, parameters: list[str], lines: list[str]) -> list[str] | None:
    """The lines of the new function, not yet indented; None where they would be too long."""
    head = f"def {name}({', '.join(parameters)})" if parameters else f"def {name}"
    if len(lines) == 1 and len(head) + len(lines[0]) + len(", do: ") + 2 <= WIDTH:
        return [f"{head}, do: {lines[0]}"]
    if any(len(line) + 4 > WIDTH for line in (head + " do", *lines)):
        return None
    return [f"{head} do", *(f"  {line}" if line else "" for line in lines), "end"]


def _replaced(document: Document, expression: Node, text: str) -> tuple[Span, str] | None:
    """Where the call goes and how; None where the formatter would lay the statement out anew."""
    source, span = document.source, expression.span
    parent = expression.parent
    if b"\n" in expression.bytes:
        kind = 0 if parent is None else parent.raw.kind_id
        goes_on = isinstance(parent, Pipe) and b"\n" in source[span.end : parent.right.start]
        if isinstance(parent, Match) and parent.right == expression:
            span = Span(parent.left.end, span.end)
            text = f" = {text}"
        elif not goes_on and kind not in (DO_BLOCK, BODY) and kind not in SECTIONS:
            return None
    line = document.lines.line_at(span.start)
    last = document.lines.line_span(document.lines.line_at(span.end))
    before = source[document.lines.starts[line] : span.start]
    whole = before + text.encode() + source[span.end : last.end]
    if len(whole.decode("utf-8", "replace")) > WIDTH:
        return None
    return (span, text) if not _would_be_joined(document, expression, text) else None


def _would_be_joined(document: Document, expression: Node, text: str) -> bool:
    """Whether an enclosing expression of several lines could now fit on one."""
    inner: Node = expression
    for outer in expression.ancestors():
        if outer.raw.kind_id in (DO_BLOCK, BODY) or outer.raw.kind_id in SECTIONS:
            break
        inner = outer
    if inner == expression or b"\n" not in inner.bytes or isinstance(inner, Match):
        return False
    before, after = (
        inner.bytes[: expression.start - inner.start],
        inner.bytes[expression.end - inner.start :],
    )
    rest = before + after
    if b"\n" not in rest or re.search(rb"\bdo\n|->|\|>|#", rest):
        return False
    joined = " ".join(rest.decode("utf-8", "replace").split())
    return len(joined) + len(text) + len(document.lines.indentation(inner.start)) <= WIDTH


def _added(
    snapshot: Snapshot, target: Document, module: Module, definition: list[str], needs: Needs
) -> list[Edit]:
    """The function at the end of an existing module."""
    call = module.call
    block = None if call is None else call.do_block
    if call is None or block is None:
        return []
    newline = line_ending(target.source)
    outer = target.lines.indentation(call.start).decode()
    indent = f"{outer}  "
    at = module.forms[-1].span.end if module.forms else block.start + len("do")
    for one in target.modules:
        if one.outer is module:
            at = max(at, one.span.end)
    end = target.lines.line_span(target.lines.line_at(at)).end
    text = newline.join(f"{indent}{line}".rstrip() for line in definition)
    edits = [Edit(Span(end, end), f"{newline}{newline if module.forms else ''}{text}", target.path)]
    known = snapshot.context.imports(module.names).get("Ecto.Query")
    if needs.queries and known is None:
        added = import_edit(target, module, "import Ecto.Query")
        edits += [] if added is None else [added]
    return edits


def _new_module(
    context: Context, used: object, needs: Needs, definition: list[str], newline: str
) -> str:
    named = sorted({name for name in used if "." in name})  # type: ignore[attr-defined]
    lines = [f"defmodule {context.name} do"]
    if needs.queries:
        lines += ["  import Ecto.Query", ""]
    if named:
        lines += [*(f"  alias {name}" for name in named), ""]
    lines += [*(f"  {line}".rstrip() for line in definition), "end", ""]
    return newline.join(lines)


def _left_over(
    snapshot: Snapshot, document: Document, module: Module, expression: Node, needs: Needs
) -> list[Edit]:
    """The edits that take away aliases and the import of Ecto.Query that only the query needed."""
    found = modules(snapshot.index).get(module.name)
    if found is None or found[1].aliases:  # its templates may need them
        return []
    rest = document.source[: expression.start] + document.source[expression.end :]
    used = {one.name.partition(".")[0] for one in needs.aliases}
    needless: list[int] = []
    for form in module.forms:
        directive = re.fullmatch(rb"(alias|import)\s+([A-Z][\w.]*)(?:,\s*only:.*)?", form.bytes)
        if directive is None:
            continue
        name = directive[2].rpartition(b".")[2]
        if directive[1] == b"alias":
            needed = (
                name.decode() not in used
                or len(re.findall(rb"(?<![\w.])" + name + rb"(?!\w)", rest)) > 0
            )
        else:
            needed = (
                directive[2] != b"Ecto.Query" or not needs.queries or _queries(document, expression)
            )
        if not needed:
            needless.append(document.lines.line_at(form.span.start))
    return [Edit(span, "", document.path) for span in _lines(document, needless)]


def _queries(document: Document, expression: Node) -> bool:
    """Whether anything outside of the expression can need `import Ecto.Query`."""
    return any(
        not expression.span.covers(call.span)
        for form in document.forms
        for call in form.index.calls(*QUERY_FUNCTIONS)
        if call.receiver is None
    )


def _lines(document: Document, numbers: list[int]) -> Iterator[Span]:
    """These lines, those that follow each other together, with one of the blank lines around."""
    lines = document.lines
    while numbers:
        first = last = numbers[0]
        while last + 1 in numbers:
            last += 1
        numbers = [number for number in numbers if number > last]
        before = lines.line_bytes(first - 1).strip() if first else b""
        end = last + 1
        if (not before or before.endswith(b" do")) and not lines.line_bytes(end).strip():
            end += 1
        yield Span(lines.starts[first], lines.starts[min(end, lines.line_count - 1)])
