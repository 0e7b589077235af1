"""What is read of config/*.exs."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.fact import FileFacts
from lsp_server.facts.index import Index
from lsp_server.facts.project.config import Environments, Setting, collect_config, configuration


def facts_of(path: str, text: str) -> FileFacts:
    found: dict[type, list] = {}
    for fact in collect_config(Document(path, text.encode())):
        found.setdefault(type(fact), []).append(fact)
    return FileFacts({kind: tuple(facts) for kind, facts in found.items()})


def settings_of(files: dict[str, str] | str) -> list[Setting]:
    files = {"config/config.exs": files} if isinstance(files, str) else files
    index = Index({path: facts_of(path, text) for path, text in files.items()})
    return [setting for _, setting in configuration(index).settings]


def where(text: str) -> Environments:
    """The environments of the one setting of a text."""
    (setting,) = settings_of(text)
    return setting.environments


def test_keys_are_flat() -> None:
    text = """
    import Config
    alias Shop.Repo

    config :shop, Repo, ssl: [verify: :verify_none, depth: 2], url: "x"
    config :shop, ecto_repos: [Shop.Repo], flags: []
    config :shop, :limits, %{rate: 3}
    config(:logger, [level: :info])
    """
    assert [(one.app, one.keys, one.text) for one in settings_of(text)] == [
        ("shop", ("Shop.Repo", "ssl", "verify"), ":verify_none"),
        ("shop", ("Shop.Repo", "ssl", "depth"), "2"),
        ("shop", ("Shop.Repo", "url"), ""),  # a text may be a secret and is not kept
        ("shop", ("ecto_repos",), "[Shop.Repo]"),
        ("shop", ("flags",), "[]"),
        ("shop", ("limits",), "%{rate: 3}"),
        ("logger", ("level",), ":info"),
    ]


def test_where_a_setting_stands() -> None:
    text = 'config :shop, Shop.Repo,\n  url: "é",\n  pool: 2\n'
    source = text.encode()
    url, pool = settings_of(text)
    assert url.span.slice(source) == '"é"'.encode()
    assert pool.key_span.slice(source) == b"pool:"
    assert pool.span.slice(source) == b"2"
    assert pool.call_span.slice(source) == source.rstrip()


def test_literals_and_what_is_computed() -> None:
    text = """
    config :shop,
      priv: "x",
      b: "x#{y}",
      c: System.get_env("C"),
      d: [1, {:ok, Shop.Repo}, ~w(a b)],
      e: %{"k" => "v"},
      f: %{"k" => value},
      g: -1,
      h: 60 * 60,
      i: fn -> 1 end,
      j: ~s(x#{y})
    """
    found = {one.keys[0]: (one.literal, one.string) for one in settings_of(text)}
    assert found == {
        "priv": (True, "x"),
        "b": (False, None),
        "c": (False, None),
        "d": (True, None),
        "e": (True, None),
        "f": (False, None),
        "g": (True, None),
        "h": (False, None),
        "i": (False, None),
        "j": (False, None),
    }


def test_the_file_names_its_environment() -> None:
    text = "config :shop, a: 1\n"
    names = ("config", "runtime", "dev", "test", "prod", "prod.secret", "releases", "staging")
    files = {f"config/{name}.exs": text for name in names}
    index = Index({path: facts_of(path, one) for path, one in files.items()})
    found = {path: one.environments.only for path, one in configuration(index).settings}
    assert found == {
        "config/config.exs": (),
        "config/runtime.exs": (),
        "config/dev.exs": ("dev",),
        "config/test.exs": ("test",),
        "config/prod.exs": ("prod",),
        "config/prod.secret.exs": ("prod",),
        "config/releases.exs": ("prod",),
        "config/staging.exs": ("staging",),
    }


def test_conditions_narrow_the_environment() -> None:
    assert where("if config_env() == :prod do\n  config :a, b: 1\nend").only == ("prod",)
    assert where("if :prod == Mix.env(), do: config(:a, b: 1)").only == ("prod",)
    assert where("if config_env() in [:dev, :test] do\n  config :a, b: 1\nend").only == (
        "dev",
        "test",
    )
    assert where("if config_env() != :test do\n  config :a, b: 1\nend").excluded == ("test",)
    assert where("unless config_env() == :test do\n  config :a, b: 1\nend").excluded == ("test",)
    assert where("if config_env() not in [:dev] do\n  config :a, b: 1\nend").excluded == ("dev",)
    assert where("if not (config_env() == :dev) do\n  config :a, b: 1\nend").excluded == ("dev",)


def test_the_other_branch_has_the_other_environments() -> None:
    both = "if config_env() == :prod do\n  config :a, b: 1\nelse\n  config :a, b: 2\nend"
    first, second = settings_of(both)
    assert first.environments == Environments(("prod",))
    assert second.environments == Environments((), ("prod",))
    assert not second.environments.include("prod") and second.environments.include("dev")


def test_clauses_narrow_the_environment() -> None:
    text = """
    case config_env() do
      :prod -> config :a, b: 1
      :test -> config :a, b: 2
      _ -> config :a, b: 3
    end
    """
    assert [one.environments for one in settings_of(text)] == [
        Environments(("prod",)),
        Environments(("test",)),
        Environments((), ("prod", "test")),
    ]


def test_clauses_of_cond_narrow_the_environment() -> None:
    text = """
    cond do
      config_env() == :prod -> config :a, b: 1
      Mix.env() in [:dev] -> config :a, b: 2
      true -> config :a, b: 3
    end
    """
    assert [one.environments for one in settings_of(text)] == [
        Environments(("prod",)),
        Environments(("dev",), ("prod",)),
        Environments((), ("prod", "dev")),
    ]
    open_ended = 'cond do\n  System.get_env("X") -> :ok\n  true -> config :a, b: 1\nend'
    assert where(open_ended) == Environments(conditional=True)


def test_a_variable_may_hold_the_environment() -> None:
    assert where("env = config_env()\nif env == :dev do\n  config :a, b: 1\nend").only == ("dev",)
    other = "env = System.get_env()\nif env == :dev do\n  config :a, b: 1\nend"
    assert where(other) == Environments(conditional=True)


def test_what_only_a_run_can_tell_is_conditional() -> None:
    for condition in (
        'System.get_env("X")',
        'config_env() == :prod or System.get_env("X")',
        "config_env() == env",
        'not (config_env() == :dev and System.get_env("X"))',
    ):
        found = where(f"if {condition} do\n  config :a, b: 1\nend")
        assert found == Environments(conditional=True), condition
    nested = 'if config_env() == :prod do\n  if System.get_env("X") do\n config :a, b: 1\nend\nend'
    assert where(nested) == Environments(("prod",), (), True)
    joined = 'if config_env() == :prod and System.get_env("X") do\n  config :a, b: 1\nend'
    assert where(joined) == Environments(("prod",), (), True)


def test_a_file_is_read_where_its_importer_is() -> None:
    found = settings_of(
        {
            "config/config.exs": 'import_config "scheduler.exs"\nimport_config "#{Mix.env()}.exs"',
            "config/prod.exs": 'import_config "keys.secret.exs"',
            "config/scheduler.exs": "config :a, b: 1",
            "config/keys.secret.exs": "config :a, c: 1",
        }
    )
    environments = {one.keys[0]: one.environments.only for one in found}
    assert environments == {"b": (), "c": ("prod",)}


def test_files_that_import_each_other_end() -> None:
    files = {
        "config/a.exs": 'import_config "b.exs"\nconfig :x, y: 1',
        "config/b.exs": 'import_config "a.exs"',
    }
    assert [one.keys for one in settings_of(files)] == [("y",)]


def test_environments_that_exclude_each_other_include_none() -> None:
    never = Environments(("prod",)).narrowed(Environments(("dev",)))
    assert not any(never.include(one) for one in ("prod", "dev", "test"))


def test_settings_are_found_by_their_keys() -> None:
    text = "config :shop, Shop.Repo, pool: 1\nconfig :other, Shop.Repo, pool: 2\nconfig :shop, a: 1"
    index = Index({"config/config.exs": facts_of("config/config.exs", text)})
    every = configuration(index)
    assert [one.text for _, one in every.of("shop", "Shop.Repo")] == ["1"]
    assert [one.text for _, one in every.of(None, "Shop.Repo", "pool")] == ["1", "2"]


def test_only_files_of_config_folders_are_read() -> None:
    text = "config :shop, a: 1"
    assert not facts_of("lib/shop.ex", text).types
    assert not facts_of("mix.exs", text).types
    assert facts_of("apps/shop/config/dev.exs", text).types == {Setting}


def test_broken_files_are_read_as_far_as_they_go() -> None:
    text = (
        "import Config\nif config_env() == :prod do\n"
        '  config :shop, Shop.Repo, ssl: [verify: :none], url: "a#{b}"\nend\n'
        'case Mix.env() do\n  :dev -> import_config "x#{y}.exs"\nend\nconfig'
    )
    for end in range(len(text)):
        facts_of("config/config.exs", text[:end])
