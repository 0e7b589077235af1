"""Secrets that are known by their form. They are put together here while the tests run: no file may
hold one, not even a test."""

from __future__ import annotations

import random
import string

import pytest

from lsp_server.document import Document
from lsp_server.facts.fact import collect, load_collectors
from lsp_server.facts.secrets.secret_shapes import SHAPES
from lsp_server.facts.secrets.secrets import Secret
from lsp_server.lint.finding import Finding
from lsp_server.lint.registry import registry
from tests.rules.harness import check, fix_all

list(load_collectors())
RULE = registry().rules["security/hardcoded-secret"]

UPPER = string.ascii_uppercase + "234579"
ALPHANUMERIC = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def text_of(alphabet: str, length: int, seed: int = 11) -> str:
    """Text without the letters in a row that placeholders are known by."""
    chosen = random.Random(seed)
    while True:
        text = "".join(chosen.choice(alphabet) for _ in range(length))
        if any(char.isdigit() for char in text) and not any(
            word in text.lower() for word in ("xxx", "test", "abc", "123", "todo")
        ):
            return text


def tokens() -> dict[str, str]:
    """One token of each kind."""
    part = text_of(ALPHANUMERIC, 40)
    return {
        "aws": "AK" + "IA" + text_of(UPPER, 16),
        "aws session": "AS" + "IA" + text_of(UPPER, 16),
        "github": "gh" + "p_" + text_of(ALPHANUMERIC, 36),
        "github oauth": "gh" + "o_" + text_of(ALPHANUMERIC, 36),
        "github server": "gh" + "s_" + text_of(ALPHANUMERIC, 36),
        "github user": "gh" + "u_" + text_of(ALPHANUMERIC, 36),
        "github fine-grained": "github" + "_pat_" + text_of(ALPHANUMERIC, 60),
        "gitlab": "gl" + "pat-" + text_of(ALPHANUMERIC, 20),
        "slack": "xo" + "xb-" + "2345678901-" + text_of(ALPHANUMERIC, 24),
        "slack app": "xa" + "pp-" + "1-" + text_of(ALPHANUMERIC, 40),
        "slack webhook": "https://hooks.slack" + ".com/services/T0K/B7Q/" + part[:24],
        "stripe": "sk_" + "live_" + text_of(ALPHANUMERIC, 24),
        "stripe restricted": "rk_" + "live_" + text_of(ALPHANUMERIC, 24),
        "webhook": "wh" + "sec_" + text_of(ALPHANUMERIC, 32),
        "google": "AI" + "za" + text_of(ALPHANUMERIC, 35),
        "google oauth": "GOC" + "SPX-" + text_of(ALPHANUMERIC, 28),
        "sendgrid": "S" + "G." + part[:22] + "." + text_of(ALPHANUMERIC, 43),
        "twilio": "S" + "K" + text_of(HEX, 32),
        "mailgun": "ke" + "y-" + text_of(HEX, 32),
        "npm": "np" + "m_" + text_of(ALPHANUMERIC, 36),
        "openai project": "sk-" + "proj-" + text_of(ALPHANUMERIC, 40),
        "openai": "sk-" + part[:20] + "T3Blbk" + "FJ" + part[20:],
        "anthropic": "sk-" + "ant-" + text_of(ALPHANUMERIC, 40),
        "digitalocean": "dop" + "_v1_" + text_of(HEX, 64),
        "shopify": "shp" + "at_" + text_of(HEX, 32),
        "telegram": "987654321" + ":A" + "A" + text_of(ALPHANUMERIC, 33),
        "jwt": "ey" + "J" + part[:17] + ".ey" + "J" + part[17:] + "." + part[5:25],
        "url": "postgres://" + "shop:" + part[:14] + "@db.shop.io/shop",
        "amqp": "amqps://" + "shop:" + part[3:17] + "@rabbit.shop.io",
        "pem": "-----BEGIN RSA " + "PRIVATE KEY-----\\n" + part * 4 + "\\n-----END RSA "
        "PRIVATE KEY-----",
        "dsn": "https://" + text_of(HEX, 32) + "@o4505.ingest.sentry.io/45",
    }


