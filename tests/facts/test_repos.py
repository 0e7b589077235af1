"""Which modules are repos, and what they talk to."""

from __future__ import annotations

from lsp_server.facts.database.repos import repos
from tests.facts.web_application import SHOP, context_of, index_of, module


def test_repos() -> None:
    context = context_of(
        {
            "lib/repo.ex": module(
                "Shop.Repo", "use Ecto.Repo, otp_app: :shop, adapter: Ecto.Adapters.Postgres"
            ),
            "lib/store.ex": module("Shop.Store", "use AshPostgres.Repo, otp_app: :shop"),
            "lib/endpoint.ex": module("ShopWeb.Endpoint", "use Phoenix.Endpoint, otp_app: :shop"),
            "lib/mailer.ex": module("Shop.MailRepo", "use Swoosh.Mailer, otp_app: :shop"),
        }
    )
    assert context.repos == {"Shop.Repo", "Shop.Store"}
    assert context.adapters == {
        "Shop.Repo": "Ecto.Adapters.Postgres",
        "Shop.Store": "Ecto.Adapters.Postgres",
    }
    assert context.is_repo("Shop.Repo") and not context.is_repo("Other.Repo")
    assert context.is_repo("Repo") and not context.is_repo("Other")  # an alias that `use` makes


def test_a_repo_by_way_of_an_own_module() -> None:
    base = """\
    defmodule Shop.Database do
      alias Ecto.Adapters.MyXQL, as: Adapter
      defmacro __using__(_) do
        quote do
          use Ecto.Repo, otp_app: :shop, adapter: Adapter
        end
      end
    end
    """
    repo = "defmodule Shop.OrdersRepo do\n  use Shop.Database\nend\n"
    files = {"lib/database.ex": base, "lib/orders_repo.ex": repo}
    found = repos(index_of(files))["Shop.OrdersRepo"]
    assert (found.adapter, found.database) == ("Ecto.Adapters.MyXQL", "MyXQL")
    assert context_of(files).is_repo("Shop.OrdersRepo")


def test_a_module_in_front_of_a_repo_is_one() -> None:
    files = {
        "lib/base_repo.ex": module("Shop.BaseRepo", "use Ecto.Repo, otp_app: :shop"),
        "lib/repo.ex": module(
            "Shop.Repo", "alias Shop.BaseRepo", "defdelegate all(query, o \\\\ []), to: BaseRepo"
        ),
        "lib/users.ex": module("Shop.Users", "defdelegate all(query), to: Shop.BaseRepo"),
        "lib/other_repo.ex": module("Shop.OtherRepo", "defdelegate all(x), to: Shop.Cache"),
    }
    found = repos(index_of(files))
    assert found.keys() == {"Shop.BaseRepo", "Shop.Repo"}
    assert found["Shop.Repo"].behind == "Shop.BaseRepo"


def test_without_a_known_repo_the_name_decides() -> None:
    context = context_of(SHOP)
    assert context.is_repo("Any.Repo") and context.is_repo("Any.ReadRepo")
    assert not context.is_repo("Any.Report")
