"""``vol grid --plan`` and ``--apply``: orders written down, and sent once and only while what they rest on holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.cli.conftest import Run
from tests.cli.test_order_entry import CONFIG, HERE
from tradecli.config import folders
from tradecli.store.plans import Plans, plan_id
from tradecli.wiring.rehearsal import rehearsing

GRID = ("vol", "grid", "BTCUSDT")
PLAN = (*GRID, "--plan", "--levels", "2", "--capital", "20000", *HERE)


@pytest.fixture
def venues(home: Path) -> Iterator[Any]:
    path = folders.made(home / "config" / "tradecli") / "config.toml"
    path.write_text(CONFIG)
    path.chmod(0o600)
    with rehearsing("rehearsal", seed=5) as running:
        yield running


def test_the_demo_shows_a_plan_and_keeps_none_because_it_has_no_account(run: Run, home: Path) -> None:
    answer = run(*GRID, "--plan", "--capital", "100000", "--format", "json")
    assert answer.code == 0 and answer.json["schema"] == "tradecli.plan/1"
    (plan,) = answer.data
    assert plan["id"] is None and "no account" in answer.json["warnings"][0]
    buys = [order for order in plan["orders"] if order["side"] == "buy"]
    assert 0 < len(buys) < len(plan["orders"]) and all(order["post_only"] for order in plan["orders"])
    (leg,) = plan["legs"]
    assert float(leg["worst_long"]) == pytest.approx(
        sum(float(o["qty"]) for o in buys) * leg["mid"], rel=1e-6
    )
    assert plan["expires_at"] - plan["made_at"] == 300_000 and plan["tolerance"] == 0.005
    assert not list(home.rglob("plans"))
    table = run(*GRID, "--plan", "--capital", "100000")
    assert table.code == 0 and "holds until" in table.out and "shown, not kept" in table.out + table.err


def test_a_grid_that_may_not_quote_has_no_plan(run: Run) -> None:
    answer = run(*GRID, "--plan", "--format", "json")
    assert answer.code == 7 and "equity is not known" in answer.json["error"]["message"]


@pytest.mark.parametrize(
    "words",
    [
        "BTCUSDT --ttl 5m",
        "BTCUSDT --tolerance 1%",
        "BTCUSDT --yes",
        "BTCUSDT --plan --ttl 0s",
        "BTCUSDT --plan --ttl 2h",
        "BTCUSDT --plan --ttl nan",
        "BTCUSDT --plan --tolerance 11%",
        "BTCUSDT --plan --tolerance -1%",
        "BTCUSDT --plan --tolerance 5",
        "BTCUSDT --plan --plan",
        "BTCUSDT --plan --yes",
        "BTCUSDT --plan --at 2026-01-05T00:30Z",
        "BTCUSDT --plan --apply 0123456789abcdef",
        "BTCUSDT --apply 0123456789abcdef --yes",
        "--apply 0123456789abcdef --levels 2 --yes",
        "--apply 0123456789abcdef --ttl 1m --yes",
        "--apply 0123456789abcdef --yes",
    ],
)
def test_i03_i11_what_contradicts_itself_or_has_no_account_is_refused(run: Run, words: str) -> None:
    assert run("vol", "grid", *words.split()).code == 2


def test_a_plan_is_applied_once_by_its_name_and_its_orders_rest(run: Run, venues: Any) -> None:
    made = run(*PLAN)
    assert made.code == 0, made
    (plan,) = made.data
    name = plan["id"]
    assert run("vol", "grid", "--apply", name, *HERE).code == 2, "nobody is here to confirm"
    assert run("orders", "list", *HERE).code == 6, "nothing was ever sent"
    done = run("vol", "grid", "--apply", name, "--yes", *HERE)
    assert done.code == 0, done
    assert [(row["side"], row["qty"], row["price"], row["status"], row["source"]) for row in done.data] == [
        (order["side"], order["qty"], order["price"], "OPEN", "grid") for order in plan["orders"]
    ]
    again = run("vol", "grid", "--apply", name, "--yes", *HERE)
    assert (again.code, again.json["error"]["code"]) == (8, "E-PLAN-102")
    assert len(run("orders", "list", *HERE).data) == len(plan["orders"])
    assert venues.asked().signed_requests == 0


@pytest.mark.parametrize("name", ["0123456789abcdef", "../../kill", "x" * 10_000, "'; DROP TABLE orders"])
def test_i04_a_name_that_is_of_no_plan_is_not_found(run: Run, venues: Any, name: str) -> None:
    assert run("vol", "grid", "--apply", name, "--yes", *HERE).code == 15


def test_a_market_that_moved_by_a_percent_or_an_account_that_changed_breaks_the_plan_and_nothing_is_sent(
    run: Run, venues: Any
) -> None:
    plans = Plans(folders.profile_dir("rehearsal"))
    plan = plans.read(run(*PLAN).data[0]["id"])
    legs = tuple(msgspec.structs.replace(leg, mid=leg.mid * 1.01) for leg in plan.legs)
    broken = {
        "moved by": msgspec.structs.replace(plan, legs=legs),
        "expired": msgspec.structs.replace(plan, expires_at=plan.made_at + 1),
        "account changed": msgspec.structs.replace(plan, account="another"),
    }
    for told, each in broken.items():
        answer = run("vol", "grid", "--apply", plans.keep(each), "--yes", *HERE)
        assert answer.code == 8 and told in answer.json["error"]["message"], answer
    assert run("orders", "list", *HERE).data == []
    assert run("orders", "new", "BTCUSDT", "buy", "0.01", "--market", "--yes", *HERE).code == 0
    answer = run("vol", "grid", "--apply", plan_id(plan), "--yes", *HERE)
    assert answer.code == 8 and "account changed" in answer.json["error"]["message"]
