"""Real Elixir runs a process before and after the fix: it answers the same calls."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from lsp_server.lint.registry import registry
from tests.elixir_oracle import ElixirOracle, elixir_command
from tests.rules.harness import check, encode, fix_all

APPLICATION = """
defmodule Shop.Application do
  use Application

  def start(_type, _args) do
    children = [{Shop.Ready, []}]

    Supervisor.start_link(children, strategy: :one_for_one)
  end
end
"""
READY = """
defmodule Shop.Ready do
  use Agent
  def start_link(_opts), do: Agent.start_link(fn -> [] end, name: __MODULE__)
  def add(value), do: Agent.update(__MODULE__, &[value | &1])
  def all, do: Agent.get(__MODULE__, & &1)

  def eventually(check, left \\\\ 200) do
    case check.() do
      false when left > 0 ->
        Process.sleep(5)
        eventually(check, left - 1)

      result ->
        result
    end
  end
end
"""


@dataclass(frozen=True)
class Rewrite:
    """A rule, code that it changes, and a script with the value that it has before and after."""

    rule: str
    code: str
    script: str
    value: str


RATES = """
defmodule Shop.Rates do
  use GenServer

  def start_link(path), do: GenServer.start_link(__MODULE__, path)
  def get(pid, currency), do: GenServer.call(pid, {:get, currency})
  def put(pid, currency, rate), do: GenServer.cast(pid, {:put, currency, rate})

  @impl true
  def init(path) do
    Process.flag(:trap_exit, true)

    rates = path |> File.stream!() |> Enum.map(&String.split(String.trim(&1), "="))
    {:ok, Map.new(rates, fn [currency, rate] -> {currency, String.to_integer(rate)} end)}
  end

  @impl true
  def handle_call({:get, currency}, _from, rates) do
    {:reply, Map.get(rates, currency), rates}
  end

  @impl true
  def handle_cast({:put, currency, rate}, rates) do
    {:noreply, Map.put(rates, currency, rate)}
  end
end
"""
TWO_BRANCHES = """
defmodule Shop.Rates do
  use GenServer

  def start_link(opts), do: GenServer.start_link(__MODULE__, opts)
  def get(pid), do: GenServer.call(pid, :get)

  @impl true
  def init(opts) do
    factor = opts[:factor]

    Process.sleep(10)

    case opts[:rate] do
      nil -> {:ok, {:none, factor}}
      rate -> {:ok, {rate * factor, factor}}
    end
  end

  @impl true
  def handle_call(:get, _from, state), do: {:reply, state, state}
end
"""
SPAWNED = """
defmodule Shop.Orders do
  def complete(order) do
    spawn(fn -> Shop.Ready.add({:sent, order}) end)
    {:ok, order}
  end

  def complete_all(orders) do
    Enum.each(orders, fn order ->
      spawn_link(Shop.Ready, :add, [{:sent, order}])
    end)
  end

  @spec watch(term()) :: pid()
  def watch(order) do
    spawn(fn ->
      receive do
        {:ask, from} -> send(from, {:watched, order})
      end
    end)
  end

  def ask(order) do
    pid = spawn_link(fn -> receive(do: ({:ask, from} -> send(from, {:asked, order}))) end)
    send(pid, {:ask, self()})
    receive(do: ({:asked, order} -> order))
  end
end
"""
TASKS = """
defmodule Shop.Orders do
  def complete(order) do
    Task.async(fn -> Shop.Ready.add({:sent, order}) end)
    {:ok, order}
  end

  def later(order), do: Task.start(Shop.Ready, :add, [{:later, order}])
end
"""
LINKED = """
defmodule Shop.Basket do
  use GenServer

  def start_link(user, lines \\\\ []), do: GenServer.start_link(__MODULE__, {user, lines})
  def all(pid), do: GenServer.call(pid, :all)

  @impl true
  def init(state), do: {:ok, state}

  @impl true
  def handle_call(:all, _from, state), do: {:reply, state, state}
end

defmodule Shop.Baskets do
  def open(user) do
    {:ok, basket} = Shop.Basket.start_link(user)
    basket
  end

  def open(user, lines) do
    {:ok, basket} = Shop.Basket.start_link(user, lines)
    basket
  end

  def note(user) do
    {:ok, _pid} = Task.start_link(fn -> Shop.Ready.add(user) end)
    :ok
  end
end
"""
NAMED = """
defmodule Shop.Basket do
  use GenServer

  def start_link(id), do: GenServer.start_link(__MODULE__, id, name: :"basket_#{id}")
  def add(id, line), do: GenServer.cast(:"basket_#{id}", {:add, line})
  def lines(id), do: :"basket_#{id}" |> GenServer.call(:lines)
  def open?(id), do: Process.whereis(:"basket_#{id}") != nil

  @impl true
  def init(id), do: {:ok, [id]}

  @impl true
  def handle_cast({:add, line}, lines), do: {:noreply, [line | lines]}

  @impl true
  def handle_call(:lines, _from, lines), do: {:reply, lines, lines}
end
"""
UNSUPERVISED = """
defmodule Shop.Counter do
  use GenServer

  def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)
  def next, do: GenServer.call(__MODULE__, :next)

  @impl true
  def init(_opts), do: {:ok, 0}

  @impl true
  def handle_call(:next, _from, number), do: {:reply, number + 1, number + 1}
