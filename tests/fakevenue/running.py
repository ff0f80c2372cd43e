"""Starting the fake venue as a process and asking it for the truth: what tests of whole processes share."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.fakevenue.words import Answer, Ask, Logged
from tradecli import codec

_ROOT = Path(__file__).resolve().parents[2]


class Running:
    """A fake venue that runs in a process of its own."""

    def __init__(self, port: int, log: Path, process: subprocess.Popen[str]) -> None:
        self.port = port
        self.log = log
        self.process = process

    def ask(self, op: str, **words: object) -> Answer:
        """Ask the venue one thing, on a connection of its own."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(codec.encode(Ask(n=1, op=op, **words)) + b"\n")  # type: ignore[arg-type]
            with connection.makefile("rb") as lines:
                return codec.decode(lines.readline(), Answer)

    def requests(self) -> list[Logged]:
        """Return every request that reached the venue, in order."""
        return [codec.decode(line, Logged) for line in self.log.read_bytes().splitlines()]


@contextmanager
def running(folder: Path, *, seed: int = 1, rough: bool = False, step_ms: int = 50) -> Iterator[Running]:
    """Run a fake venue for as long as the block lasts."""
    log = folder / "venue.log"
    words = [sys.executable, "-m", "tests.fakevenue.server", "--log", str(log), "--seed", str(seed)]
    words += ["--step-ms", str(step_ms), *(["--rough"] if rough else [])]
    process = subprocess.Popen(words, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Running(int(process.stdout.readline()), log, process)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
