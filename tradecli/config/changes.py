"""A configuration file that is edited while an engine runs on it: seen, validated whole, and put to use or told (G06).

Limits of ``[risk]`` that become tighter bind at once. Everything else, and every limit that becomes looser, is for the
next start, by the person who starts it. A file that is not valid, or only half written, changes nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from tradecli import codec
from tradecli.config import sections
from tradecli.config.loading import Config
from tradecli.domain.enums import Severity
from tradecli.domain.events import LimitsTightened, Noted
from tradecli.engine.limits import is_tighter
from tradecli.errors import TradecliError

TOPIC = "config"
_NAMED = 6
_Stamp: TypeAlias = tuple[int, int, int] | None


class ConfigWatch:
    """Looks at the file that ``config`` was read from; ``again`` loads it whole, with the flags of the start."""

    def __init__(self, config: Config, again: Callable[[], Config]) -> None:
        self._running = config
        self._again = again
        self._told = config
        self._seen = self._new = self._stamp()

    def look(self, at: int) -> Sequence[LimitsTightened | Noted]:
        """Return what a change of the file comes to, nothing where it is as it was; costs a ``stat``."""
        stamp = self._stamp()
        if stamp == self._seen:
            return ()
        if stamp != self._new:
            self._new = stamp  # it may still be being written: taken once it rests from one look to the next
            return ()
        self._seen = stamp
        if stamp is None:
            return (_note(Severity.WARN, "the file is gone; the values of the start go on", at),)
        try:
            after = self._again()
        except TradecliError as error:
            first = error.line().splitlines()[0]
            return (
                _note(Severity.WARN, f"the file changed and is not valid, nothing is taken: {first}", at),
            )
        if self._stamp() != stamp:
            return ()  # it was written again while it was read: the next looks take it up
        return self._compared(after, at)

    def _compared(self, after: Config, at: int) -> Sequence[LimitsTightened | Noted]:
        before, self._told = self._told, after
        now, then = values(self._running), values(after)
        if values(before) == then:
            return ()
        tight = {
            key.partition(".")[2]: str(then[key])
            for key in now
            if key.startswith("risk.") and is_tighter(key.partition(".")[2], now[key], then[key])
        }
        events: list[LimitsTightened | Noted] = []
        if tight:
            digest = codec.digest(codec.to_builtins(then))
            events.append(
                LimitsTightened(changed=tight, digest=digest, reason="the configuration file", ts=at)
            )
            typed = {key: then[f"risk.{key}"] for key in tight}
            risk = dataclasses.replace(self._running.risk, **typed)
            self._running = dataclasses.replace(self._running, risk=risk)
        later = [key for key in now if now[key] != then[key] and key.partition(".")[2] not in tight]
        if later:
            told = ", ".join(f"{key} = {_short(then[key])}" for key in later[:_NAMED])
            more = f" and {len(later) - _NAMED} more" if len(later) > _NAMED else ""
            events.append(_note(Severity.ALERT, f"changed, in force at the next start: {told}{more}", at))
        elif not tight:
            events.append(_note(Severity.NOTE, "the file says again what is in force", at))
        return events

    def _stamp(self) -> _Stamp:
        path = self._running.place.config
        try:
            found = path.stat() if path is not None else None
        except OSError:
            return None
        return None if found is None else (found.st_ino, found.st_mtime_ns, found.st_size)


def values(config: Config) -> dict[str, Any]:
    """Return every value by its dotted key, access to venues left out."""
    return {key: config.value(key) for key in sections.all_keys()}


def _note(severity: Severity, text: str, at: int) -> Noted:
    return Noted(topic=TOPIC, severity=severity, text=text, ts=at)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:39] + "…"
