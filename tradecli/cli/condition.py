"""``--fail-if``: a small language over the fields of the JSON. It compares; it cannot call, index or run anything.

    expression := conjunction ("or" conjunction)*
    conjunction := negation ("and" negation)*
    negation   := "not" negation | "(" expression ")" | comparison
    comparison := operand [("<" | "<=" | ">" | ">=" | "==" | "!=") operand]
    operand    := number | "text" | 'text' | true | false | name
    name       := word ("." word)*            a field of one record, as the JSON spells it: risk.dd_pct

Numbers follow the JSON: fractions, unless a name ends in ``_pct`` or ``_bps``. Decimals that the JSON carries as text
compare as numbers with numbers. The condition is true if it is true of any record. A field that is null makes it
unknown, unless the rest decides (``true or unknown`` is true); a field that no record has is a usage error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, TypeAlias

from tradecli.domain.number import parse_decimal
from tradecli.errors import UsageError

Truth: TypeAlias = bool | None
Value: TypeAlias = Decimal | str | bool | None
Reader: TypeAlias = Callable[[Mapping[str, Any]], Value]
Test: TypeAlias = Callable[[Mapping[str, Any]], Truth]

LONGEST = 500
DEEPEST = 32
_TOKEN = re.compile(
    r"[ \t]*(?:(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?(?![A-Za-z0-9_.]))"
    r"|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)"
    r"|(?P<mark><=|>=|==|!=|<|>|\(|\)))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


class Condition:
    """A parsed expression; ``holds`` applies it to the records of an answer."""

    def __init__(self, text: str) -> None:
        if not text.strip() or len(text) > LONGEST:
            raise UsageError(f"--fail-if takes 1 to {LONGEST} characters", number=150)
        self.text = text
        self.names: list[str] = []
        self._tokens = _tokens(text)
        self._next = 0
        self._test = self._expression(0)
        if self._next < len(self._tokens):
            raise self._refuse(f"unexpected {self._tokens[self._next][1]!r}")

    def holds(self, records: Sequence[Mapping[str, Any]]) -> Truth:
        """Return True if any record meets the condition, None if that is unknown, else False."""
        verdicts = [self._test(record) for record in records]
        if True in verdicts:
            return True
        return None if None in verdicts else False

    def _expression(self, depth: int) -> Test:
        if depth > DEEPEST:
            raise self._refuse(f"nested more than {DEEPEST} deep")
        tests = [self._conjunction(depth)]
        while self._take_word("or"):
            tests.append(self._conjunction(depth))
        return tests[0] if len(tests) == 1 else lambda record: _any(test(record) for test in tests)

    def _conjunction(self, depth: int) -> Test:
        tests = [self._negation(depth)]
        while self._take_word("and"):
            tests.append(self._negation(depth))
        return tests[0] if len(tests) == 1 else lambda record: _all(test(record) for test in tests)

    def _negation(self, depth: int) -> Test:
        if depth > DEEPEST:
            raise self._refuse(f"nested more than {DEEPEST} deep")
        if self._take_word("not"):
            inner = self._negation(depth + 1)
            return lambda record: _not(inner(record))
        if self._take_mark("("):
            inner = self._expression(depth + 1)
            if not self._take_mark(")"):
                raise self._refuse("a parenthesis is not closed")
            return inner
        return self._comparison()

    def _comparison(self) -> Test:
        left = self._operand()
        kind, mark = self._peek()
        if kind != "mark" or mark not in _COMPARE:
            return lambda record: _as_truth(left(record))
        self._next += 1
        right, compare = self._operand(), _COMPARE[mark]

        def test(record: Mapping[str, Any]) -> Truth:
            pair = _comparable(left(record), right(record), mark)
            return None if pair is None else compare(*pair)

        return test

    def _operand(self) -> Reader:
        kind, text = self._peek()
        self._next += 1
        if kind == "number":
            try:
                constant: Value = parse_decimal(text, name="number")
            except ValueError as error:
                raise self._refuse(str(error)) from error
        elif kind == "text":
            constant = text[1:-1]
        elif kind == "word" and text in ("true", "false"):
            constant = text == "true"
        elif kind == "word" and text not in ("and", "or", "not"):
            self.names.append(text)
            return lambda record: _field(record, text)
        else:
            raise self._refuse(
                f"a number, a name or a text is missing{f' before {text!r}' if text else ' at the end'}"
            )
        return lambda record: constant

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._next] if self._next < len(self._tokens) else ("end", "")

    def _take_word(self, word: str) -> bool:
        return self._take(("word", word))

    def _take_mark(self, mark: str) -> bool:
        return self._take(("mark", mark))

    def _take(self, token: tuple[str, str]) -> bool:
        if self._peek() != token:
            return False
        self._next += 1
        return True

    def _refuse(self, why: str) -> UsageError:
        return UsageError(
            f"--fail-if cannot be read: {why}", number=151, hint="for example 'risk.dd_pct>8 and not halted'"
        )


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            wrong = text[at:].strip()[:12]
            hint = (
                "compare with =="
                if wrong.startswith("=")
                else "names, numbers, < <= > >= == !=, and, or, not, ( )"
            )
            raise UsageError(f"--fail-if cannot be read at {wrong!a}", number=151, hint=hint)
        found.append((str(match.lastgroup), match.group(str(match.lastgroup))))
        at = match.end()
    return found


def _field(record: Mapping[str, Any], name: str) -> Value:
    value: Any = record
    for part in name.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif (
            isinstance(value, Sequence)
            and not isinstance(value, str)
            and part.isdigit()
            and int(part) < len(value)
        ):
            value = value[int(part)]
        elif value is None:
            return None
        else:
            known = [str(key) for key in value] if isinstance(value, Mapping) else []
            near = get_close_matches(part, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"fields here: {', '.join(known[:12]) or 'none'}"
            raise UsageError(f"--fail-if names no field of this answer: {name!r}", number=152, hint=hint)
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return Decimal(str(value))
    raise UsageError(
        f"--fail-if can compare only single values, and {name!r} is a list or an object", number=153
    )


def _comparable(left: Value, right: Value, mark: str) -> tuple[Any, Any] | None:
    if left is None or right is None:
        return None
    if isinstance(left, str) and isinstance(right, Decimal):
        left = _as_number(left)
    if isinstance(right, str) and isinstance(left, Decimal):
        right = _as_number(right)
    if type(left) is not type(right) or (isinstance(left, bool) and mark not in ("==", "!=")):
        raise UsageError(f"--fail-if compares different kinds: {left!s} {mark} {right!s}", number=153)
    return left, right


def _as_number(text: str) -> Value:
    try:
        return parse_decimal(text)
    except ValueError:
        return text


def _as_truth(value: Value) -> Truth:
    if value is None or isinstance(value, bool):
        return value
    raise UsageError(
        f"--fail-if needs a comparison, and {value!s} alone is neither true nor false", number=153
    )


def _any(verdicts: Any) -> Truth:
    seen = list(verdicts)
    return True if True in seen else None if None in seen else False


def _all(verdicts: Any) -> Truth:
    seen = list(verdicts)
    return False if False in seen else None if None in seen else True


def _not(verdict: Truth) -> Truth:
    return None if verdict is None else not verdict
