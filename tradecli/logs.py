"""The log of a session that stays: every line through the redaction filter, in files of their own (X01, X02).

structlog is loaded only by ``open_log``, which the engine calls. Everything below logs through the standard
``logging``; a sink that fails loses its line and nothing else (P14, S12).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

from tradecli.redaction import redacted

LARGEST = 8 * 1024 * 1024
KEPT = 4


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
