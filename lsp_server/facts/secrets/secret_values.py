"""Whether a literal can be the real value of a key that names a secret."""

from __future__ import annotations

import re
from itertools import pairwise

from lsp_server.facts.secrets.secret_shapes import entropy, is_placeholder

_KEY = re.compile(
    r"(?:secret|passw(?:or)?d|pwd|passphrase|token|secret_key_base|salt|dsn|credentials?|"
    r"authorization|bearer|signer|^basic|"
    r"(?:api|access|auth|private|encryption|signing|secret|license|master|hmac|aes|cipher|shared|"
    r"account|server|service|webhook|jwt)_?key)\d*$"
)
# Not secret, or nothing without another one: the salts of Plug.Session and of an endpoint are used
# together with its `secret_key_base`, and `mix phx.new` writes them into the source.
_OTHER_KEY = re.compile(
    r"public|publishable|csrf|xsrf|page|cursor|continuation|next_token|"
    r"(?:signing|encryption)_salt"
)
_SCHEME = re.compile(r"^(?:bearer|basic|token|apikey)\s+", re.I)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_HEX = re.compile(r"[0-9a-fA-F]{24,}")
_WORDS = re.compile(r"(?:[A-Za-z]+\d{0,3}|\d{1,4})(?:[-_ .:/@]+(?:[A-Za-z]+\d{0,3}|\d{1,4}))*")
_LONG_RUN = re.compile(r"[A-Za-z]{20,}")
_DSN = re.compile(r"[a-z]+://[^\s:/@]{16,}@[\w.-]+")
_SALT = 16  # characters


def names_secret(key: str) -> bool:
    """Whether a key is that of a secret: `api_key`, `"X-Auth-Token"`, not `token_type`."""
    name = key.lower().replace("-", "_").rstrip("?!")
    return _KEY.search(name) is not None and _OTHER_KEY.search(name) is None


def is_sentence(text: str) -> bool:
    """Whether a text has blanks, which no secret has but a scheme before it, whatever its key."""
    return "://" not in text and any(map(str.isspace, _SCHEME.sub("", text)))


def is_secret(text: str, key: str) -> bool:
    """Whether a text, the value of such a key, is random enough to be real: no word, no sentence,
    no placeholder."""
    name = key.lower()
    text = _SCHEME.sub("", text)
    if name == "basic":
        text = text.partition(":")[2]  # user:password
    if name.endswith("dsn"):
        return _DSN.match(text) is not None and not is_placeholder(text)
    if any(char.isspace() for char in text) or is_placeholder(text):
        return False
    if _UUID.fullmatch(text):
        return len(set(text)) > 6
    if len(text) < (_SALT if name.endswith("salt") else 8) or "://" in text:
        return False
    tests = (str.islower, str.isupper, str.isdigit, lambda char: not char.isalnum())
    classes = sum(any(map(test, text)) for test in tests)
    bits = entropy(text) * len(text)
    if _is_made_of_words(text):
        return False
    if classes >= 3 and name.endswith(("password", "passwd", "passphrase")):
        return bits >= 24
    if _HEX.fullmatch(text):
        return bits >= 60
    return classes >= 2 and len(text) >= 12 and bits >= 40 and _changes(text) >= 0.2


def _is_made_of_words(text: str) -> bool:
    """Whether a text is words, names and small numbers: `reset_password_v2`, `X-Api-Key`."""
    if _WORDS.fullmatch(text) is None:
        return False
    run = _LONG_RUN.search(text)
    return run is None or _changes(run[0]) < 0.3


def _changes(text: str) -> float:
    """How often the kind of character changes, as a part of all places; a capital before small
    letters is no change."""
    pairs = list(pairwise(map(_kind, text)))
    changed = sum(1 for a, b in pairs if a != b and (a, b) != ("u", "l"))
    return changed / max(1, len(pairs))


def _kind(char: str) -> str:
    if char.isdigit():
        return "d"
    return "u" if char.isupper() else "l" if char.islower() else "s"
