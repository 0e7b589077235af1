"""Settings: `.retort.toml` at the project's root, overridden by what an editor or a flag says.

```toml
profile = "recommended"            # or "aggressive"
exclude = ["lib/generated/**"]     # beside .gitignore, deps, _build and node_modules

[rules]
errors = "off"                     # a whole pack
"ecto/unbounded-query" = "hint"    # off, error, warning, information, hint; "on": its own

[rules."ecto/missing-fk-index"]    # a rule's own settings
severity = "warning"
allow = ["orders.legacy_id"]

[[paths]]                          # other severities below some paths; the last that matches counts
match = ["lib/legacy/**"]
rules = { ecto = "off" }
```
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, ClassVar, Protocol

import msgspec

from lsp_server.severity import Profile, Severity
from lsp_server.text import LineIndex, Span

FILE_NAME = ".retort.toml"
KEYS = ("profile", "exclude", "rules", "paths")
LEVELS: Mapping[str, Severity | None] = {
    "off": None,
    **{severity.label: severity for severity in Severity},
}


class Configurable(Protocol):
    """What settings need to know of a rule."""

    id: ClassVar[str]
    severity: ClassVar[Severity]
    profile: ClassVar[Profile]


@dataclass(frozen=True, slots=True)
class PathRules:
    """Levels that hold for files which match one of the patterns (those of .gitignore)."""

    match: tuple[str, ...]
    levels: Mapping[str, str]


@dataclass(frozen=True)
class Settings:
    """What the user has configured; the defaults are those of a project without `.retort.toml`.

    `levels` maps rules and packs to `off`, `on` or a severity, `options` rules to their settings.
    """

    profile: Profile = Profile.RECOMMENDED
    exclude: tuple[str, ...] = ()
    levels: Mapping[str, str] = field(default_factory=dict)
    paths: tuple[PathRules, ...] = ()
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def option(self, rule: str, name: str, default: Any = None) -> Any:
        """A setting of a rule, `default` where the user has none."""
        return self.options.get(rule, {}).get(name, default)

    def may_run(self, rule: Configurable) -> bool:
        """Whether the rule can say anything on some path."""
        if self.severity(rule, None) is not None:
            return True
        return any(_level(paths.levels, rule.id) not in (None, "off") for paths in self.paths)

    def severity(
        self, rule: Configurable, path: str | None, own: Severity | None = None
    ) -> Severity | None:
        """The severity of a rule's findings in a file; None where the rule is off.

        `own` is the severity that the finding has of itself, the rule's by default.
        """
        level = _level(self.levels, rule.id)
        if path is not None:
            for paths in self.paths:
                if matcher(paths.match)(path):
                    level = _level(paths.levels, rule.id) or level
        if level is None:
            if rule.profile > self.profile:
                return None
            return rule.severity if own is None else own
        if level == "on":
            return rule.severity if own is None else own
        return LEVELS[level]

    def encode(self) -> bytes:
        """The settings as bytes that differ if the settings differ."""
        return msgspec.msgpack.encode(
            (
                int(self.profile),
                self.exclude,
                sorted(self.levels.items()),
                [(one.match, sorted(one.levels.items())) for one in self.paths],
                sorted((rule, sorted(found.items())) for rule, found in self.options.items()),
            )
        )


def _level(levels: Mapping[str, str], rule: str) -> str | None:
    return levels.get(rule) or levels.get(rule.partition("/")[0])


@lru_cache(maxsize=256)
def matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a path from the project's root matches one of some .gitignore patterns; those that
    are none match nothing."""
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(filter(is_pattern, patterns)).match_file


@lru_cache(maxsize=256)
def verdict(patterns: tuple[str, ...]) -> Callable[[str], bool | None]:
    """What some .gitignore patterns say of a path: hidden, shown (`!`), or None for nothing."""
    from pathspec import GitIgnoreSpec

    spec = GitIgnoreSpec.from_lines(filter(is_pattern, patterns))
    return lambda path: spec.check_file(path).include


