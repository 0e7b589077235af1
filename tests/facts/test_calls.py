"""Calls of functions with their callee and their place."""

from __future__ import annotations

from textwrap import indent

import pytest

from lsp_server.document import Document
from lsp_server.facts.calls import places
from lsp_server.facts.calls.calls import CallSite, FunctionCalls
from lsp_server.facts.calls.places import (
    ASSIGN_NEW,
    CACHED,
    CHUNKED,
    CONCURRENT,
    CONNECTED,
    ELSEWHERE,
    LATER,
    LOOP,
    MULTI,
    RESCUED,
    SMALL,
    TEMPLATE,
    TRANSACTION,
    UNUSED,
)
from lsp_server.facts.fact import collect

PATH = "lib/shop/orders.ex"
BITS = {
    *("LOOP", "SMALL", "CHUNKED", "CONCURRENT", "ELSEWHERE", "LATER", "CONNECTED"),
    *("TRANSACTION", "RESCUED", "TEMPLATE", "UNUSED", "ASSIGN_NEW", "CACHED", "MULTI"),
}


def clauses(source: str, path: str = PATH) -> tuple[FunctionCalls, ...]:
    return collect(Document(path, source.encode())).of(FunctionCalls)


def in_function(body: str, *, head: str = "") -> list[CallSite]:
    """The calls of a function with this body in a module with this head."""
    source = (
        f"defmodule Shop.Orders do\n  alias Shop.{{Accounts, Repo}}\n{indent(head, '  ')}\n"
        f"  def run(ids, socket) do\n{indent(body, '    ')}\n  end\n\n"
        "  defp total(order, rate \\\\ 1), do: order * rate\nend\n"
    )
    return [
        call
        for clause in clauses(source)
        if clause.name == "run"
        for call in clause.calls
        if source.encode()[call.span.start : call.span.end].decode().endswith(call.name)
    ]


def callees(body: str, *, head: str = "") -> list[str]:
    return [f"{one.module}.{one.name}/{one.arity}" for one in in_function(body, head=head)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Repo.get!(User, 1)", "Shop.Repo.get!/2"),
        ("Repo.insert changeset", "Shop.Repo.insert/1"),
        ("changeset |> Repo.insert()", "Shop.Repo.insert/1"),
        ("changeset |> Repo.insert", "Shop.Repo.insert/1"),
        ("a |> b.(c) |> Repo.insert(on_conflict: :nothing)", "Shop.Repo.insert/2"),
        ("changeset |> then(&Repo.insert/1)", "Shop.Repo.insert/1"),
        ("then(changeset, &Repo.insert(&1, opts))", "Shop.Repo.insert/2"),
        ("Enum.map(ids, &Accounts.get_user!/1)", "Shop.Accounts.get_user!/1"),
        ("Enum.map(ids, &Repo.get(User, &1))", "Shop.Repo.get/2"),
        ("Repo.transact fn -> ids end", "Shop.Repo.transact/1"),
        ("Repo.transact do\n  ids\nend", "Shop.Repo.transact/1"),
        ("Repo.get(User, # the row\n  1)", "Shop.Repo.get/2"),
        ("Repo.all", "Shop.Repo.all/0"),
        ("x = Repo.one(q) + 1", "Shop.Repo.one/1"),
        ("total(ids)", "Shop.Orders.total/1"),
        ("ids |> total(2)", "Shop.Orders.total/2"),
        ("ids |> Enum.map(&total/1)", "Shop.Orders.total/1"),
        ("__MODULE__.total(1, 2)", "Shop.Orders.total/2"),
        ("Shop.Mailer.deliver(mail)", "Shop.Mailer.deliver/1"),
        ("Process.sleep(100)", "Process.sleep/1"),
        (":timer.sleep(100)", ":timer.sleep/1"),
        ("GenServer.call(pid, :x, 5000)", "GenServer.call/3"),
        ("File.read!(path)", "File.read!/1"),
    ],
)
def test_a_call_has_the_full_name_and_arity_of_its_callee(body: str, expected: str) -> None:
    assert callees(body) == [expected]


