"""A path to the tables inside: Parquet, CSV and zip archives, told apart by their first bytes, never by their name.

Nothing is written to disk: archive members are read in memory under caps of size, number and ratio, and an archive
whose member names leave their folder is refused as a whole.
"""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tradecli.datasets.faults import BadFile
from tradecli.datasets.table import Table
from tradecli.errors import NotFound, StoreFault

SUFFIXES = (".parquet", ".csv", ".zip")
"""What a folder is searched for."""

LARGEST_TEXT = 2 * 1024**3
MOST_ROWS = 10_000_000
MOST_MEMBERS = 200
HIGHEST_RATIO = 200
"""Market data in text shrink to about a fifth; a member that grows more than this is a bomb."""
SMALL_MEMBER = 1024**2
_CHUNK = 1024**2


def found_in(path: Path) -> tuple[list[Path], list[Path]]:
    """Return the files of ``path`` (a file, or a folder searched without following links) and those left aside."""
    if not path.exists():
        raise NotFound(f"no such file or folder: {str(path)[:200]!a}", number=160)
    if path.is_file():
        return [path], []
    if not path.is_dir():
        raise BadFile(str(path), "is neither a file nor a folder")
    files = [each for each in _walk(path) if each.is_file() and not each.is_symlink()]
    wanted = [each for each in files if each.suffix.lower() in SUFFIXES]
    return wanted, [each for each in files if each.suffix.lower() not in SUFFIXES]


def tables_of(path: Path) -> list[Table]:
    """Read every table of a file. Raises ``BadFile`` for what is none, and for archives that must not be opened."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise BadFile(str(path), "is not a regular file")
        size = path.stat().st_size
        if size == 0:
            raise BadFile(path.name, "is empty")
        with path.open("rb") as file:
            first = file.read(4)
        if first == b"PAR1":
            return [_parquet(path)]
        if first[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
            return list(_members(path))
        if first[:2] == b"\x1f\x8b":
            raise BadFile(path.name, "is compressed with gzip", hint="unpack it first: gunzip")
        if size > LARGEST_TEXT:
            raise BadFile(path.name, f"is larger than {LARGEST_TEXT} bytes", hint="import it in parts")
        return [_csv(path.read_bytes(), path.name)]
    except OSError as error:
        raise StoreFault(f"cannot read: {error.strerror or error}", path=str(path), number=130) from error


def _walk(folder: Path) -> Iterator[Path]:
    for each in sorted(folder.iterdir()):
        if each.is_dir() and not each.is_symlink():
            yield from _walk(each)
        else:
            yield each


def _parquet(path: Path) -> Table:
    import pyarrow as pa  # 240 ms: only where a file is really read
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        _check_rows(file.metadata.num_rows, path.name)
        read = file.read()
    except (pa.ArrowException, OSError) as error:
        raise BadFile(path.name, f"is no readable Parquet file: {_first_line(error)}") from error
    if len(set(read.column_names)) != len(read.column_names):
        raise BadFile(path.name, "has two columns of one name")
    return Table(path.name, dict(zip(read.column_names, read.columns, strict=True)), read.num_rows)


def _members(path: Path) -> Iterator[Table]:
    """Yield the tables of an archive's CSV members."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.filename.endswith("/")]
            if len(members) > MOST_MEMBERS:
                raise BadFile(path.name, f"holds {len(members)} files, over the cap of {MOST_MEMBERS}")
            for member in members:
                _check_member(member, path.name)
            texts = [member for member in members if member.filename.lower().endswith(".csv")]
            if not texts:
                raise BadFile(path.name, "holds no CSV file")
            for member in texts:
                name = path.name if len(texts) == 1 else f"{path.name}!{member.filename[:80]}"
                yield _csv(_unpacked(archive, member, path.name), name)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        EOFError,
        RuntimeError,
        ValueError,
        OSError,
        zlib.error,
    ) as error:
        raise BadFile(path.name, f"is no readable archive: {_first_line(error)}") from error


