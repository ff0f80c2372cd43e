"""TOML, environment and flags to one validated ``Config``, with the source of every value.

Order of precedence: defaults, the built-in profile, the file, the file's ``[profiles.X]``, ``TRADECLI_SECTION__KEY``,
flags. All problems are found before any is reported.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from tradecli.config import crosschecks, profiles, sections
from tradecli.config.place import Place, locate
from tradecli.config.problems import UNSTATED, ConfigProblems, Problem
from tradecli.config.source import Source, parse_source, read_source
from tradecli.config.values import from_text, settings_from
from tradecli.domain.enums import Mode
from tradecli.engine.settings import PaperSettings, RiskSettings, RunSettings

_VARIABLE = re.compile(r"TRADECLI_([A-Z0-9]+(?:_[A-Z0-9]+)*)__([A-Z0-9_]+)\Z")
_REFERENCE = re.compile(r"(?:env:[A-Za-z_][A-Za-z0-9_]*|keyring:[\w./-]+|file:[^\s]+)\Z")
_KEY_LIKE = re.compile(r"(?=[^ ]*[0-9])(?=[^ ]*[A-Za-z])[A-Za-z0-9+/=_-]{24,}\Z")
_SECRET_NAMES = re.compile(r"(?i)(?:^|[._-])(?:key|secret|passphrase|password|token|api_?key)\Z")
_STATE_IT = "state it under [risk]: how much may be lost is yours to say"
_PROFILE_KEYS = ("mode", "account_id")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """A whole, valid configuration. ``sources`` says of every dotted key where its value came from."""

    place: Place
    mode: Mode
    account_id: str | None
    run: RunSettings
    risk: RiskSettings
    paper: PaperSettings
    components: Mapping[str, Any]
    venues: Mapping[str, sections.VenueSettings]
    sources: Mapping[str, str]
    notes: tuple[str, ...]

    @property
    def profile(self) -> str:
        return self.place.profile

    def value(self, key: str) -> Any:
        """Return the value of a dotted key."""
        section, *rest = key.split(".")
        value: Any = getattr(self, section) if section in sections.DESK else self.components[section]
        for part in rest:
            value = getattr(value, part)
        return value


def load(
    profile: str | None = None,
    config: str | None = None,
    db: str | None = None,
    *,
    mode: Mode | None = None,
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    trades: bool = True,
) -> Config:
    """Return the configuration of ``profile``; ``ConfigProblems`` names everything that is wrong with it.

    ``flags`` are values by dotted key that the user typed; ``mode`` may lower the profile's mode, never raise it.
    What only asks and never trades says so: it needs no limit to be stated.
    """
    place = locate(profile, config, db)
    source = read_source(place.config) if place.config else None
    given = os.environ if environment is None else environment
    return _load(place, source, mode, flags or {}, given, trades)


def check_text(text: str, path: Path, profile: str) -> Config:
    """Return what ``text`` would mean if it stood in ``path``, for a built-in profile; nothing is written or read."""
    place = msgspec.structs.replace(locate(profile, os.devnull), config=path)
    return _load(place, parse_source(path, text), None, {}, {})


def from_values(profile: str, values: Mapping[str, Any]) -> Config:
    """Return the configuration that dotted ``values`` spell over the profile's own; no file or variable counts."""
    place = msgspec.structs.replace(locate(profile, os.devnull), config=None)
    return _load(place, None, None, values, {})


def _load(
    place: Place,
    source: Source | None,
    mode: Mode | None,
    flags: Mapping[str, Any],
    environment: Mapping[str, str],
    trades: bool = True,
) -> Config:
    found = _Collected(place, source)
    if not trades:
        found.take(profiles.UNUSED_LIMITS, "no limit is used where nothing trades")
    found.take_profile_defaults()
    found.take_file()
    found.take_environment(environment)
    for key, value in flags.items():
        found.put(key, value, "--" + key.rpartition(".")[2].replace("_", "-"), "command line")
    built = found.build()
    found.check_mode(mode)
    if found.problems:
        raise ConfigProblems(sorted(found.problems, key=lambda p: _place_order(p.where)))
    desk = {name: built[name] for name in sections.DESK}
    return Config(
        place=place,
        mode=mode or place.mode,
        account_id=found.account_id,
        components={name: built[name] for name in sections.COMPONENTS},
        venues=found.venues,
        sources=found.sources,
        notes=tuple(crosschecks.binding(built)),
        **desk,
    )


