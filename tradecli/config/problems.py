"""Everything that is wrong with a configuration, said at once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tradecli.errors import ConfigError


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
    """A configuration with at least one problem; ``line`` has one line for each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(
            first.message + more, number=first.number, hint=first.hint or None, where=first.where
        )
        self.problems = tuple(problems)

    def line(self) -> str:
        return "\n".join(problem.line() for problem in self.problems)
