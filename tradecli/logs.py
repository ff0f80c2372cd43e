"""Log sinks and the one redaction filter of every sink: log, exception, export, crash report, screen (X01, X02).

``redacted`` is plain text work and cheap to import; structlog is loaded only by ``open_log``, which the engine calls.
"""

from __future__ import annotations

import re

MASK = "[redacted]"
_NAMED = re.compile(
    r"(?i)((?:api[_-]?key|api[_-]?secret|secret(?:[_-]?key)?|private[_-]?key|passphrase|password|token|signature|sign|"
    r"x-mbx-apikey|ok-access-(?:key|sign|passphrase)|x-bapi-(?:api-key|sign)|client_secret|authorization|cookie)"
    r"[\"']?\s*[=:]\s*[\"']?(?:(?:bearer|basic|token)\s+)?)([^\s\"'&,;)}\]]+)"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/_.=-]{8,}")
_URL_USER = re.compile(r"(\w+://)[^/\s:@]+:[^/\s@]+@")
_REFERENCE = re.compile(r"(?:env|keyring|file):\S+\Z")


def redacted(text: str) -> str:
    """Return ``text`` with keys, secrets, tokens, signatures and authorization headers masked."""
    if "=" in text or ":" in text:
        text = _NAMED.sub(_mask, text)
        text = _URL_USER.sub(rf"\1{MASK}@", text)
    return _BEARER.sub(rf"\1 {MASK}", text)


def _mask(match: re.Match[str]) -> str:
    return match.group(0) if _REFERENCE.match(match.group(2)) else match.group(1) + MASK
