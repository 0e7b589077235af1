"""Effects that flow along the call graph."""

from __future__ import annotations

import pytest

from lsp_server.document import Document
from lsp_server.facts.calls.calls import CallSite
from lsp_server.facts.calls.effects import CallGraph, Effect, call_graph
from lsp_server.facts.calls.places import ASSIGN_NEW, CONNECTED, TEMPLATE
from lsp_server.facts.fact import collect, load_collectors
from lsp_server.facts.index import Index
from lsp_server.facts.modules import FunctionKey

list(load_collectors())

REPO = (
    "defmodule Shop.Repo do\n  use Ecto.Repo, otp_app: :shop, adapter: Ecto.Adapters.Postgres\nend"
)
READ, WRITE = Effect.DB_READ, Effect.DB_WRITE


def index_of(files: dict[str, str]) -> Index:
    return Index({path: collect(Document(path, text.encode())) for path, text in files.items()})


def graph_of(*modules: str) -> CallGraph:
    return call_graph(index_of({f"lib/m{n}.ex": text for n, text in enumerate((REPO, *modules))}))


def effects(body: str, *more: str, head: str = "") -> Effect:
    """The effects of a function `Shop.A.run/1` with this body."""
    text = (
        f"defmodule Shop.A do\n  {head}\n  alias Shop.Repo\n  def run(x) do\n    {body}\n  end\nend"
    )
    return graph_of(text, *more).effects_of(("Shop.A", "run", 1))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Repo.get!(User, x)", READ),
        ("Repo.insert(x)", WRITE),
        ("Repo.get!(User, x) |> Repo.update()", READ | WRITE),
        ("Repo.transaction(x)", WRITE),
        ("Ecto.Adapters.SQL.query!(Repo, x, [])", READ),
        ("Ecto.Multi.insert(x, :a, b)", Effect(0)),
        ("Oban.insert(x)", WRITE),
        ("Ash.read!(x)", READ),
        ("Ash.update!(x)", WRITE),
        ("Req.get!(x)", Effect.HTTP),
        ("Finch.request(x, Shop.Finch)", Effect.HTTP),
        ("HTTPoison.post(x, y)", Effect.HTTP),
        ("Tesla.get(x, y)", Effect.HTTP),
        (":httpc.request(x)", Effect.HTTP),
        ("ExAws.request(x)", Effect.HTTP),
        ("Process.sleep(x)", Effect.SLEEP),
        (":timer.sleep(x)", Effect.SLEEP),
        ("GenServer.call(x, :a)", Effect.PROCESS_CALL),
        ("GenServer.cast(x, :a)", Effect(0)),
        ("Agent.get(x, & &1)", Effect.PROCESS_CALL),
        ("File.read!(x)", Effect.FILE),
        ("File.exists?(x)", Effect(0)),
        ("Logger.info(x)", Effect.LOG),
        (":telemetry.execute(x, %{}, %{})", Effect.TELEMETRY),
        ("Shop.Mailer.deliver(x)", Effect.MAIL),
        ("Shop.Mailer.deliver_later(x)", Effect(0)),
        ("Enum.map(x, & &1.name)", Effect(0)),
    ],
)
def test_functions_of_libraries(body: str, expected: Effect) -> None:
    assert effects(body) == expected


def test_modules_that_get_their_functions_by_use() -> None:
    mailer = "defmodule Shop.Post do\n  use Swoosh.Mailer, otp_app: :shop\nend"
    assert effects("Shop.Post.deliver(x)", mailer) == Effect.MAIL
    assert effects("Shop.Post.deliver(x)") == Effect(0)
    client = "defmodule Shop.Rates do\n  use Tesla\n  def rate(x), do: get(x)\nend"
    assert effects("Shop.Rates.rate(x)", client) == Effect.HTTP
    assert effects("Shop.Rates.post(x, y)", client) == Effect.HTTP
    repo = "defmodule Shop.Other do\n  use Ecto.Repo, otp_app: :a\n  def fetch(q), do: one(q)\nend"
    assert effects("Shop.Other.fetch(x)", repo) == READ


