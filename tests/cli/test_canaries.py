"""X01, X02, X10: secrets laid out where real ones lie are found nowhere else, whatever breaks, and files are private.

The canaries stand in the environment, in the configuration and in a key file. Commands are then broken at points
spread over everything they call, by errors that quote the canaries in the shapes that libraries quote them in; after
each run every byte that left the process is searched: both streams, and every file but the ones they were put in.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import logging
import os
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.cli import recorded
from tests.cli.conftest import Run
from tests.fakes.desk import T0, engine, enter, request
from tradecli import redaction
from tradecli.config import folders
from tradecli.domain.enums import Mode
from tradecli.domain.events import OrderAmbiguous, OrderRejected, OrderSending
from tradecli.engine.runner import without_secrets
from tradecli.errors import Unavailable
from tradecli.logs import open_log
from tradecli.store.ledger import Ledger

KEY, SECRET, PHRASE = "c4n4ryKEYaaaa1111bbbb2222", "c4n4rySECRETcccc3333dddd4444", "C4n4ryPhrase!x"
FILED = "c4n4ryFILEDeeee5555ffff6666"
"""The key file's: nothing but the file knows it, so an error can only quote it under a name."""
CANARIES = (KEY, SECRET, PHRASE, FILED)

QUOTED = (
    f"binance GET https://fapi.binance.com/fapi/v1/order?symbol=BTCUSDT&timestamp=1&signature={SECRET}",
    f"InvalidCredentials: {KEY} is not valid",
    f"headers {{'X-MBX-APIKEY': '{KEY}', 'OK-ACCESS-PASSPHRASE': '{PHRASE}'}}",
    f"cannot sign with {SECRET!r} and {PHRASE}",
    f'{{"apiKey": "{FILED}", "secret": "{SECRET}"}}',
    f"Authorization: Bearer {FILED} refused by https://me:{FILED}@proxy:8080/",
)
CONFIGURATION = """\
[venues.binance]
key = "env:BINANCE_API_KEY"
secret = "file:{path}"
passphrase = "env:OKX_PASSPHRASE"
"""
COMMANDS = (
    ("status", "--format", "json"),
    ("orders", "list"),
    ("fills", "list", "--format", "csv"),
    ("positions", "list", "--format", "md"),
    ("decisions", "explain"),
    ("audit", "verify"),
    ("config", "show"),
    ("config", "validate", "--format", "json"),
    ("doctor", "--format", "json"),
    ("kill", "halt", "--reason", "drill"),
    ("watch", "list"),
    ("db", "info"),
    ("logs",),
)
POINTS = 10


