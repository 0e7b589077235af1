"""Real Elixir runs what the fixes wrote: the same messages get the same answers."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from lsp_server.lint.registry import registry
from tests.elixir_oracle import ElixirOracle, elixir_command
from tests.rules.harness import encode, fix_all

APPLICATION = """
defmodule Shop.Application do
  use Application

  @impl true
  def start(_type, _args) do
    children = [{Shop.Rates, []}]
    Supervisor.start_link(children, strategy: :one_for_one)
  end
end
"""
BLOCKING = """
defmodule Shop.Rates do
  use GenServer

  def start_link(_opts), do: GenServer.start_link(__MODULE__, 1, name: __MODULE__)
  def rate(currency), do: GenServer.call(__MODULE__, {:rate, currency})
  def seen, do: GenServer.call(__MODULE__, :seen)

  @impl true
  def init(state), do: {:ok, state}

  @impl true
  def handle_call({:rate, currency}, _from, state) do
    rate = Req.get!(currency)

    {:reply, {:ok, rate}, state}
  end

  def handle_call(:seen, _from, state), do: {:reply, state, state}
end
"""
SLEEPING = """
defmodule Shop.Rates do
  use GenServer

  def start_link(_opts), do: GenServer.start_link(__MODULE__, 0, name: __MODULE__)
  def rate(currency), do: GenServer.call(__MODULE__, {:rate, currency})
  def add(count), do: GenServer.cast(__MODULE__, {:add, count})
  def seen, do: GenServer.call(__MODULE__, :seen)

  @impl true
  def init(state), do: {:ok, state}

  @impl true
  def handle_call({:rate, currency}, _from, state) do
    price = Req.get!(currency)
    Process.sleep(10)
    {:reply, {:ok, price}, state + 1}
  end

  def handle_call(:seen, _from, state), do: {:reply, state, state}

  @impl true
  def handle_cast({:add, count}, state) do
    Process.sleep(10)
    state = state + count
    {:noreply, state}
  end
end
"""
SCATTERED = """
defmodule Shop.Rates do
  use GenServer

  def start_link(_opts), do: GenServer.start_link(__MODULE__, 7, name: __MODULE__)

  @impl true
  def init(state), do: {:ok, state}

  @impl true
  def handle_call({:times, count}, _from, state), do: {:reply, state * count, state}
end

defmodule Shop.Orders do
  def total(count), do: GenServer.call(Shop.Rates, {:times, count})
end

defmodule Shop.Reports do
  def total(line), do: GenServer.call(Shop.Rates, {:times, line.count}) + 1
end
"""
FILES = """
defmodule Shop.Files do
  def write(path, rows) do
    {:ok, file} = File.open(path, [:write, :utf8])
    Enum.each(rows, &IO.puts(file, &1))
    :written
  end

  def first(path) do
    file = File.open!(path, [:read, :utf8])
    line = IO.read(file, :line)
    String.trim(line)
  end

  def missing(path) do
    {:ok, file} = File.open(path, [:read])
    IO.read(file, :line)
  end
end
"""
# Rule, source, and what holds before and after.
REWRITES: Mapping[str, tuple[str, str, str]] = {
    "a task replies": (
        "otp/blocking-callback",
        BLOCKING,
        "{:ok, 21} = Shop.Rates.rate(3)\n1 = Shop.Rates.seen()\n"
        "[{:ok, 7}, {:ok, 14}] = Enum.map([1, 2], &Shop.Rates.rate/1)\nProcess.sleep(50)\n"
        "1 = Shop.Rates.seen()",
    ),
    "a message later": (
        "otp/sleep-in-process",
        SLEEPING,
        "{:ok, 21} = Shop.Rates.rate(3)\n:ok = Shop.Rates.add(5)\nProcess.sleep(100)\n"
        "6 = Shop.Rates.seen()",
    ),
    "client functions": (
        "otp/scattered-interface",
        SCATTERED,
        "21 = Shop.Orders.total(3)\n15 = Shop.Reports.total(%{count: 2})",
    ),
    "files that close": (
        "otp/resource-leak",
        FILES,
        'path = Path.join(System.tmp_dir!(), "retort-#{System.unique_integer([:positive])}")\n'
        ':written = Shop.Files.write(path, ["ä", "b"])\n"ä" = Shop.Files.first(path)\n'
        "File.rm!(path)\n"
        "true = (try do Shop.Files.missing(path) rescue MatchError -> true end)",
    ),
}


@pytest.mark.parametrize(("rule", "source", "check"), REWRITES.values(), ids=REWRITES.keys())
def test_what_is_asked_is_answered_as_before(
    rule: str, source: str, check: str, tmp_path: Path, elixir: ElixirOracle
) -> None:
    files = encode({"lib/shop/application.ex": APPLICATION, "lib/shop/rates.ex": source})
    fixed = fix_all(registry().rules[rule], files)
    assert fixed != files
    command = elixir_command()
    assert command is not None
    start = "{:ok, _} = Shop.Application.start(:normal, [])" if "Shop.Rates" in source else ""
    service = "defmodule Req do\n  def get!(currency), do: currency * 7\nend"
    for name, texts in (("before", files), ("after", fixed)):
        script = tmp_path / f"{name}.exs"
        text = b"\n".join([service.encode(), *texts.values(), f"{start}\n{check}\n".encode()])
        script.write_bytes(text)
        done = subprocess.run([*command, str(script)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{name}: {done.stderr}"
        assert "warning" not in done.stderr, f"{name}: {done.stderr}"