class _Collected:
    """Raw values by dotted key with their sources, and the problems found on the way."""

    def __init__(self, place: Place, source: Source | None) -> None:
        self.place = place
        self.source = source
        self.known = sections.all_keys()
        self.raw: dict[str, Any] = {}
        self.sources = dict.fromkeys(self.known, "default")
        self.wheres: dict[str, str] = {}
        self.problems: list[Problem] = []
        self.venues: dict[str, sections.VenueSettings] = {}
        self.account_id: str | None = None

    def put(self, key: str, value: Any, source: str, where: str) -> None:
        """Set a key, or note that there is no such key."""
        if key not in self.known:
            self.unknown(key, where)
            return
        self.raw[key], self.sources[key], self.wheres[key] = value, source, where

    def unknown(self, key: str, where: str, prefix: str = "") -> None:
        table, _, name = key.rpartition(".")
        siblings = {k.rpartition(".")[2]: k for k in self.known if k.rpartition(".")[0] == table}
        anywhere = [known.rpartition(".")[2] for known in self.known]
        near = get_close_matches(name, siblings, 1) or get_close_matches(name, anywhere, 1)
        hint = f'did you mean "{near[0]}"? ' if near else ""
        topic = key.split(".")[0]
        explain = (
            f"(tradecli config explain {topic})"
            if topic in sections.SECTIONS
            else "(tradecli config explain)"
        )
        self.problem(104, prefix + key, f'unknown key "{ascii(name[:60])[1:-1]}"', where, hint + explain)

    def problem(self, number: int, key: str, message: str, where: str, hint: str = "") -> None:
        self.problems.append(Problem(number=number, key=key, message=message, where=where, hint=hint))

    def take_profile_defaults(self) -> None:
        base = self.place.profile if self.place.profile in profiles.STATED else self.place.mode.value
        self.take(profiles.STATED.get(base, {}), f"built-in profile {base}")

    def take(self, values: Mapping[str, Any], source: str) -> None:
        for key, value in values.items():
            self.put(key, value, source, f"profile {self.place.profile}")

    def take_file(self) -> None:
        if self.source is None:
            return
        self._check_secrets(self.source.table, "")
        own: dict[str, Any] = {}
        for name, value in self.source.table.items():
            if name == sections.PROFILES:
                own = self._profile_table(value)
            elif name == sections.VENUES:
                self._venues(value)
            elif name in sections.SECTIONS:
                self._section(name, value, name)
            else:
                self._unknown_section(name, name)
        for name, value in own.items():
            key = f"{sections.PROFILES}.{self.place.profile}.{name}"
            if name in sections.SECTIONS:
                self._section(name, value, key)
            elif name not in _PROFILE_KEYS:
                self._unknown_section(name, key)

    def take_environment(self, environment: Mapping[str, str]) -> None:
        for variable in sorted(environment):
            match = _VARIABLE.match(variable)
            if not match:
                continue
            key = f"{match[1]}.{match[2].replace('__', '.')}".lower()
            where = f"environment {variable}"
            if key not in self.known:
                self.unknown(key, where)
                continue
            if _KEY_LIKE.match(environment[variable]):
                message = f"{key} looks like a secret in the wrong variable"
                self.problem(108, key, message, where, "no key of this section takes a secret")
                continue
            try:
                value = from_text(environment[variable], self.known[key].type)
            except ValueError as error:
                self.problem(150, key, str(error), where, "an override is read as plain text")
                continue
            self.put(key, value, where, where)

    def build(self) -> dict[str, Any]:
        """Return the valid sections; note what is wrong with the others and between them."""
        built: dict[str, Any] = {}
        for name, cls in sections.SECTIONS.items():
            value, wrong = settings_from(cls, _nested(name, self.raw))
            for path, message in wrong:
                self._wrong_value(f"{name}.{path}" if path else name, message)
            if value is not None:
                built[name] = value
        for number, key, message, hint in crosschecks.findings(built):
            self.problem(number, key, f"{key} {message}", self._where(key), hint)
        return built

    def check_mode(self, asked: Mode | None) -> None:
        if asked is not None and not profiles.is_lower(asked, self.place.mode):
            own = f"profile {self.place.profile} runs in {self.place.mode}"
            message = f"{own}; the command line cannot raise it to {asked}"
            self.problem(132, "mode", message, "command line", "make a profile of that mode")

    def _wrong_value(self, key: str, message: str) -> None:
        where = self._where(key)
        if message == "missing":
            hint = f"{_STATE_IT} (tradecli config init writes a file that does)"
            self.problem(UNSTATED, key, f"{key} has no default in profile {self.place.profile}", where, hint)
            return
        hint = f"(tradecli config explain {key})"
        value = self.raw.get(key)
        is_ratio = key in self.known and self.known[key].bounds.get("le") == 1
        if is_ratio and message.startswith("must be at most") and isinstance(value, int | float | Decimal):
            hint = f"a fraction: write {float(value) / 100:g} for {float(value):g} %"
        self.problem(106, key, f"{key} {message}", where, hint)

    def _where(self, key: str) -> str:
        if key in self.wheres:
            return self.wheres[key]
        if self.source is not None:
            return self.source.where(key)
        return f"profile {self.place.profile}"

    def _section(self, name: str, value: Any, written: str) -> None:
        assert self.source is not None  # noqa: S101 - only called for a file
        where = self.source.where(written)
        if not isinstance(value, dict):
            self.problem(107, name, f"{name} must be a table: [{name}]", where)
            return
        for key, inner in value.items():
            full, place = f"{name}.{key}", f"{written}.{key}"
            if isinstance(inner, dict) and any(known.startswith(full + ".") for known in self.known):
                self._section(full, inner, place)
            else:
                at = self.source.where(place)
                self.put(full, inner, _short(at), at)

    def _profile_table(self, value: Any) -> dict[str, Any]:
        assert self.source is not None  # noqa: S101 - only called for a file
        if not isinstance(value, dict) or not all(isinstance(table, dict) for table in value.values()):
            self.problem(
                107, "profiles", "profiles must be tables: [profiles.NAME]", self.source.where("profiles")
            )
            return {}
        own: dict[str, Any] = value.get(self.place.profile, {})
        account = own.get("account_id")
        if account is not None and not isinstance(account, str):
            where = self.source.where(f"profiles.{self.place.profile}.account_id")
            self.problem(107, "account_id", "account_id must be text", where, "in quotes")
        elif account is not None:
            self.account_id = account
        return own

    def _venues(self, value: Any) -> None:
        assert self.source is not None  # noqa: S101 - only called for a file
        if not isinstance(value, dict):
            self.problem(107, "venues", "venues must be tables: [venues.NAME]", self.source.where("venues"))
            return
        allowed = [field.name for field in dataclasses.fields(sections.VenueSettings)]
        for venue, table in value.items():
            key = f"venues.{venue}"
            if not isinstance(table, dict):
                self.problem(107, key, f"{key} must be a table: [{key}]", self.source.where(key))
                continue
            good = {}
            for name, text in table.items():
                where = self.source.where(f"{key}.{name}")
                if name not in allowed:
                    near = get_close_matches(name, allowed, 1)
                    hint = f'did you mean "{near[0]}"?' if near else f"one of {', '.join(allowed)}"
                    self.problem(104, f"{key}.{name}", f'unknown key "{ascii(name[:60])[1:-1]}"', where, hint)
                elif not isinstance(text, str):
                    self.problem(106, f"{key}.{name}", f"{key}.{name} must be text", where)
                else:
                    good[name] = text
            self.venues[venue] = sections.VenueSettings(**good)

    def _unknown_section(self, name: str, key: str) -> None:
        assert self.source is not None  # noqa: S101 - only called for a file
        choices = [*sections.SECTIONS, sections.VENUES, sections.PROFILES]
        near = get_close_matches(name, choices, 1)
        hint = f'did you mean "{near[0]}"?' if near else "sections: " + ", ".join(choices)
        self.problem(104, key, f'unknown section "{ascii(name[:60])[1:-1]}"', self.source.where(key), hint)

    def _check_secrets(self, value: Any, key: str) -> None:
        assert self.source is not None  # noqa: S101 - only called for a file
        if isinstance(value, dict):
            for name, inner in value.items():
                self._check_secrets(inner, f"{key}.{name}" if key else name)
        elif isinstance(value, str) and value and not _REFERENCE.match(value) and _is_secret(key, value):
            hint = "write env:NAME, keyring:NAME or file:PATH, and change the key: it is in a file now"
            message = f"{key} looks like a secret pasted into the file"
            self.problem(108, key, message, self.source.where(key), hint)


def _is_secret(key: str, value: str) -> bool:
    return bool(_SECRET_NAMES.search(key) or _KEY_LIKE.match(value))


def _nested(section: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the raw values of one section as nested tables."""
    table: dict[str, Any] = {}
    for key, value in raw.items():
        first, *rest = key.split(".")
        if first != section:
            continue
        inner = table
        for part in rest[:-1]:
            inner = inner.setdefault(part, {})
        inner[rest[-1]] = value
    return table


def _short(where: str) -> str:
    path, line, _ = where.rsplit(":", 2)
    return f"{Path(path).name}:{line}"


def _place_order(where: str) -> tuple[str, int, int]:
    parts = where.rsplit(":", 2)
    if len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit():
        return (parts[0], int(parts[1]), int(parts[2]))
    return (where, 0, 0)
