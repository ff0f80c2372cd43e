"""The short form of the campaign, and proofs that it sees what it looks for (D04, D05, D10, I01, I07, G02, G05)."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.fuzz import campaign, hostile
from tests.fuzz.__main__ import show, targets

COUNT = 20_000


def test_twenty_thousand_hostile_inputs_raise_nothing_uncaught_and_none_hangs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = campaign.run(targets(tmp_path), COUNT, 0)
    show(report)
    assert report.is_clean, capsys.readouterr().out
    assert report.tried == COUNT
    assert all(outcomes["taken"] for name, outcomes in report.outcomes.items() if name != "commands")


class Broken:
    """A door that lets one kind of error through, and now and then does not come back."""

    name = "broken"
    share = 1

    def attempt(self, random: Random) -> str:
        number = random.randrange(4)
        if number == 0:
            raise KeyError("x")
        if number == 1:
            while True:
                pass
        return "taken"


def test_an_error_that_nobody_caught_and_a_hang_are_counted_and_shown_with_their_seed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(campaign, "LONGEST_S", 0.05)
    report = campaign.run([Broken()], 12, 0)
    show(report)
    told = capsys.readouterr().out
    (error,), (hang,) = report.errors, report.hangs
    assert not report.is_clean and error.count + hang.count < 12
    assert f"--first-seed {error.seed}" in told and f"--first-seed {hang.seed}" in told


def test_the_seed_alone_makes_the_input() -> None:
    assert [hostile.spoiled(Random(seed), b"a = 1") for seed in range(50)] == [
        hostile.spoiled(Random(seed), b"a = 1") for seed in range(50)
    ]
