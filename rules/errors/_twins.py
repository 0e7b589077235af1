"""Functions that raise, and those that say the same in their result (Elixir 1.18, Ecto 3.13)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lsp_server.facts.calls.primitives import words
from lsp_server.lint.file import File
from lsp_server.syntax.elixir import Call

OK = "{:ok, value}"
ANY_ERROR = "{:error, _}"


@dataclass(frozen=True, slots=True)
class Twin:
    """The other function as it is called, and what it returns: on success, with the value named
    `value`, and otherwise. `miss_first`: success is whatever does not match the other pattern."""

    callee: str
    success: str
    failure: str
    value: str = "value"
    miss_first: bool = False


def _names(text: str, pattern: str) -> dict[str, str]:
    return dict.fromkeys(words(text), pattern)


# By module: functions with a bang whose twin returns `{:ok, _}`, and what it returns otherwise.
_BANGS = {
    "File": _names("read open ls stat lstat cwd copy read_link", ANY_ERROR),
    "Jason": _names("decode encode", ANY_ERROR),
    "Poison": _names("decode encode", ANY_ERROR),
    "JSON": _names("decode", ANY_ERROR),
    "Map": _names("fetch", ":error"),
    "Keyword": _names("fetch", ":error"),
    "Access": _names("fetch", ":error"),
    "Enum": _names("fetch", ":error"),
    "System": _names("fetch_env", ":error"),
    "Application": _names("fetch_env", ":error"),
    "Base": _names("decode16 decode32 decode64 url_decode64 hex_decode32", ":error"),
    "Date": _names("from_iso8601 new from_erl", ANY_ERROR),
    "Time": _names("from_iso8601 new from_erl", ANY_ERROR),
    "NaiveDateTime": _names("from_iso8601 new from_erl", ANY_ERROR),
    "DateTime": _names("from_unix from_naive", ANY_ERROR),
    "URI": _names("new", ANY_ERROR),
    "Regex": _names("compile", ANY_ERROR),
    "Version": _names("parse parse_requirement", ":error"),
    "Ecto.UUID": _names("cast dump load", ":error"),
    "Ecto.Type": {},
}
# Functions of files that have nothing to give.
_DONE = words("write rm cp mkdir mkdir_p rename touch rmdir chmod")
_ROWS = words("get get_by one")
_NUMBERS = {"to_integer": ("Integer", "integer"), "to_float": ("Float", "float")}
_WORD = re.compile(r"(?<!^)(?=[A-Z])")


def twin_of(call: Call, file: File) -> Twin | None:
    """The twin of the function that a call is of; None where there is none."""
    written = call.module
    if written is None or not call.arguments:
        return None
    module, name = file.module_of(call) or "", call.name
    if module == "String" and name in _NUMBERS and call.arity == 1:
        parser, value = _NUMBERS[name]
        return Twin(f"{parser}.parse", f'{{{value}, ""}}', "_", value)
    if not name.endswith("!"):
        return None
    plain = name[:-1]
    if file.is_repo(call) and plain in _ROWS:
        return Twin(f"{written}.{plain}", "", "nil", _row(call), miss_first=True)
    if module == "File" and plain in _DONE:
        return Twin(f"{written}.{plain}", ":ok", ANY_ERROR, ":ok")
    failure = _BANGS.get(module, {}).get(plain)
    return None if failure is None else Twin(f"{written}.{plain}", OK, failure)


def _row(call: Call) -> str:
    """`user` for `Repo.get!(User, id)`."""
    schema = call.arguments[0].text.rpartition(".")[2]
    if re.fullmatch(r"[A-Z]\w*", schema) is None:
        return "row"
    return _WORD.sub("_", schema).lower()
