"""No report repeats a secret, neither in a message nor in the line that it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from lsp_server.cli import retort

TOKEN = "gh" + "p_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1yZ3bA5"
KEY = "t6Nq3WzKm8" + "HxRb5PcJ2v"
URL = "postgres://shop:" + "q8Zt3LmX2wKp" + "@db.shop.io/shop"
MIX = "defmodule Shop.MixProject do\n  use Mix.Project\n  def project, do: [app: :shop]\nend\n"
CODE = f"""defmodule Shop.A do
  # was {TOKEN}
  def a, do: Req.get!("https://rates.shop.io", headers: [{{"x-api-key", "{KEY}"}}])
  def b, do: "{TOKEN}"
  def c(x), do: :os.cmd(~c"curl -u {TOKEN} #{{x}}")
  def d, do: Postgrex.start_link(url: "{URL}", hostname: "db.shop.io")
end
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "shop"
    (root / "lib").mkdir(parents=True)
    (root / "mix.exs").write_text(MIX)
    (root / "lib" / "a.ex").write_text(CODE)
    monkeypatch.chdir(root)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return root


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
def test_no_report_repeats_a_secret(project: Path, form: str) -> None:
    result = CliRunner().invoke(
        retort, ["check", "--profile", "aggressive", "--format", form], prog_name="retort"
    )
    assert result.exit_code == 1
    assert "security/command-injection" in result.output
    for secret in (TOKEN, KEY, "q8Zt3LmX2wKp"):
        assert not any(secret[at : at + 12] in result.output for at in range(len(secret) - 11))
    assert project.exists()


def test_no_cache_holds_a_secret(project: Path) -> None:
    CliRunner().invoke(retort, ["check", "--fail-on", "never"], prog_name="retort")
    cached = [one for one in (project.parent / "cache").rglob("*") if one.is_file()]
    assert cached
    for one in cached:
        stored = one.read_bytes()
        assert not any(secret.encode() in stored for secret in (TOKEN, KEY, "q8Zt3LmX2wKp"))
