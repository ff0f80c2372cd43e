"""Which profile is meant, its mode and its files: enough for every command that only reads a store.

Reading this costs a TOML parse where there is a file, and no validator. What the values mean is for ``load``.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

from tradecli.config import folders
from tradecli.config.profiles import MODES
from tradecli.config.source import read_source
from tradecli.domain.enums import Mode
from tradecli.errors import ConfigError

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}\Z")
"""A profile names a folder, so that it may not be a path (X05)."""
_SHOWN = 20


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A profile and where it keeps its things. ``config`` None: there is no configuration file."""

    profile: str
    mode: Mode
    config: Path | None
    ledger: Path
    market: Path
    kill: Path

    @property
    def lock(self) -> Path:
        """Return the file that one engine at a time holds for this ledger."""
        return self.ledger.with_suffix(".lock")


def locate(profile: str | None = None, config: str | None = None, db: str | None = None) -> Place:
    """Return the place of ``profile``: by default ``TRADECLI_PROFILE``, else paper where there is a file, else demo."""
    path = config_path(config)
    name = profile or os.environ.get("TRADECLI_PROFILE") or ("paper" if path is not None else "demo")
    if not _NAME.match(name) or ".." in name:
        raise ConfigError(
            f"not a name for a profile: {name[:40]!a}", number=133, hint="letters, digits, _ . -"
        )
    mode = mode_of(name, path)
    return Place(
        profile=name,
        mode=mode,
        config=path,
        ledger=folders.ledger_file(name, db),
        market=folders.market_file(mode, name),
        kill=folders.kill_file(name),
    )


def config_path(given: str | None = None) -> Path | None:
    """Return the configuration file in force: ``--config``, ``TRADECLI_CONFIG``, or the usual one if it exists."""
    named = given or os.environ.get("TRADECLI_CONFIG")
    if named:
        return Path(named)
    usual = folders.config_file()
    return usual if usual.exists() else None


def mode_of(profile: str, path: Path | None) -> Mode:
    """Return the mode of a profile: the file's ``[profiles.X] mode`` where it says so, else the built-in one."""
    tables = {}
    if path is not None and profile not in ("demo", "replay"):
        found = read_source(path).table.get("profiles", {})
        tables = found if isinstance(found, dict) else {}
    own = tables.get(profile)
    if isinstance(own, dict) and "mode" in own:
        if own["mode"] not in list(Mode):
            raise ConfigError(
                f"profile {profile!r} has no such mode: {str(own['mode'])[:40]!a}",
                number=130,
                where=str(path),
                hint="one of " + ", ".join(Mode),
            )
        return Mode(own["mode"])
    if profile in MODES:
        return MODES[profile]
    known = sorted({*MODES, *(name for name in tables if _NAME.match(name))})
    hint = f"known: {', '.join(known[:_SHOWN])}"
    raise ConfigError(
        f"no such profile: {profile!r}", number=131, hint=hint, where=str(path) if path else None
    )