def _check_member(member: zipfile.ZipInfo, name: str) -> None:
    parts = member.filename.replace("\\", "/").split("/")
    if ".." in parts or member.filename.startswith(("/", "\\")) or ":" in member.filename:
        raise BadFile(name, f"holds a name that leaves its folder: {member.filename[:60]!a}")
    if member.flag_bits & 0x1:
        raise BadFile(name, "is encrypted")
    if member.file_size > LARGEST_TEXT:
        raise BadFile(name, f"holds a file of {member.file_size} bytes, over the cap of {LARGEST_TEXT}")
    if member.file_size > SMALL_MEMBER and member.file_size > HIGHEST_RATIO * max(member.compress_size, 1):
        raise BadFile(name, f"holds a file that grows more than {HIGHEST_RATIO} times when unpacked: a bomb")


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> bytes:
    """Read a member, and stop as soon as it is longer than it said."""
    body = io.BytesIO()
    with archive.open(member) as file:
        while chunk := file.read(_CHUNK):
            body.write(chunk)
            if body.tell() > member.file_size:
                raise BadFile(name, "holds a file that is longer than the archive says: a bomb")
    return body.getvalue()


def _csv(body: bytes, name: str) -> Table:
    """Read comma-separated text, every cell as text."""
    import pyarrow as pa  # 240 ms: only where a file is really read
    import pyarrow.csv as pc

    first, header = _first_cells(body, name)
    _check_text(body, name)
    names = first if header else [f"c{place}" for place in range(len(first))]
    bad: list[Any] = []

    def keep(row: Any) -> str:
        bad.append(row)
        return "skip"

    try:
        read = pc.read_csv(
            pa.BufferReader(body),
            read_options=pc.ReadOptions(use_threads=False, column_names=names, skip_rows=1 if header else 0),
            parse_options=pc.ParseOptions(invalid_row_handler=keep),
            convert_options=pc.ConvertOptions(
                column_types={column: pa.string() for column in names}, strings_can_be_null=False
            ),
        )
    except pa.ArrowException as error:
        reason = "is not UTF-8 text" if "UTF8" in str(error) else f"is no readable CSV: {_first_line(error)}"
        raise BadFile(name, reason) from error
    if bad:
        row = bad[0].number - (1 if header else 0) if bad[0].number else 0
        place = f"row {row}: " if row else ""
        raise BadFile(
            name, f"{place}{bad[0].actual_columns} cells where {bad[0].expected_columns} belong", number=161
        )
    _check_rows(read.num_rows, name)
    return Table(name, dict(zip(names, read.columns, strict=True)), read.num_rows, header)


def _first_cells(body: bytes, name: str) -> tuple[list[str], bool]:
    """Return the cells of the first line and whether they are names."""
    line = body[:65_536].split(b"\n", 1)[0].rstrip(b"\r").removeprefix(b"\xef\xbb\xbf")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadFile(name, "is not UTF-8 text") from error
    if "\x00" in text or not text.strip():
        raise BadFile(name, "is no text with a first line" if "\x00" in text else "begins with an empty line")
    if "," not in text:
        other = next((mark for mark in (";", "\t", "|") if mark in text), None)
        if other is not None:
            raise BadFile(name, f"is separated by {other!r}, not by ','", hint="write it again with commas")
    cells = [cell.strip().strip('"') for cell in text.split(",")]
    header = not cells[0][:1].isdigit() and not cells[0].startswith(("-", "+", "."))
    if header and (len(set(cells)) != len(cells) or "" in cells):
        raise BadFile(name, "has a header with an empty or repeated name")
    return cells, header


def _check_text(body: bytes, name: str) -> None:
    """Refuse what is not UTF-8 before the parser sees it: it would tell a wrong row by a traceback on stderr."""
    if body.isascii():
        return
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise BadFile(name, f"is not UTF-8 text at line {line}") from error


def _check_rows(rows: int, name: str) -> None:
    if rows == 0:
        raise BadFile(name, "holds no rows")
    if rows > MOST_ROWS:
        raise BadFile(name, f"holds {rows} rows, over the cap of {MOST_ROWS}", hint="import it in parts")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
