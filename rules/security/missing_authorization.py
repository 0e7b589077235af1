"""security/missing-authorization"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.facts.calls.calls import FunctionCalls
from lsp_server.facts.database.loads import LoadById
from lsp_server.facts.database.schemas import Schema, Schemas, schemas
from lsp_server.facts.index import Index
from lsp_server.facts.modules import Function, Module
from lsp_server.facts.routes.controllers import Controller
from lsp_server.facts.routes.router import RouterTable
from lsp_server.facts.routes.routes import Route
from lsp_server.lint.finding import Edit, Finding, Fix, Related
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Profile
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.names import module_text
from lsp_server.syntax.outline import Form
from lsp_server.text import Span, line_ending

from ..phoenix._access import Access, access, authenticates
from ._runtime_config import WIDTH, snake

_STAFF = re.compile(r"admin|staff|superuser|backoffice|internal|moderator", re.I)
_ASKS = re.compile(r"authori[sz]e|polic|permission|permit|owner|bodyguard|canary|can_|access", re.I)
_OWNERS = re.compile(
    r"(?:^|_)(?:user|account|organi[sz]ation|org|owner|customer|tenant|team|company|member|author"
    r"|profile|workspace|client|creator|uploader|sender|recipient)$"
)
_PREFIX = re.compile(r"(?:get|fetch|find|load|read)_")

_Callee = tuple[str, str]  # module and name


class MissingAuthorization(ProjectRule):
    """
    A record is loaded by an id of the request, and nobody asks whose it is.

    Who is logged in changes the number in the address and reads, or changes, what belongs to
    somebody else. Nothing looks broken, and the log shows ordinary requests.

    ## Bad

    `lib/shop_web/router.ex`:

    ```elixir
    defmodule ShopWeb.Router do
      use ShopWeb, :router

      scope "/", ShopWeb do
        pipe_through [:browser, :require_authenticated_user]

        get "/orders/:id", OrderController, :show
      end
    end
    ```

    `lib/shop_web/controllers/order_controller.ex`:

    ```elixir
    defmodule ShopWeb.OrderController do
      use ShopWeb, :controller

      def show(conn, %{"id" => id}) do
        order = Shop.Orders.get_order!(id)
        render(conn, :show, order: order)
      end
    end
    ```

    `lib/shop/orders.ex`:

    ```elixir
    defmodule Shop.Orders do
      alias Shop.Accounts.Scope

      def get_order!(%Scope{} = scope, id) do
        Shop.Repo.get_by!(Shop.Orders.Order, id: id, user_id: scope.user.id)
      end

      def get_order!(id), do: Shop.Repo.get!(Shop.Orders.Order, id)
    end
    ```

    ## Good

    `lib/shop_web/router.ex`:

    ```elixir
    defmodule ShopWeb.Router do
      use ShopWeb, :router

      scope "/", ShopWeb do
        pipe_through [:browser, :require_authenticated_user]

        get "/orders/:id", OrderController, :show
      end
    end
    ```

    `lib/shop_web/controllers/order_controller.ex`:

    ```elixir
    defmodule ShopWeb.OrderController do
      use ShopWeb, :controller

      def show(conn, %{"id" => id}) do
        order = Shop.Orders.get_order!(conn.assigns.current_scope, id)
        render(conn, :show, order: order)
      end
    end
    ```

    `lib/shop/orders.ex`:

    ```elixir
    defmodule Shop.Orders do
      alias Shop.Accounts.Scope

      def get_order!(%Scope{} = scope, id) do
        Shop.Repo.get_by!(Shop.Orders.Order, id: id, user_id: scope.user.id)
      end

      def get_order!(id), do: Shop.Repo.get!(Shop.Orders.Order, id)
    end
    ```

    ## When it stays silent

    - No plug of the pipeline or the controller and no hook of the `live_session` or the LiveView
      asks who the visitor is: then the page is for everybody.
    - The function speaks of the current user, a scope, an actor, an owner or a permission; a plug
      of the controller does so by its name; only staff gets there.
    - The record has a schema in the project, and it belongs to no user, account, organisation or
      the like.

    ## What the fix changes

    The scope of the connection or the socket becomes the first argument (Phoenix 1.8). Where the
    context has no such function yet, and loads the record by `Repo.get!` alone, it gets one, which
    asks for the user's own record, beside the old one. Otherwise there is no fix: write it.
    """

    profile = Profile.AGGRESSIVE
    reads = (LoadById, access, schemas, Controller, Function, FunctionCalls, Module)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Every load behind an authentication that passes nobody on."""
        index = snapshot.index
        loads = list(index.of(LoadById))
        if not loads:
            return
        known, records = access(index), schemas(index)
        silent = _silent(index, {one for _, load in loads if (one := _callee(load)) is not None})
        routes: dict[str, list[tuple[RouterTable, Route]]] = {}
        for table in known.routing.routers.values():
            for route in table.routes:
                routes.setdefault(route.plug, []).append((table, route))
        for path, load in loads:
            if _STAFF.search(load.module) or _STAFF.search(path):
                continue
            ways = [
                (table, route)
                for table, route in routes.get(load.module, ())
                if load.live or route.action == load.function
            ]
            if not any(_is_private(known, table, route) for table, route in ways):
                continue
            schema = _record(load, records)
            if schema is None and next(iter(records), None) is not None and load.record:
                continue
            if not _has_owner(schema) if schema is not None else _callee(load) in silent:
                continue
            what = snake(_name(load))
            yield self.finding(
                load.span,
                f"whoever is logged in gets any {what.replace('_', ' ')} by its id: "
                "pass on whose it has to be",
                path=path,
                fix=_fix(snapshot, path, load, schema),
                related=[
                    Related(route.name_span, "the route that leads here", table.path)
                    for table, route in ways[:1]
                ],
            )


