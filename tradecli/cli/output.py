"""The only module that writes stdout: one envelope, five formats, and what an answer means for the exit code.

JSON is the record through ``codec``, never derived from table headers; how each format looks is in ``formats``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from tradecli import codec
from tradecli.cli.condition import Condition
from tradecli.cli.formats import TEXT, arrange, project, record
from tradecli.cli.options import Options
from tradecli.domain.enums import Mode
from tradecli.errors import ExitCode, NotFound, StoreFault, TradecliError, UsageError, gravest
from tradecli.present.blocks import Panel
from tradecli.redaction import redacted


class Answer(msgspec.Struct, kw_only=True):
    """What a command found. ``data`` holds Structs or mappings; ``panels`` draws them; ``codes`` ask for an exit code.

    ``as_of`` is the time of the newest thing the answer rests on (UTC ms, None: unknown); ``asked_at`` is the moment it
    speaks of where that is not now (``--at``, simulated time). Records that are themselves text go to ``text``. A list
    given as ``data`` is sorted and cut in place before ``panels`` draws it.
    """

    schema: str
    mode: Mode
    data: Sequence[Any] = ()
    as_of: int | None = None
    asked_at: int | None = None
    units: Mapping[str, str] = {}
    warnings: Sequence[str] = ()
    source: str = ""
    panels: Callable[[], Sequence[Panel]] | None = None
    text: Callable[[], str] | None = None
    beside: Mapping[str, Any] = {}
    """What stands in the JSON beside the data because it is no part of the result, such as how long it took."""
    codes: Sequence[ExitCode] = ()


def show(answer: Answer, options: Options, seq: int = 1) -> ExitCode:
    """Write ``answer`` in the asked format; return the exit code that it, ``--max-age`` and ``--fail-if`` call for."""
    records = [record(item) for item in answer.data]
    now = options.now if answer.asked_at is None else answer.asked_at
    age_ms = None if answer.as_of is None else max(now - answer.as_of, 0)
    codes = [*answer.codes, *_verdicts(answer, options, records, age_ms)]
    order = arrange(records, options)
    if isinstance(answer.data, list):
        answer.data[:] = [answer.data[i] for i in order]
    shaped = project([records[i] for i in order], options)
    if not options.quiet or options.out:
        text = redacted(TEXT[options.format](answer, options, shaped, age_ms, seq))
        if options.out:
            write_file(options.out, text, overwrite=options.overwrite)
        else:
            write(text)
    return gravest(codes)


def write(text: str) -> None:
    """Write finished text to stdout, at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


def error_object(error: TradecliError) -> str:
    """Return the JSON form of an error."""
    body: dict[str, Any] = {
        "code": error.code,
        "message": _text(error.message),
        "hint": _text(error.hint),
        "where": _text(error.where),
    }
    body["exit_code"] = int(error.exit_code)
    problems = getattr(error, "problems", None)
    if problems:
        body["problems"] = [codec.to_builtins(problem) | {"code": problem.code} for problem in problems]
    return codec.encode({"schema": "tradecli.error/1", "error": body}).decode() + "\n"


def _text(text: str | None) -> str | None:
    """Return ``text`` as Unicode: a file's name may hold bytes that are none."""
    return text if text is None else text.encode("utf-8", "backslashreplace").decode()


def schema_of(name: str, row: Any) -> str:
    """Return the JSON Schema of the envelope around ``row`` records."""
    struct = row if isinstance(row, type) or row is None else row()
    items = codec.schema(struct) if struct is not None else {"type": "object"}
    definitions: Any = items.pop("$defs", {})
    properties = {
        "schema": {"const": name},
        "mode": {"enum": [mode.value for mode in Mode]},
        "as_of": {"type": ["integer", "null"], "description": "UTC ms of the newest thing this rests on"},
        "age_s": {"type": ["number", "null"]},
        "units": {"type": "object", "additionalProperties": {"type": "string"}},
        "warnings": {"type": "array", "items": {"type": "string"}},
        "data": {"type": "array", "items": items},
    }
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": name,
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "$defs": definitions,
    }
    return codec.encode(document).decode() + "\n"


def write_file(path: str, text: str, *, overwrite: bool = False) -> None:
    """Write ``text`` beside ``path`` and rename it there: the name appears only when the file is complete (I06)."""
    if os.path.islink(path):
        raise UsageError(f"--out will not write through a link: {path}", number=146)
    if os.path.isdir(path):
        raise UsageError(f"--out names a directory: {path}", number=146)
    if os.path.exists(path) and not overwrite:
        raise UsageError(f"--out would replace {path}", number=146, hint="--overwrite allows it")
    partial = f"{path}.{os.getpid()}.part"
    try:
        with os.fdopen(
            os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline=""
        ) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        if os.path.exists(partial):
            os.unlink(partial)
        if isinstance(error, FileNotFoundError):
            raise NotFound(f"the folder of {path} does not exist", hint="make it first") from error
        raise StoreFault(f"cannot write: {error.strerror}", path=path, number=120) from error


def _verdicts(
    answer: Answer, options: Options, records: Sequence[Mapping[str, Any]], age_ms: int | None
) -> list[ExitCode]:
    codes: list[ExitCode] = []
    if options.max_age_ms is not None and (age_ms is None or age_ms > options.max_age_ms):
        codes.append(ExitCode.STALE)
    if options.fail_if is not None:
        truth = Condition(options.fail_if).holds(records)
        if truth is None:
            codes.append(ExitCode.STALE)
        elif truth:
            codes.append(ExitCode.CONDITION)
    return codes
