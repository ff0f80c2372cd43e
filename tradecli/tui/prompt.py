"""The command line in the console: any command of the shell, its answer in a card, and the list of commands.

A command runs as a process of its own beside the engine, as it would from a crontab: without a terminal, so that it
never prompts, and never through a shell. What it prints is shown as text.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from textual import events

import tradecli
from tradecli.present.blocks import Tone
from tradecli.tui.dialogs import Dialog, typed
from tradecli.tui.lines import Line, left, line, span
from tradecli.tui.theme import Palette

HELP_FOLDER = Path(tradecli.__file__).parent / "cli" / "help"
_OFFERED = 8
_MOST_LINES = 5_000
_LONGEST = 400
_NARROWEST = 40
Finished = Callable[[int, str], None]


def commands() -> dict[str, str]:
    """Return every command with what it does, from the rendered help pages."""
    found: dict[str, str] = {}
    for page in sorted(HELP_FOLDER.glob("*.txt")):
        first, *rest = page.read_text(encoding="utf-8").strip().splitlines()
        if " COMMAND " in first:
            continue  # a group: it only lists its commands
        words = [word for word in first.split()[2:] if word == word.lower() and word[0].isalpha()]
        does = next((each.strip() for each in rest if each.strip()), "")
        if words and words != ["tui"]:
            found[" ".join(words)] = does
    return found


def matching(text: str, among: Sequence[str]) -> list[str]:
    """Return the commands that begin with ``text``, then those that hold its letters in order."""
    wanted = text.strip()
    begins = [each for each in among if each.startswith(wanted)]
    letters = [each for each in among if each not in begins and _in_order(wanted.replace(" ", ""), each)]
    return begins + letters


def _in_order(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)


class Process:
    """One command in a process of its own; ``finished`` is called from a thread with exit code and output."""

    def __init__(self, words: Sequence[str], width: int, finished: Finished) -> None:
        self._finished = finished
        self._running = subprocess.Popen(  # noqa: S603 - our own program, no shell, words as they were typed
            [sys.executable, "-m", "tradecli", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"COLUMNS": str(width), "NO_COLOR": "1"},
            start_new_session=True,
        )
        threading.Thread(target=self._wait, name="command", daemon=True).start()

    def _wait(self) -> None:
        output, _ = self._running.communicate()
        self._finished(self._running.returncode, output.decode("utf-8", "replace"))

    def stop(self) -> None:
        """Ask the command to end."""
        if self._running.poll() is None:
            self._running.terminate()


class PromptDialog(Dialog):
    """A line to type a command into; Enter runs it, ``flags`` go before its words."""

    def __init__(self, palette: Palette, flags: Sequence[str], text: str = "") -> None:
        super().__init__(palette)
        self._flags = list(flags)
        self._text = text
        self._known = commands()
        self._history: list[str] = []
        self._answer: list[Line] = []
        self._code: int | None = None
        self._process: Process | None = None

    def heading(self) -> str:
        return "Command"

    def width(self) -> int:
        """Take what the screen has: answers are tables."""
        return max(self.app.size.width - 4, _NARROWEST)

    def lines(self, width: int) -> list[Line]:
        shown: list[Line] = [line(span("tradecli ", Tone.MUTED), span(f"{self._text}▏", Tone.TEXT))]
        if self._process is not None:
            return [*shown, line(span("running · Esc stops it", Tone.MUTED))]
        if self._code is not None:
            tone = Tone.MUTED if self._code == 0 else Tone.WARN
            told = f"exit code {self._code} · type the next one · Esc closes"
            return [*shown, *self._answer, line(span(told, tone))]
        for name in matching(self._text, list(self._known))[:_OFFERED]:
            shown.append(line(span(left(name, 22), Tone.ACCENT), span(self._known[name], Tone.MUTED)))
        return [*shown, line(span("Tab completes · Enter runs · Esc closes", Tone.MUTED))]

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape" and self._process is not None:
            event.stop()
            self._process.stop()
            return
        super().on_key(event)

    def take(self, event: events.Key) -> None:
        if self._process is not None:
            return
        if event.key == "enter":
            self._run()
            return
        if event.key == "tab":
            offered = matching(self._text, list(self._known))
            self._text = f"{offered[0]} " if offered else self._text
        else:
            self._text = typed(self._text, event, longest=_LONGEST)
        self._code = None
        self.card.scroll_row = 0

    def _run(self) -> None:
        try:
            words = shlex.split(self._text)
        except ValueError as error:  # a quotation that does not end
            self.show_answer(2, f"{error}")
            return
        if words[:1] == ["tradecli"]:
            words = words[1:]
        if words:
            self._process = Process([*self._flags, *words], self.width() - 4, self._hear)

    def _hear(self, code: int, output: str) -> None:
        self.app.call_from_thread(self.show_answer, code, output)

    @property
    def is_busy(self) -> bool:
        """Say whether a command runs."""
        return self._process is not None

    def show_answer(self, code: int, output: str) -> None:
        """Show what a command printed, and what it ended with."""
        self._process = None
        self._code = code
        rows = output.rstrip("\n").split("\n")
        self._answer = [line(span(row)) for row in rows[:_MOST_LINES]]
        if len(rows) > _MOST_LINES:
            self._answer.append(line(span(f"{len(rows) - _MOST_LINES} more lines", Tone.MUTED)))
        self.card.scroll_row = 0
        if self.is_current:
            self.draw()
