"""The part that a file plays, by its path."""

import pytest

from lsp_server.role import Role, app_of, inside_app, role_of

PATHS = {
    "lib/shop/cart.ex": ("", Role.LIB),
    "lib/shop/test/cart.ex": ("", Role.LIB),
    "mix.exs": ("", Role.MIX),
    "backend/mix.lock": ("", Role.MIX),
    "test/support/conn_case.ex": ("", Role.TEST),
    "test/apps/one/lib/a.ex": ("", Role.TEST),
    "lib/shop/cart_test.exs": ("", Role.TEST),
    "config/prod.exs": ("", Role.CONFIG),
    "priv/repo/migrations/1_a.exs": ("", Role.MIGRATION),
    "priv/repo/tenant_migrations/2023/1_a.exs": ("", Role.MIGRATION),
    "priv/repo/seeds.exs": ("", Role.SCRIPT),
    "priv/templates/page.html.heex": ("", Role.OTHER),
    "lib/shop_web/page.html.heex": ("", Role.TEMPLATE),
    "deps/ecto/lib/ecto.ex": ("deps/ecto/", Role.DEPENDENCY),
    "apps/shop/lib/shop.ex": ("apps/shop/", Role.LIB),
    "apps/shop/test/shop_test.exs": ("apps/shop/", Role.TEST),
    "apps/shop/priv/repo/migrations/1_a.exs": ("apps/shop/", Role.MIGRATION),
    "backend/lib/shop.ex": ("backend/", Role.LIB),
    "backend/test/support/conn_case.ex": ("backend/", Role.TEST),
    "backend/config/dev.exs": ("backend/", Role.CONFIG),
    "services/api/priv/repo/migrations/1_a.exs": ("services/api/", Role.MIGRATION),
    "backend/apps/shop/config/config.exs": ("backend/apps/shop/", Role.CONFIG),
    "examples/friends/priv/repo/migrations/1_a.exs": ("", Role.SCRIPT),
}


@pytest.mark.parametrize("path", PATHS)
def test_roles_and_applications_are_read_off_the_path(path: str) -> None:
    app, role = PATHS[path]
    assert (app_of(path), role_of(path)) == (app, role)
    assert app + inside_app(path) == path
