"""Log sinks and the one redaction filter of every sink: log, exception, export, crash report, screen (X01, X02).

``redacted`` is plain text work and cheap to import; structlog is loaded only by ``open_log``, which the engine calls.
Everything below logs through the standard ``logging``; a sink that fails loses its line and nothing else (P14, S12).
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

MASK = "[redacted]"
LARGEST = 8 * 1024 * 1024
KEPT = 4
_NAMED = re.compile(
    r"(?i)((?<![A-Za-z])(?:api[_-]?key|api[_-]?secret|secret(?:[_-]?key)?|private[_-]?key|passphrase|password|token|signature|sign|"
    r"x-mbx-apikey|ok-access-(?:key|sign|passphrase)|x-bapi-(?:api-key|sign)|client_secret|authorization|cookie)"
    r"[\"']?\s*[=:]\s*[\"']?(?:(?:bearer|basic|token)\s+)?)([^\s\"'\\&,;)}\]]+)"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/_.=-]{8,}")
_URL_USER = re.compile(r"(\w+://)[^/\s:@\"'\\,]+:[^/\s@\"'\\,]+@")
_SCALAR = re.compile(r"(?:null|true|false|-?[0-9.eE+-]+|[\[{].*)\Z")
_REFERENCE = re.compile(r"(?:env|keyring|file):\S+\Z")


def redacted(text: str) -> str:
    """Return ``text`` with keys, secrets, tokens, signatures and authorization headers masked."""
    if "=" in text or ":" in text:
        text = _NAMED.sub(_mask, text)
        text = _URL_USER.sub(rf"\1{MASK}@", text)
    return _BEARER.sub(rf"\1 {MASK}", text)


def _mask(match: re.Match[str]) -> str:
    named, value = match.groups()
    is_json_scalar = '":' in named and named.rstrip()[-1] == ":" and _SCALAR.match(value)
    return match.group(0) if is_json_scalar or _REFERENCE.match(value) else named + MASK


def open_log(folder: Path, *, level: int = logging.INFO) -> Callable[[], None]:
    """Write the package's log to ``folder/tradecli.log``: one JSON object a line, redacted, rotated, owner-only.

    Return the function that closes it.
    """
    from logging.handlers import RotatingFileHandler

    import structlog  # 125 ms, and only a session that stays needs it

    path = folder / "tradecli.log"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600))
    sink = RotatingFileHandler(
        path, maxBytes=LARGEST, backupCount=KEPT, encoding="utf-8", errors="backslashreplace"
    )
    sink.handleError = lambda record: None  # type: ignore[method-assign] # a full disk must not stop an order
    sink.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                _stamped,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _clean,
                _to_json,
            ],
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                _with_traceback,
            ],
        )
    )
    root = logging.getLogger("tradecli")
    root.addHandler(sink)
    root.setLevel(level)
    root.propagate = False

    def close() -> None:
        root.removeHandler(sink)
        sink.close()

    return close


def _with_traceback(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record = event.get("_record")
    if record is not None and record.exc_info:
        event["exception"] = logging.Formatter().formatException(record.exc_info)
        record.exc_info = None
    return event


def _stamped(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record = event["_record"]
    return {"at": int(record.created * 1_000), "level": event.pop("level", "info"), **event}


def _clean(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {
        key: value if isinstance(value, int | float | None) else redacted(str(value))
        for key, value in event.items()
    }


def _to_json(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    from tradecli import codec

    return codec.encode(dict(event)).decode()