end
"""
SENT = (
    "Shop.Ready.eventually(fn -> {n} == length(Shop.Ready.all()) && "
    "Enum.sort(Shop.Ready.all()) end)"
)
REWRITES: Mapping[str, Rewrite] = {
    "handle_continue": Rewrite(
        "otp/blocking-init",
        RATES,
        'path = Path.join(System.tmp_dir!(), "rates_#{System.pid()}")\n'
        'File.write!(path, "eur=2\\nusd=3\\n")\n'
        "{:ok, pid} = Shop.Rates.start_link(path)\n"
        'first = Shop.Rates.get(pid, "eur")\n'
        'Shop.Rates.put(pid, "chf", 5)\n'
        'result = {first, Shop.Rates.get(pid, "usd"), Shop.Rates.get(pid, "chf")}\n'
        "File.rm!(path)\nresult",
        "{2, 3, 5}",
    ),
    "handle_continue with branches": Rewrite(
        "otp/blocking-init",
        TWO_BRANCHES,
        "for opts <- [[factor: 2], [factor: 2, rate: 4]] do\n"
        "  {:ok, pid} = Shop.Rates.start_link(opts)\n  Shop.Rates.get(pid)\nend",
        "[{:none, 2}, {8, 2}]",
    ),
    "Task.Supervisor for spawn": Rewrite(
        "otp/bare-spawn",
        SPAWNED,
        "result = Shop.Orders.complete(1)\n:ok = Shop.Orders.complete_all([2, 3])\n"
        "pid = Shop.Orders.watch(4)\nsend(pid, {:ask, self()})\n"
        "watched = receive(do: ({:watched, order} -> order))\n"
        f"{{result, watched, Shop.Orders.ask(5), {SENT.format(n=3)}}}",
        "{{:ok, 1}, 4, 5, [sent: 1, sent: 2, sent: 3]}",
    ),
    "Task.Supervisor for tasks": Rewrite(
        "otp/unawaited-task",
        TASKS,
        "result = Shop.Orders.complete(1)\n{:ok, _pid} = Shop.Orders.later(2)\n"
        f"{{result, {SENT.format(n=2)}}}",
        "{{:ok, 1}, [later: 2, sent: 1]}",
    ),
    "DynamicSupervisor": Rewrite(
        "otp/start-link-outside-supervisor",
        LINKED,
        "baskets = [Shop.Baskets.open(1), Shop.Baskets.open(2, [:a])]\n:ok = Shop.Baskets.note(3)\n"
        f"{{Enum.map(baskets, &Shop.Basket.all/1), {SENT.format(n=1)}}}",
        "{[{1, []}, {2, [:a]}], [3]}",
    ),
    "Registry": Rewrite(
        "otp/dynamic-name",
        NAMED,
        "for id <- 1..2, do: {:ok, _pid} = Shop.Basket.start_link(id)\n"
        "Shop.Basket.add(1, :tea)\n"
        "{Shop.Basket.lines(1), Shop.Basket.lines(2), Enum.map(1..3, &Shop.Basket.open?/1)}",
        "{[:tea, 1], [2], [true, true, false]}",
    ),
    "a child of the application": Rewrite(
        "otp/unsupervised-genserver",
        UNSUPERVISED,
        "with nil <- Process.whereis(Shop.Counter), do: Shop.Counter.start_link([])\n"
        "[Shop.Counter.next(), Shop.Counter.next()]",
        "[1, 2]",
    ),
}


def value_of(files: Mapping[str, bytes], script: str, folder: Path) -> str:
    """What the last expression of a script gives with these modules and their application."""
    path = folder / "run.exs"
    start = "{:ok, _} = Shop.Application.start(:normal, [])"
    code = f'{start}\nvalue = (\n{script}\n)\nIO.puts("value: " <> inspect(value))\n'
    path.write_bytes(b"\n".join([READY.encode(), *files.values(), code.encode()]))
    command = elixir_command()
    assert command is not None
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.rpartition("value: ")[2].strip()


@pytest.mark.parametrize("rewrite", REWRITES.values(), ids=REWRITES.keys())
def test_the_same_answers(rewrite: Rewrite, tmp_path: Path, elixir: ElixirOracle) -> None:
    files = encode({"lib/shop/application.ex": APPLICATION, "lib/shop/code.ex": rewrite.code})
    fixed = fix_all(registry().rules[rewrite.rule], files)
    assert fixed != files
    assert check(registry().rules[rewrite.rule], fixed) == []
    assert value_of(files, rewrite.script, tmp_path) == rewrite.value
    assert value_of(fixed, rewrite.script, tmp_path) == rewrite.value


def test_the_children_are_started(tmp_path: Path, elixir: ElixirOracle) -> None:
    files = {"lib/shop/application.ex": APPLICATION, "lib/a.ex": SPAWNED, "lib/b.ex": NAMED}
    fixed = encode(files)
    for rule in ("otp/bare-spawn", "otp/dynamic-name"):
        fixed = fix_all(registry().rules[rule], fixed)
    names = "[Shop.TaskSupervisor, Shop.Registry, Shop.Ready]"
    script = f"Enum.map({names}, &(&1 |> Process.whereis() |> Process.alive?()))"
    assert value_of(fixed, script, tmp_path) == "[true, true, true]"