def _is_private(known: Access, table: RouterTable, route: Route) -> bool:
    """Whether everybody who is logged in, and nobody else, gets to a route."""
    names = [name for name, _ in known.plugs(table, route)]
    if any(_STAFF.search(one) for one in (*names, route.path, route.session)):
        return False
    for plug in known.own_plugs.get(route.plug, ()):
        if plug.runs_for(route.action) and _ASKS.search(plug.name.rpartition(".")[2]):
            return False
    if known.is_behind(table, route):
        return True
    session = table.sessions.get(route.session)
    for hook in () if session is None else session.on_mount:
        given = "" if hook.argument == "default" else f":{hook.argument}"
        if _STAFF.search(given or hook.module):
            return False
        if authenticates(hook.module, given):
            return True
    return any(authenticates(hook.target) for hook in known.hooks.get(route.plug, ()))


def _name(load: LoadById) -> str:
    if load.record:
        return load.record.rpartition(".")[2]
    rest = _PREFIX.sub("", load.name.removesuffix("!"), count=1)
    return "record" if rest == load.name.removesuffix("!") else rest


def _record(load: LoadById, records: Schemas) -> Schema | None:
    """The schema that a call loads."""
    if load.record:
        return records.of(load.record)
    wanted = _name(load)
    found = [
        file.schema
        for file in records
        if snake(file.schema.module.rpartition(".")[2]) == wanted and file.schema.table
    ]
    return found[0] if len(found) == 1 else None


def _callee(load: LoadById) -> _Callee | None:
    """The function whose record is not known."""
    return None if load.record else (load.callee, load.name)


def _silent(index: Index, asked: set[_Callee]) -> set[_Callee]:
    """The functions that read no database; those of another project may."""
    own = {one.module for _, one in index.of(Function)}
    reading = {
        (clause.module, clause.name)
        for _, clause in index.of(FunctionCalls)
        if (clause.module, clause.name) in asked
        and any(call.module.endswith("Repo") or call.module == "Ash" for call in clause.calls)
    }
    return {one for one in asked if one[0] in own} - reading


def _has_owner(schema: Schema) -> bool:
    named = [one.name for one in schema.associations if one.kind == "belongs_to"]
    named += [one.name.removesuffix("_id") for one in schema.fields if one.name.endswith("_id")]
    return any(_OWNERS.search(name) for name in named)


