"""Records and their faces: JSON, lines of JSON, CSV, Markdown and tables, each as finished text. It writes nothing.

CSV follows RFC 4180 with units in the header, ISO times and neutralised formula cells; tables come from panels through
``present.richly``, and a command without panels of its own gets a plain table of its records.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tradecli import codec
from tradecli.cli.options import Format, Options
from tradecli.errors import UsageError
from tradecli.present.blocks import Panel

if TYPE_CHECKING:
    from tradecli.cli.output import Answer

PIPE_WIDTH = 100
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_TIMES = ("at", "ts", "as_of", "since", "until", "first", "last")


def record(item: Any) -> dict[str, Any]:
    built = codec.to_builtins(item)
    return built if isinstance(built, dict) else {"value": built}


def arrange(records: Sequence[Mapping[str, Any]], options: Options) -> list[int]:
    """Return which records are shown and in what order: by ``--sort``, unknowns last, then ``--limit``."""
    order = list(range(len(records)))
    if options.sort and records:
        key = options.sort.removeprefix("-")
        _check_field(key, records)
        known = [i for i in order if dig(records[i], key) is not None]
        unknown = [i for i in order if dig(records[i], key) is None]
        known.sort(key=lambda i: _sortable(dig(records[i], key)), reverse=options.sort.startswith("-"))
        order = known + unknown
    return order if options.limit is None else order[: options.limit]


def project(records: list[dict[str, Any]], options: Options) -> list[dict[str, Any]]:
    """Keep only the fields of ``--fields``."""
    if not options.fields or not records:
        return records
    for name in options.fields:
        _check_field(name, records)
    return [{name: dig(record, name) for name in options.fields} for record in records]


def dig(record: Mapping[str, Any], name: str) -> Any:
    """Return the value at a dotted name, or None."""
    value: Any = record
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def _check_field(name: str, records: Sequence[Mapping[str, Any]]) -> None:
    known = {key for record in records for key in flat(record)} | {
        key for record in records for key in record
    }
    if name not in known:
        from difflib import get_close_matches

        near = get_close_matches(name, sorted(known), 1)
        hint = f"did you mean {near[0]!r}?" if near else f"fields: {', '.join(sorted(known)[:20])}"
        raise UsageError(f"this answer has no field {name!r}", number=106, hint=hint)


def _sortable(value: Any) -> tuple[int, Any]:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return (1, str(value))
    if isinstance(value, str):
        try:
            return (0, float(value))
        except ValueError:
            return (1, value)
    return (0, float(value))


def flat(record: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested objects as dotted names; lists stay whole."""
    found: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, Mapping) and value:
            found.update(flat(value, f"{prefix}{key}."))
        else:
            found[f"{prefix}{key}"] = value
    return found


def _json(answer: Answer, options: Options, records: Sequence[Any], age_ms: int | None, seq: int) -> str:
    envelope = {
        "schema": answer.schema,
        "mode": answer.mode.value,
        "as_of": answer.as_of,
        "age_s": None if age_ms is None else age_ms / 1_000,
        "units": dict(answer.units),
        "warnings": list(answer.warnings),
        "data": records,
        **answer.beside,
    }
    return codec.encode(envelope).decode() + "\n"


def _ndjson(answer: Answer, options: Options, records: Sequence[Any], age_ms: int | None, seq: int) -> str:
    at = answer.as_of if answer.as_of is not None else options.now
    head = {"schema": answer.schema, "mode": answer.mode.value}
    lines = [
        codec.encode({"seq": seq + i, "at": at} | head | record).decode() for i, record in enumerate(records)
    ]
    return "".join(line + "\n" for line in lines)


def _csv(answer: Answer, options: Options, records: Sequence[Any], age_ms: int | None, seq: int) -> str:
    rows = [flat(record) for record in records]
    names = _columns(rows)
    lines = [",".join(_quote(_with_unit(name, answer.units)) for name in names)]
    lines += [",".join(_quote(_csv_cell(name, row.get(name))) for name in names) for row in rows]
    return "".join(line + "\r\n" for line in lines) if names else ""


def _md(answer: Answer, options: Options, records: Sequence[Any], age_ms: int | None, seq: int) -> str:
    from tradecli.present.format import visible

    rows = [flat(record) for record in records]
    names = _columns(rows)
    if not names:
        return "_nothing_\n"
    lines = ["| " + " | ".join(_with_unit(name, answer.units) for name in names) + " |"]
    lines.append("|" + " --- |" * len(names))
    for row in rows:
        cells = (visible(_plain(name, row.get(name))).replace("|", "\\|") for name in names)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + f"\n\n_{_footer(answer, age_ms)}_\n"


