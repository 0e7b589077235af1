"""Routers as facts: routes, scopes, pipelines and live sessions.

The tables were written by Phoenix 1.9-dev and LiveView 1.2.10 themselves: the same routers were
compiled there, and `__routes__/0` and `Phoenix.Router.route_info/4` were asked.
"""

from __future__ import annotations

import textwrap

from tests.facts.router_tables import routing_of, rows, table


def test_verbs() -> None:
    assert rows(
        """
        scope "/", ShopWeb do
          get "/", PageController, :home
          get "/about-us/", PageController, :about, as: :about
          post "/hidden", PageController, :hidden, as: nil
          match :*, "/any/*rest", PageController, :any
          match :get, "/matched/:a/:b", MatchedController, :go, alias: false
          options("/opt", API.V1Controller, :opt)
        end
        """
    ) == [
        "page get / ShopWeb.PageController home",
        "about get /about-us ShopWeb.PageController about",
        "- post /hidden ShopWeb.PageController hidden",
        "page * /any/*rest ShopWeb.PageController any",
        "matched get /matched/:a/:b MatchedController go",
        "v1 options /opt ShopWeb.API.V1Controller opt",
    ]


def test_resources() -> None:
    assert rows('resources "/users", UserController') == [
        "user get /users UserController index",
        "user get /users/:id/edit UserController edit",
        "user get /users/new UserController new",
        "user get /users/:id UserController show",
        "user post /users UserController create",
        "user patch /users/:id UserController update",
        "- put /users/:id UserController update",
        "user delete /users/:id UserController delete",
    ]


def test_nested_resources() -> None:
    assert rows(
        """
        alias ShopWeb.Legacy, as: Old

        scope "/", ShopWeb do
          resources "/users", UserController, only: [:delete] do
            resources "/posts", PostController, only: [:index, :show], param: "slug"
            resources "/keys", APIKeyController, except: ~w(new edit create update)a, as: :token,
              name: "key"
            get "/stats", StatsController, :show
          end

          resources "/account", AccountController, singleton: true, only: [:show, :update] do
            resources "/cards", CardController, only: [:index]
          end

          resources "/old", Old.ThingController, only: [:index], alias: Old do
            get "/inner", InnerController, :inner
          end
        end
        """
    ) == [
        "user delete /users/:id ShopWeb.UserController delete",
        "user_post get /users/:user_id/posts ShopWeb.PostController index",
        "user_post get /users/:user_id/posts/:slug ShopWeb.PostController show",
        "user_token get /users/:user_id/keys ShopWeb.APIKeyController index",
        "user_token get /users/:user_id/keys/:id ShopWeb.APIKeyController show",
        "user_token delete /users/:user_id/keys/:id ShopWeb.APIKeyController delete",
        "user_stats get /users/:user_id/stats ShopWeb.StatsController show",
        "account get /account ShopWeb.AccountController show",
        "account patch /account ShopWeb.AccountController update",
        "- put /account ShopWeb.AccountController update",
        "account_card get /account/cards ShopWeb.CardController index",
        "thing get /old ShopWeb.ShopWeb.Legacy.ThingController index",
        "thing_inner get /old/:thing_id/inner ShopWeb.ShopWeb.Legacy.InnerController inner",
    ]


def test_live_routes_and_what_takes_all_below_it() -> None:
    found = table(
        """
        scope "/", ShopWeb do
          live "/clock", ClockLive
          live "/clock/named", ClockLive, as: :wall_clock
          live "/items", ItemLive.Index, :index
          live "/items/:id/edit", ItemLive.Index, :edit, as: :item_editor
          live "/deep/:id", Shop.DeepLive.ShowLive.Panel, :panel, container: {:div, class: "x"}
          live "/opts", OptsLive, container: {:div, []}
          forward "/jobs", JobsPlug, at: "x"
          live_dashboard "/dashboard", metrics: ShopWeb.Telemetry
        end
        """
    )
    seen = [(one.kind, one.helper, one.path, one.plug, one.helper_action) for one in found.routes]
    assert seen == [
        ("live", "live", "/clock", "ShopWeb.ClockLive", "ShopWeb.ClockLive"),
        ("live", "wall_clock", "/clock/named", "ShopWeb.ClockLive", "ShopWeb.ClockLive"),
        ("live", "item_index", "/items", "ShopWeb.ItemLive.Index", "index"),
        ("live", "item_editor", "/items/:id/edit", "ShopWeb.ItemLive.Index", "edit"),
        ("live", "deep_show_panel", "/deep/:id", "ShopWeb.Shop.DeepLive.ShowLive.Panel", "panel"),
        ("live", "live", "/opts", "ShopWeb.OptsLive", "ShopWeb.OptsLive"),
        ("forward", "", "/jobs", "ShopWeb.JobsPlug", ""),
        ("mount", "", "/dashboard", "Phoenix.LiveDashboard", ""),
    ]
    assert [one.is_prefix for one in found.routes] == [False] * 6 + [True] * 2


