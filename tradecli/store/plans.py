"""Plans on disk: an owner-only file each, named by its digest, in the profile's folder; written once, taken once.

A plan is taken before its first order is made, so that no plan is sent twice whatever happens meanwhile.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from tradecli import codec
from tradecli.domain.order import Order
from tradecli.domain.order_plan import OrderPlan
from tradecli.domain.position import Position
from tradecli.errors import NotFound, PlanExpired, StoreFault
from tradecli.store.private import make_private, refused

_ID_LENGTH = 16
_ID = re.compile(rf"[0-9a-f]{{{_ID_LENGTH}}}\Z")
_KEPT = 200
"""How many are kept; the oldest go first."""


def plan_id(plan: OrderPlan) -> str:
    """Return the name a plan is applied by: the digest of all it says."""
    return codec.digest(plan)[:_ID_LENGTH]


def account_digest(positions: Iterable[Position], working: Iterable[Order]) -> str:
    """Return the digest of what is held and what may still fill: it changes with either."""
    held = sorted((each.instrument, each.qty) for each in positions if each.qty)
    resting = sorted((each.client_id, each.remaining) for each in working)
    return codec.digest({"held": held, "working": resting})


class Plans:
    """The folder of one profile's plans."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "plans"

    def keep(self, plan: OrderPlan) -> str:
        """Write the plan and return its id; the same plan is kept once."""
        name = plan_id(plan)
        path = self.folder / f"{name}.json"
        make_private(path)
        written = path.with_suffix(".part")
        make_private(written)
        try:
            with written.open("wb") as file:
                file.write(codec.encode_canonical(plan))
                file.flush()
                os.fsync(file.fileno())
            written.replace(path)
            self._forget_oldest()
        except OSError as error:
            raise refused(error, path) from error
        return name

    def read(self, name: str) -> OrderPlan:
        """Return the plan of that id; ``NotFound`` where there is none, ``PlanExpired`` where it was taken."""
        if not _ID.match(name):
            raise NotFound(f"no plan {name[:40]!a}", number=151, hint="a plan's id is printed by --plan")
        path = self.folder / f"{name}.json"
        try:
            body = path.read_bytes()
        except FileNotFoundError as error:
            if (self.folder / f"{name}.taken").exists():
                raise PlanExpired(f"plan {name} was applied before", number=102, hint="plan again") from error
            raise NotFound(f"no plan {name}", number=151, hint="a plan's id is printed by --plan") from error
        except OSError as error:
            raise refused(error, path) from error
        try:
            plan = codec.decode_outside(body, OrderPlan)
        except ValueError as error:
            raise StoreFault("this is no plan", path=str(path), number=151) from error
        if plan_id(plan) != name:
            raise StoreFault("the plan was changed after it was made", path=str(path), number=152)
        return plan

    def take(self, plan: OrderPlan) -> None:
        """Mark the plan as applied, for good; ``PlanExpired`` for whoever comes second."""
        name = plan_id(plan)
        path = self.folder / f"{name}.json"
        try:
            path.rename(path.with_suffix(".taken"))
            folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except FileNotFoundError as error:
            raise PlanExpired(f"plan {name} was applied before", number=102, hint="plan again") from error
        except OSError as error:
            raise refused(error, path) from error

    def _forget_oldest(self) -> None:
        files = sorted(self.folder.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)
        for path in files[_KEPT:]:
            path.unlink(missing_ok=True)
