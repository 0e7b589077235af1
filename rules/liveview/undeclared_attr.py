"""liveview/undeclared-attr"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lsp_server.document import Document, Language
from lsp_server.facts.pages.components import FunctionComponent, collect_components
from lsp_server.facts.pages.live_callbacks import AssignSet, collect_live_callbacks
from lsp_server.facts.pages.templates import Template, collect_templates
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix, Operation
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Profile, Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import Call, Match, Pipe
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span, line_ending

_GIVEN = frozenset({"inner_block", "flash", "socket", "myself", "streams", "uploads"})
_LIVE = frozenset({"Phoenix.LiveView", "Phoenix.LiveComponent"})
# Modules whose functions are pages: a controller or a layout gives them what they read.
_VIEWS = re.compile(r"(?:HTML|Layouts|View|XML|Mail|Mailer|Email|Emails|Notifier)$")
_BOOLEAN = frozenset({b"disabled", b"checked", b"required", b"readonly", b"hidden", b"multiple"})
_TEXT = frozenset({b"id", b"class", b"name", b"title", b"placeholder", b"href", b"src", b"alt"})
_SETTERS = frozenset({"assign", "assign_new", "update"})
_BROUGHT = _GIVEN | {"live_action", "__changed__", "__given__"}

_ATTRIBUTE = re.compile(r"[a-z_]\w*")


class UndeclaredAttr(Rule):
    """
    A function component that reads what it does not declare.

    What `attr` and `slot` name is checked where the component is used: a missing or misspelt
    attribute is a warning of the compiler. What they do not name is a `KeyError` on the page.

    ## Bad

    ```elixir
    defmodule ShopWeb.PriceComponents do
      use Phoenix.Component

      attr :amount, :integer, required: true

      def price(assigns) do
        ~H\"\"\"
        <b>{@amount} {@currency}</b>
        {render_slot(@note)}
        \"\"\"
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.PriceComponents do
      use Phoenix.Component

      attr :amount, :integer, required: true
      attr :currency, :any
      slot :note

      def price(assigns) do
        ~H\"\"\"
        <b>{@amount} {@currency}</b>
        {render_slot(@note)}
        \"\"\"
      end
    end
    ```

    ## When it stays silent

    - What the function itself assigns by `assign`, `assign_new` and `update`; a function that makes
      its assigns in another way (`Map.put`) is not looked at.
    - What LiveView brings (`@inner_block`, `@flash`, `@socket`, `@myself`, `@streams`, `@uploads`).
    - A component that hands all of `assigns` on, or assigns computed keys.
    - A function that declares nothing gets one hint, at its name. A page of a controller,
      a layout and a function that its file calls by name get none, if their own file has no tag of
      them.

    ## What the fix changes

    It adds the line above the function, after the declarations that are there; where there are
    none, lines for all that it reads and that its own file gives it. A slot is known by
    `render_slot`; an attribute gets the type that its use tells: `:global` for `{@rest}`, `:list`
    for what a loop goes over, `:boolean` and `:string` for what an attribute of HTML is given,
    `:map` for what has fields. Else it is `:any`, which you may narrow.
    """

    profile = Profile.AGGRESSIVE
    requires = "phoenix_live_view >= 0.18"

    @on(Document)
    def check(self, document: Document, file: File) -> Iterator[Finding]:
        """Every function component with templates in its own body."""
        if document.language is not Language.ELIXIR or b"~H" not in document.source:
            return
        facts = collect_components(document)
        components = [it for it in facts if isinstance(it, FunctionComponent)]
        templates = [it for it in collect_templates(document) if isinstance(it, Template)]
        sets = [it for it in collect_live_callbacks(document) if isinstance(it, AssignSet)]
        for module in document.modules:
            used = file.context.used(module.names)
            is_live = not _LIVE.isdisjoint(used)
            if not is_live and "Phoenix.Component" not in used:
                continue  # `attr` means nothing there
            for one in components:
                if one.module != module.name or (is_live and one.name == "render"):
                    continue
                where = one.module, one.name
                mine = [it for it in templates if (it.module, it.function) == where]
                keys = {it.key for it in sets if (it.module, it.function) == where}
                if not mine or any(it.whole for it in mine) or "*" in keys:
                    continue
                if not all(map(_is_plain, _clauses(module, one))):
                    continue
                declared = {it.name for it in one.attrs} | {it.name for it in one.slots} | keys
                reads: dict[str, Span] = {}
                for read in (read for template in mine for read in template.reads):
                    if read.name not in declared | _BROUGHT:
                        reads.setdefault(read.name, read.span)
                yield from self._judge(one, reads, document)

    def _judge(
        self, one: FunctionComponent, reads: Mapping[str, Span], document: Document
    ) -> Iterator[Finding]:
        if one.declares:
            for name, span in reads.items():
                message = f"`{one.name}` reads `@{name}` and does not declare it"
                yield self.finding(span, message, fix=_fix(document.path, one, name))
        elif reads and (_is_used(one, document) or _stands_alone(one, document)):
            names = ", ".join(f"`{name}`" for name in list(reads)[:4])
            if len(reads) > 4:
                names += " …"
            message = f"`{one.name}` declares none of what it reads: {names}"
            fix = _fix_all(document.path, one, tuple(reads))
            yield self.finding(one.span, message, severity=Severity.HINT, fix=fix)


def _is_used(one: FunctionComponent, document: Document) -> bool:
    """Whether the file has a tag of the component."""
    return re.search(rb"<\.%s[\s/>]" % re.escape(one.name.encode()), document.source) is not None


def _stands_alone(one: FunctionComponent, document: Document) -> bool:
    """Whether a function is neither a page nor one that its file calls as a function."""
    called = rb"(?<!def )(?<!defp )\b%s\(|&%s/1" % ((re.escape(one.name.encode()),) * 2)
    if one.name == "render" or _VIEWS.search(one.module):
        return False
    return re.search(called, document.source) is None


def _type(name: str, source: bytes) -> str:
    """The type of an attribute as its use in a function tells; `:any` where it does not."""
    read = _read(name)
    if name == "rest" and re.search(rb"\s\{\s*@rest\s*\}", source):
        return ":global"
    if re.search(rb"<-\s*%s\s*[})]|<-\s*%s\s+do\b" % (read, read), source):
        return ":list"
    for attribute in re.findall(rb"([\w-]+)=\{\s*%s\s*\}" % read, source):
        if attribute in _BOOLEAN:
            return ":boolean"
        if attribute in _TEXT:
            return ":string"
    return ":map" if re.search(rb"%s\.[a-z_]" % read, source) else ":any"


def _clauses(module: Module, component: FunctionComponent) -> Iterator[Form]:
    for form in module.forms:
        function = form.function
        if function is not None and function.name == component.name and function.arity == 1:
            yield form


def _body(module: Module, component: FunctionComponent) -> bytes:
    return b"\n".join(form.bytes for form in _clauses(module, component))


def _is_plain(form: Form) -> bool:
    """Whether `assigns` is changed by nothing but `assign` and its like."""
    for match in form.index.nodes(Match):
        if match.left.text == "assigns":
            right = match.right
            steps = right.steps[1:] if isinstance(right, Pipe) else [right]
            if any(not isinstance(it, Call) or it.name not in _SETTERS for it in steps):
                return False
    return True


def _fix(path: str, component: FunctionComponent, name: str) -> Fix:
    def build(snapshot: Snapshot) -> list[Operation]:
        document = snapshot.document(path)
        if document is None:
            return []
        for module in document.modules:
            if module.name != component.module:
                continue
            above: list[Form] = []
            for form in module.forms:
                function = form.function
                if function is None:
                    if form.callee in (b"attr", b"slot"):
                        above.append(form)
                    continue
                if function.name == component.name and function.arity == 1:
                    break
                above = []
            else:
                return []
            if not above:
                return []
            body = _body(module, component)
            is_slot = _is_slot(name, body)
            attrs = [it for it in above if it.callee == b"attr"]
            start, end = above[0].span.start, (attrs or above)[-1].span.end
            newline = line_ending(document.source) + document.lines.indentation(start).decode()
            line = f"attr :{name}, {_type(name, body)}"
            if is_slot:
                end, line = above[-1].span.end, _slot(name, body, newline)
            elif not attrs:
                return [Edit(Span(start, start), f"{line}{newline}", path)]
            return [Edit(Span(end, end), f"{newline}{line}", path)]
        return []

    return Fix.safe(f"Declare {name}", build)


def _fix_all(path: str, component: FunctionComponent, names: tuple[str, ...]) -> Fix:
    """The lines for a function that declares nothing, directly above its first clause."""

    def build(snapshot: Snapshot) -> list[Operation]:
        document = snapshot.document(path)
        if document is None:
            return []
        modules = (it for it in document.modules if it.name == component.module)
        forms = (form for module in modules for form in _clauses(module, component))
        form = next(forms, None)
        if form is None:
            return []
        body = b"\n".join(
            _body(module, component)
            for module in document.modules
            if module.name == component.module
        )
        slots = [name for name in names if _is_slot(name, body)]
        read = [name for name in names if name not in slots]
        given = [name for name in _given(component, document) if name not in (*names, *_BROUGHT)]
        lines = [f"attr :{name}, {_type(name, body)}" for name in (*read, *given)]
        start = form.span.start
        newline = line_ending(document.source)
        indent = document.lines.indentation(start).decode()
        lines += [_slot(name, body, newline + indent) for name in slots]
        text = "".join(f"{line}{newline}{indent}" for line in lines)
        below = f"{newline}{indent}" if _is_block(form) else ""
        return [Edit(Span(start, start), f"{text.removesuffix(indent)}{below or indent}", path)]

    return Fix.safe("Declare what it reads", build)


def _given(component: FunctionComponent, document: Document) -> list[str]:
    """What tags in its own file give a component: the compiler warns of what is undeclared."""
    return list(
        dict.fromkeys(
            it.name
            for layer in document.templates
            for tag in layer.nodes(heex.Tag)
            if tag.name == f".{component.name}"
            for it in tag.attributes
            if isinstance(it, heex.Attribute) and _ATTRIBUTE.fullmatch(it.name)
        )
    )


def _is_block(form: Form) -> bool:
    """Whether a clause has lines, so that the formatter keeps an empty one above it."""
    return b"\n" in form.bytes


def _is_slot(name: str, source: bytes) -> bool:
    """Whether the assign is rendered as a slot, itself or one by one in a loop."""
    read = _read(name)
    if re.search(rb"render_slot\(\s*%s|%s\s*\|>\s*render_slot" % (read, read), source):
        return True
    rendered = (re.search(rb"render_slot\(\s*%s\b" % it, source) for it in _entries(name, source))
    return any(rendered)


def _slot(name: str, source: bytes, newline: str) -> str:
    """The lines that declare a slot, with what is read of its entries."""
    fields = dict.fromkeys(
        (dotted or bracketed).decode()
        for entry in _entries(name, source)
        for dotted, bracketed in re.findall(rb"\b%s(?:\.(\w+)|\[:(\w+)\])" % entry, source)
    )
    lines = [f"{newline}  attr :{field}, :any" for field in fields if field != "inner_block"]
    return f"slot :{name} do{''.join(lines)}{newline}end" if lines else f"slot :{name}"


def _entries(name: str, source: bytes) -> list[bytes]:
    """The variables of loops over an assign."""
    loops = re.findall(rb"([\w{}, ]+)<-\s*(?:[\w.]+\(\s*)?%s" % _read(name), source)
    return sorted({entry for pattern in loops for entry in re.findall(rb"[a-z_]\w*", pattern)})


def _read(name: str) -> bytes:
    return rb"@%s(?![\w?!])" % re.escape(name.encode())