@pytest.mark.parametrize(
    "body",
    [
        "Enum.map(ids, & &1.name)",
        "String.upcase(ids)",
        "if ids, do: length(ids), else: raise(ArgumentError)",
        "ids.name",
        "ids.fetch(1)",
        "fun.(1)",
        "Process.alive?(pid)",
        "File.exists?(path)",
        "Ecto.Changeset.cast(ids, %{}, [])",
        "assign(socket, :a, 1)",
        "Routes.user_path(socket, :show)",
        "@client.get(ids)",
        "total(1, 2, 3)",
        ":ets.lookup(ids, 1)",
    ],
)
def test_what_can_lead_to_no_effect_is_left_out(body: str) -> None:
    assert callees(body) == []


def test_imported_functions_are_kept_for_the_project_to_resolve() -> None:
    assert callees("prices(ids)", head="import Shop.Prices") == [".prices/1"]
    assert callees("prices(ids)", head="import Shop.Prices, only: [prices: 1]") == [".prices/1"]
    assert callees("prices(ids)", head="import Shop.Prices, only: [sum: 1]") == []
    assert callees("prices(ids)", head="import Ecto.Query") == []
    assert callees("length(ids)", head="import Shop.Prices") == []
    assert callees("get(client, ids)", head="use Tesla") == [".get/2"]


