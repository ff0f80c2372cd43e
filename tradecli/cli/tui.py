"""``tradecli tui``: open the full-screen console. Textual is loaded only here, and by nothing that only answers."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import ExitStack
from typing import Annotated, Any

import typer

from tradecli.cli import engines, options
from tradecli.cli.commands import Commands
from tradecli.config.place import locate
from tradecli.domain.enums import Mode

app = Commands("tui", "The full-screen console.", single=True)


@app.answers(uses=("seed",))
def tui(
    read_only: Annotated[bool, typer.Option("--read-only", help="remove every key that writes")] = False,
) -> None:
    """Open the console over the market of the profile: the simulated one where there is no configuration."""
    engines.need_terminal("tradecli status, or tradecli demo --headless --for 10m")
    given = options.current()
    place = locate(given.profile, given.config, given.db)
    if place.mode is Mode.DEMO:
        show_demo("", None, read_only=read_only)
        return
    engines.need_live(place.mode)

    def start() -> Any:
        from tradecli.wiring import live_session

        return live_session(profile=given.profile, config_path=given.config, db=given.db)

    show_live(start, place.profile, read_only=read_only)


def show_live(start: Callable[[], Any], profile: str, *, read_only: bool = False) -> None:
    """Run the console over the live session that ``start`` makes."""
    _show(start, read_only=read_only, flags=_flags(options.current(), profile))


def show_demo(tape: str, for_ms: int | None, *, read_only: bool = False) -> None:
    """Run the demo under the console until the person leaves."""
    given = options.current()

    def start() -> Any:
        from tradecli.wiring import demo_session

        return demo_session(
            profile=given.profile,
            config_path=given.config,
            db=given.db,
            seed=given.seed,
            for_ms=for_ms,
            **({"tape": tape} if tape else {}),
        )

    _show(start, read_only=read_only, flags=_flags(given, "demo"))


def _show(start: Callable[[], Any], *, read_only: bool, flags: list[str]) -> None:
    """Run the console over the session that ``start`` makes behind its first frame."""
    gc.disable()  # until the first frame: what is made before it stays anyway, and looking for garbage takes 50 ms
    from tradecli.tui.app import run_console  # Textual: 250 ms

    until_left = ExitStack()

    def logged() -> Any:
        # Behind the first frame, because the log's library takes as long to load as a frame to paint.
        until_left.enter_context(engines.logged("console"))
        return start()

    with until_left:
        run_console(logged, read_only=read_only, flags=flags)


def _flags(given: options.Options, profile: str) -> list[str]:
    """Return the words that point a command run in the console at the same desk."""
    chosen = {"--profile": given.profile or profile, "--config": given.config, "--db": given.db}
    return [word for flag, value in chosen.items() if value for word in (flag, value)]
