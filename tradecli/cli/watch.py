"""``tradecli watch``: named lists of symbols, kept in one file of the state folder and replaced as a whole."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from tradecli import codec
from tradecli.cli import options, parse
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer, write_file
from tradecli.config import folders
from tradecli.config.place import locate
from tradecli.errors import NotFound, StoreFault, UsageError

app = Commands("watch", "Watchlists: named lists of symbols for --watchlist and the screens.")
SCHEMA = "tradecli.watch/1"
BUILT_IN = {"majors": ("BTCUSDT", "ETHUSDT", "BNBUSDT")}
_MOST_LISTS, _MOST_SYMBOLS = 100, 500

Name = Annotated[str, typer.Argument(metavar="NAME", help="name of the watchlist", show_default=False)]
Symbols = Annotated[list[str], typer.Argument(metavar="SYMBOL...", help="symbols", show_default=False)]


class Watchlist(msgspec.Struct, frozen=True, kw_only=True):
    """One list; ``in_use`` marks the one the screens open with."""

    name: str
    symbols: tuple[str, ...]
    in_use: bool


class _Kept(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    lists: dict[str, tuple[str, ...]]
    in_use: str = "majors"


@app.answers("list", schema=SCHEMA, row=Watchlist)
def list_all() -> Answer:
    """List the watchlists."""
    return _answer(_read())


@app.answers(schema=SCHEMA, row=Watchlist)
def create(name: Name, symbols: Symbols) -> Answer:
    """Make a watchlist."""
    kept, name = _read(), parse.name(name, "watchlist")
    if name in kept.lists:
        raise UsageError(
            f"there is a watchlist {name!r} already", number=160, hint=f"tradecli watch add {name} SYMBOL"
        )
    if len(kept.lists) >= _MOST_LISTS:
        raise UsageError(f"more than {_MOST_LISTS} watchlists", number=161)
    kept.lists[name] = _checked(symbols)
    return _write(kept, name)


@app.answers(schema=SCHEMA, row=Watchlist)
def add(name: Name, symbols: Symbols) -> Answer:
    """Add symbols to a watchlist."""
    kept = _read()
    before = _list(kept, name)
    new = _checked(symbols)
    twice = sorted(set(before) & set(new))
    if twice:
        raise UsageError(f"{twice[0]} is in {name!r} already", number=162)
    kept.lists[name] = _checked([*before, *new])
    return _write(kept, name)


@app.answers(schema=SCHEMA, row=Watchlist)
def rm(
    name: Name,
    symbols: Annotated[
        list[str],
        typer.Argument(metavar="[SYMBOL]...", help="symbols; none: the whole list", show_default=False),
    ] = [],  # noqa: B006 - Typer reads it, nobody changes it
) -> Answer:
    """Remove symbols from a watchlist, or the whole list."""
    kept = _read()
    before = _list(kept, name)
    if not symbols:
        if kept.in_use == name:
            raise UsageError(f"{name!r} is in use", number=163, hint="tradecli watch use another first")
        del kept.lists[name]
        return _write(kept)
    gone = _checked(symbols)
    missing = sorted(set(gone) - set(before))
    if missing:
        raise NotFound(f"{missing[0]} is not in {name!r}", number=160)
    kept.lists[name] = tuple(symbol for symbol in before if symbol not in gone)
    return _write(kept, name)


@app.answers(schema=SCHEMA, row=Watchlist)
def use(name: Name) -> Answer:
    """Make a watchlist the one that screens open with."""
    kept = _read()
    _list(kept, name)
    kept.in_use = name
    return _write(kept, name)


def symbols_of(name: str) -> tuple[str, ...]:
    """Return the symbols of a watchlist; ``NotFound`` where there is none of that name."""
    return _list(_read(), name)


def _list(kept: _Kept, name: str) -> tuple[str, ...]:
    found = kept.lists.get(parse.name(name, "watchlist"))
    if found is None:
        raise NotFound(
            f"no such watchlist: {name!r}", number=161, hint=f"there are {', '.join(sorted(kept.lists))}"
        )
    return found


def _checked(symbols: list[str]) -> tuple[str, ...]:
    found = [parse.symbol(text) for text in symbols]
    names = tuple(f"{symbol}@{venue}" if venue else symbol for symbol, venue in found)
    if len(set(names)) != len(names):
        raise UsageError("a symbol is given twice", number=123)
    if len(names) > _MOST_SYMBOLS:
        raise UsageError(f"more than {_MOST_SYMBOLS} symbols", number=161)
    return names


def _read() -> _Kept:
    path = folders.state_dir() / "watchlists.json"
    try:
        with path.open("rb") as file:
            kept = codec.decode_outside(file.read(codec.LARGEST_DOCUMENT + 1), _Kept)
    except FileNotFoundError:
        kept = _Kept(lists={})
    except OSError as error:
        raise StoreFault(f"cannot be read: {error.strerror}", path=str(path), number=121) from error
    except (ValueError, msgspec.ValidationError) as error:
        raise StoreFault(f"not a file of watchlists: {error}", path=str(path), number=122) from error
    kept.lists = {**BUILT_IN, **kept.lists}
    return kept


def _write(kept: _Kept, *names: str) -> Answer:
    folder = folders.made(folders.state_dir())
    own = {name: list(symbols) for name, symbols in kept.lists.items() if BUILT_IN.get(name) != symbols}
    text = codec.encode({"lists": own, "in_use": kept.in_use}).decode() + "\n"
    write_file(str(folder / "watchlists.json"), text, overwrite=True)
    return _answer(kept, *names)


def _answer(kept: _Kept, *names: str) -> Answer:
    given = options.current()
    rows = [
        Watchlist(name=name, symbols=symbols, in_use=name == kept.in_use)
        for name, symbols in sorted(kept.lists.items())
        if not names or name in names
    ]
    mode = locate(given.profile, given.config, given.db).mode
    return Answer(schema=SCHEMA, mode=mode, data=rows, as_of=given.now)
