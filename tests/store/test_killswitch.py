"""The kill flag: durable before it acts, readable without anything else, and stronger than a release beside it."""

from __future__ import annotations

import json
import stat
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradecli.domain.control import Latch, Scope
from tradecli.domain.enums import KillLevel, ScopeKind
from tradecli.errors import NotFound, StoreFault
from tradecli.store.killswitch import KillSwitch, NoKill

ALL = Scope()
OKX = Scope(ScopeKind.VENUE, "okx")


def latch(level: KillLevel = KillLevel.HALT, scope: Scope = ALL) -> Latch:
    return Latch(level=level, scope=scope, reason="drill", by="operator", at=1)


def test_a_latch_is_there_for_every_other_process_once_set_returns(tmp_path: Path) -> None:
    one, other = KillSwitch(tmp_path / "s" / "kill.json"), KillSwitch(tmp_path / "s" / "kill.json")
    assert other.load() == ()
    assert not other.changed()
    one.set(latch())
    assert other.changed()
    assert other.load() == (latch(),)
    assert stat.S_IMODE((tmp_path / "s" / "kill.json").stat().st_mode) == 0o600


def test_setting_the_same_level_and_scope_twice_is_one_latch(tmp_path: Path) -> None:
    switch = KillSwitch(tmp_path / "kill.json")
    switch.set(latch())
    switch.set(latch())
    switch.set(latch(KillLevel.PAUSE, OKX))
    assert len(switch.load()) == 2


def test_a_release_lifts_its_own_scope_and_an_empty_one_is_said(tmp_path: Path) -> None:
    switch = KillSwitch(tmp_path / "kill.json")
    switch.set(latch())
    switch.set(latch(KillLevel.PAUSE, OKX))
    assert switch.release(ALL) == (latch(),)
    assert switch.load() == (latch(KillLevel.PAUSE, OKX),)
    with pytest.raises(NotFound):
        switch.release(ALL)


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"latches": 1}', b'{"latches": [], "latches": []}', b"\xff\xfe", b"[" * 9_000]
)
def test_a_flag_that_cannot_be_understood_is_a_halt(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "kill.json"
    path.write_bytes(content)
    (found,) = KillSwitch(path).load()
    assert (found.level, found.scope) == (KillLevel.HALT, ALL)


def test_a_flag_that_cannot_be_read_is_a_halt(tmp_path: Path) -> None:
    path = tmp_path / "kill.json"
    path.mkdir()
    (found,) = KillSwitch(path).load()
    assert found.level is KillLevel.HALT


def test_a_flag_that_cannot_be_written_is_an_error_and_not_a_silence(tmp_path: Path) -> None:
    (tmp_path / "kill.json").mkdir()
    with pytest.raises(StoreFault):
        KillSwitch(tmp_path / "kill.json").set(latch(scope=OKX))


def test_a_kill_that_lands_during_a_release_survives_it(tmp_path: Path) -> None:
    path = tmp_path / "kill.json"
    operator = KillSwitch(path)
    operator.set(latch(KillLevel.PAUSE))
    seen = operator.load()
    KillSwitch(path).set(latch(KillLevel.HALT))
    operator.release(ALL, seen)
    assert [each.level for each in operator.load()] == [KillLevel.HALT]


def test_of_many_kills_at_once_none_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "kill.json"
    scopes = [Scope(ScopeKind.STRATEGY, f"s{index}") for index in range(16)]
    threads = [threading.Thread(target=KillSwitch(path).set, args=(latch(scope=scope),)) for scope in scopes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {each.scope for each in KillSwitch(path).load()} == set(scopes)


def test_o06_a_flag_or_a_folder_that_vanishes_while_an_engine_looks_is_a_halt_and_not_a_release(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    engine = KillSwitch(folder / "kill.json")
    assert engine.load() == ()
    assert not engine.changed()
    folder.rmdir()
    assert engine.changed()
    assert [each.level for each in engine.load()] == [KillLevel.HALT]
    KillSwitch(folder / "kill.json").set(latch(KillLevel.PAUSE))
    assert engine.load() == (latch(KillLevel.PAUSE),)
    (folder / "kill.json").unlink()
    assert engine.changed()
    assert [each.level for each in engine.load()] == [KillLevel.HALT]


def test_m09_a_flag_in_a_place_that_cannot_be_written_is_an_error_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFault, match="written") as caught:
        KillSwitch(tmp_path / "file" / "kill.json").set(latch())
    assert "kill" in caught.value.path


def test_s01_a_flag_of_which_only_a_part_was_written_is_an_error_and_the_old_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = KillSwitch(tmp_path / "kill.json")
    switch.set(latch(KillLevel.PAUSE))
    with monkeypatch.context() as patch:
        patch.setattr("tradecli.store.killswitch.os.write", lambda descriptor, raw: len(raw) - 1)
        with pytest.raises(StoreFault, match="written"):
            switch.set(latch(KillLevel.HALT))
    assert KillSwitch(switch.path).load() == (latch(KillLevel.PAUSE),)


def test_a_place_that_cannot_even_be_looked_at_counts_as_changed(tmp_path: Path) -> None:
    switch = KillSwitch(tmp_path / "s" / "kill.json")
    assert switch.load() == ()
    (tmp_path / "s").write_text("a file")
    assert switch.changed()
    assert [each.level for each in switch.load()] == [KillLevel.HALT]


def test_a_run_that_is_alone_in_its_process_keeps_its_latches_in_memory() -> None:
    alone = NoKill()
    assert alone.load() == () and not alone.changed()
    alone.set(latch())
    assert alone.load() == (latch(),) and alone.lifted() == ()


@given(st.binary(max_size=200))
def test_whatever_bytes_a_flag_holds_it_is_either_read_or_a_halt(raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kill.json"
        path.write_bytes(raw)
        found = KillSwitch(path).load()
    assert found == () or all(isinstance(each, Latch) for each in found)
    if found == ():
        assert json.loads(raw)["latches"] == []
