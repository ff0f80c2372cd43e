"""Owner-only files. Apart from the ledger, so that the kill flag and the lock load without a database."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from tradecli.errors import StoreFault


def make_private(path: Path) -> None:
    """Make the missing folders 0700 and the file 0600 whatever the umask; a link is refused (RELIABILITY section 7)."""
    if path.is_symlink():
        raise StoreFault("a store may not be a link", path=str(path), number=111)
    try:
        for folder in (*reversed(path.parent.parents), path.parent):
            if not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)
                folder.chmod(0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise refused(error, path) from error


def refused(error: OSError, path: Path) -> StoreFault:
    """Say which file could not be made or written, and why."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreFault("the disk is full", path=str(path), number=142, hint="make room, then start again")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        hint = "check its owner and mode bits"
        return StoreFault(f"cannot be written: {error.strerror}", path=str(path), number=143, hint=hint)
    return StoreFault(f"cannot be written: {error.strerror}", path=str(path), number=145)