def findings_in(path: str, code: str) -> list[Finding]:
    return check(RULE, {path: code.encode()})


def in_function(literal: str) -> str:
    return f"defmodule Shop.Client do\n  def run, do: go(dsn: {literal})\nend\n"


def secret_of(token: str) -> str:
    """The part of a token that makes it secret."""
    if "://" in token and "@" in token:
        return token.partition("://")[2].partition("@")[0].rpartition(":")[2]
    return token[-16:]


@pytest.mark.parametrize("kind", tokens())
def test_a_token_is_found_and_never_said_aloud(kind: str) -> None:
    token = tokens()[kind]
    (finding,) = findings_in("lib/shop/client.ex", in_function(f'"{token}"'))
    said = [finding.message, finding.fix.title if finding.fix else ""]
    said += [one.message for one in finding.related]
    secret = secret_of(token)
    for text in said:
        assert "\n" not in text and len(text) <= 200
        assert not any(secret[at : at + 8] in text for at in range(len(secret) - 7))


@pytest.mark.parametrize("kind", tokens())
def test_no_fact_and_so_no_cache_holds_it(kind: str) -> None:
    token = tokens()[kind]
    document = Document("lib/shop/client.ex", in_function(f'"{token}"').encode())
    facts = collect(document)
    assert facts.of(Secret)
    encoded = b"".join(facts.encode().values())
    assert secret_of(token).encode() not in encoded


def test_every_shape_has_a_token_here() -> None:
    samples = [token.encode() for token in tokens().values()]
    for shape in SHAPES:
        assert any(shape.pattern.search(one) for one in samples), shape.shown


@pytest.mark.parametrize("kind", ["stripe", "github", "aws", "jwt", "url"])
def test_a_token_inside_a_longer_text(kind: str) -> None:
    token = tokens()[kind]
    code = f'defmodule A do\n  def a, do: log("used with #{{b}} {token} at noon")\nend\n'
    (finding,) = findings_in("lib/a.ex", code)
    assert token.encode().startswith(code.encode()[slice(*finding.span)])
    assert finding.fix is None


def test_tokens_in_templates_and_heredocs() -> None:
    token = tokens()["stripe"]
    template = f'<script>\n  pay("{token}");\n</script>\n'
    assert len(findings_in("lib/shop_web/pay.html.heex", template)) == 1
    heredoc = f'defmodule A do\n  def a do\n    """\n    {token}\n    """\n  end\nend\n'
    assert len(findings_in("lib/a.ex", heredoc)) == 1


@pytest.mark.parametrize(
    "path",
    ["test/shop/client_test.exs", "config/dev.exs", "config/test.exs", "priv/repo/seeds.exs"],
)
def test_silent_where_production_does_not_read(path: str) -> None:
    token = tokens()["stripe"]
    assert findings_in(path, f'import Config\n\nconfig :shop, api_key: "{token}"\n') == []


def placeholders() -> dict[str, str]:
    return {
        "aws of the manual": "AK" + "IA" + "IOSFODNN7" + "EXAMPLE",
        "crosses": "sk_" + "live_" + "x" * 24,
        "one letter": "gh" + "p_" + "A" * 36,
        "test key": "sk_" + "test_" + text_of(ALPHANUMERIC, 24),
        "publishable": "pk_" + "live_" + text_of(ALPHANUMERIC, 24),
        "public PEM": "-----BEGIN PUBLIC KEY-----\\n" + text_of(ALPHANUMERIC, 160),
        "PEM without a key": "-----BEGIN RSA " + "PRIVATE KEY-----",
        "local database": "ecto://postgres:" + text_of(ALPHANUMERIC, 12) + "@localhost/shop",
        "placeholders in a URL": "ecto://USER:" + "PASSWORD" + "@HOST/DATABASE",
        "same word twice": "amqp://" + "guest:guest" + "@mq.shop.io",
    }


