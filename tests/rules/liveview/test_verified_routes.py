"""What kind of fix liveview/verified-routes offers, and its messages."""

from __future__ import annotations

import pytest

from lsp_server.lint.finding import Finding
from lsp_server.lint.registry import registry
from tests.rules.cases import markdown_cases
from tests.rules.harness import check, encode, fix_all

RULE = registry().rules["liveview/verified-routes"]
ROUTER = """defmodule ShopWeb.Router do
  use Phoenix.Router
  get "/users", ShopWeb.UserController, :index
  get "/users/:id", ShopWeb.UserController, :show
  if Application.compile_env(:shop, :trials), do: get("/trial", ShopWeb.TrialController, :show)
end
"""
PAGE = """defmodule ShopWeb.Page do
  {use}
  alias ShopWeb.Router.Helpers, as: Routes
  def link(conn, user, params), do: {call}
end
"""
USE = "use Phoenix.VerifiedRoutes, router: ShopWeb.Router, endpoint: ShopWeb.Endpoint"


def files(call: str, use: str = USE) -> dict[str, bytes]:
    page = PAGE.replace("{use}", use).replace("{call}", call)
    return {"lib/router.ex": ROUTER.encode(), "lib/page.ex": page.encode()}


def found(call: str, use: str = USE) -> Finding:
    (finding,) = check(RULE, files(call, use))
    return finding


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        ("Routes.user_path(conn, :index)", "safe"),
        ("Routes.user_path(conn, :index, params)", "safe"),
        ("Routes.user_path(conn, :show, user, page: 1)", "safe"),
        ("Routes.user_path(conn, :show, user, %{page: 1})", "safe"),
        ("Routes.user_path(conn, :show, user, params)", "review"),
        ("Routes.user_path(conn, :show, user, %{params | page: 1})", "review"),
        ("Routes.trial_path(conn, :show)", "review"),
    ],
)
def test_kind_of_fix(call: str, kind: str) -> None:
    fix = found(call).fix
    assert fix is not None and fix.applicability == kind and fix.title == "Write `~p`"


def test_a_module_that_lacks_the_sigil_is_changed_with_review() -> None:
    (there,) = check(
        RULE,
        {
            **files("Routes.user_path(conn, :index)", ""),
            "lib/a.ex": f"defmodule A do\n{USE}\nend".encode(),
        },
    )
    assert there.fix is not None and there.fix.applicability == "review"
    assert there.fix.title == "Write `~p` and add `use Phoenix.VerifiedRoutes`"


def test_without_verified_routes_and_web_module_there_is_no_fix() -> None:
    finding = found("Routes.user_path(conn, :index)", "")
    assert finding.fix is None
    assert finding.message == (
        '`Routes.user_path` should be `~p"/users"`, which the compiler checks against the router; '
        "not rewritten: the application has no `use Phoenix.VerifiedRoutes`"
    )


CASES = {case.name: case for case in markdown_cases(RULE.id)}


@pytest.mark.parametrize(
    "name",
    [
        "What `~p` cannot say is reported without a fix",
        "Another router, a prefix before every path",
    ],
)
def test_nothing_is_offered_where_nothing_is_sure(name: str) -> None:
    findings = check(RULE, encode(CASES[name].files))
    assert findings and all(finding.fix is None for finding in findings)
    assert all("; not rewritten: " in finding.message for finding in findings)


def test_line_endings_are_kept() -> None:
    case = CASES["An application of Phoenix 1.5 gets verified routes"]
    assert case.fixed is not None
    crlf = {path: text.replace(b"\n", b"\r\n") for path, text in encode(case.files).items()}
    fixed = fix_all(RULE, crlf)
    for path, text in encode(case.fixed).items():
        assert fixed[path] == text.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("cut", range(0, 130, 3))
def test_broken_code_raises_nothing(cut: int, caplog: pytest.LogCaptureFixture) -> None:
    source = files("Routes.user_path(conn, :show, user, page: 1)")
    page = source["lib/page.ex"]
    check(RULE, {**source, "lib/page.ex": page[: len(page) - cut]})
    assert "failed on" not in caplog.text
