"""A file that cannot be read is refused with its name and reason; every key has its place (G01, G02, G05)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tradecli.config.source import key_places, read_source
from tradecli.errors import ConfigError, NotFound

File = Callable[[str | bytes], Path]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\xef\xbb\xbf[run]\n", "byte-order mark"),
        ("[run]\n".encode("utf-16"), "byte-order mark"),
        (b"\x7fELF\x00\x01", "binary"),
        (b"[run]\nsymbols = ['\xff']\n", "not UTF-8 at line 2"),
        (b"x" * 300_000, "larger than"),
        (b"a = " + b"[" * 5_000 + b"]" * 5_000, ""),
        (b"a = " + b"[" * 12 + b"]" * 12, "nested"),
        (b"\n".join(b"k%d = 1" % i for i in range(3_000)), "more than 2000 keys"),
        (b"x = " + b"9" * 5_000, "too long"),
        (b"x = 1e99999999999999999999", "too long"),
    ],
    ids=["bom", "utf-16", "binary", "latin-1", "huge", "deep", "nested", "many", "digits", "exponent"],
)
def test_what_is_no_configuration_is_refused_with_the_reason(file: File, raw: bytes, reason: str) -> None:
    path = file(raw)
    with pytest.raises(ConfigError) as refused:
        read_source(path)
    assert reason in refused.value.line() and str(path) in refused.value.line()


def test_a_missing_file_is_not_found_and_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_source(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="folder"):
        read_source(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_refused_with_the_reason(file: File) -> None:
    path = file("")
    path.chmod(0)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_source(path)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[run\n", ":1:"),
        ("[run]\nsymbols = \n", ":2:"),
        ("[run]\na = 1\na = 2\n", ":3:"),
        ("[run]\n[run]\n", ":2:"),
    ],
)
def test_a_syntax_error_or_a_key_given_twice_is_refused_with_its_line(
    file: File, text: str, place: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        read_source(file(text))
    assert place in str(refused.value.where) and refused.value.code == "E-CONFIG-103"


def test_keys_are_found_under_tables_dotted_quoted_indented_and_after_long_texts() -> None:
    text = (
        "# note = 1\n"
        "a = 1\n"
        "[one]\n"
        "  b = 2\n"
        "c.d = 3\n"
        "note = '''\n"
        "fake = 4\n"
        "[fake]\n"
        "'''\n"
        "[ two . three ] # comment\n"
        '"e f" = 5\n'
    )
    assert key_places(text) == {
        "a": (2, 1),
        "one": (3, 2),
        "one.b": (4, 3),
        "one.c.d": (5, 1),
        "one.note": (6, 1),
        "two.three": (10, 2),
        "two.three.e f": (11, 1),
    }