def test_directives_inside_the_function_count() -> None:
    body = "alias Shop.Billing, as: Accounts\nAccounts.charge(ids)"
    assert callees(body) == ["Shop.Billing.charge/1"]
    body = "Accounts.charge(ids)\nalias Shop.Billing, as: Accounts"
    assert callees(body) == ["Shop.Accounts.charge/1"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("Repo.get(User, 1)", 0),
        ("Enum.map(ids, fn id -> Repo.get(User, id) end)", LOOP),
        ("Enum.map(ids, &Repo.get(User, &1))", LOOP),
        ("ids |> Enum.map(&Accounts.get_user!/1)", LOOP),
        ("ids |> Stream.each(&Accounts.get_user!/1) |> Stream.run()", LOOP),
        ("Enum.reduce(ids, 0, fn id, n -> n + Repo.get(User, id).age end)", LOOP),
        ("for id <- ids, do: Repo.get(User, id)", LOOP),
        ("for id <- ids, user = Repo.get(User, id), do: user", LOOP),
        ("for id <- ids do\n  Repo.get(User, id)\nend", LOOP),
        ("for user <- Repo.all(User), do: user.name", 0),
        ("for id <- ids, into: Repo.all(User), do: id", 0),
        ("for r <- [1], id <- ids, do: Repo.get(User, id + r)", LOOP),
        ("for r <- [1], id <- Repo.all(r), do: id", LOOP | SMALL),
        ("for r <- [1], i <- 1..2, do: Repo.get(r, i)", LOOP | SMALL),
        ("Enum.map(Repo.all(User), & &1.name)", 0),
        ("Enum.map([1, 2], &Repo.get(User, &1))", LOOP | SMALL),
        ("Enum.each(1..3, fn _ -> Repo.insert(x) end)", LOOP | SMALL),
        ("for f <- User.__schema__(:fields), do: Repo.insert(f)", LOOP | SMALL),
        (
            "Enum.reduce(ids, q, fn\n  {:a, a}, q -> Repo.one({q, a})\n  _, q -> q\nend)",
            LOOP | SMALL,
        ),
        ("Enum.reduce(filters, q, fn {k, v}, q -> Repo.one({k, v, q}) end)", LOOP | SMALL),
        ("Enum.map(ids, fn {k, v} -> Repo.one({k, v}) end)", LOOP),
        (
            "Enum.reduce_while(ids, 1, fn id, _ -> {:halt, Repo.get(User, id)} end)",
            LOOP | SMALL,
        ),
        ("Enum.reduce_while(ids, 1, fn id, _ -> {:cont, Repo.get(User, id)} end)", LOOP),
        ("Enum.each(1..n, fn _ -> Repo.insert(x) end)", LOOP),
        ("Enum.each(@roles, &Repo.insert/1)", LOOP | SMALL),
        ("roles = [:a, :b]\nEnum.each(roles, &Repo.insert/1)", LOOP | SMALL),
        ("roles = [:a | ids]\nEnum.each(roles, &Repo.insert/1)", LOOP),
        ("[:a] |> Enum.with_index() |> Enum.each(&Repo.insert/1)", LOOP | SMALL),
        ("ids |> Enum.chunk_every(9) |> Enum.each(&Repo.insert_all(User, &1))", LOOP | CHUNKED),
        ("for id <- ids, r <- [1], do: Repo.get(User, id + r)", LOOP),
        ("Enum.each(ids, fn i -> Enum.each([1], &Repo.get(i, &1)) end)", LOOP),
        ("Enum.each([1], fn i -> Enum.each(ids, &Repo.get(i, &1)) end)", LOOP),
        ("Task.async_stream(ids, &Accounts.get_user!/1)", LOOP | CONCURRENT),
        ("Task.async(fn -> Repo.all(User) end)", ELSEWHERE),
        ("Enum.map(ids, fn id -> Task.async(fn -> Repo.get(User, id) end) end)", ELSEWHERE),
        ("Task.async(fn -> Enum.map(ids, &Repo.get(User, &1)) end)", ELSEWHERE | LOOP),
        ("Task.Supervisor.start_child(Sup, fn -> Repo.all(User) end)", ELSEWHERE),
        ("spawn(fn -> Repo.all(User) end)", ELSEWHERE),
        ("assign_async(socket, :a, fn -> Repo.all(User) end)", ELSEWHERE),
        ("socket |> start_async(:a, fn -> Repo.all(User) end)", ELSEWHERE),
        ("{:ok, fn -> Repo.all(User) end}", LATER),
        ("%{load: &Accounts.list/0}", LATER),
        ("[load: fn -> Repo.all(User) end]", LATER),
        ("fn -> Repo.all(User) end", LATER),
        ("quote do\n  Repo.all(User)\nend", LATER),
        ("retry(fn -> Repo.all(User) end)", 0),
        ("retry(with: fn -> Repo.all(User) end)", 0),
        ("if connected?(socket), do: Repo.all(User)", CONNECTED),
        ("if connected?(socket) do\n  Repo.all(User)\nend", CONNECTED),
        ("if connected?(socket), do: 1, else: Repo.all(User)", CONNECTED),
        ("if not connected?(socket), do: 1, else: Repo.all(User)", CONNECTED),
        ("unless connected?(socket), do: Repo.all(User)", CONNECTED),
        ("unless !connected?(socket), do: Repo.all(User)", CONNECTED),
        ("if connected?(socket) and ids, do: Repo.all(User)", CONNECTED),
        ("connected?(socket) && Repo.all(User)", CONNECTED),
        ("Repo.all(User) && connected?(socket)", 0),
        ("case connected?(socket) do\n  true -> Repo.all(User)\n  _ -> 1\nend", CONNECTED),
        ("case connected?(socket) do\n  false -> Repo.all(User)\n  _ -> 1\nend", CONNECTED),
        ("cond do\n  connected?(socket) -> Repo.all(User)\n  true -> 1\nend", CONNECTED),
        ("try do\n  Repo.all(User)\nrescue\n  _ -> 1\nend", RESCUED),
        ("try do\n  1\nrescue\n  _ -> Repo.all(User)\nend", 0),
        ("try do\n  Repo.all(User)\nafter\n  1\nend", 0),
        ("assign_new(socket, :a, fn -> Repo.all(User) end)", ASSIGN_NEW),
        ("Cachex.fetch(:c, 1, fn _ -> Repo.all(User) end)", CACHED),
        ("Shop.Caches.fetch(1, &Accounts.load/1)", CACHED),
        ("with_cache(:a, fn -> Repo.all(User) end)", CACHED),
        ("Map.get(ids, fn -> Repo.all(User) end)", 0),
        ("Repo.all(User)\n:ok", UNUSED),
        ("User |> Repo.all()\n:ok", UNUSED),
        ("User |> Repo.all() |> hd()\n:ok", 0),
        ("if ids do\n  Repo.all(User)\n  1\nend", UNUSED),
        ("if ids do\n  Repo.all(User)\nelse\n  1\nend", 0),
        ("Repo.all(User) # the last one", 0),
        ("case ids do\n  1 ->\n    Repo.all(User)\n    2\n\n  _ -> 3\nend", UNUSED),
    ],
)
def test_the_place_of_a_call(body: str, place: int) -> None:
    found = [call for call in in_function(body) if call.module in ("Shop.Repo", "Shop.Accounts")]
    assert [call.place for call in found] == [place]


