"""How a module gets `~p`: what is there, and the edits that bring it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lsp_server.document import Document
from lsp_server.facts.index import Index
from lsp_server.facts.modules import Function, Module, functions, modules
from lsp_server.facts.project.expansion import Expansion
from lsp_server.facts.project.using import USING, Quoted, own_uses
from lsp_server.facts.routes.endpoints import NO_STATICS, Statics, VerifiedRoutes
from lsp_server.facts.routes.router import RouterTable, Routing, routing
from lsp_server.lint.finding import Edit
from lsp_server.role import Role, app_of, role_of
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Call, ModuleAttribute
from lsp_server.syntax.names import directives
from lsp_server.syntax.outline import Form
from lsp_server.syntax.outline import Module as ModuleSyntax
from lsp_server.text import Span, line_ending

SIGIL = "Phoenix.VerifiedRoutes"
WIDTH = 98  # of a line, as `mix format` has it

Edits = Callable[[Snapshot], list[Edit]]


@dataclass(frozen=True)
class Setup:
    """What `~p` has in a module: its endpoint and statics, empty where not known.

    `edits` bring it there, and `title` says how; without edits it is there already. `reason` says
    why it cannot be brought.
    """

    endpoint: str = ""
    statics: Statics = NO_STATICS
    edits: Edits | None = None
    title: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Setups:
    """Finds the setup of modules; the joins are asked once for all calls of a project."""

    routing: Routing
    quoted: Mapping[str, tuple[Quoted, ...]]
    modules: Mapping[str, tuple[str, Module]]
    functions: Mapping[tuple[str, str, int], tuple[str, Function]]

    @staticmethod
    def of(index: Index) -> Setups:
        """The setups of a project."""
        return Setups(routing(index), own_uses(index), modules(index), functions(index))

    def at(self, path: str, module: str, expansion: Expansion, table: RouterTable) -> Setup:
        """The setup of a module, or of a template file whose module is not known (empty)."""
        settings = self.routing.verified_in(path)
        if len(settings) > 1:
            return Setup(reason="`~p` is set up in several ways")
        if not settings:
            return self._none(path, module, expansion, table)
        one = settings[0]
        there = Setup(one.endpoint, one.statics)
        if SIGIL in expansion.used or (not module and self._brought_with_helpers(table)):
            return there
        where = self.modules.get(module)
        if where is None:
            return Setup(one.endpoint, one.statics, reason="nothing is known to bring `~p` here")
        line, title = self._use(one)
        edits = _adding(where[0], module, line)
        return Setup(one.endpoint, one.statics, edits, f"add `{title}`")

    def _use(self, settings: VerifiedRoutes) -> tuple[str, str]:
        """The `use` that brings `~p` to a module, with its short form for a title."""
        web, name = settings.module, settings.function
        function = self.functions.get((web, name, 0))
        if function is not None and not function[1].is_private and self._dispatches(web):
            return f"use {web}, :{name}", f"use {web}, :{name}"
        statics = f"{settings.statics.module}.static_paths()" if settings.statics.module else ""
        return _use_verified(settings.router, settings.endpoint, statics), f"use {SIGIL}"

    @property
    def _webs(self) -> list[str]:
        """The modules that can be used by code."""
        return [
            one
            for one in self.quoted
            if one in self.modules and role_of(self.modules[one][0]) is Role.LIB
        ]

    def _dispatches(self, web: str) -> bool:
        return any(one.function == USING and one.dispatches for one in self.quoted.get(web, ()))

    def _bringing(self, web: str, helpers: str) -> list[str]:
        """The functions of a web module that give the helpers a name, each directly."""
        return [
            one.function
            for one in self.quoted.get(web, ())
            if any(it.module == helpers and it.kind in ("alias", "import") for it in one.brings)
        ]

    def _brought_with_helpers(self, table: RouterTable) -> bool:
        """Whether every block with the path helpers brings `~p` too."""
        helpers = f"{table.module}.Helpers"
        found = [(web, name) for web in self._webs for name in self._bringing(web, helpers)]
        return bool(found) and all(self._brings_sigil(web, name) for web, name in found)

    def _brings_sigil(self, web: str, name: str) -> bool:
        return any(it.module == SIGIL for one in self._taken_in(web, name) for it in one.brings)

    def _taken_in(self, web: str, name: str) -> Iterator[Quoted]:
        """The blocks of a function and those that they take in."""
        pending, seen = [(web, name)], set[tuple[str, str]]()
        while pending:
            key = pending.pop()
            if key in seen:
                continue
            seen.add(key)
            for one in self.quoted.get(key[0], ()):
                if one.function == key[1]:
                    yield one
                    pending += [(it.module, it.name) for it in one.brings if it.kind == "include"]

    def _none(self, path: str, module: str, expansion: Expansion, table: RouterTable) -> Setup:
        """The setup of an application that has no verified routes at all."""
        helpers = f"{table.module}.Helpers"
        served = self.routing.served(table.module)
        webs = [
            web
            for web in self._webs
            if app_of(self.modules[web][0]) == app_of(path)
            and self._bringing(web, helpers)
            and self._dispatches(web)
        ]
        if len(served) != 1 or len(webs) != 1 or (webs[0], "verified_routes", 0) in self.functions:
            return Setup(reason="the application has no `use Phoenix.VerifiedRoutes`")
        web, endpoint = webs[0], served[0]
        changed = [
            name
            for name in self._bringing(web, helpers)
            if not any(
                one.function != name and one.function in self._bringing(web, helpers)
                for one in self._taken_in(web, name)
            )
        ]
        statics = self._statics(web, endpoint.statics)
        use = _use_verified(table.module, endpoint.module, statics)
        web_path = self.modules[web][0]
        named = {*expansion.aliases.values(), *expansion.imports}

        def edits(snapshot: Snapshot) -> list[Edit]:
            found = _set_up(snapshot.document(web_path), web, helpers, changed, use)
            if found and module in self.modules and helpers not in named:
                adding = _adding(self.modules[module][0], module, f"use {web}, :verified_routes")
                return [*found, *adding(snapshot)]
            return found

        return Setup(endpoint.module, endpoint.statics, edits, f"set it up in `{web}`")

    def _statics(self, web: str, statics: Statics) -> str:
        """The code of the static paths."""
        if (web, "static_paths", 0) in self.functions:
            return f"{web}.static_paths()"
        if statics.module:
            return f"{statics.module}.static_paths()"
        return f"~w({' '.join(statics.paths)})" if statics.paths and statics.complete else ""


def _use_verified(router: str, endpoint: str, statics: str) -> str:
    """A `use Phoenix.VerifiedRoutes` as `mix format` writes it at an indentation of two or more."""
    options = [f"endpoint: {endpoint}"] if endpoint else []
    options += [f"router: {router}"] + ([f"statics: {statics}"] if statics else [])
    line = f"use {SIGIL}, {', '.join(options)}"
    if len(line) + 6 <= WIDTH:
        return line
    return f"use {SIGIL},\n  " + ",\n  ".join(options)


def _adding(path: str, module: str, code: str) -> Edits:
    def edits(snapshot: Snapshot) -> list[Edit]:
        document = snapshot.document(path)
        found = None if document is None else _module(document, module)
        if document is None or found is None:
            return []
        return [_first_lines(document, found, code, path)]

    return edits


def _module(document: Document, name: str) -> ModuleSyntax | None:
    return next((one for one in document.modules if one.name == name and one.call), None)


def _first_lines(document: Document, module: ModuleSyntax, code: str, path: str) -> Edit:
    """The edit that puts a `use` after those that a module has, else at its start."""
    lines, newline = document.lines, line_ending(document.source)
    assert module.call is not None
    indent = lines.indentation(module.span.start).decode() + "  "
    text = newline.join(f"{indent}{line}" for line in code.split("\n"))
    uses = [form for form in module.forms if form.callee == b"use"]
    docs = [form for form in module.forms if form.bytes.startswith(b"@moduledoc")]
    before, after = "", ""
    if uses:
        at = lines.line_span(lines.line_at(uses[-1].span.end)).end
    elif docs:
        at, before = lines.line_span(lines.line_at(docs[-1].span.end)).end, newline
    else:
        block = module.call.do_block
        start = module.span.start if block is None else block.start
        at, after = lines.line_span(lines.line_at(start)).end, newline if module.forms else ""
    return Edit(Span(at, at), f"{newline}{before}{text}{after}", path)


def _set_up(
    document: Document | None, web: str, helpers: str, changed: Sequence[str], use: str
) -> list[Edit]:
    """The edits that give a web module `verified_routes/0` and take it into its blocks."""
    module = None if document is None else _module(document, web)
    if document is None or module is None:
        return []
    lines, newline = document.lines, line_ending(document.source)
    edits: list[Edit] = []
    using: Form | None = None
    for form in module.forms:
        if form.function is None:
            continue
        if form.function.name == USING and using is None:
            using = form
        if form.function.name in changed:
            call = _naming(form, helpers)
            if call is None:
                return []
            at = lines.line_span(lines.line_at(call.end)).end
            indent = lines.indentation(call.start).decode()
            text = f"{newline}{indent}unquote(verified_routes())"
            edits.append(Edit(Span(at, at), text, document.path))
    if using is None or not edits:
        return []
    at = _above(document, module, using)
    indent = lines.indentation(using.span.start).decode()
    code = ["def verified_routes do", "  quote do"]
    code += [f"    {line}" for line in use.split("\n")] + ["  end", "end"]
    text = "".join(f"{indent}{line}{newline}" for line in code) + newline
    return [*edits, Edit(Span(at, at), text, document.path)]


def _naming(form: Form, helpers: str) -> Call | None:
    """The directive of a quoted block that gives the helpers a name."""
    for call in form.index.calls("alias", "import"):
        names = form.names_at(call.start)
        for one in directives(call):
            if names.expand(one.target) == helpers and call.start > form.span.start:
                return call
    return None


def _above(document: Document, module: ModuleSyntax, form: Form) -> int:
    """The start of the first line that belongs to a function: its attributes and comments."""
    forms = module.forms
    first = forms.index(form)
    while first > 0 and isinstance(forms[first - 1].node, ModuleAttribute):
        first -= 1
    line = document.lines.line_at(forms[first].span.start)
    while line > 0 and document.lines.line_bytes(line - 1).lstrip().startswith(b"#"):
        line -= 1
    return document.lines.starts[line]