def test_forms_of_scope() -> None:
    found = table(
        """
        @admin "/admin"

        scope "/api", ShopWeb.API, as: :api, host: ["api.", "www.api."] do
          scope "/v1", V1, as: :v1 do
            get "/ping", PingController, :ping
          end

          scope path: "/v2", alias: V2, as: "v2", host: "v2." do
            get "/ping", PingController, :ping
          end

          scope "/v3", as: false, alias: false do
            get "/ping", Plain.PingController, :ping
          end
        end

        scope @admin, as: :admin do
          get "/", ShopWeb.AdminController, :index
        end

        scope alias: ShopWeb, do: get("/short", ShortController, :show)

        scope "/slash", ShopWeb, trailing_slash: true do
          get "/a", SlashController, :a
          get "/b", SlashController, :b, trailing_slash: false
        end
        """
    )
    seen = [(one.helper, one.path, one.plug, one.hosts) for one in found.routes]
    assert seen == [
        ("api_v1_ping", "/api/v1/ping", "ShopWeb.API.V1.PingController", ("api.", "www.api.")),
        ("api_v2_ping", "/api/v2/ping", "ShopWeb.API.V2.PingController", ("v2.",)),
        ("ping", "/api/v3/ping", "Plain.PingController", ("api.", "www.api.")),
        ("admin_admin", "/admin", "ShopWeb.AdminController", ()),
        ("short", "/short", "ShopWeb.ShortController", ()),
        ("slash", "/slash/a", "ShopWeb.SlashController", ()),
        ("slash", "/slash/b", "ShopWeb.SlashController", ()),
    ]
    assert [one.trailing_slash for one in found.routes] == [False] * 5 + [True, False]


def test_what_routes_pass_through() -> None:
    found = table(
        """
        alias ShopWeb.Plugs.Locale
        @staff [:browser, :staff]

        scope "/" do
          pipe_through [:api, Locale, {ShopWeb.Limit, max: 3}]
          get "/a", A, :a
          pipe_through :admin

          scope "/b" do
            pipe_through @staff
            get "/b", B, :b
          end

          get "/c", C, :c
        end

        get "/d", D, :d
        """
    )
    locale, limit = "ShopWeb.Plugs.Locale", "ShopWeb.Limit"
    assert [one.pipes for one in found.routes] == [
        ("api", locale, limit),
        ("api", locale, limit, "admin", "browser", "staff"),
        ("api", locale, limit, "admin"),
        (),
    ]
    assert all(one.certain for one in found.routes)


def test_pipelines() -> None:
    found = table(
        """
        alias ShopWeb.Plugs

        pipeline :browser do
          plug :accepts, ["html"]
          plug(Plugs.Locale, default: "en", other: :x)

          if Mix.env() == :prod do
            plug Plug.SSL
          end
        end

        pipeline :odd do
          plug :fetch_session
          more_plugs()
        end

        scope "/" do
          pipe_through [:browser, :extra]
          get "/", A, :a
        end
        """
    )
    browser = found.pipelines["browser"]
    assert [(one.name, one.options, one.conditional) for one in browser.plugs] == [
        ("accepts", '["html"]', False),
        ("ShopWeb.Plugs.Locale", 'default: "en", other: :x', False),
        ("Plug.SSL", "", True),
    ]
    assert browser.complete and browser.has("Plug.SSL") and not browser.has("fetch_session")
    assert not found.pipelines["odd"].complete
    names = [one if isinstance(one, str) else one.name for one in found.plugs(found.routes[0])]
    assert names == ["accepts", "ShopWeb.Plugs.Locale", "Plug.SSL", "extra"]
    assert found.is_certain(found.routes[0])