def test_what_runs_in_a_transaction() -> None:
    def in_transaction(body: str) -> list[str]:
        return [call.name for call in in_function(body) if call.place & TRANSACTION]

    assert in_transaction("Repo.transaction(fn -> Repo.insert(ids) end)") == ["insert"]
    assert in_transaction("Repo.transact(fn -> Repo.insert(ids) end)\nRepo.get(A, 1)") == ["insert"]
    multi = "Multi.new() |> Multi.run(:a, fn repo, _ -> Repo.insert(ids) end) |> Repo.transaction()"
    assert in_transaction(multi) == ["insert"]
    steps = "Enum.reduce(ids, m, fn i, m -> Multi.run(m, i, fn _, _ -> Repo.insert(i) end) end)"
    places = {call.name: call.place for call in in_function(steps)}
    assert places == {"run": LOOP, "insert": TRANSACTION | MULTI}
    elsewhere = "Repo.transaction(fn -> Task.async(fn -> Repo.insert(ids) end) end)"
    assert in_transaction(elsewhere) == []


@pytest.mark.parametrize(
    ("body", "subject"),
    [
        ("Repo.get!(Accounts.User, 1)", "Shop.Accounts.User"),
        ("Accounts.User |> where([u], u.id == 1) |> Repo.all()", "Shop.Accounts.User"),
        ("Repo.all(from u in Accounts.User, join: o in Order)", "Shop.Accounts.User"),
        ("Repo.insert(%Accounts.User{})", "Shop.Accounts.User"),
        ("Repo.insert(Accounts.change(ids))", ""),
        ("Repo.insert(ids)", ""),
        ("{Accounts, Repo.insert(ids)}", ""),
    ],
)
def test_what_a_query_is_about(body: str, subject: str) -> None:
    assert [call.subject for call in in_function(body) if call.module == "Shop.Repo"] == [subject]


def test_a_loop_says_what_it_runs_over() -> None:
    (one,) = in_function("Enum.map(order.lines, &Repo.get(User, &1))")
    assert one.over == "order.lines"
    (one,) = in_function("for {k, id} <- ids, do: Repo.get(User, id)")
    assert one.over == "ids"
    (one,) = in_function("ids\n|> Enum.uniq()\n|> Enum.map(&Repo.get(User, &1))")
    assert one.over == ""


def test_recursion_over_a_list_is_a_loop() -> None:
    source = """
defmodule Shop.Orders do
  alias Shop.Repo
  def all([], acc), do: acc
  def all([id | rest], acc), do: all(rest, [Repo.get(User, id) | acc])
  def other([id | rest]), do: {Repo.get(User, id), other(id)}
  def walk(%{id: id} = node), do: walk(Repo.get(User, id))
  def branching(ids, acc) do
    case ids do
      [] -> Repo.insert(acc)
      [id | rest] -> branching(rest, [Repo.get(User, id) | acc])
    end
  end
end
"""
    found = {
        (clause.name, call.name): (call.place, call.over)
        for clause in clauses(source)
        for call in clause.calls
    }
    assert found["branching", "get"] == (LOOP, "[id | rest]")
    assert found["branching", "insert"] == (0, "")
    assert found["all", "get"] == (LOOP, "[id | rest]")
    assert found["other", "get"] == (0, "")
    assert found["walk", "get"] == (0, "")


def test_a_function_that_rescues() -> None:
    source = """
defmodule Shop.Orders do
  def load(id) do
    Shop.Repo.get(User, id)
  rescue
    _ -> Shop.Repo.one(User)
  end
end
"""
    (clause,) = clauses(source)
    assert [(call.name, call.place) for call in clause.calls] == [("get", RESCUED), ("one", 0)]


def test_clauses_are_facts_of_their_own() -> None:
    source = """
defmodule Shop.Orders do
  def handle("a", s), do: Shop.Repo.get(A, s)
  def handle("b", _), do: :ok
  def handle("c", s), do: Shop.Repo.get(C, s)
  defmacro build(x), do: Shop.Repo.get(A, x)
  defdelegate get(id), to: Shop.Accounts, as: :get_user!
  @all Shop.Repo.all(A)
end
"""
    found = clauses(source)
    names = [("handle", 2), ("handle", 2), ("handle", 2), ("get", 1)]
    assert [(one.name, one.arity) for one in found] == names
    assert [one.span.slice(source.encode()).decode() for one in found] == [one for one, _ in names]
    assert [one.taken for one in found] == [(("0", f'"{key}"'),) for key in "abc"] + [()]
    assert [len(one.calls) for one in found] == [1, 0, 1, 1]
    (delegated,) = found[3].calls
    assert (delegated.module, delegated.name, delegated.arity) == ("Shop.Accounts", "get_user!", 1)


