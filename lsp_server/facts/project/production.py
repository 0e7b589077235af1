"""Whether a condition that is decided while compiling holds in production.

Routers, endpoints and configurations put what is for development under `if Mix.env() == :dev` or
`if Application.compile_env(:shop, :dev_routes)`.
"""

from __future__ import annotations

import re

from lsp_server.facts.values import DEPTH, Name, Scope, value_of
from lsp_server.syntax.elixir import (
    BinaryOperator,
    Call,
    ModuleAttribute,
    UnaryOperator,
    strip_parentheses,
)
from lsp_server.syntax.literals import Boolean
from lsp_server.syntax.node import Node

_CONFIGURATION = frozenset(
    f"Application.{name}"
    for name in ("compile_env", "compile_env!", "get_env", "fetch_env", "fetch_env!")
)
_DEVELOPMENT_KEY = re.compile(r":\w*dev(?:_|elop|\b)")
_ENVIRONMENT_KEY = re.compile(r":(?:mix_)?env(?:ironment)?\b")


def holds_in_production(condition: Node | None, scope: Scope, depth: int = 0) -> bool | None:
    """True or False where the text tells it, None where it does not.

    A setting with `dev` in its key is taken to be off in production, as Phoenix generates it.
    """
    if condition is None or depth > DEPTH:
        return None
    node = strip_parentheses(condition)
    match node:
        case Boolean():
            return node.value
        case ModuleAttribute() if scope.module is not None:
            return holds_in_production(scope.module.attribute(node.name), scope, depth + 1)
        case UnaryOperator("not" | "!", operand):
            return _opposite(holds_in_production(operand, scope, depth + 1))
        case BinaryOperator("and" | "&&", left, right):
            return _all(
                holds_in_production(left, scope, depth + 1),
                holds_in_production(right, scope, depth + 1),
            )
        case BinaryOperator("or" | "||", left, right):
            return _opposite(
                _all(
                    _opposite(holds_in_production(left, scope, depth + 1)),
                    _opposite(holds_in_production(right, scope, depth + 1)),
                )
            )
        case BinaryOperator():
            return _comparison(node, scope)
        case Call() if node.dotted in _CONFIGURATION and _DEVELOPMENT_KEY.search(node.text):
            return False
    return None


def _comparison(node: BinaryOperator, scope: Scope) -> bool | None:
    if not _is_environment(node.left, scope):
        return None
    value = value_of(node.right, scope)
    match node.operator:
        case "==" | "===" if isinstance(value, Name):
            return value == "prod"
        case "!=" | "!==" if isinstance(value, Name):
            return value != "prod"
        case "in" if isinstance(value, list):
            return "prod" in value
        case "not in" if isinstance(value, list):
            return "prod" not in value
    return None


def _is_environment(node: Node | None, scope: Scope) -> bool:
    """Whether an expression is the name of the build's environment."""
    match node:
        case ModuleAttribute() if scope.module is not None:
            value = scope.module.attribute(node.name)
            return not isinstance(value, ModuleAttribute) and _is_environment(value, scope)
        case Call():
            if node.dotted in _CONFIGURATION:
                return _ENVIRONMENT_KEY.search(node.text) is not None
            return node.dotted in ("Mix.env", "config_env")
    return False


def _opposite(value: bool | None) -> bool | None:
    return None if value is None else not value


def _all(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return True if left and right else None
