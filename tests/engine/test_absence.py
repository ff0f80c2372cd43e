"""RELIABILITY section 3: what proves that an order was never placed, and what does not."""

from __future__ import annotations

from tradecli.engine.absence import Search, evidence, heard_absent, is_complete, next_look_at

T = 1_000_000
WINDOW = 62_000


def search(*answers: int) -> Search:
    made = Search(client_id="t1", sent_at=T, window_ms=WINDOW)
    for at in answers:
        made = heard_absent(made, T + at)
    return made


def test_three_answers_spread_over_the_window_are_a_proof_once_the_window_is_over() -> None:
    made = search(2_000, 25_000, 62_000)
    assert is_complete(made)
    assert evidence(made).startswith("3 look-ups over 62 s found no such order")


def test_many_answers_in_a_row_are_no_proof() -> None:
    made = search(*range(2_000, 20_000, 100))
    assert len(made.absent_at) == 1
    assert not is_complete(made)


def test_three_answers_before_the_window_is_over_are_no_proof() -> None:
    made = search(0, 20_700, 41_400)
    assert len(made.absent_at) == 3 and not is_complete(made)
    assert next_look_at(made, T + 41_500) == T + 62_066


def test_the_last_question_waits_for_the_end_of_the_window() -> None:
    assert next_look_at(search(), T + 5) == T + 5
    assert next_look_at(search(2_000), T + 2_000) == T + 22_666
    assert next_look_at(search(2_000, 23_000), T + 23_000) == T + WINDOW
    assert next_look_at(search(2_000, 23_000), T + 90_000) == T + 90_000
