"""``vol index``: one implied-volatility index of a coin, by a named method, with what it is made of (METHODS 1 and 2).

BVX is our own 30-day model-free index, "BitVol-style"; BitVol itself is a licensed product and enters only as imported
values. DVOL is shown beside as the public reference. It decides nothing and never repeats an earlier value.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import numpy as np

from tradecli.components.bars import Measure, as_input, missing
from tradecli.components.base import Topic, View, focus_of
from tradecli.components.vol import basket, chains, implied, smiles
from tradecli.components.vol.basket import BasketFound
from tradecli.components.vol.index_panel import present
from tradecli.components.vol.index_report import ExpiryUsed, IndexReport, StrikeUsed
from tradecli.components.vol.settings import VolSettings
from tradecli.domain.decision import Input
from tradecli.domain.enums import Quality
from tradecli.domain.feed import DAY_MS, Feed, VolIndexFeed
from tradecli.domain.instrument import InstrumentId
from tradecli.domain.market import OptionChain, VolIndex
from tradecli.quant.bvx import AT_THE_MONEY, Bvx, bvx

ALERT = 0.03
"""BVX and DVOL that differ by more than three points are an alert (METHODS section 1.2)."""
IMPORTED = "BITVOL"


class IndexQuery(msgspec.Struct, frozen=True):
    """Which index, and how much of it to show."""

    method: Annotated[
        Literal["bvx", "lvx", "dvol", "import"], msgspec.Meta(description="bvx, lvx, dvol or import")
    ] = "bvx"
    wings: Annotated[
        Literal["full", "5d"], msgspec.Meta(description="full: every quoted strike; 5d: 5 % delta and more")
    ] = "full"
    strip: Annotated[bool, msgspec.Meta(description="List the strikes used")] = False
    members: Annotated[bool, msgspec.Meta(description="List the members of the basket")] = False


def feeds(instrument: InstrumentId, settings: VolSettings) -> tuple[Feed, ...]:
    coin = chains.coin_named(instrument.partition("@")[0])
    return (*basket.feeds(instrument), VolIndexFeed(f"{IMPORTED}-{coin}", DAY_MS))


def peers(instrument: InstrumentId, query: IndexQuery) -> tuple[Feed, ...]:
    return basket.feeds(instrument) if query.method == "lvx" else ()


def assess(view: View, settings: VolSettings, query: IndexQuery) -> IndexReport:
    """Return the index now, or why there is none."""
    instrument = focus_of(view)
    coin = chains.coin_of(view, instrument)
    dvol = implied.published(view, f"DVOL-{coin}", settings, "dvol")
    if query.method == "lvx":
        return _of_basket(view, instrument, coin, settings, query, dvol)
    if query.method == "bvx":
        return _of_chain(view, instrument, coin, settings, query, dvol)
    name = f"{IMPORTED if query.method == 'import' else 'DVOL'}-{coin}"
    return _report(view, instrument, coin, query, implied.published(view, name, settings, query.method), dvol)


def _of_chain(
    view: View, instrument: InstrumentId, coin: str, settings: VolSettings, query: IndexQuery, dvol: Measure
) -> IndexReport:
    source = f"{coin} options at {chains.VENUE}"
    seen = chains.seen(view, coin, settings.max_index_age_hours)
    if seen.chain is None:
        return _report(
            view, instrument, coin, query, _or_dvol(missing("bvx", source, seen.reason), dvol), dvol
        )
    fitted = smiles.of_chain(seen.chain)
    flags = fitted.flags
    found = bvx(fitted.slices, query.wings, lambda: fitted.surface.smiles, smooth=True)
    reasons = [*([seen.stale] if seen.stale else []), *found.reasons, *(flags if found.vol is None else ())]
    quality = Quality.DEGRADED if seen.stale and found.quality == "ok" else Quality(found.quality)
    own = Measure(
        name="bvx",
        value=found.vol,
        source=source,
        method=f"bvx {query.wings}, {found.method}",
        quality=quality,
        as_of=seen.chain.ts,
        n_obs=sum(len(each.strikes) for each in found.strips),
        reason="; ".join(reasons),
    )
    if found.method == AT_THE_MONEY or found.vol is None:
        own = _or_dvol(own, dvol)
    report = _report(view, instrument, coin, query, own, dvol)
    left_aside = [f"{each.years * 365:.1f} d: {flag}" for each in found.slices for flag in each.flags]
    return msgspec.structs.replace(
        report,
        wings=query.wings,
        full=found.full,
        five_delta=found.cut,
        wing_share=found.wing_share,
        smooth=found.smooth,
        left_out=found.left_out,
        coarse=found.coarse,
        truncated=found.truncated,
        expiries=_expiries(seen.chain, found),
        strip=_strikes(seen.chain, found) if query.strip else (),
        notices=(*report.notices, *left_aside),
    )


def _of_basket(
    view: View, instrument: InstrumentId, coin: str, settings: VolSettings, query: IndexQuery, dvol: Measure
) -> IndexReport:
    before = view.report(IndexReport)
    known = tuple(each.coin for each in before.basket.members) if before and before.basket else ()
    found: BasketFound = basket.find(view, settings, known)
    report = _report(view, instrument, coin, query, basket.measure(found), dvol)
    shown = found if query.members else msgspec.structs.replace(found, members=())
    return msgspec.structs.replace(report, basket=shown, dvol_difference=None)


def _or_dvol(own: Measure, dvol: Measure) -> Measure:
    """Return DVOL, named as the fallback it is, where the own index could not be made."""
    if dvol.value is None:
        return own
    return msgspec.structs.replace(
        dvol, name="bvx", method="dvol", quality=Quality.FALLBACK, reason=own.reason or dvol.reason
    )


def _report(
    view: View, instrument: InstrumentId, coin: str, query: IndexQuery, value: Measure, dvol: Measure
) -> IndexReport:
    difference = None
    notices = []
    if value.value is not None and dvol.value is not None and value.source != dvol.source:
        difference = value.value - dvol.value
        if abs(difference) > ALERT and query.method == "bvx":
            notices.append(f"BVX and DVOL differ by {100 * difference:+.1f} points")
    return IndexReport(
        instrument=instrument,
        at=view.at,
        coin=coin,
        asked=query.method,
        value=value.value,
        method=value.method,
        source=value.source,
        quality=value.quality,
        reason=value.reason,
        as_of=value.as_of,
        dvol=dvol.value,
        dvol_as_of=dvol.as_of,
        dvol_difference=difference,
        notices=tuple(notices),
    )


def _expiries(chain: OptionChain, found: Bvx) -> tuple[ExpiryUsed, ...]:
    used = []
    for strip, one in zip(found.strips, found.slices, strict=True):
        used.append(
            ExpiryUsed(
                expiry_ts=chains.expiry_ts(chain, strip.T),
                days=strip.T * 365.0,
                forward=strip.forward,
                parity_forward=one.parity,
                variance=strip.variance,
                vol=float(np.sqrt(strip.variance)),
                k0=strip.k0,
                puts=int(np.sum(strip.strikes < strip.k0)),
                calls=int(np.sum(strip.strikes > strip.k0)),
                lowest=float(strip.strikes[0]),
                highest=float(strip.strikes[-1]),
            )
        )
    return tuple(used)


def _strikes(chain: OptionChain, found: Bvx) -> tuple[StrikeUsed, ...]:
    rows = []
    for strip in found.strips:
        if strip.prices is None:
            continue
        ts, parts = chains.expiry_ts(chain, strip.T), strip.parts()
        for strike, price, part in zip(
            strip.strikes.tolist(), strip.prices.tolist(), parts.tolist(), strict=True
        ):
            side = "both" if strike == strip.k0 else "put" if strike < strip.k0 else "call"
            rows.append(
                StrikeUsed(
                    expiry_ts=ts, strike=strike, side=side, price=price, share=part / float(parts.sum())
                )
            )
    return tuple(rows)


def inputs(report: IndexReport) -> tuple[Input, ...]:
    found = [
        Measure(
            name=f"{report.asked} {report.coin}",
            value=report.value,
            source=report.source,
            method=report.method,
            quality=report.quality,
            as_of=report.as_of,
            reason=report.reason,
        )
    ]
    if report.basket is not None:
        found += [
            Measure(
                name=f"lvx {each.coin}",
                value=each.vol,
                source=each.method,
                method=each.method,
                quality=each.quality,
                as_of=each.as_of,
                reason=each.reason,
            )
            for each in report.basket.members
        ]
    return tuple(as_input(each) for each in found)


def kept(report: IndexReport) -> tuple[VolIndex, ...]:
    """Return our own index in both constructions, as ``vol backfill`` keeps them of recorded chains."""
    if report.as_of is None or not report.method.startswith("bvx"):
        return ()
    found = (("BVX", report.value), ("BVX5D", report.five_delta))
    return tuple(
        VolIndex(f"{name}-{report.coin}", report.as_of, value) for name, value in found if value is not None
    )


_FRACTIONS = (
    "value full five_delta wing_share smooth left_out coarse dvol dvol_difference expiries.vol expiries.variance "
    "basket.index basket.own basket.ex_btc basket.members.vol"
)
INDEX = Topic(
    name="index",
    summary="Implied-volatility index: own (bvx), basket (lvx), DVOL, imported",
    report=IndexReport,
    query=IndexQuery,
    assess=assess,
    present=present,
    feeds=feeds,
    peers=peers,
    inputs=inputs,
    needs=(),
    kept=kept,
    concerns=chains.has_chain,
    every_ms=chains.RECORDED_MS,
    units=dict.fromkeys(_FRACTIONS.split(), "fraction/year") | {"strip.price": "USD"},
)
