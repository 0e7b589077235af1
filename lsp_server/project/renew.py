"""Findings that were shown before, as they are now and with fixes that can be computed."""

from __future__ import annotations

from collections.abc import Collection

from lsp_server.lint.checker import check_document, check_project
from lsp_server.lint.finding import Finding
from lsp_server.lint.rule import ProjectRule
from lsp_server.project.workspace import Workspace

Identity = tuple[str, str, str]  # path, rule and fingerprint of a finding


def renewed(workspace: Workspace, identities: Collection[Identity]) -> list[Finding]:
    """Findings as they are now, with fixes that can be computed, by path and place; those that
    are gone are left out. Each rule is run once for all of them."""
    found: list[Finding] = []
    by_path: dict[str, set[str]] = {}
    for path, rule, _ in identities:
        by_path.setdefault(path, set()).add(rule)
    for rule in {rule for _, rule, _ in identities}:
        known = workspace.registry.rules.get(rule)
        if isinstance(known, ProjectRule):
            found += check_project(known, workspace.snapshot)
    for path, names in by_path.items():
        document = workspace.document(path)
        if document is not None:
            rules = [one for one in workspace.registry.document_rules if one.id in names]
            found += check_document(document, rules, workspace.context, workspace.settings)
            if names - workspace.registry.rules.keys():
                found += workspace.findings(path)
    wanted = set(identities)
    chosen = {
        identity: one
        for one in found
        if (identity := (one.path, one.rule, one.fingerprint)) in wanted
    }
    return sorted(chosen.values(), key=lambda one: (one.path, one.span, one.rule))
