"""What `use` brings to a module, and where an unqualified call comes from."""

from __future__ import annotations

from lsp_server.facts.project.context import ProjectContext
from tests.facts.web_application import LIVE, SHOP, context_of, lock, names_of


def test_use_of_the_web_module() -> None:
    used = context_of(SHOP).used(names_of(LIVE, "ShopWeb.CartLive"))
    assert used == {
        "ShopWeb",
        "Phoenix.LiveView",
        "Phoenix.Component",
        "ShopWeb.Paths",
        "Phoenix.VerifiedRoutes",
    }


def test_a_nested_module_does_not_have_what_its_outer_module_uses() -> None:
    context = context_of(SHOP)
    names = names_of(LIVE, "ShopWeb.CartLive.Row")
    assert context.used(names) == frozenset()
    assert context.expand(names, "JS") == "Phoenix.LiveView.JS", "aliases are lexical"


def test_aliases_that_use_brings() -> None:
    context = context_of(SHOP)
    names = names_of(LIVE, "ShopWeb.CartLive")
    assert context.aliases(names) == {
        "JS": "Phoenix.LiveView.JS",
        "Routes": "ShopWeb.Router.Helpers",
        "Paths": "ShopWeb.Paths",
        "E": "ShopWeb.Endpoint",
        "Query": "ShopWeb.CartLive.Query",
    }
    assert context.expand(names, "JS.Nested") == "Phoenix.LiveView.JS.Nested"
    assert context.expand(names, "Shop.Cart") == "Shop.Cart"


def test_an_alias_of_the_file_itself_comes_first() -> None:
    text = LIVE.replace("  def mount", "  alias Other.JS\n\n  def mount")
    names = names_of(text, "ShopWeb.CartLive")
    assert context_of(SHOP).expand(names, "JS") == "Other.JS"


def test_the_convention_stands_in_for_a_web_module_that_is_not_known() -> None:
    expected = {
        "live_view": "Phoenix.LiveView",
        "live_component": "Phoenix.LiveComponent",
        "component": "Phoenix.Component",
        "html": "Phoenix.Component",
        "controller": "Phoenix.Controller",
        "router": "Phoenix.Router",
        "channel": "Phoenix.Channel",
        "view": "Phoenix.View",
    }
    context = ProjectContext()
    for selector, module in expected.items():
        names = names_of(f"defmodule A do\n  use ShopWeb, :{selector}\nend\n")
        assert module in context.used(names), selector
        assert "ShopWeb" in context.used(names)
    names = names_of("defmodule A do\n  use Shop, :live_view\nend\n")
    assert context.used(names) == {"Shop"}
    live = names_of("defmodule A do\n  use ShopWeb, :live_view\nend\n")
    assert context.expand(live, "JS") == "Phoenix.LiveView.JS"
    assert context.expand(live, "Routes") == "ShopWeb.Router.Helpers"


def test_clauses_of_using_by_atom() -> None:
    text = """\
    defmodule Shop do
      defmacro __using__(:worker), do: quote(do: use(Oban.Worker))
      defmacro __using__(:server) do
        quote do
          use GenServer
        end
      end
    end
    """
    context = context_of({"lib/shop.ex": text})
    assert context.expansion([("Shop", "worker")]).used == {"Shop", "Oban.Worker"}
    assert context.expansion([("Shop", "server")]).used == {"Shop", "GenServer"}


def test_case_templates() -> None:
    text = """\
    defmodule Shop.DataCase do
      use ExUnit.CaseTemplate

      using do
        quote do
          alias Shop.Repo
          import Shop.DataCase
        end
      end
    end
    """
    context = context_of({"test/support/data_case.ex": text})
    names = names_of("defmodule ATest do\n  use Shop.DataCase, async: true\nend\n")
    assert context.used(names) == {"Shop.DataCase", "ExUnit.Case"}
    assert context.expand(names, "Repo") == "Shop.Repo"


def test_modules_that_use_each_other_end() -> None:
    def using(name: str, other: str) -> str:
        block = f"quote do\n      use {other}\n      unquote(more())\n    end"
        more = "def more do\n    quote do\n      unquote(more())\n    end\n  end"
        return (
            f"defmodule {name} do\n  defmacro __using__(_) do\n    {block}\n  end\n  {more}\nend\n"
        )

    context = context_of({"lib/a.ex": using("A", "B"), "lib/b.ex": using("B", "A")})
    assert context.expansion([("A", "")]).used == {"A", "B"}


