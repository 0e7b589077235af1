"""security/weak-crypto"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.facts.local_flow import origin
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import (
    Access,
    BinaryOperator,
    Call,
    Capture,
    Identifier,
    Match,
    ModuleAttribute,
    Pipe,
)
from lsp_server.syntax.literals import Atom, Char, Integer, List, Pair, String
from lsp_server.syntax.node import Node
from lsp_server.text import Span

from ._bounded import capture_of, given_to
from ._running import is_running

_WIDTH = 98
# What people choose or type in, of which there are few enough to try all.
_GUESSED = re.compile(
    r"(?:^|_)(?:password|passwd|passphrase|pass|pwd|pin|pin_code|otp|otp_code|totp|passcode|"
    r"(?:verification|verify|reset|login|confirm|confirmation|sms|backup|recovery|one_time|mfa|"
    r"security|two_factor|activation|unlock|phone|email)_codes?)$"
)
# Functions, variables and fields for a hash of such a thing.
_HASH_OF_GUESSED = re.compile(
    r"(?:^|_)(?:hash|hashed|encrypt|encrypted|crypt|crypted|digest)_(?:password|passwd|pwd|pin|otp)$"
    r"|(?:^|_)(?:password|passwd|pwd|pin|otp)_(?:hash|digest)$"
)
_ABOUT_CODES = re.compile(
    r"otp|(?:^|_)pin(?:_|$)|sms|verif|two_?factor|2fa|mfa|passcode|(?:login|reset|confirm)_?code",
    re.I,
)
# Lists of leaked passwords are asked by such a hash, of which only the beginning is sent.
_LEAKED = re.compile(rb"pwned|hibp|haveibeen|leak|breach", re.I)
# What must not be forged, which a broken hash no longer keeps anybody from.
_FORGED = re.compile(
    r"(?:^|_)(?:token|secret|secret_key|api_key|signature|sign|session_id|hmac|private_key)$"
)
_BROKEN = frozenset({"md4", "md5", "sha"})
_COUNTED = re.compile(r"cache|etag|checksum|gravatar|avatar|asset|fingerprint|dedup|content", re.I)
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
_CRYPTO = frozenset({"crypto_one_time", "crypto_init", "block_encrypt", "block_decrypt"}) | {
    *("crypto_dyn_iv_init", "stream_init")
}
_OLD_CIPHER = re.compile(r"^(?:des|des3|rc2|rc4)(?:_|$)")
# What gives back a text that is as easy to guess as the one it was given.
_KEEPING = frozenset(
    {"String.trim", "to_string", "String.downcase", "String.upcase", "to_charlist"}
)
_READING = frozenset({"get_change", "get_field", "fetch_change!", "fetch_field!", "get", "fetch!"})
_STORING = frozenset({"put_change", "force_change", "put", "put_new", "put_session", "assign"})


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

    - Hashes of anything that is not by its name, or that of the function or field it is for, a
      password, a PIN or a one-time code: files, cache keys, etags, addresses of Gravatar, random
      tokens. MD5 and SHA-1 also are none for tokens, secrets and signatures.
    - Questions to lists of leaked passwords, which want such a hash.
    - Random numbers whose variable, key or function is not named after a secret.
    - Mix tasks, tests, seeds and migrations.

    ## What the fix changes

    `:rand.bytes` becomes `:crypto.strong_rand_bytes`, which takes the same number; a number from a
    range is made of such bytes. There is no fix for one of a list. A hash of a
    password becomes `hash_pwd_salt` of Argon2, Bcrypt or Pbkdf2, where the project has one of
    them: the result is a text with a salt, so it has to be compared with `verify_pass`, which
    takes the place of a comparison with such a hash; and passwords that are stored already have
    to be hashed anew at the next login. There is no fix for a cipher: what is stored was
    encrypted with it.
    """

    roles = frozenset({Role.LIB})

    @on(Call, name=("hash", "md5"))
    def check_hash(self, call: Call, file: File) -> Iterator[Finding]:
        kind, data = _hash(call, file)
        if kind not in _HASHES or data is None or not is_running(call, file):
            return
        name, guessed = _what_is_guessed(call, data, file)
        if name and not _LEAKED.search(file.form.bytes if file.form else b""):
            if _LEAKED.search(file.module.name.encode()):
                return
            hasher = next((made for package, made in _HASHERS if file.depends(package)), "")
            fix = None if guessed is None or not hasher else _salted(call, guessed, hasher, file)
            message = (
                f"`:{kind}` is fast: whoever has the hash of `{name}` finds the text by trying"
            )
            yield self.finding(call.callee_span, message, fix=fix)
        elif kind in _BROKEN:
            names = [*(one for _, one in _hashed(data)), *_purposes(call)]
            forged = next((one for one in names if _FORGED.search(one)), "")
            if forged and not any(map(_COUNTED.search, (*names, file.module.name))):
                message = f"`:{kind}` is broken, and guards `{forged}`"
                yield self.finding(call.callee_span, f"{message}: use `:sha256` or an HMAC")

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
            edit = _fitting(file, call.callee_span, ":crypto.strong_rand_bytes")
        if edit is not None:
            edits = [edit]
            fix = Fix.review("Take random bytes that cannot be foretold", lambda _: edits)
        message = f"`{call.dotted}` can be foretold, and makes `{name}`"
        yield self.finding(call.callee_span, f"{message}: use `:crypto.strong_rand_bytes`", fix=fix)

    @on(Call, name=tuple(sorted(_CRYPTO)))
    def check_mode(self, call: Call, file: File) -> Iterator[Finding]:
        if file.module_of(call) != ":crypto" or not call.arguments or file.form is None:
            return
        written = call.arguments[0]
        cipher = origin(written, file.form)
        if not isinstance(cipher, Atom) or not is_running(call, file):
            return
        if cipher.name.endswith("_ecb"):
            message = f"`:{cipher.name}` shows which blocks are equal: use `:aes_256_gcm`"
            yield self.finding(written, message)
        elif _OLD_CIPHER.search(cipher.name):
            message = f"`:{cipher.name}` can be broken by trying: use `:aes_256_gcm`"
            yield self.finding(written, message)