def _table(answer: Answer, options: Options, records: Sequence[Any], age_ms: int | None, seq: int) -> str:
    if answer.text is not None:
        return answer.text()
    from tradecli.present import format as shown
    from tradecli.present import richly

    with shown.wearing(ratio_unit=options.units, local_time=options.tz == "local"):
        arranged = options.sort or options.limit
        own = not options.fields and (isinstance(answer.data, list) or not arranged)
        panels = answer.panels() if answer.panels and own else [_generic(answer, records)]
        terminal = sys.stdout.isatty() and not options.out
        width = shutil.get_terminal_size((PIPE_WIDTH, 24)).columns if terminal else _pipe_width()
        color = terminal and not options.no_color and not os.environ.get("NO_COLOR")
        body = richly.to_text(panels, max(width, 20), color=color)
        notes = "".join(f"! {shown.visible(warning)}\n" for warning in answer.warnings)
        foot = _footer(answer, age_ms)
        if terminal and len(foot) > width:
            foot = foot.replace(" · source ", "\nsource ", 1)
        return body + notes + foot + "\n"


def _generic(answer: Answer, records: Sequence[Mapping[str, Any]]) -> Panel:
    """Return a plain panel of records: facts for a single one, a table for more."""
    from tradecli.present.blocks import Align, Cell, Column, Facts, Table
    from tradecli.present.format import UNKNOWN

    rows = [flat(record) for record in records]
    names = _columns(rows)
    title = answer.schema.removeprefix("tradecli.").split("/")[0].replace(".", " ")
    if len(rows) == 1:
        facts = tuple(
            (_with_unit(name, answer.units), Cell(_shown(name, rows[0][name]) or UNKNOWN)) for name in names
        )
        return Panel(title=title, blocks=(Facts(rows=facts),))
    columns = tuple(
        Column(
            name=name,
            unit=answer.units.get(name, ""),
            align=Align.RIGHT if any(isinstance(r.get(name), int | float) for r in rows) else Align.LEFT,
            priority=i + 1,
        )
        for i, name in enumerate(names)
    )
    cells = tuple(tuple(Cell(_shown(name, row.get(name)) or UNKNOWN) for name in names) for row in rows)
    return Panel(title=title, blocks=(Table(columns=columns, rows=cells),))


def _shown(name: str, value: Any) -> str:
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return _plain(name, value)


def _footer(answer: Answer, age_ms: int | None) -> str:
    from tradecli.present import format as shown

    parts = [f"as of {shown.moment(answer.as_of)}", f"age {shown.age(age_ms)}", f"mode {answer.mode.value}"]
    return " · ".join(parts + ([f"source {answer.source}"] if answer.source else []))


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(row))
    return list(names)


def _with_unit(name: str, units: Mapping[str, str]) -> str:
    return f"{name} ({units[name]})" if name in units else name


def is_time(name: str) -> bool:
    """Say whether a field of that name holds UTC milliseconds."""
    last = name.rpartition(".")[2]
    return last in _TIMES or last.endswith(("_at", "_ts"))


def _plain(name: str, value: Any) -> str:
    """Return a value as text for CSV and plain tables: ISO times, JSON for lists, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and is_time(name):
        return _iso(value)
    if isinstance(value, list | tuple | dict):
        return codec.encode(value).decode() if value else ""
    return str(value)


def _iso(ms: int) -> str:
    try:
        return (
            datetime.fromtimestamp(ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        )
    except (ValueError, OverflowError, OSError):
        return str(ms)


def _csv_cell(name: str, value: Any) -> str:
    text = _plain(name, value)
    if isinstance(value, str) and text.startswith(_FORMULA) and not _is_number(text):
        return "'" + text
    return text


def _is_number(text: str) -> bool:
    from tradecli.domain.number import parse_decimal

    try:
        parse_decimal(text)
    except ValueError:
        return False
    return True


def _quote(text: str) -> str:
    if any(c in text for c in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _pipe_width() -> int:
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdigit() and 20 <= int(columns) <= 1_000 else PIPE_WIDTH


TEXT: Mapping[Format, Callable[..., str]] = {
    Format.JSON: _json,
    Format.NDJSON: _ndjson,
    Format.CSV: _csv,
    Format.MD: _md,
    Format.TABLE: _table,
}
