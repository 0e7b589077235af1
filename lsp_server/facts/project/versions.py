"""Versions and requirements, compared as Elixir's `Version` does (Elixir 1.14 to 1.18)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache, total_ordering

_DIGITS = 18  # Python refuses to read thousands of digits as a number
_NUMBER = rf"(?:0|[1-9][0-9]{{0,{_DIGITS - 1}}})"
_WORD = r"[0-9A-Za-z-]+"
_VERSION = re.compile(
    rf"({_NUMBER})(?:\.({_NUMBER}))?(?:\.({_NUMBER}))?(?:-({_WORD}(?:\.{_WORD})*))?(?:\+[0-9A-Za-z.-]+)?"
)
_CONDITION = re.compile(r"(~>|>=|<=|==|!=|!|>|<|)[ \t]*(\S+)")
_ALTERNATIVE = re.compile(r"\s+or\s+")
_JOINT = re.compile(r"\s+and\s+")


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """`1.7.0-rc.1`; what follows a plus sign is read and dropped, as it never counts."""

    major: int
    minor: int = 0
    patch: int = 0
    pre: tuple[int | str, ...] = ()

    @staticmethod
    def parse(text: str) -> Version | None:
        """The version that a text is; None where Elixir would refuse it."""
        found = _VERSION.fullmatch(text)
        return _read(found) if found is not None and found[3] is not None else None

    def __lt__(self, other: Version) -> bool:
        return self._key < other._key

    def __str__(self) -> str:
        pre = ".".join(str(part) for part in self.pre)
        return f"{self.major}.{self.minor}.{self.patch}" + (f"-{pre}" if pre else "")

    @property
    def _key(self) -> tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]:
        """A pre-release comes before its release, and numbers in it before words."""
        pre = tuple(
            (False, part, "") if isinstance(part, int) else (True, 0, part) for part in self.pre
        )
        return self.major, self.minor, self.patch, not self.pre, pre


# What is assumed where a version cannot be known: later than every release there will be.
NEWEST = Version(1_000_000_000)
LOWEST = Version(0)


def _read(found: re.Match[str]) -> Version | None:
    words = found[4].split(".") if found[4] else []
    if any(len(word) > 1 and word[0] == "0" and word.isdecimal() for word in words):
        return None
    pre = tuple(int(word) if word.isdecimal() and len(word) <= _DIGITS else word for word in words)
    return Version(int(found[1]), int(found[2] or 0), int(found[3] or 0), pre)


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison; `parts` is how many numbers were written, which `~>` depends on."""

    operator: str
    version: Version
    parts: int = 3

    def allows(self, version: Version) -> bool:
        """Whether a version satisfies the comparison."""
        bound = self.version
        match self.operator:
            case "~>" if self.parts == 3:
                return (
                    version >= bound
                    and version.major == bound.major
                    and (version.minor == bound.minor)
                )
            case "~>":
                return version >= bound and version.major == bound.major
            case ">=":
                return version >= bound
            case "<=":
                return version <= bound
            case ">":
                return version > bound
            case "<":
                return version < bound
            case "!=":
                return version != bound
        return version == bound

    @property
    def lower(self) -> Version:
        """The least version that can satisfy the comparison, or a bound of it."""
        return LOWEST if self.operator in ("<", "<=", "!=") else self.version


@dataclass(frozen=True, slots=True)
class Requirement:
    """`~> 1.7 or ~> 2.0 and < 2.1.0`: one of `alternatives` must hold with all its conditions."""

    alternatives: tuple[tuple[Condition, ...], ...]

    @staticmethod
    @lru_cache(maxsize=1024)
    def parse(text: str) -> Requirement | None:
        """The requirement that a text is; None for what is none.

        Elixir wants three numbers after every operator but `~>`; fewer are taken here too, the
        missing ones as zero, so that a rule can say `>= 1.7`.
        """
        alternatives: list[tuple[Condition, ...]] = []
        for alternative in _ALTERNATIVE.split(text.strip()):
            conditions = [_condition(one) for one in _JOINT.split(alternative)]
            known = tuple(one for one in conditions if one is not None)
            if len(known) != len(conditions):
                return None
            alternatives.append(known)
        return Requirement(tuple(alternatives))

    def allows(self, version: Version) -> bool:
        """Whether a version satisfies the requirement; pre-releases count as any version does."""
        return any(all(one.allows(version) for one in every) for every in self.alternatives)

    @property
    def lower(self) -> Version:
        """The lowest version that can satisfy the requirement, or a bound of it."""
        return min(max(one.lower for one in every) for every in self.alternatives)


def _condition(text: str) -> Condition | None:
    found = _CONDITION.fullmatch(text)
    written = _VERSION.fullmatch(found[2]) if found is not None else None
    if found is None or written is None:
        return None
    version = _read(written)
    parts = 3 - (written[2] is None) - (written[3] is None)
    operator = {"": "==", "!": "!="}.get(found[1], found[1])
    return None if version is None else Condition(operator, version, parts)
