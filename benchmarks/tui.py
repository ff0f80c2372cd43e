"""The console on a pseudo-terminal: when its first frame is there, and what a live dashboard costs.

    python benchmarks/tui.py [--rounds N] [--seconds S] [--check]

First frame: from the start of the process to the first byte of the painted frame, ``tradecli demo`` beside an empty
Textual app of one Static, interleaved, medians (goal: at most 1.5 times). ``moved`` is when the text of a price
changed after that (goal: within 1 s). CPU: eight panels at 10 fps for S seconds, in one process each: our panels, eight
``Static.update`` of the same lines, and a ``DataTable`` beside our table, all painting to a drained pseudo-terminal.
"""

from __future__ import annotations

import argparse
import os
import pty
import re
import select
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROWS, COLUMNS = 48, 160
GOAL = 1.5

EMPTY_APP = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("READY")
Empty().run()
"""
CASES = ("idle", "panels", "static", "table", "datatable")


def spawn(command: list[str], home: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start a command on a pseudo-terminal of its own."""
    master, slave = pty.openpty()
    import fcntl
    import struct
    import termios

    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    kept = ("PATH", "VIRTUAL_ENV", "LANG")
    environment = {name: os.environ[name] for name in kept if name in os.environ} | {
        "HOME": home, "XDG_STATE_HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home,
        "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, cwd=ROOT, env=environment, start_new_session=True
    )
    os.close(slave)
    return process, master


def first_frame(command: list[str], mark: bytes, *, moves: bool) -> tuple[float, float | None]:
    """Return ms to the frame that contains ``mark``, and s from there to a second price of BTC where ``moves``."""
    with tempfile.TemporaryDirectory() as home:
        started = time.perf_counter()
        process, master = spawn(command, home)
        seen, painted, moved, prices = b"", None, None, set[bytes]()
        try:
            while time.perf_counter() - started < 20:
                ready, _, _ = select.select([master], [], [], 0.2)
                if not ready:
                    continue
                seen += os.read(master, 65_536)
                now = time.perf_counter()
                if painted is None and mark in seen:
                    painted, seen = now, b""
                    if not moves:
                        break
                elif painted is not None:
                    prices |= set(re.findall(rb"\d\d\d? ?\d\d\d\.\d", seen.replace("\u202f".encode(), b" ")))
                    seen = seen[-200:]
                    if len(prices) > 1:
                        moved = now - painted
                        break
        finally:
            process.kill()
            process.wait()
            os.close(master)
    if painted is None:
        raise SystemExit(f"no frame from {' '.join(command)}")
    return 1_000 * (painted - started), moved


def cpu_of(case: str, seconds: float) -> tuple[float, int]:
    """Return the percent of a core that a case uses once it stands, and its frames a second."""
    with tempfile.TemporaryDirectory() as home:
        report = Path(home) / "report"
        command = [sys.executable, str(Path(__file__).resolve()), "--case", case, "--seconds", str(seconds)]
        process, master = spawn([*command, "--report", str(report)], home)

        def drain() -> None:
            while True:
                try:
                    if not os.read(master, 1 << 16):
                        return
                except OSError:
                    return

        threading.Thread(target=drain, daemon=True).start()
        process.wait(timeout=seconds + 60)
        share, fps = report.read_text().split()
    return float(share), int(float(fps))


def main() -> None:
    """Run the comparisons and print them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--case", choices=CASES)
    parser.add_argument("--report")
    given = parser.parse_args()
    if given.case:
        from benchmarks.tui_cases import run

        Path(given.report).write_text(run(given.case, given.seconds))
        return
    ours, empty, moved = [], [], []
    demo = [sys.executable, "-m", "tradecli", "demo"]
    for _ in range(given.rounds):
        empty.append(first_frame([sys.executable, "-c", EMPTY_APP], b"READY", moves=False)[0])
        frame, move = first_frame(demo, b"Watchlist", moves=True)
        ours.append(frame)
        moved.append(move)
    ratio = statistics.median(ours) / statistics.median(empty)
    print(
        f"first frame, ms: demo {statistics.median(ours):.0f}  empty Textual app {statistics.median(empty):.0f}"
        f"  ratio {ratio:.2f} (goal {GOAL})"
    )
    known = [each for each in moved if each is not None]
    print(f"a price moved, s after it: {', '.join(f'{each:.2f}' for each in known) or 'never'} (goal 1.0)")
    shares = {case: cpu_of(case, given.seconds) for case in CASES}
    for case, (share, fps) in shares.items():
        print(f"{case:10} {share:5.1f}% of a core at {fps} fps")
    a_frame = {case: share / max(fps, 1) for case, (share, fps) in shares.items()}
    print(
        f"by frame delivered: panels / Static.update {a_frame['panels'] / a_frame['static']:.2f} (goal 0.2)   "
        f"table / DataTable {a_frame['table'] / a_frame['datatable']:.2f} (goal 0.1)"
    )
    if given.check and ratio > GOAL:
        raise SystemExit(1)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