def _fix(snapshot: Snapshot, path: str, load: LoadById, schema: Schema | None) -> Fix | None:
    if (
        load.record
        or load.arguments.start < load.span.end
        or not snapshot.context.fits(path, "phoenix >= 1.8.0")
    ):
        return None
    index = snapshot.index
    scopes = [
        one.name
        for _, one in index.of(Module)
        if one.name.rpartition(".")[2] == "Scope" and one.keyword == "defmodule"
    ]
    own = [
        (where, one)
        for where, one in index.of(Function)
        if (one.module, one.name) == (load.callee, load.name)
    ]
    scoped = any(one.arity == 2 for _, one in own)
    if not scoped and (len(scopes) != 1 or len(own) != 1 or not _owner_key(schema)):
        return None
    return Fix.review(
        "Pass the scope on",
        lambda later: list(_passed(later, path, load, own[0][0] if own else "", scopes, schema)),
    )


def _passed(
    snapshot: Snapshot,
    path: str,
    load: LoadById,
    context: str,
    scopes: list[str],
    schema: Schema | None,
) -> Iterator[Edit]:
    document = snapshot.document(context)
    here = snapshot.document(path)
    if document is None or here is None:
        return
    forms = [
        form
        for form in document.forms
        if form.function is not None
        and (form.module.name, form.function.name) == (load.callee, load.name)
    ]
    two = [form for form in forms if form.function is not None and form.function.arity == 2]
    if two:
        if not any(_takes_scope(form) for form in two):
            return
    else:
        added = _added(forms, scopes[0], schema) if schema is not None and forms else ""
        if not added:
            return
        newline = line_ending(document.source)
        end = forms[-1].span.end
        lines = document.lines
        below = lines.line_bytes(lines.line_at(end) + 1).strip()
        gap = newline if below and below != b"end" else ""
        text = newline * 2 + added.replace("\n", newline) + gap
        yield Edit(Span(end, end), text, context)
    holder = "socket" if load.live else "conn"
    text = f"{holder}.assigns.current_scope, "
    line = here.lines.line_bytes(here.lines.line_at(load.arguments.start)).decode().rstrip()
    if len(line) + len(text) <= WIDTH:
        yield Edit(Span(load.arguments.start, load.arguments.start), text, path)


def _owner_key(schema: Schema | None) -> str:
    """The key of the user whose record it is; empty where there is none, or several."""
    if schema is None:
        return ""
    users = [one for one in schema.associations if one.kind == "belongs_to"]
    named = [one for one in users if one.name == "user"]
    typed = [one for one in users if one.target.rpartition(".")[2] == "User"]
    found = named or typed
    if len(found) == 1:
        return found[0].foreign_key or f"{found[0].name}_id"
    return "user_id" if any(one.name == "user_id" for one in schema.fields) else ""


def _takes_scope(form: Form) -> bool:
    function = form.function
    return function is not None and "scope" in function.parameters[0].text.lower()


def _added(forms: list[Form], scope: str, schema: Schema) -> str:
    """The function for one's own record, made after `Repo.get!(Record, id)`."""
    form = forms[0]
    function = form.function
    owner = _owner_key(schema)
    if len(forms) != 1 or function is None or len(function.body) != 1 or not owner:
        return ""
    body = function.body[0]
    if not isinstance(body, Call) or body.name not in ("get!", "get") or body.pipe is not None:
        return ""
    match body.written_arguments:
        case [record, key] if module_text(record) and key.text == function.parameters[0].text:
            pass
        case _:
            return ""
    indent = " " * (form.span.start - form.tree.source.rfind(b"\n", 0, form.span.start) - 1)
    name = form.names_at(form.span.start).shorten(scope)
    key_name = function.parameters[0].text
    asked = body.name.replace("get", "get_by")
    keys = f"id: {key_name}, {owner}: scope.user.id"
    lines = [
        f"{indent}def {function.name}(%{name}{{}} = scope, {key_name}) do",
        f"{indent}  {body.module}.{asked}({record.text}, {keys})",
        f"{indent}end",
    ]
    return "" if any(len(one) > WIDTH for one in lines) else "\n".join(lines)
