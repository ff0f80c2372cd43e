"""``tradecli <component> <topic> [SYMBOL...]``: one command for every topic, made from what the topic declares.

The options come from the fields of the topic's ``Query``, the JSON from its report, the table from its ``present``.
Nothing here knows any topic by name.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Mapping
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from tradecli.cli import options, parse, planning
from tradecli.cli.commands import Commands
from tradecli.cli.output import Answer
from tradecli.components.base import Component, Reach, Topic, topic_key
from tradecli.domain.enums import Mode
from tradecli.domain.number import plain
from tradecli.errors import ExitCode, UsageError
from tradecli.present.blocks import Panel

if TYPE_CHECKING:
    from tradecli.wiring import TopicAnswer

USES = ("symbols", "watchlist", "venue", "at", "seed")


def build(word: str) -> Commands:
    """Return the commands of one component; a usage error where it is not built yet."""
    name = f"tradecli.components.{word}"
    component: Component | None = getattr(import_module(name), "COMPONENT", None)
    if component is None:
        raise UsageError(f"'{word}' is not built yet", number=111, hint="tradecli help coverage")
    app = Commands(word, component.summary)
    for topic in component.topics:
        schema = f"tradecli.{word}.{topic.name}/1"
        declare = app.answers(topic.name, uses=USES, schema=schema, row=topic.report, many_venues=True)
        declare(_command(word, topic, schema))
    return app


def _command(component: str, topic: Topic, schema: str) -> Callable[..., Answer]:
    """Return a function whose signature is the topic's query."""
    hints = typing.get_type_hints(topic.query, include_extras=True)
    kinds = {name: _described(hint)[1] for name, hint in hints.items()}

    def run(**values: Any) -> Answer:
        typed = tuple(values.pop("symbols", None) or ())
        wish = planning.wish(values) if topic.orders is not None else None
        query = {
            name: "true" if value is True else _checked(name, value, kinds[name])
            for name, value in values.items()
            if value not in (None, False)
        }
        if wish is not None and wish.apply:
            if typed or query or options.current().given & {"symbols", "watchlist", "at", "seed", "venue"}:
                raise UsageError("--apply takes a plan as it is: no symbol and no other option", number=103)
            return planning.applied(wish.apply, topic_key(component, topic.name), yes=wish.yes)
        found = assess(component, topic, typed, query)
        if wish is not None and wish.plan:
            return planning.planned(found, topic_key(component, topic.name), wish)
        return _answer(topic, schema, found)

    parameters = _parameters(topic)
    run.__doc__ = topic.summary.rstrip(".") + "."
    run.__name__ = topic.name.replace("-", "_")
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def assess(component: str, topic: Topic, typed: tuple[str, ...], query: Mapping[str, str]) -> TopicAnswer:
    """Assess a topic for the symbols that were typed, or for the watched ones."""
    from tradecli.wiring import assess_once  # the engine and its numerics: only now

    given = options.current()
    try:
        msgspec.convert(dict(query), topic.query, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(
            _wrong(topic.query, query, str(error)),
            number=147,
            hint=f"tradecli {component} {topic.name} --help",
        ) from error
    return assess_once(
        profile=given.profile,
        config_path=given.config,
        db=given.db,
        component=component,
        topic=topic.name,
        symbols=_symbols(typed, given),
        venues=given.venues,
        query=query,
        at=given.at,
        offline=given.offline,
        seed=given.seed,
    )


def _answer(topic: Topic, schema: str, found: TopicAnswer) -> Answer:
    given = options.current()
    return Answer(
        schema=schema,
        mode=found.mode,
        data=found.reports,
        as_of=found.as_of,
        asked_at=given.at if given.at is not None else found.at if found.mode is Mode.DEMO else None,
        units=topic.units,
        warnings=found.warnings,
        codes=_incomplete(given) if found.missing else (),
        panels=lambda: _panels(topic, found.reports, explain=given.explain),
    )


def _incomplete(given: options.Options) -> tuple[ExitCode, ...]:
    """Return what an answer ends with that lacks a venue: partial, and too old where an age was demanded of all."""
    return (ExitCode.PARTIAL,) if given.max_age_ms is None else (ExitCode.PARTIAL, ExitCode.STALE)


def _panels(topic: Topic, reports: tuple[Any, ...], *, explain: bool) -> list[Panel]:
    panels = [topic.present(report) for report in _different(topic, reports)]
    if explain:
        panels += [_inputs(topic, report) for report in reports]
    return panels


def _different(topic: Topic, reports: tuple[Any, ...]) -> list[Any]:
    if topic.same_as is None:
        return list(reports)
    first: dict[Any, Any] = {}
    for report in reports:
        first.setdefault(topic.same_as(report), report)
    return list(first.values())


def _inputs(topic: Topic, report: Any) -> Panel:
    """Return what a report rests on: each input with its value, age, source and quality."""
    from tradecli.present.blocks import Align, Cell, Column, Table
    from tradecli.present.format import moment, number

    columns = (
        Column(name="input", align=Align.LEFT, priority=1),
        Column(name="value", priority=1),
        Column(name="as of", priority=2),
        Column(name="quality", align=Align.LEFT, priority=2),
        Column(name="source", align=Align.LEFT, priority=3),
        Column(name="reason", align=Align.LEFT, priority=4),
    )
    rows = tuple(
        (
            Cell(item.name),
            Cell(number(item.value, 6)),
            Cell(moment(item.as_of)),
            Cell(item.quality.value),
            Cell(item.source),
            Cell(item.reason),
        )
        for item in topic.inputs(report)
    )
    return Panel(title="rests on", blocks=(Table(columns=columns, rows=rows, empty="no recorded inputs"),))


_WRONG = re.compile(r"(?P<said>.*?) - at `\$\.?(?P<field>\w*)`", re.DOTALL)
_BOUND = re.compile(r"Expected `\w+`(?: \| null)? (?P<sign><=|>=|<|>) (?P<bound>\S+)")
_BOUNDS = {">=": "at least", "<=": "at most", ">": "above", "<": "below"}


def _wrong(kind: type[Any], query: Mapping[str, str], text: str) -> str:
    """Say what an option may be, in our words: ``text`` is msgspec's, which names a place in a document."""
    found = _WRONG.fullmatch(text)
    name = found["field"] if found is not None else ""
    if found is None or name not in query:
        return text if found is None else found["said"]
    flag, given = "--" + name.replace("_", "-"), query[name]
    _, plain = _described(typing.get_type_hints(kind, include_extras=True)[name])
    if typing.get_origin(plain) is typing.Literal:
        return f"{flag} cannot be {given!r}: one of {', '.join(map(str, typing.get_args(plain)))}"
    bound = _BOUND.fullmatch(found["said"])
    if bound is not None:
        return f"{flag} must be {_BOUNDS[bound['sign']]} {bound['bound']}, not {given}"
    return f"{flag} cannot be {given!r}: {found['said']}"


def _symbols(typed: tuple[str, ...], given: options.Options) -> tuple[str, ...]:
    if typed and given.given & {"symbols", "watchlist"}:
        raise UsageError("symbols are given twice: as words and by a flag", number=103)
    if given.watchlist:
        from tradecli.cli.watch import symbols_of

        return symbols_of(given.watchlist)
    found = [parse.symbol(text, given.venue) for text in typed] if typed else list(given.symbols)
    if len(set(found)) != len(found):
        raise UsageError("a symbol is given twice", number=123)
    return tuple(f"{symbol}@{venue}" if venue else symbol for symbol, venue in found)


def _parameters(topic: Topic) -> list[inspect.Parameter]:
    parameters = []
    if topic.reach is Reach.INSTRUMENT:
        help = "symbols, as the venue writes them: BTCUSDT, BTCUSDT.spot@binance"
        annotation: Any = Annotated[
            list[str], typer.Argument(metavar="[SYMBOL]...", help=help, show_default=False)
        ]
        parameters.append(_parameter("symbols", annotation, None))
    hints = typing.get_type_hints(topic.query, include_extras=True)
    for field in msgspec.structs.fields(topic.query):
        if field.name.replace("_", "-") in options.BY_NAME:
            raise ValueError(f"{topic.name}: the query field {field.name} is a global flag")
        parameters.append(_option(field, hints[field.name]))
    if topic.orders is not None:
        parameters += [_parameter(*each) for each in planning.PARAMETERS]
    return parameters


def _option(field: msgspec.structs.FieldInfo, hint: Any) -> inspect.Parameter:
    flag = "--" + field.name.replace("_", "-")
    help, plain = _described(hint)
    if field.default not in (msgspec.NODEFAULT, None, "", False):
        help = f"{help} [default: {_as_text(field.default)}]".strip()
    if plain is bool:
        return _parameter(field.name, Annotated[bool, typer.Option(flag, help=help)], False)
    option = typer.Option(flag, help=help, show_default=False, metavar="TEXT" if plain is str else "VALUE")
    if field.required:
        return _parameter(field.name, Annotated[str, option], inspect.Parameter.empty)
    return _parameter(field.name, Annotated[str, option], None)


def _described(hint: Any) -> tuple[str, Any]:
    """Return (help, type) of a query field: its ``msgspec.Meta`` description and what it is."""
    if typing.get_origin(hint) is Annotated:
        inner, *extras = typing.get_args(hint)
        texts = [meta.description for meta in extras if isinstance(meta, msgspec.Meta) and meta.description]
        return (texts[0] if texts else ""), inner
    return "", hint


def _checked(name: str, text: str, kind: Any) -> str:
    """Return the text of an option whose numbers follow our grammar; a ratio with its unit becomes a fraction."""
    flag = "--" + name.replace("_", "-")
    kinds = {kind, *typing.get_args(kind)}
    if not kinds & {int, float, Decimal}:
        return text
    if text.endswith(("%", "bps")) and int not in kinds:
        return plain(parse.ratio(text, flag))
    value = parse.decimal(text, flag)
    if int in kinds and value != value.to_integral_value():
        raise UsageError(f"{flag} must be a whole number, not {text}", number=142)
    return plain(value)


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