@pytest.fixture
def laid_out(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Canaries in the environment, in a configuration that refers to them, and in a key file; a small ledger."""
    monkeypatch.setenv("BINANCE_API_KEY", KEY)
    monkeypatch.setenv("BINANCE_API_SECRET", SECRET)
    monkeypatch.setenv("OKX_PASSPHRASE", PHRASE)
    redaction.known_secrets.cache_clear()
    folders.made(folders.config_file().parent)
    keys = folders.config_file().parent / "binance.key"
    keys.write_text(f"secret = {FILED}\n")
    keys.chmod(0o600)
    folders.config_file().write_text(CONFIGURATION.format(path=keys))
    folders.config_file().chmod(0o600)
    recorded.write(folders.ledger_file("demo"))
    yield home
    redaction.known_secrets.cache_clear()


def leaks(home: Path, *texts: str) -> list[str]:
    """Return where a canary, or the first half of one, is found."""
    found = [
        f"output: {canary}" for canary in CANARIES for text in texts if canary[: len(canary) // 2 + 4] in text
    ]
    own = {folders.config_file(), folders.config_file().parent / "binance.key", home / "pasted.toml"}
    for path in home.rglob("*"):
        if path.is_file() and path not in own:
            raw = path.read_bytes()
            found += [f"{path.name}: {canary}" for canary in CANARIES if canary.encode() in raw]
    return found


class Broken:
    """Raises in the n-th call of a function of tradecli inside ``main._run``, or only counts those calls."""

    def __init__(self, at: int | None, error: Exception) -> None:
        self.at, self.error, self.calls = at, error, 0
        self._within: FrameType | None = None

    def __call__(self, frame: FrameType, event: str, arg: Any) -> None:
        name = frame.f_globals.get("__name__", "")
        if self._within is None:
            if event == "call" and (name, frame.f_code.co_name) == ("tradecli.cli.main", "_run"):
                self._within = frame
        elif frame is self._within and event == "return":
            self._within = None
        elif (
            event == "call"
            and name.startswith("tradecli.")
            and not frame.f_code.co_flags & inspect.CO_GENERATOR
        ):
            # a generator is also entered by the collector, where no error can be raised to anybody
            self.calls += 1
            if self.calls == self.at:
                raise self.error

    def watch(self, call: Callable[[], Any]) -> Any:
        sys.setprofile(self)
        try:
            return call()
        finally:
            sys.setprofile(None)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_x01_no_canary_leaves_a_command_that_breaks_anywhere(
    run: Run,
    laid_out: Path,
    command: tuple[str, ...],
) -> None:
    argv = (*command, "--profile", "demo")
    counted = Broken(None, Exception())
    whole = counted.watch(lambda: run(*argv))
    assert not leaks(laid_out, whole.out, whole.err) and counted.calls > 50
    quoted = itertools.cycle(QUOTED)
    kinds = itertools.cycle((RuntimeError, OSError, ValueError, sqlite3.OperationalError))
    broke = 0
    for at in range(1, counted.calls, max(counted.calls // POINTS, 1)):
        broken = Broken(at, next(kinds)(next(quoted)))
        told = broken.watch(lambda: run(*argv, "-vv"))
        broke += told.code != whole.code
        assert not leaks(laid_out, told.out, told.err), (at, told)
    assert broke, "nothing was broken: the test proves nothing"


def test_x01_the_search_itself_finds_a_canary_in_a_stream_and_in_a_file(laid_out: Path) -> None:
    assert leaks(laid_out, f"oh {KEY}")
    (laid_out / "somewhere.txt").write_text(f"x{FILED}y")
    assert leaks(laid_out)


def test_x01_a_crash_report_is_kept_without_them_and_is_private(
    run: Run,
    laid_out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for quoted in QUOTED:
        with monkeypatch.context() as patch:
            patch.setattr("tradecli.cli.main._call", _raiser(RuntimeError(quoted)))
            told = run("status", "--db", f"/nowhere/{KEY}.db")
        assert told.code == 1 and not leaks(laid_out, told.out, told.err)
    reports = list((folders.state_dir() / "crashes").iterdir())
    assert reports and all("[redacted]" in path.read_text() for path in reports)
    assert {stat.S_IMODE(path.stat().st_mode) for path in reports} == {0o600}


def _raiser(error: Exception) -> Callable[..., Any]:
    def fail(*_: object) -> Any:
        raise error

    return fail


@pytest.mark.parametrize("name", ["key", "secret", "passphrase", "password", "token", "anything"])
@pytest.mark.parametrize("where", ["venues.binance", "run", "profiles.own"])
def test_g10_a_secret_pasted_into_the_configuration_is_refused_and_repeated_nowhere(
    run: Run,
    laid_out: Path,
    name: str,
    where: str,
) -> None:
    path = laid_out / "pasted.toml"
    path.write_text(f'[{where}]\n{name} = "{FILED}"\n')
    for form in ("table", "json"):
        for words in (("config", "validate"), ("config", "show"), ("doctor",), ("status",)):
            told = run(*words, "--profile", "demo", "--config", str(path), "--format", form, "-vv")
            assert not leaks(laid_out, told.out, told.err)
            assert words != ("config", "validate") or told.code == 3


def test_g10_a_secret_in_an_override_is_refused_and_repeated_nowhere(
    run: Run,
    laid_out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in (
        "TRADECLI_VENUES__BINANCE__SECRET",
        "TRADECLI_RISK__MAX_SYMBOL_PCT",
        "TRADECLI_RUN__SYMBOLS",
        "TRADECLI_RUN__ON_EXIT",
        "TRADECLI_VOL__INTERVAL",
    ):
        with monkeypatch.context() as patch:
            patch.setenv(variable, FILED)
            told = run("config", "validate", "--profile", "demo", "--format", "json")
        assert told.code == 3 and not leaks(laid_out, told.out, told.err), variable


def test_x01_neither_log_nor_traceback_in_it_holds_them(laid_out: Path) -> None:
    folder = folders.made(folders.logs_dir())
    close = open_log(folder)
    try:
        for quoted in QUOTED:
            try:
                raise Unavailable(quoted, venue="binance")
            except Unavailable:
                logging.getLogger("tradecli.venues.x").exception("it failed: %s", quoted)
    finally:
        close()
    assert (folder / "tradecli.log").stat().st_size > 0 and not leaks(laid_out)


def test_x01_what_a_venue_or_library_said_about_an_order_reaches_store_and_screen_without_them(
    laid_out: Path,
) -> None:
    made = engine()
    steps = []
    for index, quoted in enumerate(QUOTED):
        name = f"t{index}"
        enter(made, request(qty="0.001", price=f"{50_000 + index}"), name, live=False)
        for event in (
            OrderSending(client_id=name, ts=T0),
            OrderAmbiguous(client_id=name, ts=T0, reason=quoted),
            OrderRejected(client_id=name, ts=T0, code="-1", reason=quoted),
        ):
            heard = without_secrets(event)
            steps.append(made.make_step(heard, T0, made.process(heard, T0)))

    async def keep() -> None:
        ledger = await Ledger.open(laid_out / "kept.db", mode=Mode.REPLAY, account="a")
        try:
            from tests.store.test_ledger import RUN

            await ledger.begin_run(RUN)
            await ledger.commit(steps, await ledger.take_lease("x"))
        finally:
            await ledger.close()

    asyncio.run(keep())
    shown = [order.reason for order in made.state.account.final.values()]
    assert len(shown) == len(QUOTED) and not leaks(laid_out, *shown)


def test_x01_an_export_never_holds_them_even_where_a_row_does(run: Run, laid_out: Path) -> None:
    with sqlite3.connect(folders.ledger_file("demo")) as raw:
        raw.execute("UPDATE notices SET text = ?", (QUOTED[0] + QUOTED[3],))
    raw.close()
    for form in ("json", "csv", "md", "table", "ndjson"):
        for words in (("audit", "tail"), ("status",), ("decisions", "explain"), ("orders", "list")):
            told = run(
                *words, "--profile", "demo", "--format", form, "--out", str(laid_out / f"{form}{words[0]}")
            )
            shown = run(*words, "--profile", "demo", "--format", form)
            exported = laid_out / f"{form}{words[0]}"
            assert not leaks(folders.config_file().parent, told.out, told.err, shown.out, shown.err)
            assert not exported.exists() or SECRET not in exported.read_text()


def test_x10_every_file_is_0600_and_every_folder_0700_under_umask_000(
    run: Run,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = os.umask(0)
    try:
        run("config", "init", "--defaults", "--format", "json")
        recorded.write(folders.ledger_file("paper"))
        run("kill", "halt", "--reason", "x", "--profile", "paper")
        run("watch", "create", "own", "BTCUSDT")
        run("status", "--format", "json", "--out", str(home / "state" / "tradecli" / "out.json"))
        run("db", "backup", str(home / "state" / "tradecli" / "backup.db"), "--profile", "paper")
        monkeypatch.setattr("tradecli.cli.main._call", _raiser(RuntimeError("x")))
        run("status")
        close = open_log(folders.made(folders.logs_dir()))
        logging.getLogger("tradecli").warning("x")
        close()
    finally:
        os.umask(before)
    made = [path for path in home.rglob("*") if "tradecli" in path.parts]
    assert len([path for path in made if path.is_file()]) >= 9
    wrong = {
        str(path.relative_to(home)): oct(stat.S_IMODE(path.stat().st_mode))
        for path in made
        if stat.S_IMODE(path.stat().st_mode) != (0o700 if path.is_dir() else 0o600)
    }
    assert not wrong