def test_live_sessions() -> None:
    found = table(
        """
        alias ShopWeb.UserAuth

        live_session :staff,
          on_mount: [{UserAuth, :staff}, ShopWeb.Locale],
          session: {UserAuth, :session, []},
          layout: {ShopWeb.Layouts, :staff} do
          scope "/staff", ShopWeb, as: :staff do
            pipe_through :browser
            live "/board", BoardLive, :board
          end
        end

        live_session :plain do
          live "/plain", ShopWeb.PlainLive
        end

        live_session :computed, options() do
        end

        live "/none", ShopWeb.NoneLive
        """
    )
    staff = found.sessions["staff"]
    assert [(one.module, one.argument) for one in staff.on_mount] == [
        ("ShopWeb.UserAuth", "staff"),
        ("ShopWeb.Locale", "default"),
    ]
    assert staff.session == "{UserAuth, :session, []}"
    assert staff.layout == "{ShopWeb.Layouts, :staff}"
    assert staff.complete and found.sessions["plain"].complete
    assert not found.sessions["computed"].complete
    assert [one.session for one in found.routes] == ["staff", "plain", ""]
    assert found.routes[0].helper == "staff_board" and found.routes[0].pipes == ("browser",)


def test_which_modules_are_routers() -> None:
    found = routing_of(
        lib__a='defmodule A do\n  use Phoenix.Router, helpers: false\n  get "/", C, :a\nend\n',
        lib__b='defmodule B do\n  use Plug.Router\n  get "/router", do: conn\nend\n',
        lib__c="defmodule C do\n  use Web, :own\n  pipeline :browser do\n  end\nend\n# router\n",
        lib__d='defmodule D do\n  def router, do: get("/", C, :a)\nend\n',
        test__e='defmodule E do\n  use Phoenix.Router\n  get "/", C, :a\nend\n',
    )
    assert list(found.routers) == ["A", "C"]
    assert not found.routers["A"].router.helpers


def test_umbrella_endpoints_and_verified_routes() -> None:
    router = 'defmodule {0}.Router do\n  use {0}, :router\n  forward "/x", Other.Router\nend\n'
    web = """
    defmodule Shop do
      alias Shop.{Endpoint, Router}
      def static_paths, do: ~w(css favicon.ico)

      def routes do
        quote do
          use Phoenix.VerifiedRoutes, endpoint: Endpoint, router: Router,
            statics: Shop.static_paths()
        end
      end
    end

    defmodule Shop.Endpoint do
      use Phoenix.Endpoint, otp_app: :shop
      plug Plug.Static, at: "/", only: Shop.static_paths()
      if code_reloading?, do: plug(Phoenix.CodeReloader)
      plug Shop.Router
    end
    """
    found = routing_of(
        apps__shop__lib__router=router.format("Shop"),
        apps__shop__lib__web=textwrap.dedent(web),
        apps__other__lib__router=router.format("Other"),
    )
    assert [one.module for one in found.of_app("apps/shop/lib/page.ex")] == ["Shop.Router"]
    assert [one.module for one in found.served("Shop.Router")] == ["Shop.Endpoint"]
    assert found.forwarded("Other.Router") and not found.forwarded("Shop.Router")
    (verified,) = found.verified_in("apps/shop/lib/page.ex")
    assert (verified.router, verified.endpoint) == ("Shop.Router", "Shop.Endpoint")
    assert not verified.prefixed and verified.function == "routes"
    assert found.verified_in("apps/other/lib/page.ex") == []
    assert found.statics(verified.statics) == ("css", "favicon.ico")
    plugs = found.endpoints["Shop.Endpoint"][1].plugs
    assert [(one.name, one.conditional) for one in plugs] == [
        ("Plug.Static", False),
        ("Phoenix.CodeReloader", True),
        ("Shop.Router", False),
    ]
