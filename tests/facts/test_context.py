"""What document rules may know of their project."""

from __future__ import annotations

import pickle

import pytest

from lsp_server.facts.project.context import ProjectContext, context_relevant, project_context
from lsp_server.facts.project.versions import NEWEST, Version
from tests.facts.web_application import (
    LIVE,
    PATHS,
    SHOP,
    WEB,
    context_of,
    index_of,
    lock,
    mix,
    names_of,
)


def test_without_mix_everything_is_the_newest() -> None:
    context = context_of(SHOP)
    assert context.fits("lib/a.ex", "phoenix >= 1.8")
    assert context.fits("lib/a.ex", "ash")
    assert context.version("lib/a.ex", "phoenix") == NEWEST


def test_the_locked_version_counts_and_else_the_lower_bound() -> None:
    deps = '{:phoenix, "~> 1.7"}, {:phoenix_live_view, "~> 0.17"}, {:ash, github: "x/ash"}'
    context = context_of(
        {"mix.exs": mix("shop", deps), "mix.lock": lock(phoenix="1.8.1", plug="1.16.0")}
    )
    path = "lib/shop/a.ex"
    assert context.version(path, "phoenix") == Version(1, 8, 1)
    assert context.fits(path, "phoenix >= 1.8") and not context.fits(path, "phoenix < 1.8")
    assert context.fits(path, "phoenix_live_view >= 0.17")
    assert not context.fits(path, "phoenix_live_view >= 0.18")
    assert context.fits(path, "plug"), "locked by way of another package"
    assert context.fits(path, "ash >= 3.0"), "a revision of git is taken for the newest"
    assert not context.fits(path, "oban")
    assert context.version(path, "oban") is None


def test_a_lock_alone_is_enough() -> None:
    context = context_of({"mix.lock": lock(phoenix="1.6.0")})
    assert not context.fits("lib/a.ex", "phoenix >= 1.7")
    assert not context.fits("lib/a.ex", "ash")


def test_a_broken_mix_exs_has_no_dependencies() -> None:
    assert not context_of({"mix.exs": "defmodule"}).fits("lib/a.ex", "phoenix >= 1.0")


def test_an_application_of_an_umbrella() -> None:
    root = 'defmodule M do\n  use Mix.Project\n  def project, do: [apps_path: "apps"]\nend\n'
    context = context_of(
        {
            "mix.exs": root,
            "mix.lock": lock(ecto="3.13.1"),
            "apps/shop/mix.exs": mix("shop", '{:ecto, "~> 3.0"}'),
            "apps/web/mix.exs": mix("web", '{:phoenix, "~> 1.8.0"}'),
        }
    )
    assert context.fits("apps/shop/lib/shop/a.ex", "ecto >= 3.13")
    assert context.fits("apps/web/lib/web/a.ex", "phoenix >= 1.8")
    assert not context.fits("apps/shop/lib/shop/a.ex", "phoenix")
    assert context.fits("config/config.exs", "ecto")


def test_a_package_has_itself() -> None:
    context = context_of({"mix.exs": mix("ash", "", ', version: "3.5.0"')})
    assert context.fits("lib/ash.ex", "ash >= 3.4") and not context.fits("lib/ash.ex", "ash >= 4.0")


def test_the_language_has_a_version_too() -> None:
    context = context_of({"mix.exs": mix("shop", "", ', elixir: "~> 1.15"')})
    assert context.fits("lib/a.ex", "elixir >= 1.15") and not context.fits(
        "lib/a.ex", "elixir >= 1.16"
    )


def test_a_malformed_requirement_is_the_rules_mistake() -> None:
    with pytest.raises(ValueError, match="newest"):
        ProjectContext().fits("lib/a.ex", "phoenix newest")


# Digest and transport

PROJECT = {
    **SHOP,
    "mix.exs": mix("shop", '{:phoenix, "~> 1.8"}'),
    "mix.lock": lock(phoenix="1.8.1"),
    "lib/shop/repo.ex": "defmodule Shop.Repo do\n  use Ecto.Repo, otp_app: :shop\nend\n",
    "lib/shop/cart.ex": "defmodule Shop.Cart do\n  use Ecto.Schema\n  def new(x), do: x\nend\n",
}


