"""otp/process-dictionary"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.local_flow import module_of
from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Profile, Severity
from lsp_server.syntax.elixir import Call, ModuleAttribute
from lsp_server.syntax.literals import Atom, Nil, QuotedAtom, Tuple
from lsp_server.syntax.node import Node

# Keys that belong to Elixir, OTP and the logger, or that libraries share on purpose.
_SHARED = frozenset({"logger", "logger_metadata", "elixir_logger_level"})
_FUNCTIONS = frozenset(
    {
        ("Process", "delete"),
        ("Process", "get"),
        ("Process", "put"),
        (":erlang", "erase"),
        (":erlang", "get"),
        (":erlang", "put"),
    }
)


class ProcessDictionary(Rule):
    """
    A value that is passed on through the process dictionary.

    `Process.put/2` makes a global variable of one process: no argument and no state shows who
    relies on it, tests leave it behind for each other, and it is gone as soon as the work moves to
    a task. It also survives the request in a process that serves the next one.

    ## Bad

    ```elixir
    defmodule Shop.Tenant do
      def put(tenant), do: Process.put(:tenant, tenant)

      def current, do: Process.get(:tenant)
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Tenant do
      def scope(query, tenant), do: Ecto.Query.where(query, tenant_id: ^tenant.id)
    end
    ```

    ## When it stays silent

    - Keys that Elixir and OTP use themselves: `:"$callers"`, `:"$ancestors"` and all others that
      begin with `$`, and what Logger keeps. `Logger.metadata/1` itself is none of this.
    - Dictionaries of other processes, which `Process.info/2` reads.
    - Packages, which may need what no caller can pass; tests and scripts.

    ## What the fix changes

    There is none: pass the value as an argument, keep it in the state of the process or in
    `conn.assigns`, or put it into an ETS table where it is a cache.
    """

    severity = Severity.INFORMATION
    profile = Profile.AGGRESSIVE

    @on(Call, name=("put", "get", "delete", "erase"))
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        form = file.form
        if form is None or call.receiver is None or file.context.is_library(file.path):
            return
        module = module_of(call.receiver, form)
        if (module, call.name) not in _FUNCTIONS:
            return
        arguments = call.arguments
        key = arguments[0] if arguments and call.capture_arity is None else None
        if key is not None and _is_shared(key, file):
            return
        shown = "" if key is None or "\n" in key.text or len(key.text) > 40 else f" of `{key.text}`"
        verb = "is a hidden argument" if call.name == "get" else "hides a value"
        yield self.finding(
            call.callee_span,
            f"`{call.dotted}`{shown} {verb} in the process dictionary; pass it on or keep it in a "
            "state",
        )


def _is_shared(key: Node, file: File) -> bool:
    if isinstance(key, ModuleAttribute) and key.value is None:
        key = file.module.attribute(key.name) or key
    if isinstance(key, Tuple) and key.elements:
        key = key.elements[0]
    match key:
        case Atom(name):
            return name in _SHARED or name.startswith(("$", "logger"))
        case QuotedAtom(str(name)):
            return name.startswith("$")
        case Nil():
            return True
    return "Logger" in key.text
