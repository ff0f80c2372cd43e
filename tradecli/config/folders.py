"""Where things are kept on this machine, from ``platformdirs``: owner-only, made when first needed.

The ledger of a profile lies in a folder of its own, recorded market data in one store shared by all profiles, invented
market data (demo, rehearsal) in stores of their own, so that the two never mix. Nothing here opens a store.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from tradecli.domain.enums import Mode
from tradecli.errors import ConfigError, StoreFault

NAME = "tradecli"


def config_file() -> Path:
    """Return where the configuration lies unless ``--config`` says otherwise."""
    return _base("config") / "config.toml"


def state_dir() -> Path:
    """Return the folder of ledgers, logs, kill flags and crash reports."""
    return _base("state")


def cache_dir() -> Path:
    """Return the folder of what can be made again."""
    return _base("cache")


def profile_dir(profile: str) -> Path:
    """Return the folder of one profile's ledger and kill flag."""
    return state_dir() / profile


def ledger_file(profile: str, db: str | None = None) -> Path:
    """Return the ledger of a profile, or the file that ``--db`` names."""
    return Path(db) if db else profile_dir(profile) / "ledger.db"


def kill_file(profile: str) -> Path:
    """Return the kill flag of a profile: it binds every ledger of that profile."""
    return profile_dir(profile) / "kill.json"


def market_file(mode: Mode, profile: str) -> Path:
    """Return the market store: one for real data, one of its own for each profile whose market is invented."""
    if mode in (Mode.DEMO, Mode.REHEARSAL):
        return profile_dir(profile) / "market.db"
    return state_dir() / "market.db"


def runs_dir() -> Path:
    """Return the folder of backtest and replay runs, one file each."""
    return state_dir() / "runs"


def logs_dir() -> Path:
    """Return the folder of the program's own log."""
    return state_dir() / "logs"


def made(folder: Path) -> Path:
    """Make ``folder`` and its parents owner-only and return it; a link is refused, loose modes are closed (X10)."""
    try:
        for parent in (*reversed(folder.parents), folder):
            if not parent.exists():
                parent.mkdir(mode=0o700, exist_ok=True)
                parent.chmod(0o700)
    except OSError as error:
        raise StoreFault(f"cannot make the folder: {error.strerror}", path=str(folder), number=110) from error
    status = folder.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise StoreFault("the folder is a link", path=str(folder), number=111, hint="use the real folder")
    if not stat.S_ISDIR(status.st_mode):
        raise StoreFault("not a folder", path=str(folder), number=111)
    if status.st_mode & 0o077 and NAME in folder.parts:
        folder.chmod(0o700)
    return folder


def _base(kind: str) -> Path:
    variable = {"config": "XDG_CONFIG_HOME", "state": "XDG_STATE_HOME", "cache": "XDG_CACHE_HOME"}[kind]
    given = os.environ.get(variable, "")
    if given:
        if not os.path.isabs(given) or "\n" in given:
            raise ConfigError(f"{variable} must be an absolute path, not {given[:60]!a}", number=120)
        return Path(given) / NAME
    import platformdirs  # 10 ms, and not needed where the environment says it all

    find = {
        "config": platformdirs.user_config_path,
        "state": platformdirs.user_state_path,
        "cache": platformdirs.user_cache_path,
    }[kind]
    path = find(NAME, appauthor=False)
    if (
        "~" in path.parts
    ):  # no HOME and no entry for this user: an owner-only folder beside the temporary files
        return Path(tempfile.gettempdir()) / f"{NAME}-{os.getuid()}" / kind
    return path