def _hash(call: Call, file: File) -> tuple[str, Node | None]:
    """The kind of a hash and what is hashed, also of a capture that `then` is given."""
    module, arguments = file.module_of(call), call.arguments
    capture = capture_of(call)
    if (module, call.name, call.arity) == (":erlang", "md5", 1):
        data = given_to(capture) if capture is not None else arguments[0]
        return "md5", data
    if (module, call.name, len(arguments)) != (":crypto", "hash", 2) or file.form is None:
        return "", None
    kind, data = origin(arguments[0], file.form), arguments[1]
    if isinstance(data, Capture):
        around = next((one for one in data.ancestors() if isinstance(one, Capture)), None)
        data = None if around is None else given_to(around)
    return kind.name if isinstance(kind, Atom) else "", data


def _what_is_guessed(call: Call, data: Node, file: File) -> tuple[str, Node | None]:
    """What of the hashed values is easy to guess: its name, and the value if it is seen."""
    parts = list(_hashed(data))
    around = f"{file.module.name} {' '.join(_purposes(call))}"
    for one, name in parts:
        if _GUESSED.search(name) or (name == "code" and _ABOUT_CODES.search(around)):
            return name, one
    purpose = next((one for one in _purposes(call) if _HASH_OF_GUESSED.search(one)), "")
    return purpose, parts[0][0] if len(parts) == 1 else None


def _hashed(data: Node) -> Iterator[tuple[Node, str]]:
    """What is hashed, with its name: a value, or those that are put together with a salt."""
    pending = [data]
    for _ in range(20):
        if not pending:
            return
        one = pending.pop()
        match one:
            case String():
                pending += [it.expression for it in one.interpolations if it.expression is not None]
            case BinaryOperator("<>" | "++", left, right):
                pending += [right, left]
            case List():
                pending += one.elements
            case _:
                inner = one
                while isinstance(inner, Pipe) and isinstance(inner.right, Call):
                    if inner.right.dotted not in _KEEPING:
                        break
                    inner = inner.left
                if isinstance(inner, Call) and inner.dotted in _KEEPING:
                    inner = next(iter(inner.written_arguments), inner)
                yield one, _name(inner)


