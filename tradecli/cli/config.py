"""``tradecli config``: make, show, check and explain the configuration."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from tradecli.cli import options, parse
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer, write_file
from tradecli.config import describe, folders, sections
from tradecli.config.loading import Config, check_text, load
from tradecli.config.place import locate
from tradecli.config.problems import ConfigProblems
from tradecli.domain.number import plain
from tradecli.errors import NotFound, UsageError

app = Commands("config", "The configuration: make, show, check, explain.")


class ValueRow(msgspec.Struct, frozen=True, kw_only=True):
    """One key in force: its value, its unit, and where the value came from."""

    key: str
    value: Any
    unit: str | None
    source: str


class CheckRow(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration that holds, and which limits bind first."""

    profile: str
    mode: str
    file: str | None
    keys: int
    notes: tuple[str, ...]


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """What one key is for."""

    key: str
    type: str
    default: Any
    value: Any
    bounds: str
    unit: str | None
    help: str
    means: str


class MadeRow(msgspec.Struct, frozen=True, kw_only=True):
    """The file that ``config init`` wrote."""

    file: str
    next: str


@app.answers(schema="tradecli.config.show/1", row=ValueRow)
def show(
    section: Annotated[
        str, typer.Argument(metavar="[SECTION]", help="only this section", show_default=False)
    ] = "",
) -> Answer:
    """Show every value in force and where it came from."""
    config = _load()
    names = [name for name in config.sources if not section or _under(name, section)]
    if not names:
        raise _no_such(section)
    known = sections.all_keys()
    rows = [
        ValueRow(
            key=name, value=_data(config.value(name)), unit=known[name].unit, source=config.sources[name]
        )
        for name in names
    ]
    if not section or section == sections.VENUES:
        rows += _venue_rows(config)
    return _answer("tradecli.config.show/1", config, rows)


@app.answers(schema="tradecli.config.validate/1", row=CheckRow)
def validate() -> Answer:
    """Check the configuration: every problem at once, with its line, column and the nearest name."""
    config = _load()
    row = CheckRow(
        profile=config.profile,
        mode=config.mode.value,
        file=str(config.place.config) if config.place.config else None,
        keys=sum(source != "default" for source in config.sources.values()),
        notes=config.notes,
    )
    return _answer("tradecli.config.validate/1", config, [row])


@app.answers(schema="tradecli.config.explain/1", row=KeyRow)
def explain(
    key: Annotated[
        str, typer.Argument(metavar="[KEY]", help="a section, table or key: vol.weights", show_default=False)
    ] = "",
) -> Answer:
    """Explain keys: type, default, bounds, unit, and what the value means."""
    given = options.current()
    known = sections.all_keys()
    names = [name for name in known if not key or _under(name, key)]
    if not names:
        raise _no_such(key)
    config: Config | None = None
    try:
        config = _load()
    except ConfigProblems as wrong:
        warnings: tuple[str, ...] = (f"the configuration is not valid: {len(wrong.problems)} problems",)
    else:
        warnings = ()
    rows = [_key_row(known[name], config) for name in names]
    mode = config.mode if config else locate(given.profile, given.config, given.db).mode
    return Answer(
        schema="tradecli.config.explain/1",
        mode=mode,
        data=rows,
        as_of=given.now,
        warnings=warnings,
        panels=lambda: _panels(rows),
    )


@app.answers(schema="tradecli.config.schema/1")
def schema() -> Answer:
    """Print the JSON Schema of the configuration file, for editors."""
    given = options.current()
    document = describe.file_schema()
    mode = locate(given.profile, given.config, given.db).mode

    def text() -> str:
        return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"

    return Answer(schema="tradecli.config.schema/1", mode=mode, data=[document], as_of=given.now, text=text)


@app.answers(uses=("symbols",), schema="tradecli.config.init/1", row=MadeRow)
def init(
    venues: Annotated[str, typer.Option("--venues", help="venues, as A,B", show_default=False)] = "",
    capital: Annotated[str, typer.Option("--capital", help="capital in USDT", show_default=False)] = "",
    max_order: Annotated[
        str, typer.Option("--max-order", help="largest order in USD", show_default=False)
    ] = "",
    max_drawdown: Annotated[
        str, typer.Option("--max-drawdown", help="drawdown that halts, as 15%", show_default=False)
    ] = "",
    defaults: Annotated[bool, typer.Option("--defaults", help="ask nothing")] = False,
) -> Answer:
    """Write a commented configuration file for paper trading, after five questions."""
    given = options.current()
    path = Path(given.config) if given.config else folders.config_file()
    if path.exists() and not given.overwrite:
        raise UsageError(
            f"there is a file already: {path}", number=170, hint="--config FILE names another one"
        )
    told = {"venues": venues, "capital": capital, "max_order": max_order, "max_drawdown": max_drawdown}
    symbols = ",".join(f"{s}@{v}" if v else s for s, v in given.symbols)
    answers = _asked({**told, "symbols": symbols}, ask=not defaults)
    text = describe.example(_chosen(answers), extras=False)
    checked = check_text(text, path, "paper")
    if not given.config:
        folders.made(path.parent)
    write_file(str(path), text, overwrite=given.overwrite)
    row = MadeRow(file=str(path), next="tradecli doctor, then tradecli run --profile paper")
    return Answer(schema="tradecli.config.init/1", mode=checked.mode, data=[row], as_of=given.now)


_QUESTIONS = (
    ("venues", "Venues, as A,B", "binance"),
    ("symbols", "Symbols, as A,B", "BTCUSDT,ETHUSDT,BNBUSDT"),
    ("capital", "Capital in USDT", "100000"),
    ("max_order", "Largest order in USD", "5000"),
    ("max_drawdown", "Drawdown that halts", "15%"),
)


