"""security/weak-crypto"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    Access,
    BinaryOperator,
    Call,
    Identifier,
    Match,
    ModuleAttribute,
    Pipe,
)
from lsp_server.syntax.literals import Atom, Char, Integer, List, Pair, String
from lsp_server.syntax.node import Node
from lsp_server.text import Span

from ._bounded import is_capture
from ._running import is_running

_WIDTH = 98
# What people choose or type in, of which there are few enough to try all.
_GUESSED = re.compile(r"(?:^|_)(?:password|passwd|passphrase|pin|pin_code|otp|otp_code)$")
_SECRET = re.compile(
    r"(?:^|_)(?:token|secret|secret_key|password|passphrase|otp|otp_code|nonce|salt|api_key|"
    r"session_id|csrf|verification_code|reset_code|login_code|recovery_codes?|backup_codes?)$"
)
_RANDOM = frozenset({("Enum", "random"), ("Enum", "take_random"), (":rand", "uniform")}) | {
    (":rand", "bytes"),
    (":random", "uniform"),
}
_HASHES = frozenset({"md4", "md5", "sha", "sha224", "sha256", "sha384", "sha512", "ripemd160"})
_HASHERS = (
    ("argon2_elixir", "Argon2.hash_pwd_salt"),
    ("bcrypt_elixir", "Bcrypt.hash_pwd_salt"),
    ("pbkdf2_elixir", "Pbkdf2.hash_pwd_salt"),
)
_CRYPTO = frozenset({"crypto_one_time", "crypto_init", "block_encrypt", "block_decrypt"})


class WeakCrypto(Rule):
    """
    A hash, a cipher or a random number that protects a secret and cannot.

    Hashes are made to be fast: a graphics card tries all passwords that people choose in hours, and
    all codes of six digits at once. `:rand` is made to be fast too: who sees a few of its numbers
    knows the next. In ECB mode equal blocks stay equal, so that the text shows through.

    ## Bad

    ```elixir
    defmodule Shop.Accounts.Invitation do
      def new_token do
        Base.url_encode64(:rand.bytes(32))
      end
    end
    ```

    ## Good

    ```elixir
    defmodule Shop.Accounts.Invitation do
      def new_token do
        Base.url_encode64(:crypto.strong_rand_bytes(32))
      end
    end
    ```

    ## When it stays silent

    - Hashes of anything that is not by its name a password, a PIN or a one-time code: files, cache
      keys, etags, addresses of Gravatar, random tokens.
    - Random numbers whose variable, key or function is not named after a secret.
    - Mix tasks, tests, seeds and migrations.

    ## What the fix changes

    `:rand.bytes` becomes `:crypto.strong_rand_bytes`, which takes the same number; a number from a
    range is made of such bytes. There is no fix for one of a list. A hash of a
    password becomes `hash_pwd_salt` of Argon2, Bcrypt or Pbkdf2, where the project has one of
    them: the result is a text with a salt, so it has to be compared with `verify_pass`, and
    passwords that are stored already have to be hashed anew at the next login.
    """

    roles = frozenset({Role.LIB})

    @on(Call, name=("hash", "md5"))
    def check_hash(self, call: Call, file: File) -> Iterator[Finding]:
        arguments = call.arguments
        module = file.module_of(call)
        if is_capture(call) or call.pipe is not None:
            return
        if (module, call.name, len(arguments)) == (":erlang", "md5", 1):
            kind, data = "md5", arguments[0]
        elif (module, call.name, len(arguments)) == (":crypto", "hash", 2):
            first, data = arguments
            kind = first.name if isinstance(first, Atom) else ""
        else:
            return
        guessed = next((one for one in _hashed(data) if _GUESSED.search(_name(one))), None)
        if kind not in _HASHES or guessed is None or not is_running(call, file):
            return
        name = _name(guessed)
        fix = None
        hasher = next((made for package, made in _HASHERS if file.depends(package)), "")
        if hasher:
            salted = Edit(_encoded(call), f"{hasher}({guessed.text})")
            fix = Fix.review(f"Hash it with {hasher}", lambda _: [salted])
        message = f"`:{kind}` is fast: whoever has the hash of `{name}` finds the text by trying"
        yield self.finding(call.callee_span, message, fix=fix)

    @on(Call, name=("random", "take_random", "uniform", "bytes"))
    def check_random(self, call: Call, file: File) -> Iterator[Finding]:
        module = file.module_of(call)
        if (module or "", call.name) not in _RANDOM or not is_running(call, file):
            return
        name = _made(call)
        if not name:
            return
        fix = None
        edit = _unforeseeable(call, file)
        if (module, call.name) == (":rand", "bytes"):
            edit = Edit(call.callee_span, ":crypto.strong_rand_bytes")
        if edit is not None:
            edits = [edit]
            fix = Fix.review("Take random bytes that cannot be foretold", lambda _: edits)
        message = f"{call.dotted} can be foretold, and makes `{name}`"
        yield self.finding(call.callee_span, f"{message}: use `:crypto.strong_rand_bytes`", fix=fix)

    @on(Call, name=tuple(sorted(_CRYPTO)))
    def check_mode(self, call: Call, file: File) -> Iterator[Finding]:
        if file.module_of(call) != ":crypto" or not call.arguments:
            return
        cipher = call.written_arguments[0]
        if isinstance(cipher, Atom) and cipher.name.endswith("_ecb"):
            message = f"`:{cipher.name}` shows which blocks are equal: use `:aes_256_gcm`"
            yield self.finding(cipher, message)


def _hashed(data: Node) -> Iterator[Node]:
    """What is hashed: a value, or those that are put together with a salt."""
    if isinstance(data, String):
        yield from (one.expression for one in data.interpolations if one.expression is not None)
    elif isinstance(data, BinaryOperator) and data.operator == "<>":
        yield from (*_hashed(data.left), *_hashed(data.right))
    elif isinstance(data, List):
        yield from data.elements
    else:
        yield data


def _encoded(call: Call) -> Span:
    """A call with what makes a text of the hash, which is none that has to be encoded then."""
    pipe = call.parent
    if isinstance(pipe, Pipe) and pipe.left == call and isinstance(pipe.right, Call):
        if pipe.right.dotted.startswith("Base.") and "encode" in pipe.right.name:
            return pipe.span
    around = None if pipe is None else pipe.parent
    if isinstance(around, Call) and around.dotted.startswith("Base.") and "encode" in around.name:
        if around.written_arguments[0] == call:
            return around.span
    return call.span


def _unforeseeable(call: Call, file: File) -> Edit | None:
    """A number from the same range, made of random bytes."""
    if call.pipe is not None or len(call.arguments) != 1:
        return None
    number = "rem(:binary.decode_unsigned(:crypto.strong_rand_bytes(16)), {})"
    match call.arguments[0]:
        case (Integer() | Identifier() | ModuleAttribute()) as most if call.name == "uniform":
            text = f"{number.format(most.text)} + 1"
        case BinaryOperator("..", Integer(int(low)), Integer(int(high))) if high > low:
            text = number.format(_number(high - low + 1))
            if low:
                text = f"{_number(low)} + {text}"
        case BinaryOperator("..", Char() as low_char, Char() as high_char):
            text = f"{low_char.text} + {number.format(f'{high_char.text} - {low_char.text} + 1')}"
        case _:
            return None
    around = call.parent
    if isinstance(around, Pipe):
        text = f"({text})" if " + " in text else text
    elif isinstance(around, BinaryOperator) and not isinstance(around, Match):
        return None
    lines = file.document.lines
    line = lines.line_bytes(lines.line_at(call.start)).rstrip()
    if len(line) - len(call.bytes) + len(text) > _WIDTH:
        return None
    return Edit(call.span, text)


def _number(value: int) -> str:
    """A number as `mix format` writes it: six digits and more in groups of three."""
    return f"{value:_}" if abs(value) >= 100_000 else str(value)


def _name(data: Node) -> str:
    match data:
        case Identifier(name) | ModuleAttribute(name):
            return name
        case Call() if data.is_field_access:
            return data.name
        case Access(_, Atom(name)):
            return name
        case Access(_, String(name)) if name is not None:
            return name
    return ""


def _made(call: Call) -> str:
    """The secret that a random value becomes: the variable, the key, or what the function makes."""
    inner: Node = call
    for outer in call.ancestors():
        if isinstance(outer, Match) and outer.right.span.covers(inner.span):
            name = _name(outer.left)
            return name if _SECRET.search(name) else ""
        if isinstance(outer, Pair) and outer.key not in ("do", "else", "into"):
            return outer.key if _SECRET.search(outer.key) else ""
        if isinstance(outer, Call):
            function = Function.of(outer)
            if function is not None:
                body = function.body
                last = bool(body) and body[-1].span.covers(call.span)
                return function.name if last and _SECRET.search(function.name) else ""
        inner = outer
    return ""
