"""``python -m tests.crash.scenarios``: what several processes do to one account and store; prints one JSON object.

Each scenario has a venue of its own and answers with what a test asserts. They run at once: they mostly wait.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.crash import once
from tests.crash.compare import compare
from tests.crash.engine import ACCOUNT, Orders, kill, start, wait
from tests.fakevenue.running import Running, running
from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import KillLevel, Mode
from tradecli.errors import NotFound
from tradecli.store import upkeep
from tradecli.store.killswitch import KillSwitch
from tradecli.store.ledger import Ledger
from tradecli.store.reader import LedgerReader

Told = dict[str, Any]
LEDGER = "ledger.db"


def creates(venue: Running) -> int:
    return sum(request.kind == "create" for request in venue.requests())


def trading(folder: Path, venue: Running, least: int = 20, **more: Any) -> int:
    """Start an engine and return once it has sent so many orders."""
    child = start(Orders(folder=folder, port=venue.port, **more))
    until, before = time.monotonic() + 60, creates(venue)
    while creates(venue) < before + least:
        if time.monotonic() > until:
            latches = KillSwitch(folder / "kill.json").load()
            raise RuntimeError(f"{latches} " + (folder / "engine.err").read_text()[-2_000:])
        time.sleep(0.02)
    return child


def settled(folder: Path, venue: Running) -> list[str]:
    """Bring everything to rest and return what differs."""
    # It ends as soon as all is at rest; a fill that was missed is found by the pass of every thirty seconds.
    code = wait(start(Orders(folder=folder, port=venue.port, settle=True, for_s=90)), 110)
    if code != 0:
        return [f"exit code {code}: " + (folder / "engine.err").read_text()[-1_000:]]
    verdict = compare(venue, folder / LEDGER)
    return [*verdict.lost, *verdict.doubled, *verdict.wrong]


def second_engine(folder: Path, venue: Running) -> Told:
    first = trading(folder, venue)
    code = wait(start(Orders(folder=folder, port=venue.port)), 10)
    command = wait(once.start(folder, venue.port, Decimal("0.1"), "", wait_ms=300), 10)
    sent = creates(venue)
    time.sleep(0.5)
    goes_on = creates(venue) > sent
    kill(first)
    third = trading(folder, venue, least=1)
    os.kill(third, signal.SIGTERM)
    return {
        "code": code,
        "command": command,
        "goes_on": goes_on,
        "freed": wait(third, 10),
        "left": settled(folder, venue),
    }


def other_installation(folder: Path, venue: Running) -> Told:
    """A second installation on the account that the first one trades: it refuses, the first halts or goes on alone."""
    first, second = folder / "first", folder / "second"
    first.mkdir(mode=0o700)
    second.mkdir(mode=0o700)
    child = trading(first, venue, resting=True)
    sent = creates(venue)
    code = wait(start(Orders(folder=second, port=venue.port, prefix="other")), 20)
    theirs = [r.client_id for r in venue.requests() if r.client_id.startswith("other")]
    goes_on = creates(venue) > sent
    kill(child)
    return {"code": code, "theirs": theirs, "goes_on": goes_on}


async def _stolen(path: Path) -> bool:
    """Take the lease, unless the engine was stopped while it writes."""
    with closing(sqlite3.connect(path, timeout=0.1, isolation_level=None)) as db:
        try:
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return False
    ledger = await Ledger.open(path, mode=Mode.PAPER, account=ACCOUNT)
    await ledger.take_lease("thief")
    await ledger.close()
    return True


def stolen_lease(folder: Path, venue: Running) -> Told:
    child = trading(folder, venue)
    os.kill(child, signal.SIGSTOP)
    while not asyncio.run(_stolen(folder / LEDGER)):  # it was stopped inside a transaction
        os.kill(child, signal.SIGCONT)
        time.sleep(0.01)
        os.kill(child, signal.SIGSTOP)
    (folder / "ledger.lock").unlink()  # which is how a second engine would come by the lock
    sent = creates(venue)
    os.kill(child, signal.SIGCONT)
    return {"code": wait(child, 10), "sent": creates(venue) - sent, "left": settled(folder, venue)}


def removed_folder(folder: Path, venue: Running) -> Told:
    place = folder / "state"
    place.mkdir(mode=0o700)
    KillSwitch(place / "kill.json").set(
        Latch(level=KillLevel.PAUSE, scope=Scope(), reason="x", by="operator", at=0)
    )
    KillSwitch(place / "kill.json").release(Scope())
    child = trading(place, venue)
    gone = time.time_ns()
    shutil.rmtree(place)
    time.sleep(1.0)
    late = [r for r in venue.requests() if r.kind == "create" and r.ns > gone + 250_000_000]
    kill(child)
    return {"late": len(late)}


def empty_ledger(folder: Path, venue: Running) -> Told:
    kill(trading(folder, venue))
    for path in folder.glob("ledger.db*"):
        path.unlink()
    sent = creates(venue)
    child = start(Orders(folder=folder, port=venue.port))
    time.sleep(2.5)
    held_back = creates(venue) - sent
    switch = KillSwitch(folder / "kill.json")
    latches = [f"{latch.level} {latch.scope} by {latch.by}" for latch in switch.load()]
    for scope in {latch.scope for latch in switch.load()}:
        with suppress(NotFound):
            switch.release(scope)
    time.sleep(1.0)
    kill(child)
    return {"held_back": held_back, "latches": latches, "after_release": creates(venue) - sent}


def backup_under_load(folder: Path, venue: Running) -> Told:
    child = trading(folder, venue)
    copies = []
    for number in range(5):
        taken = folder / f"copy{number}.db"
        found = upkeep.copy(folder / LEDGER, taken)
        with LedgerReader(taken) as reader:
            copies.append(bool(found.intact) and reader.verify("crash").ok)
        time.sleep(0.05)
    kill(child)
    return {"copies": copies, "left": settled(folder, venue)}


def signals(folder: Path, venue: Running) -> Told:
    told: Told = {}
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        child = trading(folder, venue)
        os.kill(child, number)
        begun = time.monotonic()
        code = wait(child, 30)
        sent = creates(venue)
        told[number.name] = {
            "code": code,
            "s": time.monotonic() - begun,
            "working": len(venue.ask("account").orders) + len(_open(venue)),
        }
        time.sleep(0.1)
        told[number.name]["sent_later"] = creates(venue) - sent
    told["left"] = settled(folder, venue)
    return told


def _open(venue: Running) -> list[str]:
    return [order.client_id for order in venue.ask("truth").orders if order.is_live]


def flatten(folder: Path, venue: Running) -> Told:
    child = trading(folder, venue, least=40)
    while not any(position.qty for position in venue.ask("account").positions):
        time.sleep(0.05)
    switch = KillSwitch(folder / "kill.json")
    switch.set(Latch(level=KillLevel.FLATTEN, scope=Scope(), reason="x", by="operator", at=0))
    until = time.monotonic() + 120  # ten seconds where the machine is not busy
    while time.monotonic() < until and not any(latch.level is KillLevel.HALT for latch in switch.load()):
        time.sleep(0.1)
    levels = sorted({latch.level.value for latch in switch.load()})
    account = venue.ask("account")
    kill(child)
    return {
        "levels": levels,
        "positions": [f"{p.instrument} {p.qty}" for p in account.positions],
        "working": _open(venue),
        "left": settled(folder, venue),
    }


def crash_loop(folder: Path, venue: Running) -> Told:
    """Twenty starts that are killed inside the recovery: nothing is imported twice, and in the end it halts."""
    kill(trading(folder, venue))
    for number in range(8):
        point = ("reconcile.fetched", "reconcile.applied", "reconcile.done")[number % 3]
        wait(start(Orders(folder=folder, port=venue.port, point=point)), 10)
    sent = creates(venue)
    child = start(Orders(folder=folder, port=venue.port))
    time.sleep(1.5)
    kill(child)
    latches = [latch.by for latch in KillSwitch(folder / "kill.json").load()]
    return {"latches": latches, "sent": creates(venue) - sent, "left": settled(folder, venue)}


def ten_commands(folder: Path, venue: Running) -> Told:
    """Ten one-shot orders at once, each of which fits the limit alone, after one that is killed half way."""
    killed = wait(once.start(folder, venue.port, Decimal("0.1"), "intent.durable"), 20)
    children = [once.start(folder, venue.port, Decimal("0.1"), "") for _ in range(10)]
    codes = [wait(child, 60) for child in children]
    with closing(sqlite3.connect(folder / LEDGER)) as db:
        rows = db.execute("SELECT client_id, status, max(seq) FROM orders GROUP BY client_id").fetchall()
    bought = sum((order.request.qty for order in venue.ask("truth").orders), Decimal(0))
    states = sorted(status for _, status, _ in rows)
    return {
        "killed": killed,
        "codes": codes,
        "bought": str(bought),
        "states": states,
        "left": settled(folder, venue),
    }


def tampered(folder: Path, venue: Running) -> Told:
    """Spoil a ledger and a log that agree, one thing at a time: the comparison must see each."""
    kill(trading(folder, venue, least=30))
    left = settled(folder, venue)
    ledger, log = folder / LEDGER, folder / "venue.log"
    spoilt = {
        "a fill is gone": "DELETE FROM fills WHERE trade_id = (SELECT min(trade_id) FROM fills)",
        "a fill twice": "INSERT INTO fills SELECT 'other', instrument, trade_id, run_id, seq, at, ts, client_id, body,"
        " record FROM fills LIMIT 1",
        "a mark is gone": "DELETE FROM orders WHERE status = 'SENDING'",
        "an end is gone": "DELETE FROM orders WHERE status IN ('FILLED', 'CANCELED', 'EXPIRED')",
        "money is gone": "DELETE FROM entries WHERE kind = 'fee'",
        "the chain is cut": "UPDATE audit SET digest = 'x' WHERE n = (SELECT max(n) / 2 FROM audit)",
    }
    told: Told = {"left": left}
    whole = {name: name.read_bytes() for name in folder.glob("ledger.db*")}
    for name, statement in spoilt.items():
        with closing(sqlite3.connect(ledger)) as db:
            db.execute(statement)
            db.commit()
        verdict = compare(venue, ledger)
        told[name] = [len(verdict.lost), len(verdict.doubled), len(verdict.wrong)]
        for path in folder.glob("ledger.db*"):
            path.unlink()
        for path, raw in whole.items():
            path.write_bytes(raw)
    first = next(line for line in log.read_bytes().splitlines() if b"create" in line)
    with log.open("ab") as more:
        more.write(first + b"\n")
    told["sent twice"] = [0, len(compare(venue, ledger).doubled), 0]
    return told


_AT_ONCE = 5
"""Scenarios played at one time: each is several processes, and a busy machine answers late."""
SCENARIOS: tuple[Callable[[Path, Running], Told], ...] = (
    second_engine,
    other_installation,
    stolen_lease,
    removed_folder,
    empty_ledger,
    backup_under_load,
    signals,
    flatten,
    crash_loop,
    ten_commands,
    tampered,
)


def _play(number: int) -> tuple[str, Told]:
    scenario = SCENARIOS[number]
    with tempfile.TemporaryDirectory(prefix="scenario-") as name, running(Path(name)) as venue:
        try:
            return scenario.__name__, scenario(Path(name), venue)
        except Exception as error:  # told to the test that asserts on it
            return scenario.__name__, {"error": repr(error)}


def main() -> None:
    """Play every scenario, or those that are named, and print what they told."""
    wanted = [n for n, each in enumerate(SCENARIOS) if len(sys.argv) < 2 or each.__name__ in sys.argv[1:]]
    with get_context("fork").Pool(min(len(wanted), _AT_ONCE)) as pool:
        print(json.dumps(dict(pool.map(_play, wanted, chunksize=1)), indent=1))


if __name__ == "__main__":
    main()
