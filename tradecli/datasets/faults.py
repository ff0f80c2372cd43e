"""What can be wrong with a file, each as one error that names the file and, where there is one, row and column."""

from __future__ import annotations

from tradecli.errors import UsageError


class BadFile(UsageError):
    """The file cannot be read as what it should be; nothing of it was kept."""

    def __init__(self, name: str, reason: str, *, hint: str | None = None, number: int = 160) -> None:
        super().__init__(reason, number=number, hint=hint, where=name)


class BadRow(BadFile):
    """One cell or row is wrong. ``row`` counts the rows of data from 1, a header line apart."""

    def __init__(self, name: str, row: int, column: str, reason: str) -> None:
        place = f"row {row}, column {column}: " if column else f"row {row}: "
        super().__init__(name, place + reason, number=161, hint="nothing of this file was imported")
        self.row = row
        self.column = column


class NotKnown(BadFile):
    """The file does not say something that an option must."""

    def __init__(self, name: str, what: str, option: str, example: str) -> None:
        super().__init__(
            name, f"the file does not say {what}", number=162, hint=f"add {option}, as in {example}"
        )
        self.option = option


class Contradiction(BadFile):
    """An option says one thing and the file another."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason, number=163)
