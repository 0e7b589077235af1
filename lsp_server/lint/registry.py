"""Finds the rules: one file in `rules/<pack>/` each, no table anywhere."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from lsp_server.lint.rule import AnyRule, ProjectRule, Rule

RULES = "lsp_server.rules"


class InvalidRule(Exception):
    """A rule file that does not keep the form that the documentation and the tests rely on."""


@dataclass(frozen=True, slots=True)
class Page:
    """A rule's documentation: `summary` is its first line, `sections` the text by heading."""

    summary: str
    body: str
    sections: Mapping[str, str]

    def examples(self, heading: str) -> list[tuple[str, str]]:
        """The code blocks of a section as (language, code)."""
        text = self.sections.get(heading, "")
        return [(m[1], m[2]) for m in re.finditer(r"```(\w*)[^\n]*\n(.*?)```", text, re.S)]


def page_of(rule: type[AnyRule]) -> Page:
    """The documentation in a rule's docstring.

    Raises InvalidRule where the summary, `## Bad` or `## Good` is missing.
    """
    text = inspect.cleandoc(rule.__doc__ or "")
    summary = text.partition("\n")[0].strip()
    if not summary:
        raise InvalidRule(f"{rule.id}: the docstring has no summary")
    parts = re.split(r"^## (.+)$", text, flags=re.M)
    sections = dict(zip(map(str.strip, parts[1::2]), map(str.strip, parts[2::2]), strict=True))
    page = Page(summary, text, sections)
    for heading in ("Bad", "Good"):
        if not page.examples(heading):
            raise InvalidRule(f"{rule.id}: the docstring has no example under `## {heading}`")
    return page


def rules_in(module: ModuleType) -> list[type[AnyRule]]:
    """The rule classes that a module defines."""
    return [
        one
        for one in vars(module).values()
        if isinstance(one, type)
        and issubclass(one, (Rule, ProjectRule))
        and one.__module__ == module.__name__
        and not inspect.isabstract(one)
        and not one.__name__.startswith("_")
    ]


def rule_id(module: str) -> str:
    """`liveview/live-redirect` for the module `lsp_server.rules.liveview.live_redirect`."""
    pack, name = module.split(".")[-2:]
    return f"{pack}/{name.replace('_', '-')}"


def load(package: str = RULES) -> list[AnyRule]:
    """Import every rule below a package; modules whose name begins with `_` are shared code."""
    root = importlib.import_module(package)
    rules: list[AnyRule] = []
    for pack in sorted(pkgutil.iter_modules(root.__path__), key=lambda one: one.name):
        if not pack.ispkg:
            continue
        folder = importlib.import_module(f"{package}.{pack.name}")
        for found in sorted(pkgutil.iter_modules(folder.__path__), key=lambda one: one.name):
            if found.name.startswith("_"):
                continue
            module = importlib.import_module(f"{package}.{pack.name}.{found.name}")
            classes = rules_in(module)
            if len(classes) != 1:
                raise InvalidRule(f"{module.__name__} must define exactly one rule")
            classes[0].id = rule_id(module.__name__)
            page_of(classes[0])
            rules.append(classes[0]())
    return rules


class Registry:
    """The loaded rules."""

    def __init__(self, rules: Iterable[AnyRule]) -> None:
        self.rules = {rule.id: rule for rule in rules}
        self.document_rules = [rule for rule in self.rules.values() if isinstance(rule, Rule)]
        self.project_rules = [rule for rule in self.rules.values() if isinstance(rule, ProjectRule)]

    def __contains__(self, rule: str) -> bool:
        return rule in self.rules

    @property
    def packs(self) -> list[str]:
        """The names of the packs."""
        return sorted({rule.partition("/")[0] for rule in self.rules})


@cache
def registry() -> Registry:
    """The rules that come with Retort; loaded once in a process."""
    return Registry(load())
