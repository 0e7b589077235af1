"""Texts that are secrets by their look: tokens of well-known services, URLs with a password."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lsp_server.text import Span


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of token. `hint` is in every one of them; a text is searched only where it has it.
    `shown` is the part that may be said aloud."""

    label: str
    hint: bytes
    pattern: re.Pattern[bytes]
    shown: str


@dataclass(frozen=True, slots=True)
class Found:
    """A secret in a text. `shown` is what tells which one it is, without giving it away."""

    span: Span
    label: str
    shown: str


def _shape(label: str, hint: str, pattern: str, shown: str | None = None) -> Shape:
    bounded = rf"(?<![A-Za-z0-9_-])(?:{pattern})(?![A-Za-z0-9_])"
    return Shape(label, hint.encode(), re.compile(bounded.encode()), shown or hint)


# The forms are those that the services document and their own secret scanning looks for.
SHAPES = (
    _shape("an AWS access key", "AKIA", r"AKIA[0-9A-Z]{16}"),
    _shape("an AWS access key", "ASIA", r"ASIA[0-9A-Z]{16}"),
    _shape("a GitHub token", "ghp_", r"ghp_[A-Za-z0-9]{36,}"),
    _shape("a GitHub token", "gho_", r"gho_[A-Za-z0-9]{36,}"),
    _shape("a GitHub token", "ghs_", r"ghs_[A-Za-z0-9]{36,}"),
    _shape("a GitHub token", "ghu_", r"ghu_[A-Za-z0-9]{36,}"),
    _shape("a GitHub token", "github_pat_", r"github_pat_[A-Za-z0-9_]{40,}"),
    _shape("a GitLab token", "glpat-", r"glpat-[A-Za-z0-9_-]{20,}"),
    _shape("a Slack token", "xox", r"xox[abprs]-[A-Za-z0-9-]{10,}", "xox"),
    _shape("a Slack token", "xapp-", r"xapp-[0-9]-[A-Za-z0-9-]{20,}"),
    _shape(
        "a Slack webhook",
        "hooks.slack.com",
        r"https://hooks\.slack\.com/services/[A-Za-z0-9/]{20,}",
    ),
    _shape("a Stripe key", "sk_live_", r"sk_live_[A-Za-z0-9]{10,}"),
    _shape("a Stripe key", "rk_live_", r"rk_live_[A-Za-z0-9]{10,}"),
    _shape("a webhook secret", "whsec_", r"whsec_[A-Za-z0-9+/=]{20,}"),
    _shape("a Google API key", "AIza", r"AIza[A-Za-z0-9_-]{35}"),
    _shape("a Google client secret", "GOCSPX-", r"GOCSPX-[A-Za-z0-9_-]{20,}"),
    _shape("a SendGrid key", "SG.", r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{32,}"),
    _shape("a Twilio key", "SK", r"SK[0-9a-f]{32}"),
    _shape("a Mailgun key", "key-", r"key-[0-9a-f]{32}"),
    _shape("an npm token", "npm_", r"npm_[A-Za-z0-9]{36}"),
    _shape("an OpenAI key", "sk-proj-", r"sk-proj-[A-Za-z0-9_-]{30,}"),
    _shape("an OpenAI key", "T3BlbkFJ", r"sk-[A-Za-z0-9_-]{16,}T3BlbkFJ[A-Za-z0-9_-]{16,}", "sk-"),
    _shape("an Anthropic key", "sk-ant-", r"sk-ant-[A-Za-z0-9_-]{30,}"),
    _shape("a DigitalOcean token", "dop_v1_", r"dop_v1_[0-9a-f]{64}"),
    _shape("a Shopify token", "shpat_", r"shpat_[0-9a-fA-F]{32}"),
    _shape("a Telegram bot token", ":AA", r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}", "…:AA"),
    _shape(
        "a JSON Web Token",
        "eyJ",
        r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    ),
)
_PEM_HINT = b"PRIVATE KEY-----"
_PEM = re.compile(
    rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----(?:\\n|[\sA-Za-z0-9+/=:,-])*?"
    rb"(?:-----END (?:[A-Z]+ )*PRIVATE KEY-----|(?=[\"']))"
)
_URL = re.compile(
    rb"(?P<scheme>[a-z][a-z0-9+.-]{1,20})://(?P<user>[^\s:/@\"'#{}<>]*):"
    rb"(?P<password>[^\s/@\"'{}<>]+)@(?P<host>[A-Za-z0-9.-]+)"
)
_LOCAL = re.compile(
    r"^(?:localhost|127\.|0\.0\.0\.0|10\.|192\.168\.|host\b|hostname|db$|database$|postgres\w*$|"
    r"redis$|rabbitmq$|mysql$|host\.docker\.)|(?:^|\.)(?:example|test|local|localhost|invalid)(?:\.\w+)?$",
    re.I,
)
# What people write where a secret belongs.
_PLACEHOLDER = re.compile(
    r"example|sample|placeholder|change.?me|change.?this|replace|your.?|insert|dummy|fake|todo|fixme|"
    r"redact|x{4,}|\*{3,}|\.{3,}|<|>|\$\{|%\{|\{\{|123456|abcdef|qwerty|not.?(?:a.?)?(?:real|secret)|"
    r"only.?for|for.?(?:dev|test)|super.?secret|very.?secret|top.?secret|my.?secret|secret.?key.?|"
    r"password|passwd|passphrase|some.?|default|development|testing|^test|[_-]test|test[_-]|local",
    re.I,
)


# Of these, what also says of a token that it is none: others may well turn up in a random one.
_NO_TOKEN = re.compile(
    r"example|sample|placeholder|change.?me|change.?this|replace|your|insert|dummy|fake|todo|redact|"
    r"x{4,}|\*{3,}|\.{3,}|<|>|\{|not.?real",
    re.I,
)


def entropy(text: str) -> float:
    """Shannon's entropy in bits a character."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())


def is_placeholder(text: str) -> bool:
    """Whether a text only stands where a secret belongs."""
    return _PLACEHOLDER.search(text) is not None


def shapes_in(source: bytes) -> tuple[Shape, ...]:
    """The shapes that a text may hold, asked once for the many literals of a file."""
    return tuple(shape for shape in SHAPES if shape.hint in source)


def shaped(source: bytes, shapes: Iterable[Shape]) -> Iterator[Found]:
    """The tokens of some shapes in a text."""
    for shape in shapes:
        if shape.hint in source:
            for match in shape.pattern.finditer(source):
                text = match[0].decode()
                rest = text[len(shape.shown.lstrip("…")) :]
                if _NO_TOKEN.search(text) is None and entropy(rest) >= 2.8:
                    yield Found(Span(*match.span()), shape.label, f"{shape.shown}…")


def private_keys(source: bytes) -> Iterator[Found]:
    """The private keys in a text."""
    if _PEM_HINT in source:
        for match in _PEM.finditer(source):
            if len(match[0]) > 120:  # the lines around the key alone are documentation
                yield Found(Span(*match.span()), "a private key", "PEM")


def tokens_in(source: bytes, shapes: Iterable[Shape] = SHAPES) -> Iterator[Found]:
    """The tokens, private keys and URLs with passwords in a text, comments counted."""
    yield from shaped(source, shapes)
    yield from private_keys(source)
    if b"://" in source and b"@" in source:
        yield from _urls(source)


def _urls(source: bytes) -> Iterator[Found]:
    for match in _URL.finditer(source):
        user, password = (match[name].decode("utf-8", "replace") for name in ("user", "password"))
        host = match["host"].decode()
        if _LOCAL.search(host) or password in (user, "pass", "secret", "pw") or len(password) < 6:
            continue
        if is_placeholder(password) or "#{" in password or password.isupper():
            continue
        shown = f"{match['scheme'].decode()}://…@{host}"
        yield Found(Span(*match.span()), "a URL with a password", shown)


def without_tokens(text: str) -> str:
    """A text that may be said aloud: each token in it is replaced by what tells which one it is."""
    source = text.encode()
    for found in sorted(tokens_in(source), key=lambda one: one.span.start, reverse=True):
        span = found.span
        source = source[: span.start] + found.shown.encode() + source[span.end :]
    return source.decode("utf-8", "replace")


def covered(text: str) -> str:
    """A text of the same length, with an asterisk for each character of a token."""
    source = text.encode()
    for found in tokens_in(source):
        start = len(source[: found.span.start].decode("utf-8", "replace"))
        length = len(found.span.slice(source).decode("utf-8", "replace"))
        text = text[:start] + "*" * length + text[start + length :]
    return text
