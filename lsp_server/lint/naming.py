"""Names that fixes make up: English, in the manner of Elixir's generators."""

from __future__ import annotations

import re

from lsp_server.facts.database.repo_places import underscore


def plural(word: str) -> str:
    """The plural of an English noun by the regular rules."""
    if re.search(r"[^aeiou]y$", word):
        return f"{word[:-1]}ies"
    return f"{word}es" if re.search(r"(s|x|z|ch|sh)$", word) else f"{word}s"


def rows_of(schema: str) -> tuple[str, str]:
    """What one row and several rows of a schema are called: `order_line` and `order_lines` for
    `Shop.OrderLine`."""
    one = underscore(schema.rpartition(".")[2])
    return one, plural(one)
