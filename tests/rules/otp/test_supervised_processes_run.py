"""Real Elixir starts the application that the fix wrote, and its processes answer."""

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

  def start(_type, _args) do
    Supervisor.start_link([], strategy: :one_for_one)
  end
end
"""
CLOCK = """
defmodule Shop.Clock do
  use GenServer

  def now, do: GenServer.call(__MODULE__, :now)

  def init(_opts), do: {:ok, 12}
  def handle_call(:now, _from, hour), do: {:reply, hour, hour}
end
"""
COUNTER = """
defmodule Shop.Counter do
  use Agent

  def start_link, do: Agent.start_link(fn -> 7 end, name: __MODULE__)
  def count, do: Agent.get(__MODULE__, & &1)
end
"""
LAMP = """
defmodule Shop.Lamp do
  @behaviour :gen_statem

  def state, do: :gen_statem.call(__MODULE__, :state)

  def callback_mode, do: :handle_event_function
  def init(_opts), do: {:ok, :off, nil}

  def handle_event({:call, from}, :state, state, _) do
    {:keep_state_and_data, {:reply, from, state}}
  end
end
"""
BASKET = """
defmodule Shop.Basket do
  use GenServer

  def start_link(user, size), do: GenServer.start_link(__MODULE__, size, name: via(user))
  def size(user), do: GenServer.call(via(user), :size)

  def init(size), do: {:ok, size}
  def handle_call(:size, _from, size), do: {:reply, size, size}

  defp via(user), do: {:via, Registry, {Shop.Baskets, user}}
end
"""
PROCESSES: Mapping[str, tuple[str, str]] = {
    "without start_link": (CLOCK, "12 = Shop.Clock.now()"),
    "start_link/0": (COUNTER, "7 = Shop.Counter.count()"),
    "a behaviour of Erlang": (LAMP, ":off = Shop.Lamp.state()"),
    "one for each key": (
        BASKET,
        "{:ok, _} = Shop.Basket.start(1, 5)\n{:ok, _} = Shop.Basket.start(2, 6)\n"
        "{5, 6} = {Shop.Basket.size(1), Shop.Basket.size(2)}",
    ),
}


@pytest.mark.parametrize(("source", "check"), PROCESSES.values(), ids=PROCESSES.keys())
def test_the_process_runs(source: str, check: str, tmp_path: Path, elixir: ElixirOracle) -> None:
    files = encode({"lib/shop/application.ex": APPLICATION, "lib/shop/process.ex": source})
    fixed = fix_all(registry().rules["otp/unsupervised-genserver"], files)
    assert fixed != files
    script = tmp_path / "run.exs"
    start = "{:ok, _} = Shop.Application.start(:normal, [])"
    script.write_bytes(b"\n".join([*fixed.values(), f"{start}\n{check}\n".encode()]))
    command = elixir_command()
    assert command is not None
    done = subprocess.run([*command, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
