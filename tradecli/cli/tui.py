"""``tradecli tui``: open the full-screen console. Textual is loaded only here, and by nothing that only answers."""

from __future__ import annotations

import gc
from contextlib import ExitStack
from typing import Annotated, Any

import typer

from tradecli.cli import engines, options
from tradecli.cli.commands import Commands
from tradecli.config.place import locate
from tradecli.domain.enums import Mode
from tradecli.errors import UsageError

app = Commands("tui", "The full-screen console.", single=True)


@app.answers(uses=("seed",))
def tui(
    read_only: Annotated[bool, typer.Option("--read-only", help="remove every key that writes")] = False,
) -> None:
    """Open the console: on the simulated market until another profile has a market source."""
    engines.need_terminal("tradecli status, or tradecli demo --headless --for 10m")
    given = options.current()
    place = locate(given.profile or ("demo" if not given.config else None), given.config, given.db)
    if place.mode is not Mode.DEMO:
        hint = "tradecli tui --profile demo; tradecli help coverage"
        raise UsageError(
            f"profile {place.profile} has no market source on this machine yet", number=113, hint=hint
        )
    show_demo("", None, read_only=read_only)


def show_demo(tape: str, for_ms: int | None, *, read_only: bool = False) -> None:
    """Run the demo under the console until the person leaves."""
    gc.disable()  # until the first frame: what is made before it stays anyway, and looking for garbage takes 50 ms
    from tradecli.tui.app import run_console  # Textual: 250 ms

    given = options.current()
    until_left = ExitStack()

    def start() -> Any:
        from tradecli.wiring import demo_session

        # Behind the first frame, because the log's library takes as long to load as a frame to paint.
        until_left.enter_context(engines.logged("console"))

        return demo_session(
            profile=given.profile,
            config_path=given.config,
            db=given.db,
            seed=given.seed,
            for_ms=for_ms,
            **({"tape": tape} if tape else {}),
        )

    with until_left:
        run_console(start, read_only=read_only, flags=_flags(given))


def _flags(given: options.Options) -> list[str]:
    """Return the words that point a command run in the console at the same desk."""
    chosen = {"--profile": given.profile or "demo", "--config": given.config, "--db": given.db}
    return [word for flag, value in chosen.items() if value for word in (flag, value)]
