"""What is wrong with a file is named with its row and column, and nothing of it is kept (I07, D04)."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tradecli.datasets.faults import BadFile, BadRow, Contradiction, NotKnown
from tradecli.datasets.kinds import Kind, Market
from tradecli.datasets.reading import read_file
from tradecli.datasets.source import Given
from tradecli.domain.market import Candle
from tradecli.errors import TradecliError

HEAD = "ts,open,high,low,close,volume\n"
GOOD = "1690000020000,10,12,9,11,5\n1690000080000,11,12,10,11.5,6\n"
KLINES = Given(kind=Kind.CANDLES, venue="binance", symbol="BTCUSDT", interval_ms=60_000)


def write(folder: Path, text: str | bytes, name: str = "bars.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_plain_csv_becomes_bars(tmp_path: Path) -> None:
    (batch,) = read_file(write(tmp_path, HEAD + GOOD), KLINES).batches
    assert batch.rows()[1] == Candle("BTCUSDT@binance", 1690000080000, 60_000, 11, 12, 10, 11.5, 6)


def test_columns_of_other_names_are_mapped(tmp_path: Path) -> None:
    text = (HEAD + GOOD).replace("ts,open", "time,o")
    given = Given(
        kind=Kind.CANDLES,
        venue="binance",
        symbol="BTCUSDT",
        interval_ms=60_000,
        mapping=(("ts", "time"), ("open", "o")),
    )
    assert read_file(write(tmp_path, text), given).rows == 2


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("1690000140000,nan,12,9,11,5", "open"),
        ("1690000140000,10,inf,9,11,5", "high"),
        ("1690000140000,10,12,-9,11,5", "low"),
        ("1690000140000,10,12,0,11,5", "low"),
        ("1690000140000,10,12,9,1_1,5", "close"),
        ("1690000140000,10,12,9,0x10,5", "close"),
        ("1690000140000,10,12,9,,5", "close"),
        ("1690000140000,10,12,9,11,-5", "volume"),
        ("1690000140000,10,9,12,11,5", "high"),
        ("1690000140000,10,10.5,9,11,5", "high"),
        ("1690000140,10,12,9,11,5", "ts"),
        ("1690000140000000000,10,12,9,11,5", "ts"),
        ("yesterday,10,12,9,11,5", "ts"),
    ],
)
def test_a_wrong_cell_is_named_with_its_row_and_column(tmp_path: Path, line: str, column: str) -> None:
    path = write(tmp_path, HEAD + GOOD + line + "\n")
    with pytest.raises(BadRow) as caught:
        read_file(path, KLINES)
    assert caught.value.row == 3
    assert f"row 3, column {column}:" in caught.value.message
    assert caught.value.where == "bars.csv"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 100,
        b"PAR1 not really parquet",
        b"PK\x03\x04 not really a zip",
        b"\x1f\x8b gzip",
        (HEAD + "1,2\n").encode(),
        HEAD.encode(),
        (HEAD + GOOD).replace(",", ";").encode(),
        b"name,other\n1,2\n",
        b"\xff\xfe" + HEAD.encode("utf-16-le"),
    ],
)
def test_a_file_that_is_no_table_of_ours_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(TradecliError) as caught:
        read_file(write(tmp_path, content), KLINES)
    assert "\n" not in caught.value.line()


def test_what_the_file_does_not_say_is_asked_for_by_the_name_of_its_option(tmp_path: Path) -> None:
    with pytest.raises(NotKnown) as caught:
        read_file(
            write(tmp_path, HEAD + GOOD), Given(kind=Kind.CANDLES, symbol="BTCUSDT", interval_ms=60_000)
        )
    assert caught.value.option == "--venue"


def test_bars_that_lie_between_two_beats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="apart"):
        read_file(write(tmp_path, HEAD + GOOD + "1690000140001,10,12,9,11,5\n"), KLINES)


def test_an_interval_that_the_rows_contradict_is_refused(tmp_path: Path) -> None:
    wrong = Given(kind=Kind.CANDLES, venue="binance", symbol="BTCUSDT", interval_ms=3_600_000)
    with pytest.raises((Contradiction, BadRow)):
        read_file(write(tmp_path, HEAD + GOOD), wrong)


def test_a_zip_may_not_climb_out_or_blow_up(tmp_path: Path) -> None:
    climbing = tmp_path / "climb.zip"
    with zipfile.ZipFile(climbing, "w") as archive:
        archive.writestr("../../evil.csv", HEAD + GOOD)
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bars.csv", b"0" * 80_000_000)
    for path in (climbing, bomb):
        with pytest.raises(BadFile):
            read_file(path, KLINES)
    assert not (tmp_path.parent / "evil.csv").exists()


def test_a_binance_archive_says_itself_what_it_holds(tmp_path: Path) -> None:
    row = "1690000020000,10,12,9,11,5,1690000079999,55,7,2,22,0\n"
    path = tmp_path / "BTCUSDT-1m-2023-07-22.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("BTCUSDT-1m-2023-07-22.csv", row)
    reading = read_file(path, Given(venue="binance", market=Market.LINEAR))
    (batch,) = reading.batches
    assert (batch.kind, batch.interval_ms, len(batch)) == (Kind.CANDLES, 60_000, 1)
    assert reading.assumed


def test_i07_a_column_that_the_layout_has_and_the_file_has_not_is_named(tmp_path: Path) -> None:
    text = "ts,instrument,expiry_ts,strike,option_type,bid,ask,underlying\n"
    row = "1690000020000,BTC-27MAR26-90000-C,1774598400000,90000,call,1,2,30000\n"
    with pytest.raises(BadFile, match="has no column"):
        read_file(write(tmp_path, text + row), Given(venue="deribit"))


def test_i07_a_row_of_bytes_that_are_no_text_is_told_by_its_line_and_nothing_else_is_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BadFile, match="line 4"):
        read_file(write(tmp_path, HEAD.encode() + GOOD.encode()[:30] + b"\n1,\xff\n"), KLINES)
    assert capfd.readouterr().err == ""


def test_i07_an_archive_that_was_damaged_anywhere_is_a_bad_file_and_no_fault_of_the_disk(
    tmp_path: Path,
) -> None:
    path = tmp_path / "BTCUSDT-1m-2023-07-22.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("BTCUSDT-1m-2023-07-22.csv", HEAD + GOOD * 40)
    good = path.read_bytes()
    outcomes = []
    for at in range(len(good)):
        path.write_bytes(good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :])
        try:
            read_file(path, KLINES)
        except BadFile:
            outcomes.append("refused")
        except Exception as other:
            outcomes.append(f"byte {at}: {other!r}")
        else:
            outcomes.append("read")
    assert set(outcomes) <= {"refused", "read"}
    assert outcomes.count("refused") > len(good) // 2, "most bytes carry what the archive checks"


def test_i07_numbers_said_to_be_iso_times_are_refused_with_what_they_are(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    numbers = {name: [10.0, 10.0] for name in ("open", "high", "low", "close", "volume")}
    path = tmp_path / "bars.parquet"
    pq.write_table(pa.table({"ts": [1690000020000, 1690000080000], **numbers}), path)
    with pytest.raises(BadFile, match="int64, not ISO"):
        read_file(path, Given(kind=Kind.CANDLES, venue="binance", symbol="BTCUSDT", time_unit="iso"))
