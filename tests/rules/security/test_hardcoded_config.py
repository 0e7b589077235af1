"""Messages about addresses do not repeat what may be a secret."""

from __future__ import annotations

from lsp_server.lint.registry import registry
from tests.rules.harness import check

RULE = registry().rules["security/hardcoded-config"]


def test_the_path_of_an_address_is_not_shown() -> None:
    code = b'defmodule Shop.Hook do\n  def go, do: Req.post("https://hooks.shop.io/in/Qm4vXz8T")\nend\n'
    (finding,) = check(RULE, {"lib/shop/hook.ex": code})
    assert "https://hooks.shop.io`" in finding.message
    assert "Qm4vXz8T" not in finding.message


def test_an_address_with_a_password_is_for_another_rule() -> None:
    user = "shop:" + "Qm4vXz8T"
    code = f'defmodule Shop.Hook do\n  def go, do: Req.post("https://{user}@shop.io/in")\nend\n'
    assert check(RULE, {"lib/shop/hook.ex": code.encode()}) == []