def _purposes(call: Call) -> Iterator[str]:
    """What a value is for: the variable, key, or field that it becomes, and the function around."""
    inner: Node = call
    for outer in call.ancestors():
        match outer:
            case Match() if outer.right.span.covers(inner.span):
                yield _name(outer.left)
            case Pair() if outer.key not in ("do", "else", "into"):
                yield outer.key
            case Call():
                function = Function.of(outer)
                if function is not None:
                    yield function.name
                    return
                yield _stored(outer, call)
        inner = outer


def _stored(call: Call, value: Node) -> str:
    """The key of `put_change(changeset, :key, value)`."""
    arguments = call.arguments
    if call.name in _STORING and len(arguments) == 3 and arguments[2].span.covers(value.span):
        return _key(arguments[1])
    return ""


def _salted(call: Call, value: Node, hasher: str, file: File) -> Fix | None:
    """A salted hash instead, or the question whether a password fits where one is compared."""
    whole = _encoded(call)
    around = whole.parent
    module = hasher.partition(".")[0]
    text, title = f"{hasher}({value.text})", f"Hash it with {hasher}"
    compared: Node | None = None
    match around:
        case BinaryOperator("==" | "===", left, right):
            compared = right if left == whole else left
    call_around = None if around is None else around.parent
    if isinstance(call_around, Call) and call_around.name == "secure_compare":
        others = [one for one in call_around.arguments if one != whole]
        compared = others[0] if len(others) == 1 else None
        around = call_around
    if compared is not None and around is not None:
        whole = around
        text, title = f"{module}.verify_pass({value.text}, {compared.text})", "Verify the password"
    elif file.form is not None and (
        b"secure_compare" in file.form.bytes or b"==" in file.form.bytes
    ):
        return None  # the hash is compared later on
    edit = _fitting(file, whole.span, text)
    return None if edit is None else Fix.review(title, lambda _: [edit])


def _fitting(file: File, span: Span, text: str) -> Edit | None:
    """A replacement, if its line does not grow too long."""
    lines = file.document.lines
    first = lines.line_span(lines.line_at(span.start)).start
    rest = lines.line_bytes(lines.line_at(span.end)).rstrip()
    after = len(rest) - (span.end - lines.line_span(lines.line_at(span.end)).start)
    fits = span.start - first + len(text) + max(0, after) <= _WIDTH
    return Edit(span, text) if fits else None


def _encoded(call: Call) -> Node:
    """A call with what makes a text of the hash, which is none that has to be encoded then."""
    whole: Node = call
    if isinstance(call.parent, Capture) or capture_of(call) is not None:
        whole = call.enclosing(Call) or call
    if isinstance(whole, Call) and whole.pipe is not None:
        whole = whole.pipe
    pipe = whole.parent
    while isinstance(pipe, Pipe) and pipe.left == whole and isinstance(pipe.right, Call):
        if not _is_encoding(pipe.right) and pipe.right.dotted not in _KEEPING:
            break
        whole, pipe = pipe, pipe.parent
    around = None if pipe is None else pipe.parent
    if isinstance(around, Call) and _is_encoding(around):
        if around.written_arguments[0] == whole:
            return around
    return whole


def _is_encoding(call: Call) -> bool:
    return call.dotted.startswith("Base.") and "encode" in call.name


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
        case Call() if data.name in _READING and len(data.arguments) >= 2:
            return _key(data.arguments[1])
    return ""


def _key(node: Node) -> str:
    match node:
        case Atom(name):
            return name
        case String(name) if name is not None:
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
            stored = _stored(outer, call)
            if stored and _SECRET.search(stored):
                return stored
            function = Function.of(outer)
            if function is not None:
                body = function.body
                last = bool(body) and body[-1].span.covers(call.span)
                return function.name if last and _SECRET.search(function.name) else ""
        inner = outer
    return ""
