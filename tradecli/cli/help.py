"""``tradecli help``: the pages shipped in the package, the global options, and what of the specification is built."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

import tradecli
from tradecli.cli import options
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.config.place import locate
from tradecli.errors import NotFound

if TYPE_CHECKING:
    from tradecli.present.blocks import Panel

app = Commands("help", "Pages about the console.", single=True)
PAGES = Path(tradecli.__file__).with_name("help_pages")
SCHEMA = "tradecli.help/1"


class PageRow(msgspec.Struct, frozen=True, kw_only=True):
    """One page as Markdown."""

    topic: str
    text: str


class CoverageRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the specification: the command that satisfies it and the test that shows it, or ``not built yet``."""

    section: str
    line: str
    command: str
    test: str
    state: str


@app.answers(schema=SCHEMA, row=PageRow)
def help_page(
    topic: Annotated[
        str,
        typer.Argument(
            metavar="[TOPIC]",
            help="a page, one method of it as vol.garch, or 'options', 'coverage', 'topics'",
            show_default=False,
        ),
    ] = "topics",
) -> Answer:
    """Show a page: getting-started, methods, safety, exit-codes … ('topics' lists them)."""
    if topic == "coverage":
        return _coverage()
    text = _text(topic)
    row = PageRow(topic=topic, text=text)
    return _answer(SCHEMA, [row], lambda: _shown(text))


def topics() -> dict[str, str]:
    """Return the title of every page by its name."""
    titles = {path.stem: _title(path) for path in sorted(PAGES.glob("*.md"))}
    return titles | {"options": "Global options", "coverage": "What of the specification is built"}


def coverage_rows() -> list[CoverageRow]:
    """Return the table of ``coverage.tsv``."""
    lines = (PAGES / "coverage.tsv").read_text(encoding="utf-8").splitlines()
    names = lines[0].split("\t")
    return [CoverageRow(**dict(zip(names, line.split("\t"), strict=True))) for line in lines[1:] if line]


def options_page() -> str:
    """Return the page about the global options, made from their table."""
    lines = [
        "# Global options",
        "",
        "They may stand before, between or after the command words, each at most once.",
        "",
    ]
    for selects, heading in ((False, "Every command takes"), (True, "Commands that select take")):
        lines += [f"## {heading}", ""]
        lines += [
            f"    --{flag.name} {flag.metavar}".ljust(26) + flag.help
            for flag in options.FLAGS
            if flag.selects is selects
        ]
        lines.append("")
    return "\n".join(lines)


def _text(topic: str) -> str:
    known = topics()
    if topic == "topics":
        lines = ["# Pages", ""] + [f"    tradecli help {name:<18}{title}" for name, title in known.items()]
        return "\n".join(lines) + "\n"
    if topic == "options":
        return options_page()
    page, _, name = topic.partition(".")
    if page in known and name:
        return _entry(page, name)
    if topic not in known:
        from difflib import get_close_matches

        near = get_close_matches(topic[:40], known, 1)
        hint = f"did you mean {near[0]!r}?" if near else "tradecli help topics"
        raise NotFound(f"no such page: {topic[:40]!a}", number=180, hint=hint)
    return (PAGES / f"{topic}.md").read_text(encoding="utf-8")


def entries(page: str) -> dict[str, str]:
    """Return the methods of a page by each name in their brackets: what begins ``**Title** (`name`, …)``."""
    found: dict[str, str] = {}
    names: list[str] = []
    for part in (PAGES / f"{page}.md").read_text(encoding="utf-8").split("\n\n"):
        head = re.match(r"\*\*[^*]+\*\*(?: \(([^)]*)\))?", part)
        if head is not None or part.startswith(("#", "    ")):
            names = re.findall(r"`([^`]+)`", head[1] or "") if head is not None else []
        for name in names:
            found[name] = f"{found[name]}\n\n{part}" if name in found else part
    return found


def _entry(page: str, name: str) -> str:
    known = entries(page) if (PAGES / f"{page}.md").exists() else {}
    if name not in known:
        from difflib import get_close_matches

        near = get_close_matches(name[:40], known, 1)
        hint = f"did you mean {page + '.' + near[0]!r}?" if near else f"tradecli help {page}"
        raise NotFound(f"no such method on page {page}: {name[:40]!a}", number=180, hint=hint)
    return known[name].strip() + "\n"


def _coverage() -> Answer:
    rows = coverage_rows()
    built = sum(row.state == "built" for row in rows)
    partly = sum(row.state == "partly" for row in rows)
    note = f"{built} built, {partly} partly, {len(rows) - built - partly} not built yet, of {len(rows)} lines"
    answer = _answer("tradecli.help.coverage/1", rows, None)
    answer.warnings = (note,)
    answer.panels = lambda: [_coverage_panel(rows)]
    return answer


def _coverage_panel(rows: list[CoverageRow]) -> Panel:
    from tradecli.present.blocks import Align, Cell, Column, Panel, Table, Tone

    tones = {"built": Tone.GOOD, "partly": Tone.WARN}
    columns = (
        Column(name="section", align=Align.LEFT, priority=3),
        Column(name="line of the specification", align=Align.LEFT, priority=1, width=46),
        Column(name="state", align=Align.LEFT, priority=1),
        Column(name="command", align=Align.LEFT, priority=2),
        Column(name="test", align=Align.LEFT, priority=4),
    )
    cells = tuple(
        (
            Cell(row.section, Tone.MUTED),
            Cell(row.line),
            Cell(row.state, tones.get(row.state, Tone.MUTED)),
            Cell(row.command),
            Cell(row.test, Tone.MUTED),
        )
        for row in rows
    )
    return Panel(title="what is built", blocks=(Table(columns=columns, rows=cells),))


def _answer(schema: str, rows: list[PageRow] | list[CoverageRow], text: object) -> Answer:
    given = options.current()
    mode = locate(given.profile, given.config, given.db).mode
    return Answer(schema=schema, mode=mode, data=rows, as_of=given.now, text=text)  # type: ignore[arg-type]


def _shown(text: str) -> str:
    """Return a page as it stands, or laid out where a person reads it on a terminal."""
    given = options.current()
    if not sys.stdout.isatty() or given.out or given.no_color or os.environ.get("NO_COLOR"):
        return text
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console(width=min(shutil.get_terminal_size().columns, 100), force_terminal=True)
    with console.capture() as captured:
        console.print(Markdown(text))
    return captured.get()


def _title(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.readline().lstrip("# ").strip()
