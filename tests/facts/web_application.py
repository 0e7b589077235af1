"""A small web application as text, and what its files say, for tests of facts and context."""

from __future__ import annotations

from collections.abc import Mapping

from lsp_server.document import Document
from lsp_server.facts.fact import collect
from lsp_server.facts.index import Index
from lsp_server.facts.project.context import ProjectContext, project_context
from lsp_server.syntax.names import Names

WEB = """\
defmodule ShopWeb do
  def live_view do
    quote do
      use Phoenix.LiveView, layout: {ShopWeb.Layouts, :app}

      unquote(html_helpers())
    end
  end

  def html do
    quote do
      use Phoenix.Component
      import Phoenix.Controller, only: [get_csrf_token: 0, view_module: 1]
      unquote(html_helpers())
    end
  end

  def controller do
    quote do
      use Phoenix.Controller, formats: [:html]
      import Plug.Conn

      def next_path(conn, fallback \\\\ "/") do
        import Enum
        conn.params["next"] || fallback
      end
    end
  end

  defp html_helpers do
    quote do
      import ShopWeb.CoreComponents
      import ShopWeb.Clock, except: [now: 0]
      alias Phoenix.LiveView.JS
      alias ShopWeb.Router.Helpers, as: Routes
      use ShopWeb.Paths
    end
  end

  defmacro __using__(which) when is_atom(which) do
    apply(__MODULE__, which, [])
  end
end
"""
PATHS = """\
defmodule ShopWeb.Paths do
  alias ShopWeb.Endpoint, as: E

  defmacro __using__(_) do
    quote do
      use Phoenix.VerifiedRoutes, endpoint: E
      import unquote(__MODULE__), only: [short: 1]
      alias unquote(__MODULE__)
      alias E
      alias __MODULE__.Query
    end
  end

  def short(path), do: path
end
"""
COMPONENTS = """\
defmodule ShopWeb.CoreComponents do
  use Phoenix.Component
  def money(amount, currency \\\\ "EUR"), do: {amount, currency}
  defp secret(x), do: x
end
"""
LIVE = """\
defmodule ShopWeb.CartLive do
  use ShopWeb, :live_view

  def mount(_, _, socket), do: {:ok, socket}

  defmodule Row do
    def call, do: 1
  end
end
"""
SHOP = {
    "lib/shop_web.ex": WEB,
    "lib/shop_web/paths.ex": PATHS,
    "lib/shop_web/components/core_components.ex": COMPONENTS,
    "lib/shop_web/live/cart_live.ex": LIVE,
}


def index_of(files: Mapping[str, str]) -> Index:
    documents = (Document(path, text.encode()) for path, text in files.items())
    return Index({one.path: collect(one) for one in documents})


def context_of(files: Mapping[str, str]) -> ProjectContext:
    return project_context(index_of(files))


def names_of(text: str, module: str | None = None) -> Names:
    """What names mean inside the last module of a text, or in a named one."""
    modules = Document("lib/x.ex", text.encode()).modules
    return next(one for one in reversed(modules) if module in (None, one.name)).names


def mix(app: str, deps: str, rest: str = "") -> str:
    project = f"def project, do: [app: :{app}, deps: [{deps}]{rest}]"
    return f"defmodule {app.title()}.MixProject do\n  use Mix.Project\n  {project}\nend\n"


def lock(**versions: str) -> str:
    lines = (f'  "{name}": {{:hex, :{name}, "{one}", []}},\n' for name, one in versions.items())
    return f"%{{\n{''.join(lines)}}}\n"


def module(name: str, *lines: str) -> str:
    body = "".join(f"  {line}\n" for line in lines)
    return f"defmodule {name} do\n{body}end\n"
