"""security/hardcoded-secret"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.facts.project.config import configuration
from lsp_server.facts.secrets.secrets import Secret
from lsp_server.lint.finding import Finding, Fix
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot

from ._secret_moves import moved

_KEY_BASE = "secret_key_base"


class HardcodedSecret(ProjectRule):
    """
    A secret that is written into the source.

    Whoever can read the repository, a build, a backup or a stack trace has it: everyone who ever
    worked on the code, and everyone who gets hold of one of their machines. It cannot be changed
    without a release, and it is in the history for good, so the one that was found has to be
    replaced as well.

    ## Bad

    `config/config.exs`:

    ```elixir
    import Config

    config :shop, Shop.Payments,
      base_url: "https://payments.shop.example",
      webhook_secret: "Qm4vXz8TqLw2RbNc6KyPd9Hs"
    ```

    `lib/shop/carrier.ex`:

    ```elixir
    defmodule Shop.Carrier do
      def labels do
        Req.get!("https://carrier.shop.example", headers: [{"x-api-key", "w7Rk2TzVm9QxLb4NcY6p"}])
      end
    end
    ```

    ## Good

    `config/config.exs`:

    ```elixir
    import Config

    config :shop, carrier_api_key: "only-for-development"

    config :shop, Shop.Payments,
      base_url: "https://payments.shop.example",
      webhook_secret: "only-for-development"
    ```

    `config/runtime.exs`:

    ```elixir
    import Config

    if config_env() == :prod do
      config :shop, Shop.Payments, webhook_secret: System.fetch_env!("PAYMENTS_WEBHOOK_SECRET")

      config :shop, carrier_api_key: System.fetch_env!("CARRIER_API_KEY")
    end
    ```

    `lib/shop/carrier.ex`:

    ```elixir
    defmodule Shop.Carrier do
      def labels do
        Req.get!("https://carrier.shop.example", headers: [{"x-api-key", api_key()}])
      end

      defp api_key, do: Application.fetch_env!(:shop, :carrier_api_key)
    end
    ```

    ## What it looks for

    - The value of a key that names a secret (`secret`, `token`, `password`, `api_key`, `salt`,
      `private_key`, `dsn` …) in configuration, attributes, options, maps and headers, if it is
      random enough to be real.
    - Tokens that their form gives away (AWS, GitHub, GitLab, Slack, Stripe, Google, SendGrid, npm
      and others), JSON Web Tokens, private keys, and URLs with a password, anywhere; tokens also
      in comments, sigils and charlists, and in the URLs of mix.exs.

    ## When it stays silent

    - Development and test: `dev.exs`, `test.exs`, what is under `if config_env() == :dev`, seeds,
      fixtures, factories and everything below `test/`.
    - Words, sentences, placeholders (`"change-me"`, `"your-key-here"`), values with little
      variety, URLs of local hosts.
    - `signing_salt` and `encryption_salt`, which `mix phx.new` writes and which are worth nothing
      without `secret_key_base`.
    - A setting that production takes from elsewhere: the same key has a value that is not
      written out in `runtime.exs`, `releases.exs` or `prod.exs`. For `secret_key_base` any key of
      that name will do.
    - Documentation, and what is under the key `example`.

    ## What the fix changes

    In production the value comes from an environment variable, which `config/runtime.exs` reads
    in the block of its environment; it must be set before the next release starts. The block and
    the file are made if they are not there. `config.exs` keeps a harmless value for development
    and tests (`nil` for an address), and is made for it, while other files lose the setting. In
    code the literal becomes `Application.fetch_env!`, directly or through a private function; an
    attribute that is read while compiling is left alone. The secret itself is still in the
    history: replace it.
    """

    severity = Severity.ERROR
    reads = (Secret, configuration)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        settings = configuration(snapshot.index).settings
        computed = {
            (setting.app, setting.keys)
            for _, setting in settings
            if not setting.literal and setting.environments.include("prod")
        }
        named = {(app, keys[-1]) for app, keys in computed if keys}
        for path, secret in snapshot.index.of(Secret):
            if (secret.app, secret.keys) in computed and not secret.label:
                continue
            if secret.key == _KEY_BASE and (secret.app, _KEY_BASE) in named:
                continue
            yield self._finding(path, secret)

    def _finding(self, path: str, secret: Secret) -> Finding:
        if secret.label:
            message = f"{secret.label} ({secret.shown}) is written into the source"
        else:
            message = f"the value of `{secret.key}` is written into the source and looks real"
        fix: Fix | None = None
        if secret.place != "other":
            fix = Fix.review(
                "Read it from the environment in config/runtime.exs",
                lambda snapshot: moved(snapshot, path, secret),
                needs_files=True,
            )
        return self.finding(secret.span, message, path=path, fix=fix)
