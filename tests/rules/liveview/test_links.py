"""What the cases cannot show: line endings of Windows, and the reasons in messages."""

from __future__ import annotations

import pytest

from lsp_server.lint.registry import registry
from tests.rules.harness import check, fix_all

RULE = registry().rules["liveview/live-redirect"]
PATH = "lib/shop_web/live/page_live.html.heex"
SAID = "`live_redirect` is deprecated: write `<.link navigate={…}>`"


def test_line_endings_of_windows_are_kept() -> None:
    before = (
        '<p>\n  <%= live_redirect "A long name of a link",\n'
        '        to: Routes.settings_path(@socket, :edit),\n        class: "button is-primary" %>\n'
        '  <%= live_redirect to: ~p"/" do %>\n    Home\n  <% end %>\n</p>\n'
    )
    after = (
        "<p>\n  <.link\n    navigate={Routes.settings_path(@socket, :edit)}\n"
        '    class="button is-primary"\n  >A long name of a link</.link>\n'
        '  <.link navigate={~p"/"}>\n    Home\n  </.link>\n</p>\n'
    )
    fixed = fix_all(RULE, {PATH: before.replace("\n", "\r\n").encode()})
    assert fixed[PATH].decode() == after.replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (
            '<%= live_redirect "A", options(@a) %>',
            "its `to:` is in options that are computed: bind these to a name",
        ),
        ('<%= live_redirect "A", class: "x" %>', "it has no `to:`"),
        ('<%= live_redirect "A", to: @x, href: @y %>', "`href` means something else there"),
        ("<%= live_redirect @a, @b, to: @c %>", "its arguments are not a label and options"),
        ('<%= live_redirect "A", to: @c do %>B<% end %>', "it has a label and a block"),
        ('<%= f(live_redirect "A", to: @x) %>', "it is only a part of an expression"),
        ('<p title={live_redirect("A", to: @x)} />', "it stands in an attribute"),
        ('<!-- <%= live_redirect "A", to: @x %> -->', "it stands in an HTML comment"),
        ('<script><%= live_redirect "A", to: @x %></script>', "it stands in a `<script>`"),
    ],
)
def test_a_message_without_fix_says_why(template: str, reason: str) -> None:
    (finding,) = check(RULE, {PATH: template.encode()})
    assert finding.fix is None
    assert finding.message == f"{SAID} by hand, because {reason}"


def test_the_delimiter_of_a_sigil_is_not_written_into_it() -> None:
    source = "defmodule A do\n  def a(assigns), do: ~H{<%= live_redirect @a, to: @b %>}\nend\n"
    (finding,) = check(RULE, {"lib/a.ex": source.encode()})
    assert finding.message.endswith("because the new text holds the delimiter of the sigil")
