"""What the architecture tests read: the modules of the package, their syntax trees, and the files git tracks."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "tradecli"


@cache
def modules() -> tuple[Path, ...]:
    return tuple(sorted(PACKAGE.rglob("*.py")))


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def name(path: Path) -> str:
    """Return a path relative to the checkout, for messages."""
    return path.relative_to(ROOT).as_posix()


def exists(dotted: str) -> bool:
    """Say whether a module or package of tradecli exists, from its name below ``tradecli``."""
    path = PACKAGE.joinpath(*dotted.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


@cache
def tracked() -> tuple[Path, ...]:
    """Return every text file of the project: those git knows, or all of an unpacked source archive."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        paths = [ROOT / part for part in listed.stdout.decode().split("\0") if part]
    else:
        paths = [path for path in ROOT.rglob("*") if not {".venv", ".git"} & set(path.parts)]
    return tuple(path for path in paths if path.is_file() and _is_text(path))


def words(identifier: str) -> list[str]:
    """Split ``snake_case`` or ``CamelCase`` into lower-case words."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+\d*|\d+", identifier)]


def dotted(node: ast.expr) -> str:
    """Return ``a.b.c`` for a name or attribute chain, otherwise an empty string."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr}" if head else ""
    return ""


def _is_text(path: Path) -> bool:
    try:
        return b"\0" not in path.read_bytes()[:4096]
    except OSError:
        return False
