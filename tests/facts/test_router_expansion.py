"""Routers whose routes are computed while compiling, and what Retort cannot know of them.

The tables were written by Phoenix 1.9-dev and LiveView 1.2.10 themselves: the same routers were
compiled there, and `__routes__/0` and `Phoenix.Router.route_info/4` were asked.
"""

from __future__ import annotations

import pytest

from lsp_server.document import Document
from lsp_server.facts.fact import collect
from lsp_server.facts.routes.router_expansion import collect_routers
from lsp_server.facts.routes.routes import LiveSession, Opaque, Pipeline, Route
from tests.facts.router_tables import HEAD, rows, table


def test_comprehensions_over_literals_are_expanded() -> None:
    assert rows(
        """
        for {name, path} <- [users: "/u", orders: "/o"] do
          get path, AdminController, name, as: "list_#{name}"
        end

        for kind <- ~w(small large) do
          scope "/#{kind}" do
            get "/#{kind}-one", AdminController, :one
          end
        end
        """
    ) == [
        "list_users get /u AdminController users",
        "list_orders get /o AdminController orders",
        "admin get /small/small-one AdminController one",
        "admin get /large/large-one AdminController one",
    ]


def test_conditions_that_are_decided_while_compiling() -> None:
    found = table(
        """
        @dev? Application.compile_env(:shop, :dev_routes)

        if Mix.env() == :prod do
          get "/prod", A, :a
        else
          get "/other", A, :a
        end

        unless Mix.env() in [:prod] do
          scope "/tools", do: get("/dev", A, :a)
        end

        if @dev?, do: forward("/mailbox", Mailbox)

        if Application.compile_env(:shop, :reports) do
          get "/reports", A, :a
        end

        scope "/x" do
          if Mix.env() in [:dev, :test] do
            pipe_through :browser
          else
            pipe_through [:browser, :admin]
          end

          get "/admin", A, :a
        end

        scope "/y" do
          if Application.compile_env(:shop, :guarded), do: pipe_through(:guard)
          get "/y", A, :a
        end
        """
    )
    seen = {one.path: (one.dev, one.conditional, one.pipes, one.certain) for one in found.routes}
    assert seen == {
        "/prod": (False, False, (), True),
        "/other": (True, False, (), True),
        "/tools/dev": (True, False, (), True),
        "/mailbox": (True, False, (), True),
        "/reports": (False, True, (), True),
        "/x/admin": (False, False, ("browser", "admin"), True),
        "/y/y": (False, False, (), False),
    }


def test_what_hides_routes() -> None:
    found = table(
        """
        use Shop.Extra
        use Plug.ErrorHandler

        scope "/auth" do
          pipe_through :browser
          get "/before", A, :a
          auth_routes "/sign", A
          get "/after", A, :a
        end

        scope computed() do
          get "/lost", A, :a
        end

        protected do
          get "/lost", A, :a
        end

        for one <- all(), do: get(one, A, :a)
        """
    )
    assert [(one.kind, one.name, one.path, one.argument) for one in found.opaque] == [
        ("use", "Shop.Extra", "/", ""),
        ("call", "auth_routes", "/auth", "/sign"),
        ("call", "scope", "/", ""),
        ("call", "protected", "/", ""),
        ("call", "for", "/", ""),
    ]
    assert [(one.path, one.certain) for one in found.routes] == [
        ("/auth/before", True),
        ("/auth/after", False),
    ]
    assert found.opaque[1].pipes == ("browser",)


BROKEN = [
    "scope do end",
    "scope",
    "get",
    'get "/"',
    'live "/"',
    'resources "/x", only: [',
    "pipeline do\nend",
    "live_session do\nend",
    "for x <- do",
    "if do",
    "pipe_through",
    'scope "/", %{a: 1} do get "/", 1, 2 end',
    'scope "/" do\n' * 200 + 'get "/", A, :a\n' + "end\n" * 200,
]


@pytest.mark.parametrize("body", BROKEN)
def test_broken_code_raises_nothing(body: str) -> None:
    source = f"{HEAD}{body}\nend\n".encode()
    first = len(HEAD) if len(source) < 500 else len(source)
    for end in range(first, len(source) + 1):
        list(collect_routers(Document("lib/router.ex", source[:end])))


def test_facts_survive_the_cache() -> None:
    body = 'pipeline :a do\n  plug B, c: 1\nend\nlive_session :d, on_mount: E do\nlive "/f", G\nend'
    facts = collect(Document("lib/router.ex", f"{HEAD}{body}\nh()\nend\n".encode()))
    assert {Route, Pipeline, LiveSession, Opaque} <= facts.types
    for kind in (Route, Pipeline, LiveSession, Opaque):
        assert type(facts)(encoded=facts.encode()).of(kind) == facts.of(kind)
