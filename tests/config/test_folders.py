"""Folders are owner-only, real, and found without HOME (X10, G09)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tradecli.config import folders
from tradecli.config.place import locate
from tradecli.domain.enums import Mode
from tradecli.errors import ConfigError, StoreFault


def test_a_folder_is_made_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = folders.made(tmp_path / "tradecli" / "deep")
    finally:
        os.umask(before)
    assert made.stat().st_mode & 0o777 == 0o700
    assert made.parent.stat().st_mode & 0o777 == 0o700


def test_loose_modes_are_closed_and_links_and_files_refused(tmp_path: Path) -> None:
    loose = tmp_path / "tradecli"
    loose.mkdir(mode=0o777)
    loose.chmod(0o777)
    assert folders.made(loose).stat().st_mode & 0o777 == 0o700
    (tmp_path / "link").symlink_to(loose)
    with pytest.raises(StoreFault, match="link"):
        folders.made(tmp_path / "link")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFault):
        folders.made(tmp_path / "file")


@pytest.mark.parametrize("value", ["relative/path", "../x", "a\nb"])
def test_a_folder_that_is_not_absolute_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", value)
    with pytest.raises(ConfigError):
        folders.state_dir()


def test_without_home_there_is_still_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    assert folders.state_dir().is_absolute() and folders.config_file().is_absolute()


def test_invented_markets_never_share_a_store_with_real_ones() -> None:
    real = {folders.market_file(mode, mode.value) for mode in (Mode.REPLAY, Mode.PAPER, Mode.LIVE)}
    invented = {folders.market_file(mode, mode.value) for mode in (Mode.DEMO, Mode.REHEARSAL)}
    assert len(real) == 1 and len(invented) == 2 and not real & invented


def test_each_profile_has_its_own_ledger_and_db_names_another(tmp_path: Path) -> None:
    assert locate("demo").ledger != locate("replay").ledger
    assert locate("demo", db=str(tmp_path / "x.db")).ledger == tmp_path / "x.db"


def test_the_profile_is_demo_without_a_file_and_paper_with_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert locate().profile == "demo"
    path = folders.config_file()
    folders.made(path.parent)
    path.write_text("[run]\n")
    assert (locate().profile, locate().config) == ("paper", path)
    monkeypatch.setenv("TRADECLI_PROFILE", "replay")
    assert locate().mode is Mode.REPLAY


@pytest.mark.parametrize("name", ["../x", "a/b", "..", "x" * 65, "a b", "\u202ea", ""])
def test_a_profile_whose_name_is_a_path_is_refused_even_if_the_file_declares_it(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = folders.config_file()
    folders.made(path.parent)
    path.write_text(f'[profiles."{name}"]\nmode = "paper"\n')
    if name:
        monkeypatch.setenv("TRADECLI_PROFILE", name)
        with pytest.raises(ConfigError):
            locate()
    assert locate("paper").profile == "paper"


def test_g05_an_unknown_profile_beside_hundreds_of_known_ones_is_still_one_short_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = folders.config_file()
    folders.made(path.parent)
    names = "".join(f'[profiles.p{number}]\nmode = "paper"\n' for number in range(300))
    path.write_text(names + f'[profiles."{"x" * 5_000}"]\nmode = "paper"\n')
    with pytest.raises(ConfigError) as refused:
        locate("lvie")
    assert len(refused.value.line()) < 500
    path.write_text(f'[profiles.own]\nmode = "{"y" * 5_000}"\n')
    with pytest.raises(ConfigError) as refused:
        locate("own")
    assert len(refused.value.line()) < 500