def _asked(told: dict[str, str], *, ask: bool) -> dict[str, str]:
    """Return the answers: those told on the command line, the rest asked for on a terminal, or the defaults."""
    missing = [name for name, _, _ in _QUESTIONS if not told[name]]
    if missing and ask and not (sys.stdin.isatty() and sys.stderr.isatty()):
        flags = ", ".join("--" + name.replace("_", "-") for name in missing)
        raise UsageError(
            "config init asks questions and this is no terminal", number=171, hint=f"--defaults, or {flags}"
        )
    answers = {}
    for name, question, default in _QUESTIONS:
        text = told[name]
        if not text and ask:
            sys.stderr.write(f"{question} [{default}]: ")
            sys.stderr.flush()
            line = sys.stdin.readline()
            if not line:
                raise KeyboardInterrupt
            text = line.strip()
        answers[name] = text or default
    return answers


def _chosen(answers: dict[str, str]) -> dict[str, Any]:
    symbols = parse.symbols(answers["symbols"])
    capital = parse.decimal(answers["capital"], "--capital", positive=True)
    drawdown = float(parse.ratio(answers["max_drawdown"], "--max-drawdown") * 100)
    ladder = {"warn": 1 / 3, "half": 8 / 15, "reduce": 2 / 3}
    return {
        "run.venues": [parse.venue(venue) for venue in answers["venues"].split(",")],
        "run.symbols": [f"{symbol}@{venue}" if venue else symbol for symbol, venue in symbols],
        "inventory.total_capital": capital,
        "paper.initial_balance": capital,
        "risk.max_order_notional_usd": parse.decimal(answers["max_order"], "--max-order", positive=True),
        "risk.max_drawdown_pct": drawdown,
        **{f"risk.{step}_drawdown_pct": round(drawdown * share, 2) for step, share in ladder.items()},
        "risk.max_daily_loss_pct": min(4.0, drawdown),
        "risk.warn_daily_loss_pct": min(2.0, drawdown / 2),
    }


def _load() -> Config:
    given = options.current()
    return load(given.profile, given.config, given.db)


def _answer(schema: str, config: Config, rows: list[Any]) -> Answer:
    source = str(config.place.config) if config.place.config else "built-in values"
    return Answer(schema=schema, mode=config.mode, data=rows, as_of=options.current().now, source=source)


def _under(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


def _no_such(key: str) -> NotFound:
    from difflib import get_close_matches

    known = sections.all_keys()
    last = key.rpartition(".")[2]
    near = get_close_matches(key[:60], [*sections.SECTIONS, *known], 1)
    near = near or [
        name for name in known if name.rpartition(".")[2] in get_close_matches(last, _last_words(known), 1)
    ]
    hint = f"did you mean {near[0]!r}?" if near else "sections: " + ", ".join(sections.SECTIONS)
    return NotFound(f"no such key: {key[:60]!a}", number=130, hint=hint)


def _last_words(known: dict[str, sections.Key]) -> list[str]:
    return [name.rpartition(".")[2] for name in known]


def _venue_rows(config: Config) -> list[ValueRow]:
    file = config.place.config.name if config.place.config else ""
    return [
        ValueRow(key=f"venues.{venue}.{field.name}", value=getattr(keys, field.name), unit=None, source=file)
        for venue, keys in config.venues.items()
        for field in dataclasses.fields(keys)
        if getattr(keys, field.name)
    ]


def _data(value: Any) -> Any:
    from decimal import Decimal

    return plain(value) if isinstance(value, Decimal) else value


def _key_row(key: sections.Key, config: Config | None) -> KeyRow:
    default = None if key.default is dataclasses.MISSING else key.default
    value = config.value(key.name) if config else default
    return KeyRow(
        key=key.name,
        type=describe.kind(key),
        default=_data(default),
        value=_data(value),
        bounds=describe.bounds(key),
        unit=key.unit,
        help=key.help,
        means=describe.conversion(key.name, value),
    )


def _panels(rows: list[KeyRow]) -> list[Any]:
    from tradecli.present.blocks import Align, Cell, Column, Facts, Panel, Table
    from tradecli.present.format import UNKNOWN

    def text(value: Any) -> str:
        return UNKNOWN if value is None else describe.toml(value).strip('"')

    if len(rows) == 1:
        row = rows[0]
        pairs: list[tuple[str, Callable[[], str]]] = [
            ("for", lambda: row.help),
            ("value", lambda: f"{text(row.value)} {row.unit or ''}".strip()),
            ("means", lambda: row.means),
            ("default", lambda: "none: it must be stated" if row.default is None else text(row.default)),
            ("type", lambda: row.type),
            ("bounds", lambda: row.bounds),
        ]
        facts = tuple((label, Cell(found)) for label, say in pairs if (found := say()))
        return [Panel(title=row.key, blocks=(Facts(rows=facts),))]
    columns = (
        Column(name="key", align=Align.LEFT, priority=1),
        Column(name="value", priority=1),
        Column(name="default", priority=3),
        Column(name="unit", align=Align.LEFT, priority=4),
        Column(name="what it does", align=Align.LEFT, priority=2),
    )
    cells = tuple(
        (Cell(r.key), Cell(text(r.value)), Cell(text(r.default)), Cell(r.unit or ""), Cell(r.means or r.help))
        for r in rows
    )
    return [Panel(title="configuration", blocks=(Table(columns=columns, rows=cells),))]
