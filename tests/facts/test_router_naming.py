"""The names of route helpers, as Phoenix makes them."""

from __future__ import annotations

import pytest

from lsp_server.facts.routes.router_naming import live_name, resource_name, underscore


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("API", "api"),
        ("OAuth2Token", "o_auth2_token"),
        ("TFAAuth", "tfa_auth"),
        ("X509Cert", "x509_cert"),
        ("Foo_Bar", "foo__bar"),
        ("Shop.UserToken", "shop/user_token"),
        ("AaB1C", "aa_b1_c"),
    ],
)
def test_underscore_is_that_of_elixir(module: str, expected: str) -> None:
    assert underscore(module) == expected


def test_names_of_helpers() -> None:
    assert resource_name("ShopWeb.UserController") == "user"
    assert resource_name("ShopWeb.Plug.Health") == "health"
    assert live_name("ShopWeb.UserLive.Index") == "user_index"
    assert live_name("ShopWeb.Users") == ""
