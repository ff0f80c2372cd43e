"""A secret in a file of its own: read only where nobody else could have read or written it (G07).

The file belongs to us, is 0600 or tighter, is no link, and lies in a folder that nobody else writes to. What is wrong
is said with the path and what to do, and never with a word of what the file holds.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from tradecli.errors import ConfigError

LARGEST = 16 * 1024
"""Bytes; the longest that anybody keeps there is a private key in PEM."""
PREFIX = "file:"


def key_path(reference: str) -> Path:
    """Return the path of ``file:PATH``; ``~`` is our home, and a relative path is refused."""
    path = Path(reference.removeprefix(PREFIX)).expanduser()
    if not path.is_absolute():
        raise _refused(path, "is not an absolute path", 140, "write file:/PATH or file:~/PATH")
    return path


def read_key_file(path: Path) -> str:
    """Return the secret, without the newline at its end; ``ConfigError`` for a file that is not private."""
    _check_folder(path.parent)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _refused(path, "is a link", 141, "name the file itself") from error
        raise _refused(path, f"cannot be read: {error.strerror}", 142) from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _refused(path, "is no plain file", 143)
        if found.st_uid != os.geteuid():
            raise _refused(path, "belongs to someone else", 144, f"chown it to yourself: {path}")
        if stat.S_IMODE(found.st_mode) & 0o077:
            mode = f"{stat.S_IMODE(found.st_mode):04o}"
            raise _refused(path, f"is open to others ({mode})", 145, f"chmod 600 {path}, and change the key")
        raw = os.read(descriptor, LARGEST + 1)
    finally:
        os.close(descriptor)
    return _text(path, raw)


def _check_folder(folder: Path) -> None:
    try:
        found = folder.stat()
    except OSError as error:
        raise _refused(folder, f"cannot be looked at: {error.strerror}", 142) from error
    if found.st_uid not in (os.geteuid(), 0):
        raise _refused(folder, "belongs to someone else", 144, "keep keys in a folder of your own")
    if stat.S_IMODE(found.st_mode) & 0o022:
        raise _refused(folder, "can be written to by others", 145, f"chmod 700 {folder}")


def _text(path: Path, raw: bytes) -> str:
    if len(raw) > LARGEST:
        raise _refused(path, f"is larger than {LARGEST // 1024} KiB", 146)
    text = raw.decode("ascii", errors="replace").removesuffix("\n").removesuffix("\r")
    if not text:
        raise _refused(path, "is empty", 146)
    if not all(char.isprintable() or char in "\r\n" for char in text) or "\ufffd" in text:
        raise _refused(path, "holds what is no key: one of plain ASCII is expected", 146)
    return text


def _refused(path: Path, why: str, number: int, hint: str | None = None) -> ConfigError:
    return ConfigError(f"the key file {why}", number=number, where=str(path), hint=hint)