def test_a_function_that_the_project_defines_is_what_its_body_says() -> None:
    post = "defmodule Shop.Mailer do\n  def deliver(x), do: x\nend"
    assert effects("Shop.Mailer.deliver(x)", post) == Effect(0)


def test_effects_flow_through_many_modules() -> None:
    chain = [
        f"defmodule Shop.M{n} do\n  def f(x), do: Shop.M{n + 1}.f(x)\nend" for n in range(3000)
    ]
    last = "defmodule Shop.M3000 do\n  def f(x), do: Shop.Repo.all(x)\nend"
    assert graph_of(*chain, last).effects_of(("Shop.M0", "f", 1)) == READ


def test_effects_flow_round_a_circle() -> None:
    a = "defmodule Shop.A do\n  def run(x), do: Shop.B.run(x)\nend"
    b = "defmodule Shop.B do\n  def run(x), do: {Shop.A.run(x), Shop.Repo.all(x)}\nend"
    graph = graph_of(a, b)
    assert graph.effects_of(("Shop.A", "run", 1)) == graph.effects_of(("Shop.B", "run", 1)) == READ


def test_effects_flow_through_delegates_defaults_imports_and_captures() -> None:
    b = """
defmodule Shop.B do
  alias Shop.Repo
  defdelegate load(x), to: Shop.C, as: :fetch
  def paged(x, page \\\\ 1), do: Repo.all({x, page})
  def each(x), do: Enum.map(x, &one/1)
  defp one(x), do: Repo.one(x)
end
"""
    c = "defmodule Shop.C do\n  def fetch(x), do: Shop.Repo.get(A, x)\nend"
    for body in ("Shop.B.load(x)", "Shop.B.paged(x)", "Shop.B.paged(x, 2)", "Shop.B.each(x)"):
        assert effects(body, b, c) == READ, body
    assert effects("Shop.B.paged(x, 2, 3)", b, c) == Effect(0)
    assert effects("paged(x)", b, c, head="import Shop.B") == READ
    assert effects("x |> paged(2)", b, c, head="import Shop.B, only: [paged: 2]") == READ
    assert effects("paged(x)", b, c, head="import Shop.B, only: [paged: 2]") == Effect(0)
    assert effects("paged(x)", b, c, head="import Shop.B, except: [paged: 1]") == Effect(0)


@pytest.mark.parametrize(
    "body",
    [
        "Task.async(fn -> Repo.all(x) end)",
        "Task.Supervisor.start_child(Sup, fn -> Repo.all(x) end)",
        "spawn(fn -> Repo.all(x) end)",
        "start_async(x, :a, fn -> Repo.all(x) end)",
        "assign_async(x, :a, fn -> {:ok, %{a: Repo.all(x)}} end)",
        "{:ok, fn -> Repo.all(x) end}",
        "%{load: &Repo.all/1}",
        "quote do: Repo.all(x)",
        "x.all(User)",
        "@repo.all(User)",
        "apply(x, :all, [User])",
    ],
)
def test_effects_do_not_flow_out_of_what_runs_elsewhere_or_is_not_known(body: str) -> None:
    assert effects(body) == Effect(0)


@pytest.mark.parametrize(
    "body",
    [
        "Task.async_stream(x, fn y -> Repo.get(A, y) end)",
        "retry(fn -> Repo.all(x) end)",
        "if x, do: Repo.all(x)",
        "assign_new(x, :a, fn -> Repo.all(x) end)",
        "fun = fn -> Repo.all(x) end\n    fun.()",
    ],
)
def test_effects_flow_out_of_what_runs_here(body: str) -> None:
    assert effects(body) == READ


def test_places_can_be_avoided() -> None:
    a = """
defmodule Shop.A do
  alias Shop.Repo
  def mount(socket), do: load(socket)
  defp load(socket) do
    if connected?(socket), do: Repo.all(User)
    assign_new(socket, :a, fn -> Repo.insert(socket) end)
  end
end
"""
    graph = graph_of(a)
    mount = ("Shop.A", "mount", 1)
    assert graph.effects_of(mount) == READ | WRITE
    assert graph.effects_of(mount, CONNECTED) == WRITE
    assert graph.effects_of(mount, CONNECTED | ASSIGN_NEW) == Effect(0)