def test_the_files_that_are_relevant_decide_alone() -> None:
    relevant = {
        path: text for path, text in PROJECT.items() if context_relevant(path, text.encode())
    }
    assert PROJECT.keys() - relevant.keys() == {
        "lib/shop_web/live/cart_live.ex",
        "lib/shop/cart.ex",
    }
    assert context_of(relevant) == context_of(PROJECT)


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("lib/shop_web.ex", "use Phoenix.LiveView,", "\n\n      use Phoenix.LiveView,"),
        ("lib/shop_web.ex", 'conn.params["next"]', 'conn.params["then"]'),
        ("lib/shop_web/components/core_components.ex", "{amount, currency}", "amount"),
        ("mix.lock", "%{", "%{\n\n"),
        ("lib/shop/repo.ex", "defmodule", "\ndefmodule"),
        ("lib/shop/cart.ex", "new", "old"),
    ],
)
def test_equal_contexts_have_equal_digests(path: str, before: str, after: str) -> None:
    assert before in PROJECT[path]
    edited = PROJECT | {path: PROJECT[path].replace(before, after)}
    assert context_of(edited).digest == context_of(PROJECT).digest
    assert context_of(edited) == context_of(PROJECT)


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("lib/shop_web.ex", "use Phoenix.LiveView,", "use Phoenix.LiveComponent,"),
        ("lib/shop_web.ex", "except: [now: 0]", "except: [later: 0]"),
        ("lib/shop_web.ex", "def next_path", "def next_url"),
        ("lib/shop_web/components/core_components.ex", "def money", "def price"),
        ("mix.lock", "1.8.1", "1.8.2"),
        ("lib/shop/repo.ex", "Shop.Repo", "Shop.Store"),
        ("lib/shop/repo.ex", "otp_app: :shop", "otp_app: :shop, adapter: Ecto.Adapters.Tds"),
    ],
)
def test_other_contexts_have_other_digests(path: str, before: str, after: str) -> None:
    assert before in PROJECT[path]
    edited = PROJECT | {path: PROJECT[path].replace(before, after)}
    assert context_of(edited).digest != context_of(PROJECT).digest


def test_a_context_travels_to_other_processes() -> None:
    context = context_of(PROJECT)
    names = names_of(LIVE, "ShopWeb.CartLive")
    assert context.importer(names, "money", 1) == "ShopWeb.CoreComponents"
    copy = pickle.loads(pickle.dumps(context))
    assert copy == context
    assert copy.used(names) == context.used(names)
    assert copy.fits("lib/a.ex", "phoenix >= 1.8")


def test_broken_files_are_read_as_far_as_they_go() -> None:
    for text in (WEB, PATHS, PROJECT["lib/shop/repo.ex"], PROJECT["mix.exs"]):
        path = "mix.exs" if "Mix.Project" in text else "lib/repo.ex"
        for end in range(0, len(text), 3):
            project_context(index_of({path: text[:end]}))


def test_a_package_is_a_library_unless_it_serves_requests() -> None:
    package = "package: [licenses: []], "
    base = "defmodule M do\n  use Mix.Project\n  def project, do: [app: :m, {}deps: [{}]]\nend\n"

    def is_library(said: str, deps: str = "", path: str = "lib/m.ex") -> bool:
        text = base.replace("{}", said, 1).replace("{}", deps, 1)
        return context_of({"mix.exs": text}).is_library(path)

    assert is_library(package)
    assert is_library(package, '{:bandit, "~> 1.0", only: :test}')
    assert is_library(package, '{:plug_cowboy, "~> 2.0", optional: true}', "lib/m/n/o.ex")
    assert not is_library(package, '{:bandit, "~> 1.0"}')
    assert not is_library("")
    assert not context_of(SHOP).is_library("lib/m.ex")


def test_modules_with_a_child_spec_of_their_own() -> None:
    own = "defmodule Shop.Shard do\n  def child_spec(one), do: %{id: one}\nend\n"
    called = "defmodule Shop.Caller do\n  def spec, do: Shop.Shard.child_spec(1)\nend\n"
    context = context_of({"lib/shard.ex": own, "lib/caller.ex": called})
    assert context.child_specs == {"Shop.Shard"}
    assert context_relevant("lib/shard.ex", own.encode())
    assert not context_relevant("lib/caller.ex", called.encode())
