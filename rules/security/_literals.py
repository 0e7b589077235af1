"""Which literals in calls say where the program's neighbours are: addresses, mailboxes, folders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lsp_server.facts.calls.primitives import words
from lsp_server.facts.local_flow import assigned
from lsp_server.lint.file import File
from lsp_server.syntax.elixir import BinaryOperator, Call, Identifier
from lsp_server.syntax.literals import Charlist, Integer, List, Quoted, Sigil, String, Tuple
from lsp_server.syntax.node import Node

ASKING = words(
    "get get! post post! put put! patch patch! delete delete! head head! options options! "
    "request request! build connect start_link start new open download stream_get async_request"
)
MAILING = words("from to cc bcc reply_to put_from")
WRITING = words("new new_email deliver email")
FILES = words(
    "read read! write write! rm rm! rm_rf rm_rf! stream! open open! cp cp! cp_r cp_r! ls ls! "
    "mkdir mkdir! mkdir_p mkdir_p! touch touch! rename rename! exists? dir? regular? stat stat! "
    "join expand"
)
LISTENING = words("listen http https start_listener start_clear start_tls child_spec")
BUCKETS = words(
    "put_object get_object delete_object delete_multiple_objects head_object list_objects "
    "list_objects_v2 put_bucket get_bucket delete_bucket head_bucket upload download_file "
    "presigned_url presigned_post put_object_copy initiate_multipart_upload delete_all_objects"
)
_CONTAINERS = words(
    "Map Keyword Access Process Agent ETS Application System MapSet Enum Stream Cachex ConCache "
    "Date DateTime NaiveDateTime Time Regex Version URI Range Tuple String Path"
)
_URL = re.compile(
    r"(?:https?|wss?|ftps?|amqps?|rediss?|postgres(?:ql)?|mongodb(?:\+srv)?|ldaps?|mqtts?|nats)"
    r"://[^\s/?#]+[^\s]*"
)
_ORIGIN = re.compile(r"[a-z+]+://[\w.-]+(?::\d+)?(?=/|\Z)")
_USER = re.compile(r"[a-z+]+://[^/?#]*@")
_HARMLESS = re.compile(
    r"(?:^|[/.@])example\.(?:com|org|net|edu)\b|\.(?:test|example|invalid)\b|w3\.org|schema\.org"
    r"|schemas?\.|xmlns|/schemas?/|/ns/|purl\.org|/namespace|opensource\.org|creativecommons\.org"
    r"|/licen[sc]es?\b|spdx\.org|json-schema|/dtds?/"
)
_HOST = re.compile(
    r"(?:[a-z0-9][\w-]*\.)+[a-z]{2,}|localhost|\d{1,3}(?:\.\d{1,3}){3}|[a-z][\w-]+", re.I
)
_MAILBOX = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_FOLDER = re.compile(r"/(?:var|tmp|srv|opt|home|mnt|data)(?:/|\Z)")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{2,62}")
# Keywords of a call that opens or asks something, and what they hold.
_OPTIONS = {
    "url": "url",
    "base_url": "url",
    "endpoint": "url",
    "uri": "url",
    "host": "host",
    "hostname": "host",
    "server": "host",
    "relay": "host",
    "port": "port",
    "bucket": "bucket",
    "from": "email",
    "to": "email",
    "cc": "email",
    "bcc": "email",
    "reply_to": "email",
    "cd": "path",
}
NAMES = ASKING | MAILING | WRITING | FILES | LISTENING | BUCKETS | {"cmd"}


@dataclass(frozen=True, slots=True)
class Place:
    """A literal that belongs in configuration. `kind` is url, host, port, email, bucket or path;
    `shown` what to name in a message. `kept` is the number of its first characters that make up
    the setting, where it is a part of an interpolated text."""

    kind: str
    shown: str
    node: Node
    kept: int = 0


def places(call: Call, file: File) -> Iterator[Place]:
    """The literals of a call that say where something is."""
    module = file.module_of(call) if call.receiver is not None else call.module
    if call.receiver is not None and (module is None or module in _CONTAINERS):
        if module != "Path":
            return
    name, arguments = call.name, [_followed(one, file) for one in call.arguments]
    if module in ("File", "Path") or name == "cmd":
        yield from _paths(call, arguments, module)
        return
    if module is not None and module.startswith("ExAws.S3"):
        first = 2 if name.startswith("presigned") else 0
        yield from _of("bucket", arguments[first : first + 1])
        return
    if name in BUCKETS:
        return
    if name in MAILING and (module is None or "Mail" in module or "Swoosh" in module):
        yield from _of("email", arguments[-1:])
    elif name in ASKING and name not in ("start", "open", "new"):
        yield from _of("url", [one for one in arguments if isinstance(one, Quoted)])
        at = {":gen_tcp": 0, ":ssl": 0, ":gen_udp": 0, "Mint.HTTP": 1, "Mint.HTTP1": 1}.get(
            module or ""
        )
        if at is not None:
            yield from _of("host", arguments[at : at + 1])
            yield from _of("port", arguments[at + 1 : at + 2])
    elif name == "new" and module is not None:
        yield from _of("url", arguments[:1])
    if name == "listen" and arguments and module in (":gen_tcp", ":ssl"):
        yield from _of("port", arguments[:1])
    mail = name in WRITING and (module is None or "Mail" in module or "Swoosh" in module)
    if module is not None or mail:
        yield from _options(call, mail)


def _followed(node: Node, file: File) -> Node:
    """The literal that a variable holds, or that a chain of `<>` begins with."""
    if isinstance(node, Identifier) and file.form is not None:
        node = assigned(node, file.form) or node
    for _ in range(20):
        if not (isinstance(node, BinaryOperator) and node.operator == "<>"):
            break
        node = node.left
    return node


def _paths(call: Call, arguments: list[Node], module: str | None) -> Iterator[Place]:
    if call.name == "cmd":
        value = call.keyword("cd") if module == "System" else None
        yield from _of("path", [] if value is None else [value])
    elif module == "Path" and call.name in ("join", "expand"):
        given = arguments[:1]
        if given and isinstance(given[0], List):
            given = given[0].elements[:1]
        yield from _of("path", given)
    elif module == "File":
        yield from _of("path", arguments[:2] if "cp" in call.name else arguments[:1])


def _options(call: Call, mail: bool) -> Iterator[Place]:
    keywords = call.keywords
    for pair in () if keywords is None else keywords.pairs:
        kind = _OPTIONS.get(pair.key)
        if kind is None or pair.value is None or (kind == "email") != mail:
            continue
        if kind == "path" or (kind == "bucket" and not isinstance(pair.value, String)):
            continue
        yield from _of(kind, [pair.value])


def _of(kind: str, nodes: list[Node]) -> Iterator[Place]:
    for node in nodes:
        if kind == "email" and isinstance(node, Tuple) and len(node.elements) == 2:
            node = node.elements[1]
        if kind == "port":
            if isinstance(node, Integer) and (node.value or 0) > 0:
                yield Place(kind, node.text, node)
            continue
        if not isinstance(node, (String, Charlist, Sigil)):
            continue
        if isinstance(node, Sigil) and node.name != "c":
            continue
        place = _of_text(kind, node)
        if place is not None:
            yield place


def _of_text(kind: str, node: Quoted) -> Place | None:
    parts = node.parts
    first = parts[0] if parts and isinstance(parts[0], str) else ""
    if not first or node.is_heredoc or "\\" in node.text or _HARMLESS.search(first):
        return None
    whole = len(parts) == 1
    if kind == "url" and (_USER.match(first) or first.endswith((":", "@", "."))):
        return None  # a password is for another rule, which does not show it
    if kind == "url":
        if whole:
            return Place(kind, first, node) if _URL.fullmatch(first) else None
        origin = _ORIGIN.match(first)
        if origin is None or origin.end() == len(first):
            return None
        return Place(kind, origin[0], node, origin.end())
    if kind == "path" and not whole:
        folder = first.rpartition("/")[0]
        known = _FOLDER.match(folder) is not None and isinstance(node, String)
        return Place(kind, folder, node, len(folder)) if known else None
    pattern = {"host": _HOST, "email": _MAILBOX, "bucket": _BUCKET}.get(kind)
    fits = _FOLDER.match(first) if pattern is None else pattern.fullmatch(first)
    return Place(kind, first, node) if whole and fits else None
