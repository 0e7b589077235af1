"""The house rules: layers, names, types, format, documentation."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsp_server.config import known_rules, read_settings
from lsp_server.lint.registry import page_of, registry
from lsp_server.lint.rule import ProjectRule
from lsp_server.report.catalogue import catalogue_markdown
from tests.readme import manifest, readme

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "lsp_server"
RULES = ROOT / "rules"

# From the lowest: a module may import from its own layer and from those before it.
LAYERS = [
    {"text", "severity", "role", "__init__"},
    {"syntax"},
    {"document"},
    {"facts"},
    {"config"},
    {"snapshot"},
    {"lint", "rules"},
    {"project"},
    {"report"},
    {"cli", "check_request", "check_project", "check_command", "server", "__main__"},
]
RULE_IMPORTS = {"lint", "rules", "facts", "syntax"} | {
    "snapshot",
    "document",
    "text",
    "role",
    "severity",
}
LONGEST = 450  # lines of one file


def python_files() -> Iterator[Path]:
    yield from sorted(PACKAGE.rglob("*.py"))
    yield from sorted(RULES.rglob("*.py"))


def layer(name: str) -> int:
    for number, names in enumerate(LAYERS):
        if name in names:
            return number
    raise AssertionError(f"lsp_server/{name} has no layer")


def imported(path: Path) -> Iterator[str]:
    """The parts of Retort that a file imports, but for those of type checking."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            skipped |= {inner for one in node.body for inner in ast.walk(one)}
        if node in skipped:
            continue
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "lsp_server":
                names = [f"lsp_server.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.startswith("lsp_server."):
                yield name.split(".")[1]


def test_layers_import_downwards_only() -> None:
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        own = layer(parts[0])
        for name in imported(path):
            if name != "__version__" and layer(name) > own:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


def test_rules_import_the_authors_api_only() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in RULES.rglob("*.py")
        for name in imported(path)
        if name not in RULE_IMPORTS
    ]
    assert wrong == []


def test_only_the_server_imports_the_protocol() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in python_files()
        if path.parent != PACKAGE / "server"
        and re.search(r"^\s*(?:from|import) (?:pygls|lsprotocol)", path.read_text("utf-8"), re.M)
    ]
    assert wrong == []


def test_files_are_small_and_well_named() -> None:
    for path in python_files():
        lines = path.read_text("utf-8").count("\n")
        assert lines <= LONGEST, f"{path.relative_to(ROOT)} has {lines} lines"
        if path.parent.parent.name == "rules" and not path.stem.startswith("_"):
            continue  # the name is the rule's id: `link-helper` speaks of Phoenix's helpers
        assert not re.search(r"utils|helper|manager|misc", path.stem), path


def test_public_things_are_documented() -> None:
    missing = []
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        if path.stat().st_size and ast.get_docstring(tree) is None:
            missing.append(str(path.relative_to(ROOT)))
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
                if not node.name.startswith("_") and ast.get_docstring(node) is None:
                    missing.append(f"{path.relative_to(ROOT)}: {node.name}")
    assert missing == []


@pytest.mark.parametrize("rule", registry().rules.values(), ids=lambda rule: rule.id)
def test_rules_are_whole(rule: object) -> None:
    assert hasattr(rule, "id")
    page = page_of(type(rule))  # type: ignore[arg-type]
    assert page.summary.endswith("."), "the summary is a sentence"
    headings = " ".join(page.sections).lower()
    assert "silent" in headings, "the page says when the rule stays silent"
    if isinstance(rule, ProjectRule):
        assert rule.reads, "a project rule says what it reads"
    cases = ROOT / "tests" / "rules" / f"{rule.id}.md"
    assert cases.exists(), "a rule has a file of cases"


def test_made_documentation_is_fresh() -> None:
    made = "run: python -m tests.readme"
    assert (RULES / "README.md").read_text("utf-8") == catalogue_markdown(), made
    text = (ROOT / "README.md").read_text("utf-8")
    assert text == readme(text), made
    extension = (ROOT / "editors" / "vscode" / "package.json").read_text("utf-8")
    assert extension == manifest(extension), made


def test_the_readme_s_settings_are_understood() -> None:
    known = known_rules(registry().rules.values())
    text = (ROOT / "README.md").read_text("utf-8")
    examples = re.findall(r"```toml\n(.*?)```", text, re.S)
    assert examples
    assert [read_settings(one.encode(), known)[1] for one in examples] == [[]] * len(examples)


def test_every_rule_is_in_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert [rule for rule in registry().rules if f"`{rule}`" not in changelog] == []


def test_nothing_looks_like_a_secret() -> None:
    """Code hosts refuse pushes that hold token shapes."""
    shape = re.compile(
        r"(?:sk|pk|rk)_(?:live|test)_\w{8}|AKIA[A-Z0-9]{12}|gh[pousr]_\w{20}|xox[abpr]-\w{8}"
        r"|-----BEGIN [A-Z ]*PRIVATE KEY-----|eyJ[\w-]{20,}\.eyJ"
    )
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, files.split("\0")):
        path = ROOT / name
        if path.suffix not in (".png", ".vsix") and path.is_file():
            found = shape.search(path.read_text("utf-8", "replace"))
            assert found is None, f"{name}: {found}"


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "format", "--check", "."],
        ["ruff", "check", "."],
        ["mypy", "lsp_server", "rules"],
    ],
    ids=["format", "lint", "types"],
)
def test_tools_are_content(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
