"""A file that is edited under a running engine: valid and whole, or nothing is taken (G06)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.config.conftest import RISK
from tests.fakes.desk import engine
from tradecli.config.changes import ConfigWatch, values
from tradecli.config.loading import load
from tradecli.domain.enums import Severity
from tradecli.domain.events import LimitsTightened, Noted
from tradecli.engine.limits import tightened

T0 = 1_700_000_000_000
Write = Callable[[str], None]


@pytest.fixture
def edited(file: Callable[[str], Path]) -> tuple[ConfigWatch, Write]:
    path = file(RISK)
    count = iter(range(1, 100))

    def write(text: str) -> None:
        path.write_text(text)
        os.utime(path, ns=(next(count), next(count)))  # edits within one tick of the disk's clock

    again = lambda: load("paper", str(path), environment={})  # noqa: E731 - one expression
    return ConfigWatch(again(), again), write


def looked(watch: ConfigWatch) -> Sequence[LimitsTightened | Noted]:
    """Look twice: what rests in between is taken."""
    assert watch.look(T0) == ()
    return watch.look(T0)


def changed(key: str, value: str) -> str:
    lines = [line for line in RISK.splitlines() if not line.startswith(key + " ")]
    return "\n".join([*lines, f"{key} = {value}", ""])


def test_g06_nothing_is_told_of_a_file_that_is_as_it_was_or_says_the_same(
    edited: tuple[ConfigWatch, Write],
) -> None:
    watch, write = edited
    assert looked(watch) == ()
    write("# a remark\n" + RISK)
    assert looked(watch) == ()


@pytest.mark.parametrize(
    ("key", "value"), [("max_symbol_pct", "5"), ("max_order_notional_usd", "4999.5"), ("stale_clean_s", "90")]
)
def test_g06_a_tighter_limit_binds_at_once_with_the_digest_of_the_whole_file(
    edited: tuple[ConfigWatch, Write], key: str, value: str
) -> None:
    watch, write = edited
    write(changed(key, value))
    (event,) = looked(watch)
    assert isinstance(event, LimitsTightened) and set(event.changed) == {key} and len(event.digest) == 64
    limits = engine().desk.limits
    after = tightened(limits, event.changed)
    assert str(getattr(after, key)).removesuffix(".0") == value.removesuffix(".0")
    assert looked(watch) == ()


@pytest.mark.parametrize(
    ("key", "value"),
    [("max_symbol_pct", "11"), ("max_gross_pct", "301"), ("stale_clean_s", "59"), ("max_stall_s", "5")],
)
def test_g06_a_looser_limit_waits_for_the_next_start(
    edited: tuple[ConfigWatch, Write], key: str, value: str
) -> None:
    watch, write = edited
    write(changed(key, value))
    (note,) = looked(watch)
    assert isinstance(note, Noted) and note.severity is Severity.ALERT
    assert note.text.startswith(f"changed, in force at the next start: risk.{key} = {value}")


def test_g06_a_change_of_both_kinds_takes_the_tighter_and_names_the_rest(
    edited: tuple[ConfigWatch, Write],
) -> None:
    watch, write = edited
    write(
        changed("max_symbol_pct", "5").replace("max_net_pct = 30", "max_net_pct = 40")
        + "[run]\ncycle_s = 30\n"
    )
    tight, note = looked(watch)
    assert isinstance(tight, LimitsTightened) and tight.changed == {"max_symbol_pct": "5.0"}
    assert (
        isinstance(note, Noted) and "run.cycle_s = 30" in note.text and "risk.max_net_pct = 40" in note.text
    )
    assert "max_symbol_pct" not in note.text
    write(RISK)
    (back,) = looked(watch)
    assert isinstance(back, Noted) and back.text.endswith("risk.max_symbol_pct = 10.0"), (
        "loosened again: not now"
    )


def test_g06_a_file_that_is_broken_half_written_or_gone_changes_nothing_and_is_told_once(
    edited: tuple[ConfigWatch, Write], tmp_path: Path
) -> None:
    watch, write = edited
    for text in (
        RISK[: len(RISK) // 2],
        RISK + "max_symbol",
        "",
        RISK + "[risk",
        changed("max_symbol_pct", "-1"),
    ):
        write(text)
        (note,) = looked(watch)
        assert isinstance(note, Noted) and "not valid, nothing is taken" in note.text, text
        assert looked(watch) == ()
    (tmp_path / "config.toml").unlink()
    (note,) = looked(watch)
    assert isinstance(note, Noted) and "gone" in note.text
    write(RISK)
    assert looked(watch) == ()


def test_g06_a_file_cut_at_any_byte_never_loosens_a_limit(edited: tuple[ConfigWatch, Write]) -> None:
    watch, write = edited
    limits = load("paper", str(watch._running.place.config), environment={}).risk
    for end in range(0, len(RISK), 7):
        write(RISK[:end])
        for event in looked(watch):
            if isinstance(event, LimitsTightened):
                limits = tightened(limits, event.changed)
    write(RISK)
    looked(watch)
    for key, value in values(watch._running).items():
        if key.startswith("risk.max_"):
            assert value <= load("paper", str(watch._running.place.config), environment={}).value(key), key


def test_g06_a_file_that_is_written_again_while_it_is_read_is_read_once_more(
    file: Callable[[str], Path],
) -> None:
    path = file(RISK)
    again = lambda: load("paper", str(path), environment={})  # noqa: E731 - one expression
    writes = [changed("max_symbol_pct", "5")]

    def load_slowly() -> object:
        found = again()
        if writes:
            path.write_text(writes.pop() + "\n\n")
        return found

    watch = ConfigWatch(again(), load_slowly)  # type: ignore[arg-type]
    path.write_text(RISK + "\n")
    assert looked(watch) == ()
    (event,) = looked(watch)
    assert isinstance(event, LimitsTightened)


def test_g06_a_file_is_taken_only_once_it_rests_from_one_look_to_the_next(
    edited: tuple[ConfigWatch, Write],
) -> None:
    watch, write = edited
    for value in ("9", "8", "7"):
        write(changed("max_symbol_pct", value))
        assert watch.look(T0) == ()
    (event,) = watch.look(T0)
    assert isinstance(event, LimitsTightened) and event.changed == {"max_symbol_pct": "7.0"}


def test_g06_the_engine_takes_tighter_limits_everywhere_and_looser_ones_nowhere() -> None:
    desk = engine()
    event = LimitsTightened(
        changed={"max_symbol_pct": "5.0", "max_net_pct": "150"}, digest="d", reason="x", ts=T0
    )
    commands = desk.process(event, T0)
    assert "tighter from now on by x" in str(commands)
    for limits in (
        desk.desk.limits,
        desk.decider.limits,
        desk.breakers.limits,
        desk.breakers.freshness.settings,
    ):
        assert (limits.max_symbol_pct, limits.max_net_pct) == (5.0, 100.0)
