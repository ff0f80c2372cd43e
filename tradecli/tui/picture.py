"""``python -m tradecli.tui.picture``: a picture of a screen of the real console, as SVG.

Runs a demo session for a while of real time under the console, without a terminal, and writes what it shows.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from tradecli.engine.snapshot import Session
from tradecli.tui.app import Console
from tradecli.tui.keys import SCREENS
from tradecli.tui.theme import PALETTES

_LINE_CLIPS = re.compile(
    r'\s*<clipPath id="terminal-\d+-line-\d+">.*?</clipPath>| clip-path="url\(#terminal-\d+-line-\d+\)"',
    re.DOTALL,
)
_FONT_FACES = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
_LONG_IDS = re.compile(r"terminal-\d+-")


async def picture(
    start: Callable[[], Session],
    *,
    screen: str,
    size: tuple[int, int],
    seconds: float,
    theme: str = "dark",
    keys: Sequence[str] = (),
) -> str:
    """Return the SVG of ``screen`` after ``seconds`` and then ``keys``."""
    app = Console(start, theme=theme)
    async with app.run_test(size=size) as pilot:
        while app.session is None and app.failure is None:
            await pilot.pause(0.05)
        if app.failure is not None:
            raise app.failure
        if screen != app.shown:
            await pilot.press(screen)
        await pilot.pause(seconds)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.2)
        svg = app.export_screenshot(title="tradecli", simplify=True)
    if app.session is not None:
        app.session.stop("cancel")
    return plain_svg(svg)


def plain_svg(svg: str) -> str:
    """Return the SVG smaller, and so that other programs than browsers draw it alike: blanks kept, a usual font."""
    kept = _FONT_FACES.sub("", _LINE_CLIPS.sub("", svg)).replace("<svg ", '<svg xml:space="preserve" ', 1)
    kept = _LONG_IDS.sub("t", kept)
    return kept.replace("Fira Code", "DejaVu Sans Mono").replace("font-size: 20px", "font-size: 20.26px")


def _size(text: str) -> tuple[int, int]:
    columns, _, rows = text.partition("x")
    return int(columns), int(rows)


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the arguments, run, write the file."""
    parser = argparse.ArgumentParser(prog="tradecli.tui.picture", description=__doc__)
    parser.add_argument("--screen", choices=tuple(SCREENS), default="1")
    parser.add_argument("--size", type=_size, default=(100, 30), metavar="COLUMNSxROWS")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--theme", choices=tuple(PALETTES), default="dark")
    parser.add_argument(
        "--keys", nargs="*", default=["escape"], help="keys to press before the picture is taken [escape]"
    )
    parser.add_argument("--speed", type=float, default=1.0, help="times real time")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--tape", default="tour")
    parser.add_argument("--db", default=None, help="ledger of the demo")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(argv)

    def start() -> Session:
        from tradecli.wiring import demo_session

        session: Session = demo_session(seed=given.seed, tape=given.tape, speed=given.speed, db=given.db)
        return session

    svg = asyncio.run(
        picture(
            start,
            screen=given.screen,
            size=given.size,
            seconds=given.seconds,
            theme=given.theme,
            keys=given.keys,
        )
    )
    given.out.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
