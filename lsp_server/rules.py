"""Makes `lsp_server.rules` mean the folder of rules: `rules/` of a checkout, else the shipped copy.

A top-level package `rules` must not be installed (the name is taken on PyPI by another project), so
the wheel carries the folder as `lsp_server/_shipped/rules`.
"""

from pathlib import Path

_HERE = Path(__file__).parent
_SHIPPED = _HERE / "_shipped" / "rules"

__path__ = [str(_SHIPPED if _SHIPPED.is_dir() else _HERE.parent / "rules")]
