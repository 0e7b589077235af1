"""Rules' pages as Markdown: for hovers, `retort explain`, and files that an editor can open."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from lsp_server import __version__
from lsp_server.config import default_options
from lsp_server.lint.registry import page_of, registry
from lsp_server.lint.suppress import UNKNOWN, UNREADABLE, UNUSED
from lsp_server.project.cache import cache_folder
from lsp_server.project.problems import CONFIGURATION

# What Retort says without a rule file: about its own comments, its settings and unreadable files.
OWN: Mapping[str, str] = {
    UNUSED: """\
A suppression that suppresses nothing.

The finding is gone, so the comment only hides the next one. The fix removes it.
""",
    UNKNOWN: """\
A suppression that names a rule or pack which does not exist.

It suppresses nothing. The fix writes the name that comes nearest, and has to be looked at; where no
name comes near it removes the suppression.
""",
    UNREADABLE: """\
A file that Retort does not read.

It cannot be opened, is larger than 2 MB, holds NUL bytes or invalid UTF-8, or so many blank lines
that parsing would take minutes. Nothing else is said of the file. Put it into `exclude` of
`.retort.toml` to be rid of the message.
""",
    CONFIGURATION: """\
Something in `.retort.toml` that is not understood.

The entry is ignored and the rest of the file holds; the message names the nearest key or rule.
""",
}


def page(rule: str) -> str | None:
    """A rule's page as Markdown; None where there is no such rule."""
    known = registry().rules.get(rule)
    if known is None:
        own = OWN.get(rule)
        return None if own is None else f"# {rule}\n\n{own}"
    facts = [
        f"Severity: **{known.severity.label}**",
        f"profile: **{known.profile.label}**",
    ]
    requires = (known.requires,) if isinstance(known.requires, str) else known.requires
    if requires:
        facts.append("needs " + ", ".join(f"`{one}`" for one in requires))
    lines = [f"# {rule}", "", " · ".join(facts), "", page_of(type(known)).body]
    if known.options:
        lines += ["", "## Settings", ""]
        default = default_options(known)
        lines += [
            f"- `{name}`: `{json.dumps(value)}` by default" for name, value in default.items()
        ]
    return "\n".join(lines) + "\n"


def rule_path(rule: str) -> Path:
    """Where a rule's page lies as a file, once `write_pages` has run."""
    return cache_folder() / f"pages-{__version__}" / f"{rule}.md"


@cache
def rule_url(rule: str) -> str:
    """A link to a rule's page that an editor can open."""
    return rule_path(rule).absolute().as_uri()


def write_pages() -> None:
    """Write all pages below the cache folder; a place that cannot be written is no error."""
    for rule in [*registry().rules, *OWN]:
        text = page(rule)
        path = rule_path(rule)
        if text is None:
            continue
        try:
            if not path.exists() or path.read_text("utf-8") != text:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
        except OSError:
            return
