"""Owner-only files. Apart from the ledger, so that the kill flag and the lock load without a database."""

from __future__ import annotations

import os
from pathlib import Path

from tradecli.errors import StoreFault


def make_private(path: Path) -> None:
    """Make the missing folders 0700 and the file 0600 whatever the umask; a link is refused (RELIABILITY section 7)."""
    if path.is_symlink():
        raise StoreFault("a store may not be a link", path=str(path), number=111)
    for folder in (*reversed(path.parent.parents), path.parent):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.fchmod(descriptor, 0o600)
    os.close(descriptor)