WAY = """
defmodule Shop.Orders do
  alias Shop.{Prices, Repo}
  def total(order), do: order |> lines() |> Prices.sum()
  def lines(order), do: Repo.preload(order, :lines).lines
end
defmodule Shop.Prices do
  def sum(lines), do: Enum.map(lines, &of/1)
  def of(line), do: Shop.Repo.get!(Shop.Price, line.price_id)
end
defmodule Shop.Report do
  alias Shop.Orders
  def run(orders), do: Enum.map(orders, &Orders.total/1)
end
"""


def call_in(graph: CallGraph, caller: FunctionKey, name: str) -> CallSite:
    return next(
        call
        for clause in graph.clauses
        if clause.key == caller
        for call in clause.calls
        if call.name == name
    )


def test_the_way_to_an_effect_is_the_shortest_one() -> None:
    graph = graph_of(WAY)
    call = call_in(graph, ("Shop.Report", "run", 1), "total")
    assert graph.effects("Shop.Report", call) == READ
    way = graph.way("Shop.Report", call, READ)
    assert [step.text for step in way] == [
        "`Shop.Orders.total/1` calls `Shop.Orders.lines/1`",
        "`Shop.Orders.lines/1` calls `Repo.preload/2`",
    ]
    source = WAY.encode()
    assert [step.span.slice(source) for step in way] == [b"lines", b"Repo.preload"]
    assert {step.path for step in way} == {"lib/m1.ex"}
    leaf = graph.leaf("Shop.Report", call, READ)
    assert leaf is not None and (leaf[0], leaf[1].name) == ("Shop.Orders", "preload")
    assert graph.way("Shop.Report", call, WRITE) == ()
    assert graph.leaf("Shop.Report", call, WRITE) is None


def test_the_way_from_a_call_that_has_the_effect_itself_is_empty() -> None:
    graph = graph_of(WAY)
    call = call_in(graph, ("Shop.Prices", "of", 1), "get!")
    assert graph.way("Shop.Prices", call, READ) == ()
    assert graph.direct("Shop.Prices", call) == READ
    assert graph.leaf("Shop.Prices", call, READ) == ("Shop.Prices", call)
    total = call_in(graph, ("Shop.Report", "run", 1), "total")
    assert graph.direct("Shop.Report", total) == Effect(0)
    assert graph.callee("Shop.Report", total) == ("Shop.Orders", "total", 1)


PAGE = """
defmodule ShopWeb.PageHTML do
  alias Shop.Accounts
  embed_templates "page_html/*"
end
defmodule Shop.Accounts do
  def name(id), do: Shop.Repo.get!(User, id).name
end
"""
LIVE = """
defmodule ShopWeb.CartLive do
  alias Shop.Accounts
  def mount(_, _, socket), do: {:ok, socket}
end
"""
VIEW = "defmodule ShopWeb.Admin.UserView do\n  alias Shop.Accounts\nend"
TEXT = "<p>{Accounts.name(@id)}</p>"


def test_template_files_are_functions_of_their_modules() -> None:
    files = {
        "lib/shop/repo.ex": REPO,
        "lib/shop_web/page_html.ex": PAGE,
        "lib/shop_web/page_html/home.html.heex": TEXT,
        "lib/shop_web/other/home.html.heex": TEXT,
        "lib/shop_web/live/cart_live.ex": LIVE,
        "lib/shop_web/live/cart_live.html.heex": TEXT,
        "lib/shop_web/views/user_view.ex": VIEW,
        "lib/shop_web/templates/admin/user/show.html.eex": "<%= Accounts.name(@id) %>",
    }
    graph = call_graph(index_of(files))
    found = {clause.path: clause for clause in graph.clauses}
    home = found["lib/shop_web/page_html/home.html.heex"]
    assert home.key == ("ShopWeb.PageHTML", "home", 1)
    assert home.calls[0].module == "Shop.Accounts" and home.calls[0].place == TEMPLATE
    assert graph.effects_of(home.key) == READ
    assert graph.effects_of(("ShopWeb.CartLive", "render", 1)) == READ
    assert graph.effects_of(("ShopWeb.Admin.UserView", "show", 1)) == READ
    assert found["lib/shop_web/other/home.html.heex"].module == ""


