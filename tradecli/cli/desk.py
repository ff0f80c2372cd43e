"""The ledger as the commands see it: which file, which run, which records, and how old the answer is.

Everything is read-only and cheap: no engine, no validator, no asynchronous driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import msgspec
import typer

from tradecli.cli import options, parse
from tradecli.cli.output import Answer
from tradecli.config import folders
from tradecli.config.place import Place, locate
from tradecli.config.profiles import MODES
from tradecli.domain.control import Latch
from tradecli.domain.enums import Mode
from tradecli.domain.instrument import InstrumentId, symbol_of, venue_of
from tradecli.errors import NotFound
from tradecli.present.blocks import Panel
from tradecli.store.heartbeat import Beat
from tradecli.store.heartbeat import is_alive as is_alive
from tradecli.store.killswitch import KillSwitch
from tradecli.store.lock import holder_of
from tradecli.store.reader import EVER, LedgerReader, RunRow

SELECT = ("symbols", "watchlist", "venue", "since", "until", "at")
RunId = Annotated[
    str, typer.Option("--run", help="a run by its id; by default the newest", show_default=False)
]


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """An open ledger, the run in question, and the engine's last sign of life in it."""

    place: Place
    reader: LedgerReader
    run: RunRow
    beat: Beat | None

    @property
    def until(self) -> int:
        """The last moment asked about: ``--at``, or the instant before ``--until``."""
        given = options.current()
        if given.at is not None:
            return given.at
        return given.until - 1 if given.until is not None else EVER

    @property
    def since(self) -> int:
        return options.current().since or 0

    def selects(self, instrument: InstrumentId) -> bool:
        """Say whether the selecting flags let an instrument through."""
        given = options.current()
        wanted = given.symbols
        if given.watchlist:
            from tradecli.cli.watch import symbols_of

            wanted = tuple(parse.symbol(text, given.venue) for text in symbols_of(given.watchlist))
        if wanted:
            return any(
                symbol == symbol_of(instrument) and (venue is None or venue == venue_of(instrument))
                for symbol, venue in wanted
            )
        return given.venue is None or given.venue == venue_of(instrument)

    @property
    def as_of(self) -> int:
        """The engine's time of the newest thing known about the run, no later than what was asked."""
        if self.run.finished is not None:
            return min(self.run.finished, self.until)
        newest = self.reader.decisions(self.run.run_id, limit=1)
        known = (
            self.run.started,
            *(decision.at for decision in newest),
            *([self.beat.at] if self.beat else []),
        )
        return min(max(known), self.until)

    @property
    def prices_at(self) -> int | None:
        """The time of the newest price of the venue that is furthest behind, by the engine's last sign of life."""
        if self.beat is None or options.current().at is not None:
            return None
        told = self.beat.body.get("prices_at")
        return int(told) if told is not None else None

    @property
    def asked_at(self) -> int | None:
        """The moment the age counts from: real time since the last sign of life, in the engine's time."""
        given = options.current()
        if given.at is not None:
            return given.at
        if self.beat is not None:
            return self.as_of + max(given.now - self.beat.real_at, 0)
        return self.as_of if self.run.mode in (Mode.DEMO, Mode.REPLAY) else None

    def answer(
        self,
        schema: str,
        rows: Sequence[Any],
        *,
        units: Mapping[str, str] | None = None,
        panels: Callable[[], Sequence[Panel]] | None = None,
        warnings: Sequence[str] = (),
        rests_on_prices: bool = False,
    ) -> Answer:
        """Return records of this run with their time and source; what rests on prices is no newer than they are."""
        as_of = self.as_of
        if rests_on_prices and self.prices_at is not None:
            as_of = min(as_of, self.prices_at)
        return Answer(
            schema=schema,
            mode=self.run.mode,
            data=rows,
            as_of=as_of,
            asked_at=self.asked_at,
            units=units or {},
            panels=panels,
            warnings=warnings,
            source=f"run {self.run.run_id}",
        )


@contextmanager
def opened(run_id: str = "") -> Iterator[Desk]:
    """Open the ledger that has the run: the profile's, or wherever a run of that id is kept."""
    given = options.current()
    place = locate(given.profile, given.config, given.db)
    run_id = parse.name(run_id, "run") if run_id else ""
    path = _file_of(run_id, place) if run_id and not given.db else place.ledger
    with LedgerReader(path) as reader:
        yield _desk(place, reader, run_id or None)


def _desk(place: Place, reader: LedgerReader, run_id: str | None) -> Desk:
    run, beat = reader.run(run_id), reader.beat()
    return Desk(
        place=place, reader=reader, run=run, beat=beat if beat and beat.run_id == run.run_id else None
    )


@contextmanager
def ledger_of(profile: str) -> Iterator[Desk]:
    """Open the ledger of a profile by its name alone, whatever the configuration says."""
    mode = MODES.get(profile, Mode.LIVE)
    path = folders.ledger_file(profile)
    place = Place(
        profile=profile,
        mode=mode,
        config=None,
        ledger=path,
        market=folders.market_file(mode, profile),
        kill=folders.kill_file(profile),
    )
    with LedgerReader(path) as reader:
        yield _desk(place, reader, None)


def running_profiles() -> list[str]:
    """Return the profiles whose engine holds its ledger now."""
    try:
        found = sorted(folders.state_dir().iterdir())
    except OSError:
        return []
    return [folder.name for folder in found if is_held(folder.name)]


def is_held(profile: str) -> bool:
    """Say whether an engine holds the ledger of a profile now."""
    return holder_of(folders.ledger_file(profile).with_suffix(".lock")) is not None


def here() -> Place:
    """Return the place that the global flags mean."""
    given = options.current()
    return locate(given.profile, given.config, given.db)


def latches(place: Place) -> tuple[Latch, ...]:
    """Return the kill levels in force by the flag file of a profile."""
    return KillSwitch(place.kill).load()


def _file_of(run_id: str, place: Place) -> Any:
    candidates = [place.ledger, folders.runs_dir() / f"{run_id}.db"]
    candidates += [folders.ledger_file(profile) for profile in ("replay", "demo", "paper")]
    for path in candidates:
        if not path.exists():
            continue
        with LedgerReader(path) as reader:
            if any(run.run_id == run_id for run in reader.runs(limit=100_000)):
                return path
    raise NotFound(f"no run {run_id!r}", number=101, hint="tradecli backtest list")
