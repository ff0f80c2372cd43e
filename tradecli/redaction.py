"""The one redaction filter of every sink: log, exception, store, export, crash report, screen (X01, X02).

A secret is masked by its name (``signature=...``), by its shape (a bearer token), and by its value if the environment
holds it under a name that says so. Plain text work and cheap to import, so that the lowest layers can use it.
"""

from __future__ import annotations

import os
import re
from functools import cache

MASK = "[redacted]"
_WORTH_HIDING = re.compile(r"(?![/~])(?=.*[A-Za-z])(?=.*[0-9]).{8,}\Z")
"""Letters and digits, and not a path: what is shorter or plainer would be found in ordinary words and numbers."""
_SECRET_NAME = re.compile(r"(?i)(?:key|secret|token|passphrase|password)\Z")
_NAMED = re.compile(
    r"(?i)((?<![A-Za-z])(?:api[_-]?key|api[_-]?secret|secret(?:[_-]?key)?|private[_-]?key|passphrase|password|token|signature|sign|"
    r"x-mbx-apikey|ok-access-(?:key|sign|passphrase)|x-bapi-(?:api-key|sign)|client_secret|authorization|cookie)"
    r"\\*[\"']?\s*[=:]\s*\\*[\"']?(?:(?:bearer|basic|token)\s+)?)([^\s\"'\\&,;)}\]]+)"
)
# (a backslash may stand before a quote: JSON inside of JSON)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/_.=-]{8,}")
_URL_USER = re.compile(r"(?<!\w)(\w+://)[^/\s:@\"'\\,]+:[^/\s@\"'\\,]+@")
_SCALAR = re.compile(r"(?:null|true|false|-?[0-9.eE+-]+|[\[{].*)\Z")
_REFERENCE = re.compile(r"(?:env|keyring|file):\S+\Z")


def redacted(text: str) -> str:
    """Return ``text`` with keys, secrets, tokens, signatures, authorization headers and known secrets masked."""
    if "=" in text or ":" in text:
        text = _NAMED.sub(_mask, text)
        text = _URL_USER.sub(rf"\1{MASK}@", text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    for secret in known_secrets():
        text = text.replace(secret, MASK)
    return text


def _mask(match: re.Match[str]) -> str:
    named, value = match.groups()
    is_json_scalar = '":' in named and named.rstrip()[-1] == ":" and _SCALAR.match(value)
    return match.group(0) if is_json_scalar or _REFERENCE.match(value) else named + MASK


@cache
def known_secrets() -> tuple[str, ...]:
    """Return the values of the environment whose names say that they are secrets; read once in a process's life."""
    found = {
        value
        for name, value in os.environ.items()
        if _SECRET_NAME.search(name) and _WORTH_HIDING.match(value)
    }
    return tuple(sorted(found, key=len, reverse=True))
