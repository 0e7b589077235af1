"""security/unverified-jwt"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.facts.project.config import Setting, configuration
from lsp_server.facts.secrets.tokens import GuardianModule, TokenLife, TokenMistake
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import ProjectRule
from lsp_server.severity import Severity
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Call, DoBlock, Match
from lsp_server.syntax.literals import List
from lsp_server.syntax.node import Node, cast
from lsp_server.text import Span, line_ending

_WIDTH = 98
_ALGORITHM = re.compile(rb'"((?:HS|RS|ES|PS)(?:256|384|512)|EdDSA|Ed25519)"')
_DEFAULT = "HS256"
_MESSAGES = {
    "peek": "`{0}` reads the claims of any token, also of one that somebody made up: verify it",
    "loose": "`{0}` takes the algorithm that the token asks for: `verify_strict` with a list",
    "header": "the algorithm of `{0}` comes from the token itself: name the one that is in use",
    "none": "`{0}` takes tokens without a signature: leave `none` out",
    "unchecked": "nobody asks about the claim `{0}` of these tokens",
    "unsecured": "`{0}` makes JOSE take tokens without a signature everywhere",
}
_TTL = "tokens of `{0}` live four weeks, as no `ttl:` is set: say how long they may"


class UnverifiedJwt(ProjectRule):
    """
    A token is believed without a look at its signature, its algorithm or its age.

    The claims of a token are plain text that anybody can write: only the signature says that they
    are ours. Who lets the token choose the algorithm takes one that was signed with the public key,
    or with none at all. A token that never expires stays good after a logout, a theft and a
    dismissal.

    ## Bad

    ```elixir
    defmodule Shop.Partners.Token do
      @signing "RS256"

      def sign(jwk, claims), do: JOSE.JWT.sign(jwk, %{"alg" => @signing}, claims)

      def read(jwk, token) do
        case JOSE.JWT.verify(jwk, token) do
          {true, jwt, _jws} -> {:ok, jwt.fields}
          _ -> :error
        end
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Partners.Token do
      @signing "RS256"

      def sign(jwk, claims), do: JOSE.JWT.sign(jwk, %{"alg" => @signing}, claims)

      def read(jwk, token) do
        case JOSE.JWT.verify_strict(jwk, ["RS256"], token) do
          {true, jwt, _jws} -> {:ok, jwt.fields}
          _ -> :error
        end
      end
    end
    ```

    ## What it looks for

    - `Joken.peek_claims`, `JOSE.JWT.peek_payload` and Guardian's `peek`, with a token that the
      function verifies nowhere.
    - `JOSE.JWT.verify` and `JOSE.JWS.verify`, which believe the header; an algorithm that is taken
      from the header; `"none"`, also among Guardian's `allowed_algos`; `JOSE.unsecured_signing`.
    - Claims that are not asked about: `default_claims(skip: [:exp])`, an empty configuration.
    - A Guardian module for which neither its `use`, nor configuration, nor a call of
      `encode_and_sign` sets `ttl`.

    ## When it stays silent

    - The function hands the same token to something that verifies it, before or after.
    - The function's name tells its callers what they get: `peek_…`, `unverified_…`.
    - The header alone is read, for the id of the key.
    - Tests.

    ## What the fix changes

    `verify` becomes `verify_strict` with the one algorithm that the file names, HS256 where it
    names none or several: say which it is. `"none"` is taken out of a list. A peek becomes
    `verify_strict`, or `Joken.verify`, where the function or its module has a key or a signer at
    hand. Tokens with another algorithm, and those that nobody signed, are no longer taken: with
    JOSE they raise a MatchError. There is no fix for a peek without a key, for a missing `ttl:`,
    and for claims that nobody asks about.
    """

    severity = Severity.ERROR
    reads = (TokenMistake, GuardianModule, TokenLife, configuration)

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        index = snapshot.index
        for path, mistake in index.of(TokenMistake):
            message = _MESSAGES[mistake.kind].format(mistake.name)
            yield self.finding(mistake.span, message, path=path, fix=_fix(path, mistake))
        settings = configuration(index).settings
        guards = list(index.of(GuardianModule))
        if next(iter(index.of(TokenLife)), None) is not None:
            return
        living = {one.keys[0] for _, one in settings if one.keys[1:] in _LIVES and one.keys}
        for path, guard in guards:
            if not guard.ttl and guard.module not in living:
                yield self.finding(guard.span, _TTL.format(guard.module), path=path)
        known = {guard.module for _, guard in guards}
        yield from self._configured(settings, living | known)

    def _configured(
        self, settings: tuple[tuple[str, Setting], ...], known: set[str]
    ) -> Iterator[Finding]:
        """Modules of which only the configuration is seen."""
        seen = set(known)
        for path, setting in settings:
            module = setting.keys[0] if setting.keys else ""
            if module.rpartition(".")[2] == "Guardian" and setting.keys[1:] == ("issuer",):
                if module not in seen:
                    seen.add(module)
                    yield self.finding(setting.key_span, _TTL.format(module), path=path)


_LIVES = {("ttl",), ("token_ttl",)}


def _fix(path: str, mistake: TokenMistake) -> Fix | None:
    kind, span = mistake.kind, mistake.span
    if kind == "loose":
        return Fix.review("Verify strictly", lambda snapshot: _strict(snapshot, path, span))
    if kind == "header":
        return Fix.review("Name the algorithm", lambda snapshot: _named(snapshot, path, span))
    if kind == "none" and not mistake.name.endswith(".create"):
        return Fix.review("Leave `none` out", lambda snapshot: _without_none(snapshot, path, span))
    if kind == "peek" and mistake.key:
        return Fix.review("Verify the token", lambda snapshot: _verified(snapshot, path, mistake))
    return None


def _verified(snapshot: Snapshot, path: str, mistake: TokenMistake) -> list[Edit]:
    """A peek with the key at hand as a strict verification, which a made up token fails."""
    document = snapshot.document(path)
    node = None if document is None else _node(document, mistake.span)
    call = node if isinstance(node, Call) else None if node is None else node.enclosing(Call)
    if document is None or call is None or not call.arguments or "\n" in call.text:
        return []
    if call.name == "peek_claims":
        end = call.written_arguments[-1].end if call.written_arguments else call.end - 1
        text = f", {mistake.key}" if call.written_arguments else mistake.key
        callee = call.callee_span
        edits = [Edit(callee, "Joken.verify", path), Edit(Span(end, end), text, path)]
        return edits if _fits(document, edits) else []
    token = call.arguments[0].text
    given = f'JOSE.JWT.verify_strict({mistake.key}, ["{_algorithm(document)}"], {token})'
    whole: Node = call if call.pipe is None else call.pipe
    around = whole.parent
    if "\n" in whole.text:
        return []
    if isinstance(around, Match) and around.right == whole:
        left = around.left
        edits = [
            Edit(left.span, f"{{true, {left.text}, _jws}}", path),
            Edit(whole.span, given, path),
        ]
        return edits if _fits(document, edits) else []
    return _verified_before(document, whole, given)


def _verified_before(document: Document, whole: Node, given: str) -> list[Edit]:
    """A line that verifies before the statement, which then uses what it gives."""
    statement = whole
    for outer in whole.ancestors():
        if isinstance(outer, DoBlock):
            break
        statement = outer
    block = statement.parent
    form = document.outline.form_at(whole.start)
    around = block.parent if isinstance(block, DoBlock) else None
    if form is None or not isinstance(around, Call) or around.name not in ("def", "defp"):
        return []
    lines = document.lines
    start = lines.starts[lines.line_at(statement.start)]
    line = f"{lines.indentation(statement.start).decode()}{{true, jwt, _jws}} = {given}"
    newline = line_ending(document.source)
    free = re.search(rb"\bjwt\b", form.bytes) is None
    if not free or document.source[start : statement.start].strip() or len(line) > _WIDTH:
        return []
    gap = newline if "\n" in statement.text else ""
    path = document.path
    return [Edit(Span(start, start), f"{line}{newline}{gap}", path), Edit(whole.span, "jwt", path)]


def _fits(document: Document, edits: list[Edit]) -> bool:
    """Whether the line of some edits does not grow too long."""
    number = document.lines.line_at(edits[0].span.start)
    grown = sum(len(one.text) - one.span.length for one in edits)
    return len(document.lines.line_bytes(number).rstrip()) + grown <= _WIDTH


def _node(document: Document, span: Span) -> Node | None:
    raw = document.tree.raw.root_node.named_descendant_for_byte_range(span.start, span.end)
    return None if raw is None else cast(raw, document.tree)


def _algorithm(document: Document) -> str:
    """The one algorithm that a file names."""
    found = {one.decode() for one in _ALGORITHM.findall(document.source)}
    return found.pop() if len(found) == 1 else _DEFAULT


def _strict(snapshot: Snapshot, path: str, span: Span) -> list[Edit]:
    document = snapshot.document(path)
    node = None if document is None else _node(document, span)
    call = node if isinstance(node, Call) else None if node is None else node.enclosing(Call)
    if document is None or call is None or call.name != "verify" or not call.written_arguments:
        return []
    token = call.written_arguments[-1]
    algorithms = f'["{_algorithm(document)}"], '
    line = document.lines.line_bytes(document.lines.line_at(token.start)).decode().rstrip()
    if len(line) + len("_strict") + len(algorithms) > _WIDTH:
        return []
    return [
        Edit(call.name_span, "verify_strict", path),
        Edit(Span(token.start, token.start), algorithms, path),
    ]


def _named(snapshot: Snapshot, path: str, span: Span) -> list[Edit]:
    document = snapshot.document(path)
    if document is None:
        return []
    return [Edit(span, f'"{_algorithm(document)}"', path)]


def _without_none(snapshot: Snapshot, path: str, span: Span) -> list[Edit]:
    document = snapshot.document(path)
    node = None if document is None else _node(document, span)
    around = None if node is None else node.parent
    if document is None or node is None or not isinstance(around, List):
        return []
    elements = around.elements
    if len(elements) < 2:
        return [Edit(node.span, f'"{_algorithm(document)}"', path)]
    at = elements.index(node)
    if at + 1 < len(elements):
        return [Edit(Span(node.start, elements[at + 1].start), "", path)]
    return [Edit(Span(elements[at - 1].end, node.end), "", path)]
