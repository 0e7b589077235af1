"""liveview/stream-enumerated"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.facts.local_flow import assigned
from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Severity
from lsp_server.syntax.elixir import BinaryOperator, Call, Identifier
from lsp_server.syntax.node import Node

_ENUM = (
    "all? any? at chunk_by chunk_every chunk_while concat count count_until dedup dedup_by drop "
    "drop_every drop_while each empty? fetch fetch! filter find find_index find_value flat_map "
    "flat_map_reduce frequencies frequencies_by group_by intersperse into join map map_every "
    "map_intersperse map_join map_reduce max max_by member? min min_by min_max min_max_by product "
    "random reduce reduce_while reject reverse reverse_slice scan shuffle slice slide sort sort_by "
    "split split_while split_with sum sum_by take take_every take_random take_while to_list uniq "
    "uniq_by unzip with_index zip zip_reduce zip_with"
)
_STREAM = re.compile(rb"(?:@|(?:socket\.)?assigns\.)streams(?:\.(\w+)|\[:(\w+)\])")
_COUNTS = frozenset({"count", "empty?"})


class StreamEnumerated(Rule):
    """
    A stream that is read as if it were a list.

    A stream holds no items: what was rendered is in the browser only. `Enum.count` gives the
    number of those that are about to be inserted, which is zero in most renders, `== []` is never
    true, and `length` and whatever goes over the items raise. Keep a counter or a flag among the
    assigns, or let CSS show what an empty list has to say (`only:block`).

    ## Bad

    ```heex
    <p :if={Enum.empty?(@streams.orders)}>No orders yet</p>
    ```

    ## Good

    ```heex
    <p :if={@orders_empty?}>No orders yet</p>
    ```

    ## When it stays silent

    - The one `for` or `:for` that renders the stream.
    - A stream that a pattern binds, or that is passed to another function.
    - With a LiveView before 0.18.16, which has no streams.

    ## What the fix changes

    There is none: what is to be known of the items has to be counted where they are inserted.
    """

    severity = Severity.ERROR
    requires = "phoenix_live_view >= 0.18.16"

    @on(Call, name=(*_ENUM.split(), "length", "hd", "tl"))
    def check(self, call: Call, file: File) -> Iterator[Finding]:
        """Calls that take a stream as their first argument."""
        text = file.document.source if file.form is None else file.form.bytes
        if b"streams" not in text:
            return
        bare = call.receiver is None and call.name in ("length", "hd", "tl")
        if not bare and call.module != "Enum":
            return
        arguments = call.arguments
        stream = _stream(arguments[0], file) if arguments else None
        if stream is None:
            return
        if call.name in _COUNTS and call.arity == 1:
            message = f"`{call.dotted}` sees only what is about to be inserted into the stream"
        else:
            message = f"`{call.dotted}` raises for the stream"
        yield self.finding(
            call.callee_span, f"{message} `{stream}`: keep what you need to know in an assign"
        )

    @on(Call, name=("for",))
    def loop(self, call: Call, file: File) -> Iterator[Finding]:
        """`for` over a stream in code, where nothing is rendered."""
        if file.layer is not None or b"streams" not in call.bytes:
            return
        for argument in call.written_arguments:
            match argument:
                case BinaryOperator("<-", _, right) if stream := _stream(right, file):
                    message = f"`for` raises for the stream `{stream}` outside of a template"
                    yield self.finding(
                        call.name_span, f"{message}: keep what you need to know in an assign"
                    )

    @on(BinaryOperator, name=("==", "!=", "===", "!=="))
    def compare(self, node: BinaryOperator, file: File) -> Iterator[Finding]:
        """`@streams.x == []`."""
        if b"streams" not in node.tree.source[node.start : node.start + 50]:
            return
        left, right = node.left, node.right
        if left.bytes == b"[]":
            left, right = right, left
        stream = _stream(left, file)
        if stream is not None and right.bytes == b"[]":
            answer = "false" if node.operator.startswith("=") else "true"
            yield self.finding(
                node,
                f"this is always {answer}: the stream `{stream}` is no list;"
                " keep what you need to know in an assign",
            )


def _stream(node: Node, file: File) -> str | None:
    """The name of a stream, also of one that a variable holds."""
    if isinstance(node, Identifier) and file.form is not None:
        node = assigned(node, file.form) or node
    match = _STREAM.fullmatch(node.bytes)
    return None if match is None else (match[1] or match[2]).decode()
