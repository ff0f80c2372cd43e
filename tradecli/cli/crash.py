"""Crash reports: one owner-only file each, redacted, under the state folder. Never raises: the error matters more."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence


def keep(error: BaseException, argv: Sequence[str]) -> str:
    """Write what is known of ``error`` and return the path, or ``nowhere`` with the reason."""
    from tradecli import __version__
    from tradecli.cli.clock import now_ms
    from tradecli.config import folders
    from tradecli.redaction import redacted

    try:
        folder = folders.made(folders.state_dir() / "crashes")
        path = folder / f"crash-{now_ms()}-{os.getpid()}.txt"
        text = "\n".join(
            [
                f"tradecli {__version__} on Python {sys.version.split()[0]}, {sys.platform}",
                "command: tradecli " + " ".join(argv),
                "",
                "".join(traceback.format_exception(error)),
            ]
        )
        with os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as file:
            file.write(redacted(text))
    except Exception as trouble:  # a full disk must not hide the error being reported
        return f"nowhere ({type(trouble).__name__})"
    return str(path)
