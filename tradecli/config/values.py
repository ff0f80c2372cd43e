"""Raw values to settings: pydantic models built from the settings classes, and its findings in our words.

The only place that imports pydantic. It checks one section at a time; that keys exist, and where values come from, is
decided before.
"""

from __future__ import annotations

import dataclasses
import os
import typing
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Annotated, Any

from tradecli.domain.number import LARGEST, parse_decimal

_LONGEST_TEXT = 1_024
_MOST_ITEMS = 200


def settings_from(cls: type, values: Mapping[str, Any]) -> tuple[Any, list[tuple[str, str]]]:
    """Return (instance of ``cls`` or None, [(dotted key inside the section, what is wrong)])."""
    if not values and _has_every_default(cls):
        return cls(), []  # nothing was said about it: building its validator would cost more than it can find
    # A plug-in of another package has no business in our configuration, and looking for one reads every distribution.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from pydantic import ValidationError

    try:
        checked = _model(cls).model_validate(dict(values))
    except ValidationError as error:
        return None, [(_path(found["loc"]), _words(found)) for found in error.errors(include_url=False)]
    return _build(cls, checked), []


def from_text(text: str, hint: Any) -> Any:
    """Return what the text of an environment variable means for a key of that type (``ValueError``)."""
    if hint is bool:
        if text not in ("true", "false"):
            raise ValueError("must be true or false")
        return text == "true"
    if hint in (int, float, Decimal):
        number = parse_decimal(text)
        return int(number) if hint is int and number == number.to_integral_value() else number
    if typing.get_origin(hint) is list:
        return [part.strip(" ") for part in text.split(",")] if text else []
    return text


def _has_every_default(cls: type) -> bool:
    missing = dataclasses.MISSING
    return all(
        field.default is not missing or field.default_factory is not missing
        for field in dataclasses.fields(cls)
    )


@cache
def _model(cls: type) -> Any:
    from pydantic import ConfigDict, create_model

    hints = typing.get_type_hints(cls)
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        default: Any = ...
        if field.default is not dataclasses.MISSING:
            default = field.default
        elif field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        fields[field.name] = (_annotated(hints[field.name], field.metadata), default)
    return create_model(cls.__name__, __config__=ConfigDict(extra="forbid", strict=True), **fields)


def _annotated(hint: Any, metadata: Mapping[str, Any]) -> Any:
    from pydantic import BeforeValidator, Field

    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _model(hint)
    bounds = {name: metadata[name] for name in ("ge", "gt", "le", "lt") if metadata.get(name) is not None}
    if hint in (int, float, Decimal):
        return Annotated[hint, BeforeValidator(_number(hint)), Field(allow_inf_nan=False, **bounds)]
    if typing.get_origin(hint) is list:
        item = Annotated[str, Field(min_length=1, max_length=_LONGEST_TEXT)]
        return Annotated[list[item], Field(max_length=_MOST_ITEMS)]
    if hint is str:
        return Annotated[str, Field(max_length=_LONGEST_TEXT)]
    return hint


def _number(hint: type) -> Any:
    def check(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise ValueError(f"must be a number, not {_kind(value)}")
        number = Decimal(value)
        if not number.is_finite():
            raise ValueError("must be a finite number")
        if abs(number) > LARGEST:
            raise ValueError("is implausibly large")
        if hint is int:
            if not isinstance(value, int):
                raise ValueError("must be a whole number")
            return value
        return float(value) if hint is float else Decimal(str(value))

    return check


def _build(cls: type, model: Any) -> Any:
    hints = typing.get_type_hints(cls)
    values = {}
    for field in dataclasses.fields(cls):
        value = getattr(model, field.name)
        hint = hints[field.name]
        if dataclasses.is_dataclass(hint) and isinstance(hint, type) and not isinstance(value, hint):
            value = _build(hint, value)
        values[field.name] = value
    return cls(**values)


def _path(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc if isinstance(part, str))


def _words(found: Any) -> str:
    """Return pydantic's finding as ``must be …``."""
    context = found.get("ctx", {})
    match found["type"]:
        case "missing":
            return "missing"
        case "value_error":
            return str(context["error"])
        case "greater_than":
            return f"must be greater than {context['gt']:g}"
        case "greater_than_equal":
            return f"must be at least {context['ge']:g}"
        case "less_than":
            return f"must be less than {context['lt']:g}"
        case "less_than_equal":
            return f"must be at most {context['le']:g}"
        case "string_type":
            return f"must be text, not {_kind(found['input'])}"
        case "list_type":
            return f"must be a list of texts, not {_kind(found['input'])}"
        case "bool_type":
            return f"must be true or false, not {_kind(found['input'])}"
        case "model_type" | "model_attributes_type" | "dataclass_type":
            return f"must be a table, not {_kind(found['input'])}"
        case "string_too_short":
            return "holds an empty text"
        case "string_too_long" | "too_long":
            return "is too long"
        case _:
            return str(found["msg"])


def _kind(value: Any) -> str:
    for kind, word in (
        (bool, "true or false"),
        (str, "text"),
        (int | float | Decimal, "a number"),
        (list, "a list"),
    ):
        if isinstance(value, kind):
            return word
    return "a table" if isinstance(value, dict) else "a date or time"
