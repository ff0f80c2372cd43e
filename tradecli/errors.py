"""The error tree and the exit codes, nothing else.

    TradecliError                what happened, what is known, what to do next
    ├─ UsageError                the command line asks for something that cannot be
    ├─ ConfigError               a file, key or value of the configuration is wrong
    ├─ DeniedByRisk              a limit said no; nothing was sent
    ├─ Halted                    a kill level or a breaker is latched
    ├─ LockHeld                  another process holds the lease
    ├─ StoreFault                disk full, corrupt, read-only, newer schema
    ├─ VenueError                Unavailable, RateLimited, AuthFailed, Unsupported, BadPayload
    ├─ PlanExpired · TimedOut · NotFound · ReconciliationMismatch
    ├─ NotEnoughData             missing, short or too old for the question asked
    ├─ ConditionMet              `--fail-if` is true: the signal that was asked for
    ├─ PartialSuccess            some of it was done; the details are in the output
    ├─ OutcomeUnknown            an order may be live at the venue
    └─ BrokenInvariant           a bug: halts the desk, never caught to continue

Each class carries one exit code and one family name. A code such as ``E-CONFIG-104`` is the family and the number
that the raiser gives; numbers are unique inside a family and stable.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command. They are API: documented, tested, never renumbered."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    CONFIG = 3
    AUTH = 4
    UNAVAILABLE = 5
    STALE = 6
    DENIED = 7
    PLAN = 8
    LOCKED = 9
    CONDITION = 10
    PARTIAL = 11
    TIMEOUT = 12
    HALTED = 13
    MISMATCH = 14
    NOT_FOUND = 15
    STORE = 16
    UNKNOWN_OUTCOME = 17
    INVARIANT = 18
    INTERRUPTED = 130
    TERMINATED = 143


PRECEDENCE = (
    ExitCode.INVARIANT,
    ExitCode.UNKNOWN_OUTCOME,
    ExitCode.STORE,
    ExitCode.HALTED,
    ExitCode.MISMATCH,
    ExitCode.STALE,
    ExitCode.CONDITION,
    ExitCode.PARTIAL,
)
"""When several codes apply to one answer, the first of these is given."""


class TradecliError(Exception):
    """Say what happened in one line, and in ``hint`` what to do next."""

    exit_code = ExitCode.INTERNAL
    family = "INTERNAL"

    def __init__(
        self, message: str, *, number: int = 100, hint: str | None = None, where: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.number = number
        self.hint = hint
        self.where = where

    @property
    def code(self) -> str:
        return f"E-{self.family}-{self.number}"

    def line(self) -> str:
        """Return the one-line form that goes to stderr: code, place, message, hint."""
        place = f" {self.where}" if self.where else ""
        hint = f" — {self.hint}" if self.hint else ""
        return f"{self.code}{place} {self.message}{hint}"


class UsageError(TradecliError):
    exit_code = ExitCode.USAGE
    family = "USAGE"


class ConfigError(TradecliError):
    exit_code = ExitCode.CONFIG
    family = "CONFIG"


class DeniedByRisk(TradecliError):
    exit_code = ExitCode.DENIED
    family = "RISK"


class Halted(TradecliError):
    exit_code = ExitCode.HALTED
    family = "HALT"


class LockHeld(TradecliError):
    exit_code = ExitCode.LOCKED
    family = "LOCK"


class StoreFault(TradecliError):
    """A fault of the disk or of a file; ``path`` names it."""

    exit_code = ExitCode.STORE
    family = "STORE"

    def __init__(self, message: str, *, path: str, number: int = 100, hint: str | None = None) -> None:
        super().__init__(message, number=number, hint=hint, where=path)
        self.path = path


class VenueError(TradecliError):
    """A fault at or on the way to one venue."""

    exit_code = ExitCode.UNAVAILABLE
    family = "VENUE"

    def __init__(self, message: str, *, venue: str, number: int = 100, hint: str | None = None) -> None:
        super().__init__(message, number=number, hint=hint, where=venue)
        self.venue = venue


class Unavailable(VenueError):
    pass


class RateLimited(VenueError):
    """The venue asks for silence; ``retry_after_s`` seconds where it said how long."""

    def __init__(
        self, message: str, *, venue: str, retry_after_s: float | None = None, number: int = 110
    ) -> None:
        super().__init__(message, venue=venue, number=number)
        self.retry_after_s = retry_after_s


class AuthFailed(VenueError):
    exit_code = ExitCode.AUTH


class Unsupported(VenueError):
    exit_code = ExitCode.USAGE


class BadPayload(VenueError):
    """An answer that cannot be read; the text carries no secret and no raw body."""


class PlanExpired(TradecliError):
    exit_code = ExitCode.PLAN
    family = "PLAN"


class TimedOut(TradecliError):
    exit_code = ExitCode.TIMEOUT
    family = "TIME"


class NotFound(TradecliError):
    exit_code = ExitCode.NOT_FOUND
    family = "FIND"


class NotEnoughData(TradecliError):
    """``need`` and ``have`` count observations where the shortage is one of number."""

    exit_code = ExitCode.STALE
    family = "DATA"

    def __init__(
        self,
        message: str,
        *,
        need: int | None = None,
        have: int | None = None,
        number: int = 100,
        hint: str | None = None,
        where: str | None = None,
    ) -> None:
        super().__init__(message, number=number, hint=hint, where=where)
        self.need = need
        self.have = have


class ConditionMet(TradecliError):
    exit_code = ExitCode.CONDITION
    family = "COND"


class PartialSuccess(TradecliError):
    exit_code = ExitCode.PARTIAL
    family = "PART"


class ReconciliationMismatch(TradecliError):
    exit_code = ExitCode.MISMATCH
    family = "RECON"


class OutcomeUnknown(TradecliError):
    exit_code = ExitCode.UNKNOWN_OUTCOME
    family = "ORDER"


class BrokenInvariant(TradecliError):
    exit_code = ExitCode.INVARIANT
    family = "BUG"


def gravest(codes: list[ExitCode]) -> ExitCode:
    """Return the one code to exit with when several conditions hold at once."""
    for code in PRECEDENCE:
        if code in codes:
            return code
    return max(codes, default=ExitCode.OK)
