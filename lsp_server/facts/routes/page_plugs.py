"""Functions of the project that do as plugs what Phoenix's own plugs for pages do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lsp_server.document import Document
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.index import Index, join
from lsp_server.facts.routes.controller_plugs import ControllerPlug
from lsp_server.facts.sightings import forms_calling
from lsp_server.role import Role
from lsp_server.syntax.outline import Form

HEADERS = "headers"  # tells browsers not to guess types or not to frame the page
POLICY = "policy"  # sends a content security policy that says where scripts come from
FORGERY = "forgery"  # refuses requests that other sites forge


class PageFunction(Fact):
    """A function that protects pages, itself or by one of its module's functions.

    `does` holds `HEADERS`, `POLICY` and `FORGERY`.
    """

    module: str
    name: str
    does: tuple[str, ...]


_FUNCTIONS = frozenset({b"def", b"defp"})
_SETTING = frozenset(
    {b"put_resp_header", b"merge_resp_headers", b"prepend_resp_headers", b"put_resp_headers"}
)
_PROTECTING = _SETTING | {b"put_secure_browser_headers", b"protect_from_forgery"}
_ATTRIBUTE = re.compile(rb"@[a-z]")
_NAMED = re.compile(rb"x-frame-options|x-content-type-options", re.I)
_POLICY = re.compile(rb"content-security-policy", re.I)
_STRONG = re.compile(rb"default-src|script-src")
_WEAK = re.compile(rb"base-uri|frame-ancestors")


@collects(PageFunction)
def collect_page_functions(document: Document) -> Iterator[PageFunction]:
    """The functions in a file of `lib`."""
    source = document.source
    if document.role is not Role.LIB:
        return
    if not forms_calling(document, _PROTECTING) and b"CSRFProtection" not in source:
        return
    done: dict[str, dict[str, set[str]]] = {}
    called: dict[str, dict[str, set[str]]] = {}
    for form in document.forms:
        function = form.function if form.callee in _FUNCTIONS else None
        if function is None or not form.module.name:
            continue
        does = set(_done(form, source))
        done.setdefault(form.module.name, {}).setdefault(function.name, set()).update(does)
        called.setdefault(form.module.name, {}).setdefault(function.name, set()).update(
            name.decode("utf-8", "replace") for name in form.index.callee_names
        )
    for module, functions in done.items():
        for name in functions:
            found = _reached(name, functions, called[module])
            if found:
                yield PageFunction(module, name, tuple(sorted(found)))


def _done(form: Form, source: bytes) -> Iterator[str]:
    """What a function does by calls of its own; attributes of its module may name the headers."""
    names, text = form.index.callee_names, form.bytes
    said = source if _ATTRIBUTE.search(text) is not None else text
    if b"protect_from_forgery" in names or (b"call" in names and b"CSRFProtection" in text):
        yield FORGERY
    usual, sets = b"put_secure_browser_headers" in names, not _SETTING.isdisjoint(names)
    if usual or (sets and _NAMED.search(said) is not None):
        yield HEADERS
    if (usual or sets) and _POLICY.search(said) is not None:
        if _STRONG.search(said) is not None or _WEAK.search(said) is None:
            yield POLICY


def _reached(
    start: str, done: Mapping[str, set[str]], called: Mapping[str, set[str]]
) -> frozenset[str]:
    """What a function does with all functions of its module that it comes to."""
    found: set[str] = set()
    pending, seen = [start], {start}
    while pending:
        name = pending.pop()
        found |= done[name]
        more = {one for one in called[name] if one in done} - seen
        seen |= more
        pending += more
    return frozenset(found)


@dataclass(frozen=True)
class PagePlugs:
    """What the project's plugs do for pages."""

    _functions: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)
    _own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def does(self, module: str, plug: str) -> frozenset[str]:
        """What a plug does that a module names: a function's name or a module's full one.

        A function that the module does not have is taken for an imported one.
        """
        if plug not in self._own and not plug[:1].isupper():
            of_name = self._functions.get(plug, {})
            return of_name[module] if module in of_name else frozenset().union(*of_name.values())
        found: set[str] = set()
        pending, seen = [plug], {plug}
        while pending:
            one = pending.pop()
            found |= self._functions.get("call", {}).get(one, frozenset())
            for name in self._own.get(one, ()):
                if name == "put_secure_browser_headers":
                    found.add(HEADERS)
                elif name in ("protect_from_forgery", "Plug.CSRFProtection"):
                    found.add(FORGERY)
                elif not name[:1].isupper():
                    found |= self._functions.get(name, {}).get(one, frozenset())
                elif name not in seen:
                    seen.add(name)
                    pending.append(name)
        return frozenset(found)


@join(PageFunction, ControllerPlug)
def page_plugs(index: Index) -> PagePlugs:
    """The functions by name and module, and the plugs of modules that are made of plugs."""
    functions: dict[str, dict[str, frozenset[str]]] = {}
    for _, one in index.of(PageFunction):
        known = functions.setdefault(one.name, {})
        known[one.module] = known.get(one.module, frozenset()) | frozenset(one.does)
    own: dict[str, list[str]] = {}
    for _, plug in index.of(ControllerPlug):
        if plug.negated and plug.known and not plug.actions:
            own.setdefault(plug.module, []).append(plug.name)
    return PagePlugs(functions, {module: tuple(names) for module, names in own.items()})
