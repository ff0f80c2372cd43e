"""Owner-only files: made so whatever the umask, and what stands in the way is said by its cause (X10, S01, S08)."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tradecli.errors import StoreFault
from tradecli.store.private import make_private, refused


def test_x10_loose_modes_of_a_file_that_was_there_are_closed(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("kept")
    (tmp_path / "f").chmod(0o666)
    make_private(tmp_path / "f")
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "f").read_text() == "kept"


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (errno.ENOSPC, 142, "full"),
        (errno.EDQUOT, 142, "full"),
        (errno.EACCES, 143, "cannot be written"),
        (errno.EROFS, 143, "cannot be written"),
        (errno.EIO, 145, "cannot be written"),
    ],
)
def test_each_cause_has_its_own_code_and_names_the_file(number: int, code: int, words: str) -> None:
    told = refused(OSError(number, os.strerror(number)), Path("/x/l.db"))
    assert (told.number, told.path) == (code, "/x/l.db") and words in told.message


def test_a_folder_where_the_file_should_be_is_a_fault_of_the_store(tmp_path: Path) -> None:
    with pytest.raises(StoreFault):
        make_private(tmp_path)
