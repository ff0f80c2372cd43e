"""Everything that is wrong with a configuration, said at once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tradecli.errors import ConfigError

UNSTATED = 105
"""A key that every profile that trades must state."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: its stable number, the dotted key, where it stands, what to do."""

    number: int
    key: str
    message: str
    where: str
    hint: str = ""

    @property
    def code(self) -> str:
        return f"E-CONFIG-{self.number}"

    def line(self) -> str:
        """Return ``E-CONFIG-104 config.toml:14:3 message — hint``."""
        return f"{self.code} {self.where} {self.message}" + (f" — {self.hint}" if self.hint else "")


class ConfigProblems(ConfigError):
    """A configuration with at least one problem; ``line`` has one line for each, and one for all unstated keys."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(
            first.message + more, number=first.number, hint=first.hint or None, where=first.where
        )
        self.problems = tuple(problems)

    def line(self) -> str:
        unstated = [problem for problem in self.problems if problem.number == UNSTATED]
        lines = [problem.line() for problem in self.problems if problem.number != UNSTATED]
        if len(unstated) > 1:
            names = ", ".join(problem.key for problem in unstated)
            message = f"{len(unstated)} keys have no default: {names}"
            unstated = [msgspec.structs.replace(unstated[0], message=message)]
        return "\n".join([*(problem.line() for problem in unstated), *lines])