def test_calls_in_templates_belong_to_the_function_around_them() -> None:
    source = '''
defmodule ShopWeb.CartLive do
  use ShopWeb, :live_view
  alias Shop.Accounts
  alias ShopWeb.Cards

  def render(assigns) do
    ~H"""
    <p>{Accounts.count()}</p>
    <li :for={id <- @ids} title={Accounts.title(id)}>
      <Cards.user id={id} /> <.row id={id} /> <.unknown />
    </li>
    <%= for role <- [:a, :b] do %>
      <b>{Accounts.role(role)}</b>
    <% end %>
    <%= for user <- @users do %>
      <b>{Accounts.role(user)}</b>
    <% end %>
    <!-- plain -->
    """
  end

  defp row(assigns), do: ~H"<td>{Accounts.get_user!(@id)}</td>"
end
'''
    render, row = clauses(source, "lib/shop_web/live/cart_live.ex")
    assert [(one.module, one.name, one.arity, one.place, one.over) for one in render.calls] == [
        ("Shop.Accounts", "count", 0, TEMPLATE, ""),
        ("Shop.Accounts", "title", 1, TEMPLATE | LOOP, "@ids"),
        ("ShopWeb.Cards", "user", 1, TEMPLATE | LOOP, "@ids"),
        ("ShopWeb.CartLive", "row", 1, TEMPLATE | LOOP, "@ids"),
        ("Shop.Accounts", "role", 1, TEMPLATE | LOOP | SMALL, "[:a, :b]"),
        ("Shop.Accounts", "role", 1, TEMPLATE | LOOP, "@users"),
    ]
    assert [(one.name, one.place) for one in row.calls] == [("get_user!", TEMPLATE)]
    texts = [one.span.slice(source.encode()) for one in render.calls]
    assert texts[:4] == [b"Accounts.count", b"Accounts.title", b"Cards.user", b".row"]


def test_a_template_file_is_a_function_without_a_module() -> None:
    source = "<p :for={id <- @ids}>{Accounts.get_user!(id).name}</p>\n"
    (one,) = clauses(source, "lib/shop_web/controllers/page_html/home.html.heex")
    assert (one.module, one.name, one.arity) == ("", "home", 1)
    (call,) = one.calls
    assert (call.module, call.name, call.place) == ("Accounts", "get_user!", TEMPLATE | LOOP)


@pytest.mark.parametrize(
    "path",
    ["test/shop/orders_test.exs", "priv/repo/migrations/1_a.exs", "config/config.exs", "deps/a.ex"],
)
def test_tests_scripts_and_dependencies_state_no_calls(path: str) -> None:
    assert clauses("defmodule A do\n  def run, do: Shop.Repo.all(A)\nend\n", path) == ()


def test_broken_code_never_raises() -> None:
    for source in (
        "defmodule A do\n  def run(, do: Repo.get(\nend",
        "defmodule A do\n  def run do Enum.map( |> Repo.get(1)\n for <- end\nend",
        "defmodule A do\n  def run do\n &/1\n & \n Repo. \nend\nend",
        "defmodule A do\n  def run(x), do: " + "(" * 3000 + "Repo.get(1)" + ")" * 3000 + "\nend",
    ):
        clauses(source)


def test_the_bits_of_a_place_do_not_overlap() -> None:
    bits = [value for name, value in vars(places).items() if name in BITS]
    assert len(bits) == len(BITS)
    assert sum(bits) == (1 << len(bits)) - 1


def test_functions_that_a_task_runs_for_an_own_function() -> None:
    source = """
    defmodule Shop.Orders do
      def all, do: limited(fn -> Repo.all(User) end)
      def one, do: other(fn -> Repo.one(User) end)

      defp limited(function) do
        task = Task.Supervisor.async_nolink(Shop.Tasks, function)
        Task.yield(task)
      end

      defp other(function), do: function.()
    end
    """
    found = {call.name: call.place for one in clauses(source) for call in one.calls}
    assert found["all"] & ELSEWHERE
    assert not found["one"] & ELSEWHERE
