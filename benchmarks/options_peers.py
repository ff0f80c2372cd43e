"""The peers' side of ``benchmarks.options``: the same chain through QuantLib's and vollib's documented functions."""

from __future__ import annotations

import math

from benchmarks.options import FORWARD, VOL, median_ns, rows


def quantlib(rounds: int) -> dict[str, float]:
    """Time QuantLib's formula functions: implied deviation, and a Black calculator's Greeks."""
    import QuantLib as ql  # noqa: N813 - its own documentation writes it so

    chain = []
    for strike, years, side in rows():
        kind = ql.Option.Call if side > 0 else ql.Option.Put
        chain.append((kind, strike, years, ql.blackFormula(kind, strike, FORWARD, VOL * math.sqrt(years))))

    def solved() -> list[float]:
        return [
            ql.blackFormulaImpliedStdDev(kind, strike, FORWARD, price) for kind, strike, _, price in chain
        ]

    def whole() -> None:
        for kind, strike, years, price in chain:
            deviation = ql.blackFormulaImpliedStdDev(kind, strike, FORWARD, price)
            one = ql.BlackCalculator(ql.PlainVanillaPayoff(kind, strike), FORWARD, deviation)
            one.deltaForward()
            one.gammaForward()
            one.vega(years)

    return {"iv, functions": median_ns(solved, rounds), "iv + 3 Greeks, functions": median_ns(whole, rounds)}


def vollib(rounds: int) -> dict[str, float]:
    """Time vollib's scalar Black functions: implied volatility, and its four Greeks."""
    from vollib.black import black
    from vollib.black.greeks import analytical as greeks
    from vollib.black.implied_volatility import implied_volatility

    chain = []
    for strike, years, side in rows():
        flag = "c" if side > 0 else "p"
        chain.append((flag, strike, years, black(flag, FORWARD, strike, years, 0.0, VOL)))

    def solved() -> list[float]:
        return [
            implied_volatility(price, FORWARD, strike, 0.0, years, flag)
            for flag, strike, years, price in chain
        ]

    def whole() -> None:
        for flag, strike, years, price in chain:
            vol = implied_volatility(price, FORWARD, strike, 0.0, years, flag)
            for each in (greeks.delta, greeks.gamma, greeks.vega, greeks.theta):
                each(flag, FORWARD, strike, years, 0.0, vol)

    return {"iv": median_ns(solved, rounds), "iv + 4 Greeks": median_ns(whole, rounds)}
