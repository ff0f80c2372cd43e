"""``tradecli version``."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

import msgspec

from tradecli import __version__
from tradecli.cli import options
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.config.place import locate

app = Commands("version", "Version of the program and what it runs on.", single=True)
_SHOWN = ("ccxt", "textual", "typer", "numpy", "arch")


class VersionRow(msgspec.Struct, frozen=True, kw_only=True):
    """The versions that matter when a result is questioned."""

    version: str
    python: str
    platform: str
    packages: dict[str, str | None]


@app.answers(schema="tradecli.version/1", row=VersionRow)
def version() -> Answer:
    """Show the version of tradecli, of Python and of the main packages."""
    given = options.current()
    row = VersionRow(
        version=__version__,
        python=sys.version.split()[0],
        platform=sys.platform,
        packages={name: _version(name) for name in _SHOWN},
    )
    mode = locate(given.profile, given.config, given.db).mode
    return Answer(schema="tradecli.version/1", mode=mode, data=(row,), as_of=given.now)


def _version(name: str) -> str | None:
    try:
        return installed(name)
    except PackageNotFoundError:
        return None
