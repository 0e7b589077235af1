"""Which routes paths match, which route is near, and what macros may hide."""

from __future__ import annotations

import pytest

from lsp_server.facts.routes.route_matching import distance, path_segments
from tests.facts.test_routes import table


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/users", ["/users"]),
        ("/users/7?page=2#top", ["/users/:id"]),
        ("/files", ["/files/*path"]),
        ("/files/a/b", ["/files/*path"]),
        ("/jobs/queue/1", ["/jobs"]),
        ("/item-7", ["/item-:id"]),
        ("/userz", []),
        ("/users/7/edit", []),
    ],
)
def test_matching(path: str, expected: list[str]) -> None:
    found = table(MATCHED).matching(path_segments(path))
    assert [route.path for route in found] == expected


MATCHED = """
get "/users", A, :a
get "/users/:id", A, :a
get "/files/*path", A, :a
get "/item-:id", A, :a
forward "/jobs", B
"""


def test_computed_segments_match_anything() -> None:
    found = table(MATCHED)
    assert [one.path for one in found.matching(["users", None])] == ["/users/:id"]
    assert len(found.matching([None])) == 4
    assert found.matching(["other", None]) == []


def test_nearest() -> None:
    found = table('get "/users", A, :a\nget "/users/:id/orders", A, :a\npost "/uzers", A, :a')
    assert found.nearest(["userz"]) == "/users"
    assert found.nearest(["user", None, "order"]) == "/users/#{}/orders"
    assert found.nearest(["users", "7", "ordrs"]) == "/users/7/orders"
    assert found.nearest(["wholly", "different"]) is None
    assert found.nearest(["qqqqq"]) is None
    assert distance("kitten", "sitting") == 3


def test_what_a_macro_may_hide() -> None:
    found = table('scope "/auth/:x" do\n  routes()\nend')
    assert found.hides(["auth", "y", "in"]) and found.hides(["auth", None])
    assert not found.hides(["users"])