# Where an unqualified call comes from


def test_imports_that_list_the_function() -> None:
    names = names_of("defmodule A do\n  import Shop.Math, only: [double: 1]\nend\n")
    context = ProjectContext()
    assert context.importer(names, "double", 1) == "Shop.Math"
    assert context.importer(names, "double", 2) is None


def test_functions_of_libraries() -> None:
    context = context_of(SHOP)
    names = names_of(LIVE, "ShopWeb.CartLive")
    assert context.importer(names, "assign", 3) == "Phoenix.Component"
    assert context.importer(names, "push_event", 3) == "Phoenix.LiveView"
    assert context.importer(names, "live_redirect", 2) == "Phoenix.LiveView.Helpers"
    assert context.importer(names, "short", 1) == "ShopWeb.Paths"
    assert context.importer(names, "unknown", 1) is None
    html = names_of("defmodule A do\n  use ShopWeb, :html\nend\n")
    assert context.importer(html, "view_module", 1) == "Phoenix.Controller"
    assert context.importer(html, "put_flash", 3) is None


def test_plugs_of_controllers_and_routers() -> None:
    context = ProjectContext()
    for used, module in {
        "Phoenix.Controller": "Phoenix.Controller.Pipeline",
        "Phoenix.Router": "Phoenix.Router",
        "Phoenix.Endpoint": "Plug.Builder",
    }.items():
        names = names_of(f"defmodule A do\n  use {used}\nend\n")
        assert context.importer(names, "plug", 2) == module


def test_functions_stand_where_the_locked_version_has_them() -> None:
    names = names_of("defmodule A do\n  use Phoenix.LiveView\nend\n")
    for locked, module in {
        "0.15.7": "Phoenix.LiveView",
        "0.17.9": "Phoenix.LiveView",
        "0.18.0": "Phoenix.Component",
        "1.1.0": "Phoenix.Component",
    }.items():
        context = context_of({"mix.lock": lock(phoenix_live_view=locked)})
        assert context.importer(names, "assign", 3) == module, locked
    html = names_of("defmodule A do\n  use Phoenix.HTML\nend\n")
    assert context_of({"mix.lock": lock(phoenix_html="3.3.4")}).importer(html, "link", 2) == (
        "Phoenix.HTML.Link"
    )
    assert context_of({"mix.lock": lock(phoenix_html="4.2.0")}).importer(html, "link", 2) is None


def test_exceptions_and_the_last_import_count() -> None:
    text = """\
    defmodule A do
      use Phoenix.Controller
      import Plug.Conn, except: [halt: 1]
      import Ecto.Query, only: [from: 2]
    end
    """
    context, names = ProjectContext(), names_of(text)
    assert context.importer(names, "put_status", 2) == "Plug.Conn"
    assert context.importer(names, "halt", 1) is None
    assert context.importer(names, "from", 2) == "Ecto.Query"
    assert context.importer(names, "where", 2) is None


def test_two_modules_that_have_it_leave_it_open() -> None:
    names = names_of("defmodule A do\n  import Ecto.Changeset\n  import Phoenix.Component\nend\n")
    context = ProjectContext()
    assert context.importer(names, "changed?", 2) is None
    assert context.importer(names, "cast", 3) == "Ecto.Changeset"


def test_functions_of_own_components() -> None:
    context = context_of(SHOP)
    names = names_of(LIVE, "ShopWeb.CartLive")
    assert context.importer(names, "money", 1) == "ShopWeb.CoreComponents"
    assert context.importer(names, "money", 2) == "ShopWeb.CoreComponents"
    assert context.importer(names, "secret", 1) is None


def test_functions_that_a_use_defines_are_the_modules_own() -> None:
    names = names_of("defmodule ShopWeb.CartController do\n  use ShopWeb, :controller\nend\n")
    context = context_of(SHOP)
    assert context.importer(names, "next_path", 1) == "ShopWeb.CartController"
    assert context.importer(names, "next_path", 2) == "ShopWeb.CartController"
    assert "Enum" not in context.imports(names), "that import is inside a function"
    assert "Plug.Conn" in context.imports(names)


def test_ecto_schema_leaves_field_to_queries() -> None:
    names = names_of("defmodule A do\n  use Ecto.Schema\nend\n")
    context = ProjectContext()
    assert context.importer(names, "belongs_to", 2) == "Ecto.Schema"
    assert context.importer(names, "field", 2) is None
