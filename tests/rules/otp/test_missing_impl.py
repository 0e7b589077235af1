"""otp/missing-impl asks for more in the profile `aggressive`, which no Markdown case sets."""

from __future__ import annotations

from lsp_server.config import Settings
from lsp_server.lint.registry import registry
from lsp_server.severity import Profile
from tests.rules.harness import check, encode

MODULE = """
defmodule Shop.Stock do
  use GenServer

  def init(opts), do: {:ok, opts}
  def handle_cast(_, state), do: {:noreply, state}
end
"""


def test_a_module_without_any_impl_is_for_aggressive_alone() -> None:
    rule = registry().rules["otp/missing-impl"]
    files = encode({"lib/shop/stock.ex": MODULE})
    assert check(rule, files) == []
    strict = check(rule, files, Settings(profile=Profile.AGGRESSIVE))
    assert [one.message.partition("`")[2].partition("`")[0] for one in strict] == [
        "init/1",
        "handle_cast/2",
    ]