@pytest.mark.parametrize("kind", placeholders())
def test_placeholders_are_silent(kind: str) -> None:
    literal = f'"{placeholders()[kind]}"'
    assert findings_in("lib/a.ex", f"defmodule A do\n  def a, do: go(x: {literal})\nend\n") == []


def test_documentation_is_silent() -> None:
    docs = f'@moduledoc "key: {tokens()["stripe"]}"\n  @doc "{tokens()["jwt"]}"'
    code = f"defmodule A do\n  {docs}\nend\n"
    assert findings_in("lib/a.ex", code) == []


@pytest.mark.parametrize("literal", ["~s({})", "~c({})", "'{}'", "go() # was: {}"])
def test_tokens_in_sigils_charlists_and_comments(literal: str) -> None:
    token = tokens()["github"]
    code = f"defmodule A do\n  def a, do: {literal.format(token)}\nend\n"
    (finding,) = findings_in("lib/a.ex", code)
    assert code.encode()[slice(*finding.span)] == token.encode()
    assert finding.fix is None and token[-16:] not in finding.message


def test_tokens_in_the_dependencies() -> None:
    token = tokens()["github"]
    url = f"https://x:{token}@github.com/shop/private.git"
    code = f'defmodule Shop.MixProject do\n  def deps, do: [{{:private, git: "{url}"}}]\nend\n'
    (finding,) = findings_in("mix.exs", code)
    assert finding.fix is None and token[-16:] not in finding.message


@pytest.mark.parametrize(
    "code",
    [
        'def a(conn, key) when key == "{}", do: conn',
        'def a(conn, api_key), do: (case api_key do key when key == "{}" -> conn end)',
        'def a(conn), do: ({{"x-api-key", "{}"}} = hd(conn.req_headers))',
    ],
)
def test_what_is_matched_is_not_moved(code: str) -> None:
    written = code.format(tokens()["github"])
    (finding,) = findings_in("lib/a.ex", f"defmodule A do\n  {written}\nend\n")
    assert finding.fix is None


def test_the_fix_leaves_nothing_of_it() -> None:
    token = tokens()["stripe"]
    files = {
        "config/config.exs": f'import Config\n\nconfig :stripe, api_key: "{token}"\n'.encode(),
        "lib/shop/client.ex": in_function(f'"{tokens()["github"]}"').encode(),
    }
    fixed = fix_all(RULE, files)
    whole = b"".join(fixed.values())
    assert token.encode() not in whole and tokens()["github"].encode() not in whole
    assert (
        b'config :stripe, api_key: System.fetch_env!("STRIPE_API_KEY")'
        in fixed["config/runtime.exs"]
    )
    assert b"Application.fetch_env!(:shop, :client_dsn)" in fixed["lib/shop/client.ex"]
    assert check(RULE, fixed) == []


def test_a_setting_is_named_after_its_kind_where_nothing_else_names_it() -> None:
    code = f'defmodule Shop.Hub do\n  def token, do: "{tokens()["github"]}"\nend\n'
    fixed = fix_all(RULE, {"lib/shop/hub.ex": code.encode()})
    assert b"Application.fetch_env!(:shop, :hub_token)" in fixed["lib/shop/hub.ex"]


def test_a_token_of_running_letters_is_one_all_the_same() -> None:
    token = "sk_" + "live_" + "1234567890abcdef" + "ghijKLMN"
    (finding,) = findings_in("lib/shop/client.ex", in_function(f'"{token}"'))
    assert "Stripe" in finding.message


def test_hosts_of_private_networks_are_production_too() -> None:
    password = text_of(ALPHANUMERIC, 14)
    url = "ecto://" + "shop:" + password + "@shop-db.internal/shop"
    assert findings_in("lib/shop/client.ex", in_function(f'"{url}"'))
    local = "ecto://" + "shop:" + password + "@localhost/shop"
    assert not findings_in("lib/shop/client.ex", in_function(f'"{local}"'))
