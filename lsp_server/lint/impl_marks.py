"""How a module marks its callbacks, for fixes that add one."""

from __future__ import annotations

import re

from lsp_server.syntax.outline import Module

# Behaviours whose callbacks fixes add; the mark of another would be wrong for these.
_NAMED = re.compile(rb"@impl (?:GenServer|(?:Phoenix\.)?Live(?:View|Component))")


def impl_mark(module: Module) -> str:
    """`@impl GenServer` where all callbacks that are marked say so, else `@impl true`; empty where
    none is marked."""
    marks = {form.bytes for form in module.forms if form.bytes.startswith(b"@impl")}
    alone = next(iter(marks)) if len(marks) == 1 else b""
    if _NAMED.fullmatch(alone):
        return alone.decode()
    return "@impl true" if marks else ""
