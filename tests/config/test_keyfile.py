"""A key file is read only where it is ours alone, and its contents are in no refusal (G07)."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tradecli.config.keyfile import LARGEST, key_path, read_key_file
from tradecli.errors import ConfigError

SECRET = "c4naryKEY0123456789abcdef"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    path = folder / "binance"
    path.write_text(SECRET + "\n")
    path.chmod(0o600)
    return path


def refused(path: Path) -> str:
    with pytest.raises(ConfigError) as error:
        read_key_file(path)
    assert SECRET not in error.value.line() and str(path.parent) in error.value.line()
    return error.value.line()


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_private_file_is_read_without_the_newline_at_its_end(key: Path, mode: int) -> None:
    key.chmod(mode)
    assert read_key_file(key) == SECRET


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o660, 0o644, 0o610])
def test_g07_a_mode_that_lets_others_in_is_refused_and_told(key: Path, mode: int) -> None:
    key.chmod(mode)
    assert f"open to others ({mode:04o})" in refused(key) and "chmod 600" in refused(key)


def test_g07_a_link_is_refused_even_to_a_good_file(key: Path) -> None:
    link = key.with_name("link")
    link.symlink_to(key)
    assert "is a link" in refused(link)


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_g07_a_folder_that_others_write_to_is_refused(key: Path, mode: int) -> None:
    key.parent.chmod(mode)
    assert "can be written to by others" in refused(key)


@pytest.mark.parametrize("which", ["binance", "keys"])
def test_g07_what_belongs_to_someone_else_is_refused(
    key: Path, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, ours = (os.fstat, os.stat), os.geteuid() + 1
    if which == "binance":
        monkeypatch.setattr(os, "geteuid", lambda: ours)
        monkeypatch.setattr(Path, "stat", lambda path: _owned(real[1](path), ours))
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12_345)
        monkeypatch.setattr(Path, "stat", lambda path: _owned(real[1](path), 54_321))
    assert "belongs to someone else" in refused(key)


def _owned(found: os.stat_result, uid: int) -> os.stat_result:
    values = list(found)
    values[stat.ST_UID] = uid
    return os.stat_result(values)


def _fifo(path: Path) -> None:
    os.mkfifo(path, 0o600)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: None, "cannot be read"),
        (lambda path: path.mkdir(mode=0o700), "no plain file"),
        (_fifo, "no plain file"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"\n"), "is empty"),
        (lambda path: path.write_bytes(b"x" * (LARGEST + 1)), "larger than 16 KiB"),
        (lambda path: path.write_bytes(b"\xef\xbb\xbfkey"), "no key"),
        (lambda path: path.write_bytes(b"key\x00key"), "no key"),
        (lambda path: path.write_bytes(b"\x1b[31mkey"), "no key"),
    ],
)
def test_g07_what_is_no_key_is_refused_and_nothing_hangs(
    key: Path, make: Callable[[Path], object], told: str
) -> None:
    path = key.with_name("other")
    make(path)
    if path.is_file():
        path.chmod(0o600)
    assert told in refused(path)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert "cannot be looked at" in refused(tmp_path / "none" / "key")


def test_a_key_of_several_lines_is_kept_whole(key: Path) -> None:
    key.write_bytes(b"-----BEGIN\nabc\n-----END\n")
    assert read_key_file(key) == "-----BEGIN\nabc\n-----END"


def test_a_reference_is_absolute_or_of_our_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/srv/me")
    assert key_path("file:~/keys/okx") == Path("/srv/me/keys/okx")
    assert key_path("file:/keys/okx") == Path("/keys/okx")
    with pytest.raises(ConfigError, match="absolute"):
        key_path("file:keys/okx")
