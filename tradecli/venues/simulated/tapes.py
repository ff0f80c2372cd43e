"""The tapes: short scripts that are laid over the seeded market, and what each must cause.

A tape owns no chance and no prices; it bends those of the process: more volatility, a fall, a venue that goes
silent, a premium at one venue. Times are seconds after the start of the run; negative ones shape the minutes before
it. After its last episode the market of the same seed goes on unscripted. ``Tape`` is data, so that ``demo --list``
can print it.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
import numpy as np

from tradecli.domain.events import LinkChanged
from tradecli.errors import ExitCode, NotFound
from tradecli.venues.simulated.draws import Floats, Ints


class Surge(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Volatility times ``vol``, spreads wider by ``spread_bp``, sizes times ``depth``, prints times ``pace``."""

    start_s: float
    end_s: float
    vol: float = 1.0
    spread_bp: float = 0.0
    depth: float = 1.0
    pace: float = 1.0
    ramp_s: float = 2.0


class Leg(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A move of every coin by ``move`` (BTC's log return; ETH and BNB by their betas), spread evenly over time."""

    start_s: float
    end_s: float
    move: float


class Turn(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Prices fall until ``low_s`` and recover until the run's minute, so that the averages of ``fast`` and ``slow``
    minutes are about to cross: the fast one ``gap_bp`` below the slow one and ``above_bp`` below the price (by betas).
    """

    start_s: float
    low_s: float
    fast: int = 12
    slow: int = 26
    gap_bp: float = 0.6
    above_bp: float = 14.0


class Silence(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """No message of ``venue``; the link is declared down ``noticed_s`` after the last one and up at the end."""

    venue: str
    start_s: float
    end_s: float
    noticed_s: float = 3.0


class Premium(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The perpetual of ``coin`` at ``venue`` trades ``bp`` basis points higher, and its funding follows."""

    venue: str
    coin: str
    start_s: float
    end_s: float
    bp: float
    ramp_s: float = 4.0


Episode: TypeAlias = Surge | Leg | Turn | Silence | Premium


class Tape(msgspec.Struct, frozen=True, kw_only=True):
    """A named script. ``breaker``, ``alerts`` and ``exit_code`` are what a run of it must end with.

    ``breaker`` is the latch it sets, empty for none; ``alerts`` are topics of the notices it causes; ``lasts_s`` is
    the time after which nothing is scripted any more.
    """

    name: str
    summary: str
    teaches: str
    breaker: str
    alerts: tuple[str, ...]
    exit_code: ExitCode
    lasts_s: float
    level: float = 1.0
    jumps: bool = True
    episodes: tuple[Episode, ...] = ()


BETAS = (1.0, 1.25, 1.1)
"""ASSUMED moves of BTC, ETH and BNB in a scripted leg: roughly their relative volatility, 2023-07 to 2025-06."""

TOUR = Tape(
    name="tour",
    summary="The first minute of a newcomer, then an unscripted market",
    teaches="signals, grid, funding spread, a venue that drops its feed for ten seconds, recovery",
    breaker="",
    alerts=("feed", "data"),
    exit_code=ExitCode.OK,
    lasts_s=70.0,
    episodes=(
        Turn(start_s=-2400.0, low_s=-660.0),
        Leg(start_s=-57.0, end_s=3.0, move=0.0008),
        Leg(start_s=12.0, end_s=20.0, move=-0.006),
        Premium(venue="bybit", coin="ETH", start_s=11.0, end_s=86_400.0, bp=24.0),
        Surge(start_s=35.0, end_s=70.0, vol=4.0, spread_bp=1.5, depth=0.4, pace=1.6),
        Silence(venue="binance", start_s=35.0, end_s=45.0),
        Leg(start_s=36.0, end_s=43.0, move=-0.004),
        Leg(start_s=46.0, end_s=64.0, move=0.008),
    ),
)

QUIET = Tape(
    name="quiet",
    summary="A slow market: low volatility, no jumps, no surprises",
    teaches="what the desk does when nothing happens: fees against fills, funding, patience",
    breaker="",
    alerts=(),
    exit_code=ExitCode.OK,
    lasts_s=0.0,
    level=0.6,
    jumps=False,
)

FLASH_CRASH = Tape(
    name="flash-crash",
    summary="14 % down in 80 seconds, books thin out, half of it comes back",
    teaches="one-sided fills, inventory caps, the daily-loss ladder, why a grid is no free lunch",
    breaker="",
    alerts=("fill", "breaker"),
    exit_code=ExitCode.OK,
    lasts_s=480.0,
    episodes=(
        Surge(start_s=90.0, end_s=420.0, vol=3.5, spread_bp=4.0, depth=0.2, pace=2.0, ramp_s=20.0),
        Leg(start_s=100.0, end_s=180.0, move=-0.15),
        Premium(venue="binance", coin="BTC", start_s=110.0, end_s=400.0, bp=-25.0, ramp_s=30.0),
        Premium(venue="bybit", coin="BTC", start_s=110.0, end_s=400.0, bp=-35.0, ramp_s=30.0),
        Premium(venue="okx", coin="BTC", start_s=110.0, end_s=400.0, bp=-20.0, ramp_s=30.0),
        Leg(start_s=185.0, end_s=330.0, move=0.075),
    ),
)

OUTAGE = Tape(
    name="outage",
    summary="Binance goes silent for four minutes and comes back",
    teaches="stale data close a symbol, resting orders are withdrawn, nothing is priced from old quotes",
    breaker="",
    alerts=("feed", "data"),
    exit_code=ExitCode.OK,
    lasts_s=330.0,
    episodes=(
        Silence(venue="binance", start_s=90.0, end_s=330.0),
        Surge(start_s=90.0, end_s=330.0, vol=1.5, pace=1.2, ramp_s=10.0),
    ),
)

TAPES = (TOUR, QUIET, FLASH_CRASH, OUTAGE)


def tape_named(name: str) -> Tape:
    """Return the tape of that name, or raise ``NotFound`` with the names there are."""
    for tape in TAPES:
        if tape.name == name:
            return tape
    raise NotFound(f"no tape {name!r}", hint=f"tapes: {', '.join(tape.name for tape in TAPES)}")


class Script:
    """Reads a tape at given times; ``start`` is the run's first millisecond."""

    def __init__(self, tape: Tape, start: int) -> None:
        self.tape = tape
        self.start = start
        self._surges = [each for each in tape.episodes if isinstance(each, Surge)]
        self._legs = [each for each in tape.episodes if isinstance(each, Leg)]
        self.turns = [each for each in tape.episodes if isinstance(each, Turn)]
        self._silences = [each for each in tape.episodes if isinstance(each, Silence)]
        self._premiums = [each for each in tape.episodes if isinstance(each, Premium)]

    def _after(self, ts: int | Ints) -> Floats:
        return (np.asarray(ts, dtype=np.float64) - self.start) / 1000.0

    def vol(self, ts: Ints) -> Floats:
        """Return the factor on volatility at each moment."""
        factor = np.full(len(ts), self.tape.level)
        for each in self._surges:
            factor *= 1.0 + (each.vol - 1.0) * _share(self._after(ts), each.start_s, each.end_s, each.ramp_s)
        return np.round(factor, 9)

    def drift(self, start: int, cells: int, cell_ms: int) -> Floats | None:
        """Return BTC's scripted log return of each cell, or None where no leg is near."""
        edges = self._after(start + np.arange(cells + 1, dtype=np.int64) * cell_ms)
        near = [each for each in self._legs if each.start_s < edges[-1] and each.end_s > edges[0]]
        if not near:
            return None
        total = np.zeros(cells)
        for each in near:
            done = np.clip((edges - each.start_s) / (each.end_s - each.start_s), 0.0, 1.0)
            total += each.move * (done[1:] - done[:-1])
        return total

    def strain(self, ts: int) -> tuple[float, float, float]:
        """Return (extra spread in bp, factor on sizes, factor on prints) at one moment."""
        spread, depth, pace = 0.0, 1.0, 1.0
        for each in self._surges:
            share = float(_share(self._after(ts), each.start_s, each.end_s, each.ramp_s))
            spread += each.spread_bp * share
            depth *= 1.0 + (each.depth - 1.0) * share
            pace *= 1.0 + (each.pace - 1.0) * share
        return round(spread, 9), round(depth, 9), round(pace, 9)

    def premium(self, venue: str, coin: str, ts: int) -> float:
        """Return the scripted premium of a perpetual as a fraction."""
        total = 0.0
        for each in self._premiums:
            if each.venue == venue and each.coin == coin:
                total += each.bp * float(_share(self._after(ts), each.start_s, each.end_s, each.ramp_s))
        return round(total * 1e-4, 12)

    def silences(self, since: int, until: int) -> list[tuple[str, int, int]]:
        """Return (venue, first silent ms, first ms heard again) of the silences that touch [since, until)."""
        spans = [
            (each.venue, self.start + round(1000 * each.start_s), self.start + round(1000 * each.end_s))
            for each in self._silences
        ]
        return [span for span in spans if span[1] < until and span[2] > since]

    def links(self, since: int, until: int) -> list[LinkChanged]:
        """Return the changes of links in [since, until)."""
        found = []
        for each in self._silences:
            last = self.start + round(1000 * each.start_s)
            noticed = last + round(1000 * each.noticed_s)
            back = self.start + round(1000 * each.end_s)
            if since <= noticed < until and noticed < back:
                reason = f"no message for {each.noticed_s:g} s"
                found.append(LinkChanged(venue=each.venue, up=False, ts=noticed, reason=reason))
            if since <= back < until and noticed < back:
                reason = f"back after {each.end_s - each.start_s:g} s of silence"
                found.append(LinkChanged(venue=each.venue, up=True, ts=back, reason=reason))
        return sorted(found, key=lambda link: link.ts)


def _share(at: Floats, start: float, end: float, ramp: float) -> Floats:
    """Return 0 outside [start, end], 1 inside, rising and falling over ``ramp`` seconds."""
    rising = np.clip((at - start) / ramp, 0.0, 1.0)
    falling = np.clip((end - at) / ramp, 0.0, 1.0)
    return np.minimum(rising, falling)
