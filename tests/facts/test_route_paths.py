"""Paths, calls of path helpers and plugs of controllers as facts."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.routes.controller_plugs import ControllerPlug, collect_controller_plugs
from lsp_server.facts.routes.named_paths import HelperCall, collect_helper_calls
from lsp_server.facts.routes.route_paths import RoutePath, collect_route_paths

CODE = r'''
defmodule ShopWeb.PageLive do
  use ShopWeb, :live_view
  alias ShopWeb.PartnerRouter

  def render(assigns) do
    ~H"""
    <.link navigate="/users?page=2#top" class="a">Users</.link>
    <.link patch={~p"/users/#{@user}/x#{@y}?#{[a: 1]}"}>User</.link>
    <a href="https://example.com">Out</a> <a href="//cdn.example.com">Out</a> <a href='/in'>In</a>
    <p title="see navigate="/not">text navigate="/nowhere"</p>
    """
  end

  def go(socket, id) do
    push_navigate(socket, to: "/users/#{id}")
    push_patch(socket, to: ~p"/")
    redirect(socket, external: "/ignored")
    path(socket, PartnerRouter, ~p"/offers")
    ~p"relative"
  end
end
'''


def paths(path: str, source: str) -> list[RoutePath]:
    return list(collect_route_paths(Document(path, source.encode())))


def test_paths_of_code_and_sigils() -> None:
    found = paths("lib/page_live.ex", CODE)
    seen = [(one.via, one.text, one.segments, one.router) for one in found]
    assert sorted(seen) == sorted(
        [
            ("navigate", "/users?page=2#top", ("users",), ""),
            ("~p", "/users/#{@user}/x#{@y}?#{[a: 1]}", ("users", None, None), ""),
            ("href", "/in", ("in",), ""),
            ("push_navigate", "/users/#{id}", ("users", None), ""),
            ("~p", "/", (), ""),
            ("~p", "/offers", ("offers",), "ShopWeb.PartnerRouter"),
        ]
    )
    assert all(one.uses == (("ShopWeb", "live_view"),) for one in found)
    assert all(one.module == "ShopWeb.PageLive" for one in found)
    for one in found:
        assert one.content.slice(CODE.encode()).decode() == one.text
        assert one.span.covers(one.content)


def test_paths_of_template_files() -> None:
    (one, other) = paths(
        "lib/shop_web/page.html.heex", '<.link navigate="/a">A</.link>\n<p>{~p"/b/#{@c}"}</p>'
    )
    assert {one.via, other.via} == {"navigate", "~p"}
    assert one.module == other.module == ""


def test_tests_state_no_paths() -> None:
    assert paths("test/page_test.exs", CODE) == []


def helper_calls(source: str, path: str = "lib/page.ex") -> list[HelperCall]:
    return list(collect_helper_calls(Document(path, source.encode())))


def test_helper_calls() -> None:
    source = r"""
    defmodule ShopWeb.Page do
      use ShopWeb, :controller
      alias ShopWeb.Router.Helpers, as: Routes
      import ShopWeb.Other.Helpers, only: [post_path: 3]

      @home Routes.page_path(ShopWeb.Endpoint, :home)

      def link(conn, user) do
        conn |> Routes.user_path(:show, user, page: 1, "per-page": 2)
        Routes.user_url(conn, ShopWeb.ClockLive, "a", 7, %{"b" => 1, c: 2}, [1], f(user))
        post_path(conn, :index, %{user | a: 1})
        own_path(conn, :index)
        file_path(user)
        &Routes.user_path/2
      end

      def own_path(_conn, _action), do: nil
    end
    """
    found = helper_calls(source)
    calls = {one.written: one for one in found}
    assert set(calls) == {"Routes.page_path", "Routes.user_path", "Routes.user_url", "post_path"}
    url = calls["Routes.user_url"]
    assert [(one.kind, one.value, one.keys) for one in url.arguments] == [
        ("module", "ShopWeb.ClockLive", ()),
        ("text", "a", ()),
        ("integer", "7", ()),
        ("map", "", ("b", "c")),
        ("list", "", ()),
        ("value", "", ()),
    ]
    assert url.receiver == "ShopWeb.Router.Helpers" and url.uses == (("ShopWeb", "controller"),)
    assert calls["post_path"].receiver == "ShopWeb.Other.Helpers"
    assert calls["post_path"].arguments[1].kind == "value"
    assert calls["Routes.page_path"].place == "module"
    piped, captured = (one for one in found if one.written == "Routes.user_path")
    if piped.captured:
        piped, captured = captured, piped
    assert captured.captured and captured.arguments == ()
    assert piped.context.text == "conn" and not piped.captured
    assert piped.arguments[-1].text == '[page: 1, "per-page": 2]'
    assert piped.arguments[-1].keys == ("page", "per-page")
    assert piped.span.slice(source.encode()).startswith(b"conn |> Routes")


def test_arguments_of_several_lines() -> None:
    source = """
    defmodule ShopWeb.Page do
      def link(conn, user) do
        Routes.user_path(
          conn,
          :show,
          name(
            user,
            [
              1
            ]
          ),
          %{
            # why
            a: 1
          }
        )
      end
    end
    """
    (call,) = helper_calls(source)
    assert [one.text for one in call.arguments] == [":show", "name(user, [1])", ""]


def test_places_where_no_quote_can_be_written() -> None:
    source = """
    defmodule ShopWeb.Page do
      def one(assigns), do: ~H"<a href={Routes.user_path(@conn, :index)}>x</a>"
      def two(assigns), do: ~H|<a href={Routes.user_path(@conn, :index)}>x</a>|

      def three do
        quote do
          Routes.user_path(conn, :index)
        end
      end
    end
    """
    assert [(one.quotable, one.place) for one in helper_calls(source)] == [
        (False, "function"),
        (True, "function"),
        (True, "quote"),
    ]


def plugs(source: str) -> list[ControllerPlug]:
    return list(collect_controller_plugs(Document("lib/user_controller.ex", source.encode())))


def test_plugs_of_controllers() -> None:
    found = plugs(
        """
        defmodule ShopWeb.UserController do
          use ShopWeb, :controller
          alias ShopWeb.Plugs.RateLimit
          @writing [:create, :update]

          plug :authenticate
          plug RateLimit, [max: 3] when action in @writing
          plug :log when action not in [:index]
          plug :audit when action == :delete
          plug :other when action in [:a] and is_admin
          plug computed()
        end
        """
    )
    seen = [(one.name, one.options, one.actions, one.negated, one.known) for one in found]
    assert seen == [
        ("authenticate", "", (), True, True),
        ("ShopWeb.Plugs.RateLimit", "[max: 3]", ("create", "update"), False, True),
        ("log", "", ("index",), True, True),
        ("audit", "", ("delete",), False, True),
        ("other", "", (), True, False),
    ]
    assert [one.runs_for("create") for one in found] == [True, True, True, False, True]
    assert [one.runs_for("index") for one in found] == [True, False, False, False, True]


def test_broken_plugs_of_controllers_are_none() -> None:
    assert plugs("defmodule A.BController do\n  plug\n  plug when\n  plug 1\nend") == []