def test_aliases_that_use_brings_are_followed() -> None:
    web = """
defmodule ShopWeb do
  def live_view do
    quote do
      use Phoenix.LiveView
      alias ShopWeb.Parts
    end
  end
  defmacro __using__(which), do: apply(__MODULE__, which, [])
end
defmodule ShopWeb.Parts do
  def load(x), do: Shop.Repo.all(x)
end
defmodule ShopWeb.CartLive do
  use ShopWeb, :live_view
  def run(x), do: Parts.load(x)
end
"""
    assert graph_of(web).effects_of(("ShopWeb.CartLive", "run", 1)) == READ


CLAUSES = """defmodule Shop.Notifier do
  def send(:mail, one), do: Shop.Mailer.deliver(one)
  def send(:log, one), do: one
  def send(%{type: "sms"}, _), do: Req.get!("x")
  def send(%{"type" => "sms"}, _), do: File.read!("x")
  def send(other, one) when is_list(other), do: Process.sleep(one)
  def send(_, one), do: Shop.Repo.insert(one)

  def notify(one, how \\\\ :log)
  def notify(one, :log), do: one
  def notify(one, 1_000), do: Req.get!(one)
  def notify(one, "mail" = _how), do: Shop.Mailer.deliver(one)

  def through(one), do: send(:log, one)
end"""
ANY = Effect.MAIL | Effect.HTTP | Effect.FILE | Effect.SLEEP | Effect.DB_WRITE


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("send(:mail, x)", Effect.MAIL),
        ("send(:log, x)", Effect(0)),
        (":log |> then(& &1) |> send(x)", ANY),
        ("send(x, :log)", ANY),
        ('send(%{type: "sms", to: x}, 1)', ANY & ~Effect.MAIL),
        ('send(%{"type" => "sms"}, 1)', ANY & ~Effect.MAIL),
        ('send(%{type: "fax"}, 1)', ANY & ~(Effect.MAIL | Effect.HTTP)),
        ("send(nil, 1)", Effect.SLEEP | Effect.DB_WRITE),
        ("send(:mail, x) && send(:log, x)", Effect.MAIL),
        ("notify(x, :log)", Effect(0)),
        ("notify(x, 1000)", Effect.HTTP),
        ('x |> notify("mail")', Effect.MAIL),
        ("x |> notify(:fax)", Effect(0)),
        ("notify(x)", Effect.HTTP | Effect.MAIL),
        ("through(x)", Effect(0)),
    ],
)
def test_literals_choose_clauses(call: str, expected: Effect) -> None:
    """As Elixir tries the clauses: from the top, and none whose literal is another."""
    for function in ("send", "notify", "through"):
        call = call.replace(f"{function}(", f"Shop.Notifier.{function}(")
    assert effects(call, CLAUSES) & ANY == expected


def test_the_way_leads_through_the_clause_that_runs() -> None:
    caller = """defmodule Shop.A do
  def run(x), do: Shop.Notifier.send(nil, x)
end"""
    graph = graph_of(CLAUSES, caller)
    clause = next(one for one in graph.clauses if one.module == "Shop.A")
    (step,) = graph.way("Shop.A", clause.calls[0], Effect.DB_WRITE)
    assert step.text == "`Shop.Notifier.send/2` calls `Repo.insert/1`"
    assert graph.way("Shop.A", clause.calls[0], Effect.MAIL) == ()
    assert graph.leaf("Shop.A", clause.calls[0], Effect.HTTP) is None


def test_functions_of_libraries_by_import() -> None:
    mailer = "defmodule Shop.Post do\n  use Swoosh.Mailer, otp_app: :shop\nend"
    head = "import Shop.Post, only: [deliver: 1]\n  import HTTPoison, except: [post: 2]"
    assert effects("deliver(x)", mailer, head=head) == Effect.MAIL
    assert effects("x |> deliver()", mailer, head=head) == Effect.MAIL
    assert effects("deliver(x, y)", mailer, head=head) == Effect(0)
    assert effects("get(x)", mailer, head=head) == Effect.HTTP
    assert effects("post(x, y)", mailer, head=head) == Effect(0)
