"""The grammar's numbers for the kinds and fields that views and walks compare."""

from __future__ import annotations

from lsp_server.syntax.node import field_id, kind_id

TARGET = field_id("target")
LEFT = field_id("left")
RIGHT = field_id("right")
OPERATOR = field_id("operator")
OPERAND = field_id("operand")
KEY = field_id("key")
CALL = kind_id("call")
DOT = kind_id("dot")
ARGUMENTS = kind_id("arguments")
IDENTIFIER = kind_id("identifier")
ALIAS = kind_id("alias")
ATOM = kind_id("atom")
DO_BLOCK = kind_id("do_block")
BINARY = kind_id("binary_operator")
UNARY = kind_id("unary_operator")
STAB = kind_id("stab_clause")
BODY = kind_id("body")
SECTIONS = {
    kind_id(f"{name}_block"): name for name in ("after", "catch", "else", "rescue")
}  # after a do-block's own body