def is_pattern(text: str) -> bool:
    """Whether a line of a .gitignore is a pattern."""
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([text])
    except (ValueError, re.error):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the configuration that is not understood; the span is of the file's bytes."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Known:
    """What may be configured: rule ids, and the options of each with their defaults."""

    options: Mapping[str, Mapping[str, Any]]

    @property
    def rules(self) -> Collection[str]:
        """All rule ids."""
        return self.options.keys()

    @property
    def packs(self) -> set[str]:
        """All packs."""
        return {rule.partition("/")[0] for rule in self.options}


def known_rules(rules: Iterable[Any]) -> Known:
    """What the rules of a registry allow to configure; lists are lists of texts."""
    return Known({rule.id: default_options(rule) for rule in rules})


def default_options(rule: Any) -> dict[str, Any]:
    """The settings of a rule by their names, as TOML has them."""
    return {
        name: list(value) if isinstance(value, (list, tuple, set, frozenset)) else value
        for name, value in rule.options.items()
    }


class _Reader:
    """Reads a parsed configuration, noting what it does not understand; nothing of that is
    fatal."""

    def __init__(self, source: bytes, known: Known) -> None:
        self.source = source
        self.lines = LineIndex(source)
        self.known = known
        self.below = 0  # where the table begins that is read
        self.problems: list[Problem] = []

    def complain(self, name: str, message: str, near: Iterable[str] = ()) -> None:
        """Note a problem at the line that holds `name`."""
        found = get_close_matches(name, list(near), 1, 0.5)
        hint = f"; did you mean `{found[0]}`?" if found else ""
        self.problems.append(Problem(self._place(name), message + hint))

    @contextmanager
    def _table(self, at: int) -> Iterator[None]:
        """What is read meanwhile stands below a place."""
        before, self.below = self.below, at
        yield
        self.below = before

    def _place(self, name: str) -> Span:
        return self._find(name) or self._find(name.rpartition("/")[2]) or self.lines.line_span(0)

    def _find(self, name: str) -> Span | None:
        written = re.escape(name.encode())
        patterns = (
            rb'^[^#\n]*?["\'\[.{,\s]?(' + written + rb')["\']?\s*[=\]]',
            rb"(" + written + rb")",
        )
        for pattern in patterns:
            match = re.compile(pattern, re.M).search(self.source, self.below)
            if match:
                return Span(*match.span(1))
        return None

    def read(self, table: Mapping[str, Any]) -> Settings:
        """The settings of a parsed configuration."""
        for key in table.keys() - set(KEYS):
            self.complain(key, f"there is no setting `{key}`", KEYS)
        levels, options = self._rules(table.get("rules", {}))
        return Settings(
            self._profile(table.get("profile", "recommended")),
            tuple(self._texts("exclude", table.get("exclude", []))),
            levels,
            tuple(self._paths(table.get("paths", []))),
            options,
        )

    def _profile(self, value: object) -> Profile:
        names = [profile.label for profile in Profile]
        if isinstance(value, str) and value in names:
            return Profile[value.upper()]
        self.complain("profile", f"`profile` is {' or '.join(names)}, not `{value}`")
        return Profile.RECOMMENDED

    def _texts(self, key: str, value: object, *, patterns: bool = True) -> list[str]:
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            for one in value:
                if patterns and not is_pattern(one):
                    self.complain(one, f"`{one}` in `{key}` is no pattern of .gitignore")
            return value
        self.complain(key, f"`{key}` is a list of texts")
        return []

    def _rules(self, table: object) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
        levels: dict[str, str] = {}
        options: dict[str, dict[str, Any]] = {}
        if not isinstance(table, dict):
            self.complain("rules", "`rules` is a table of rules and packs")
            return levels, options
        for name, value in table.items():
            if name not in self.known.rules and name not in self.known.packs:
                # `[rules.ecto]` with `query-in-loop = "off"` reads well too.
                names = [*self.known.rules, *self.known.packs]
                self.complain(name, f"there is no rule or pack `{name}`", names)
            elif isinstance(value, dict) and name in self.known.packs:
                with self._table(self._place(name).end):
                    if "severity" in value:
                        self._note_level(name, value["severity"], levels, "severity")
                    inner = {f"{name}/{key}": one for key, one in value.items()}
                    inner.pop(f"{name}/severity", None)
                    below, deeper = self._rules(inner)
                levels |= below
                options |= deeper
            elif isinstance(value, dict):
                with self._table(self._place(name).end):
                    options[name] = self._options(name, value, levels)
            else:
                self._note_level(name, value, levels)
        return levels, options

    def _options(self, rule: str, table: dict[str, Any], levels: dict[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        allowed = self.known.options[rule]
        for key, value in table.items():
            if key == "severity":
                self._note_level(rule, value, levels, key)
            elif key not in allowed:
                message = f"`{rule}` has no setting `{key}`"
                self.complain(key, message, [*allowed, "severity"])
            elif isinstance(allowed[key], list):
                found[key] = self._texts(key, value, patterns=False)
            elif type(value) is not type(allowed[key]):
                self.complain(
                    key, f"`{key}` of `{rule}` is like `{allowed[key]!r}`, not `{value!r}`"
                )
            else:
                found[key] = value
        return found

    def _note_level(
        self, name: str, value: object, levels: dict[str, str], key: str | None = None
    ) -> None:
        if isinstance(value, bool):
            value = "on" if value else "off"
        if isinstance(value, str) and (value in LEVELS or value == "on"):
            levels[name] = value
        else:
            choices = ", ".join([*LEVELS, "on"])
            self.complain(key or name, f"`{name}` is one of {choices}, not `{value}`")

    def _paths(self, value: object) -> Iterable[PathRules]:
        if not isinstance(value, list):
            self.complain("paths", "`paths` is a list of tables: write `[[paths]]`")
            return
        heads = [match.start() for match in re.finditer(rb"^\s*\[\[", self.source, re.M)]
        for number, one in enumerate(value):
            with self._table(heads[number] if len(heads) == len(value) else 0):
                entry = self._path(one)
            if entry is not None:
                yield entry

    def _path(self, value: object) -> PathRules | None:
        if not isinstance(value, dict) or not {"match", "rules"} >= value.keys() >= {"match"}:
            self.complain("paths", "an entry of `paths` has `match` and `rules`")
            return None
        levels, options = self._rules(value.get("rules", {}))
        if options:
            self.complain("paths", "`paths` holds severities only, no settings of rules")
        return PathRules(tuple(self._texts("match", value["match"])), levels)


def read_settings(source: bytes, known: Known) -> tuple[Settings, list[Problem]]:
    """The settings that a `.retort.toml` gives, and what in it is not understood and ignored."""
    try:
        table = tomllib.loads(source.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        lines = LineIndex(source)
        line = re.search(r"at line (\d+)", str(error))
        last = lines.line_count - 1 if "end of document" in str(error) else 0
        span = lines.line_span(int(line[1]) - 1 if line else last)
        why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error
        return Settings(), [Problem(span, f"this is not TOML: {why}")]
    except RecursionError:
        return Settings(), [Problem(LineIndex(source).line_span(0), "it is nested too deeply")]
    reader = _Reader(source, known)
    return reader.read(table), reader.problems


def override(
    settings: Settings, table: Mapping[str, Any], known: Known
) -> tuple[Settings, list[str]]:
    """The settings with an editor's laid over them, and what was not understood of those."""
    reader = _Reader(b"", known)
    given = {key: value for key, value in table.items() if key in KEYS and value is not None}
    top = reader.read(given)
    return (
        replace(
            settings,
            profile=top.profile if "profile" in given else settings.profile,
            exclude=(*settings.exclude, *top.exclude),
            levels={**settings.levels, **top.levels},
            paths=(*settings.paths, *top.paths),
            options={**settings.options, **top.options},
        ),
        [problem.message for problem in reader.problems],
    )
