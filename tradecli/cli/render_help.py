"""``python -m tradecli.cli.render_help``: write every command's ``--help`` to ``cli/help/*.txt``.

The entry answers from these files before Typer loads; a test compares them with what Typer prints now. 80 columns,
plain text. Words whose module is not there yet are left out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tradecli.cli.groups import WORDS, root_help
from tradecli.cli.main import load
from tradecli.errors import UsageError

FOLDER = Path(__file__).with_name("help")


def pages() -> dict[str, str]:
    """Return the help text of every command by its file name."""
    texts = {"tradecli.txt": root_help()}
    for word in WORDS:
        try:
            commands = load(word)
        except UsageError:
            continue
        from typer.main import get_command

        for path, text in _texts(get_command(commands), [word], None):
            texts["-".join(path) + ".txt"] = text
    return texts


def _texts(command: Any, path: list[str], parent: Any) -> Iterator[tuple[list[str], str]]:
    name = f"tradecli {path[0]}" if parent is None else path[-1]
    context = command.context_class(command, info_name=name, parent=parent, **command.context_settings)
    yield path, command.get_help(context).rstrip() + "\n"
    for sub in getattr(command, "commands", {}).values():
        if not sub.hidden:
            yield from _texts(sub, [*path, sub.name], context)


def main() -> int:
    """Write the files, remove those of commands that are gone, and return 0."""
    FOLDER.mkdir(exist_ok=True)
    texts = pages()
    for old in FOLDER.glob("*.txt"):
        if old.name not in texts:
            old.unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"{len(texts)} pages in {FOLDER}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
