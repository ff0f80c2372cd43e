"""How a command is declared: Typer with one strict command class.

``Commands`` is a ``typer.Typer`` whose commands return an ``Answer`` (or an exit code), refuse repeated options, show
the global flags in their help, and read plain text without building a validator for it. It writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec
import typer
from typer.core import TyperCommand, TyperGroup

from tradecli.cli import options
from tradecli.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])

_SETTINGS = {"help_option_names": ["--help", "-h"], "terminal_width": 80, "max_content_width": 80}


class Spec(msgspec.Struct, frozen=True):
    """What a command says of itself: the selecting flags it uses, and its answer's schema name and record type."""

    uses: frozenset[str] = frozenset()
    schema: str = ""
    row: Any = None
    """The record type, or a function that returns it where importing it is not cheap."""
    many_venues: bool = False


class SchemaAsked(Exception):
    """``--schema`` was given: print this instead of running the command."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec.schema)
        self.spec = spec


def spec_of(command: Any) -> Spec:
    """Return what ``command`` (a Typer command or its function) declared."""
    declared = getattr(getattr(command, "callback", command), "declares", None)
    return declared if isinstance(declared, Spec) else Spec()


class Command(TyperCommand):
    """A command that refuses repeated options and selecting flags it does not use."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for param in self.params:
            _read_plainly(param)

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)
        if option is not None:
            _read_plainly(option)
        return option

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        spec, given = spec_of(self), options.current()
        helps = not {"--help", "-h"}.isdisjoint(args)
        if not helps:
            if given.schema:
                if not spec.schema:
                    raise UsageError(
                        f"'{ctx.command_path}' has no schema: it does not answer with records", number=105
                    )
                raise SchemaAsked(spec)
            options.check_uses(given, spec.uses, ctx.command_path.removeprefix("tradecli "))
            if len(given.venues) > 1 and not spec.many_venues:
                raise UsageError("--venue takes one name here", number=104)
        return super().parse_args(ctx, args)

    def make_parser(self, ctx: Any) -> Any:
        parser = super().make_parser(ctx)
        parse = parser.parse_args

        def parse_once(args: list[str]) -> Any:
            found = parse(args)
            for param, times in Counter(id(param) for param in found[2]).items():
                repeated = next(p for p in found[2] if id(p) == param)
                if times > 1 and repeated.param_type_name == "option" and not repeated.multiple:
                    raise UsageError(f"{repeated.opts[0]} is given twice", number=101)
            return found

        parser.parse_args = parse_once  # type: ignore[method-assign]
        return parser

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        uses = spec_of(self).uses
        rows = [_help_row(flag) for flag in options.FLAGS if flag.selects and flag.name in uses]
        if rows:
            with formatter.section("Selection"):
                formatter.write_dl(rows)
        formatter.write_paragraph()
        formatter.write_text("Every command also takes the global options: tradecli help options")


class Group(TyperGroup):
    """A group of commands; without a command it prints its help and is a usage error."""

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)
        if option is not None:
            _read_plainly(option)
        return option

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        formatter.write_paragraph()
        formatter.write_text("Every command also takes the global options: tradecli help options")


class Commands(typer.Typer):
    """The commands behind one word. ``single=True``: the word itself is the command."""

    def __init__(self, word: str, summary: str, *, single: bool = False) -> None:
        super().__init__(
            name=word,
            help=summary,
            cls=Group,
            add_completion=False,
            rich_markup_mode=None,
            pretty_exceptions_enable=False,
            no_args_is_help=False,
            context_settings=_SETTINGS,
        )
        self.word = word
        if not single:
            super().callback()(_group)

    def answers(  # a name of its own: Typer.command has another signature
        self,
        name: str | None = None,
        *,
        uses: Iterable[str] = (),
        schema: str = "",
        row: Any = None,
        hidden: bool = False,
        many_venues: bool = False,
    ) -> Callable[[F], F]:
        """Register a command that returns an ``Answer``, an exit code or None.

        ``uses`` names the selecting global flags it reads; ``schema`` and ``row`` are what ``--schema`` prints.
        ``many_venues`` says that ``--venue`` may name several.
        """
        unknown = frozenset(uses) - options.SELECTING
        if unknown:
            raise ValueError(f"not selecting flags: {sorted(unknown)}")

        def register(function: F) -> F:
            function.declares = Spec(frozenset(uses), schema, row, many_venues)  # type: ignore[attr-defined]
            super(Commands, self).command(name, cls=Command, context_settings=_SETTINGS, hidden=hidden)(
                function
            )
            return function

        return register


def _group() -> None:
    """Hold several commands behind one word."""


def _help_row(flag: options.Flag) -> tuple[str, str]:
    return (f"--{flag.name} {flag.metavar}".rstrip(), flag.help)


def _read_plainly(param: Any) -> None:
    """Let text and flags through as they stand: Typer's own validator for them would import pydantic (100 ms)."""
    from typer._coercion import RuntimeParam

    annotation = getattr(getattr(param, "type_descriptor", None), "annotation", None)
    if annotation is str and param.metavar is None and param.param_type_name == "option":
        param.metavar = "TEXT"
    if annotation not in (str, bool) and annotation != list[str]:
        return
    info = param.type_descriptor.parameter_info
    if getattr(info, "parser", None) is not None or getattr(info, "callback", None) is not None:
        return

    class Plain(RuntimeParam):
        def _coerce_value(self, value: Any, param: Any, ctx: Any) -> Any:
            return list(value) if isinstance(value, tuple | list) else value

    param._runtime_param = Plain(parameter_info=info, annotation=annotation)
