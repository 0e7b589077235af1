"""Findings whose fix cannot be written carry none, which no Markdown case shows."""

from __future__ import annotations

import pytest

from lsp_server.config import Settings
from lsp_server.lint.finding import Fix
from lsp_server.lint.registry import registry
from lsp_server.severity import Profile
from tests.rules.harness import check, encode

APPLICATION = """defmodule Shop.Application do
  use Application

  def start(_type, _args) do
    Supervisor.start_link([ShopWeb.Endpoint], strategy: :one_for_one)
  end
end
"""


def fixes(rule: str, body: str, more: str = "", application: str = APPLICATION) -> list[Fix | None]:
    """The fixes of the findings in an action with this body."""
    action = "".join(f"    {line}\n" for line in body.splitlines())
    controller = (
        "defmodule ShopWeb.OrderController do\n  use ShopWeb, :controller\n\n"
        f'  def create(conn, %{{"id" => id}}) do\n{action}  end\n{more}end\n'
    )
    files = {
        "lib/shop/application.ex": application,
        "lib/shop_web/controllers/order_controller.ex": controller,
    }
    settings = Settings(profile=Profile.AGGRESSIVE)
    return [one.fix for one in check(registry().rules[rule], encode(files), settings)]


RENDER = "render(conn, :show)"
CHOSEN = """case id do
  "1" -> {call}
  _ -> :ok
end

render(conn, :show)"""


@pytest.mark.parametrize(
    ("rule", "written", "refused"),
    [
        (
            "errors/sync-email",
            f"Shop.Mailer.deliver(Shop.Emails.welcome(id))\n{RENDER}",
            f"{{:ok, receipt}} = Shop.Mailer.deliver(Shop.Emails.welcome(id))\n{RENDER}",
        ),
        (
            "errors/sync-external-call",
            'response = Req.get!("https://a.example.com/")\nrender(conn, :show, x: response)',
            CHOSEN.format(call='Req.get!("https://a.example.com/").body'),
        ),
        (
            "errors/http-unhandled",
            '{:ok, one} = HTTPoison.get("https://a.example.com/")\nrender(conn, :show, x: one)',
            CHOSEN.format(call='HTTPoison.get!("https://a.example.com/").body'),
        ),
        (
            "errors/ignored-result",
            f'File.write("a", id)\n{RENDER}',
            f'case id do "1" -> x(id); _ -> :ok end\n{RENDER}',
        ),
    ],
)
def test_a_fix_is_offered_where_it_can_be_written(rule: str, written: str, refused: str) -> None:
    more = '  defp x(id), do: File.write("a", id)\n' if rule == "errors/ignored-result" else ""
    assert [one is not None for one in fixes(rule, written, more)] == [True]
    assert fixes(rule, refused, more) == [None]


def test_no_task_without_a_list_of_children() -> None:
    computed = APPLICATION.replace("[ShopWeb.Endpoint]", "children()")
    body = f"Shop.Mailer.deliver(Shop.Emails.welcome(id))\n{RENDER}"
    assert fixes("errors/sync-email", body, application=computed) == [None]
