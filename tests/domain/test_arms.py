from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.arms import (
    ArmsResult,
    ClickedMail,
    SeenArm,
    SentArm,
    arms_result,
    seen_arms_result,
)
from domain.canary import CanaryPolicy
from domain.canary_clicks import Click
from domain.experiment import Outcome

SENT = datetime(2026, 11, 22, 9, tzinfo=UTC)
POLICY = CanaryPolicy()
DAY = timedelta(hours=24)
HOUR = timedelta(hours=1)


def arm(label: str, delivered: int = 5_000, planned: int = 5_000) -> SentArm:
    return SentArm(label=label, planned=planned, delivered=delivered, links=1)


def clicked(
    label: str, n: int, *, after: timedelta = HOUR, is_machine: bool = False
) -> list[ClickedMail]:
    at = SENT + after
    click = Click(at=at, url="a", is_machine=is_machine)
    return [ClickedMail(label=label, sent_at=SENT, clicks=(click,))] * n


def result(
    *mails: list[ClickedMail],
    sent: tuple[SentArm, ...] = (arm("A"), arm("B")),
    age: timedelta = DAY,
) -> ArmsResult:
    every = [mail for some in mails for mail in some]
    return arms_result(sent, every, age=age, policy=POLICY)


def test_a_winner_is_named_with_its_interval() -> None:
    found = result(clicked("A", 100), clicked("B", 140))
    assert found.finding is not None
    assert found.finding.outcome is Outcome.WINNER
    assert found.sentence == (
        "B won: 2.8 % of 5,000 clicked it, and 2.0 % of 5,000 A."
        " B is clicked 1.07 to 1.82 times as often as A (96 % interval)."
    )


def test_what_cannot_be_told_is_said_so_with_all_that_fits() -> None:
    found = result(clicked("A", 120), clicked("B", 130))
    assert found.sentence == (
        "Cannot tell: 2.6 % of 5,000 clicked B, and 2.4 % of 5,000 A; B may be clicked 0.84 to 1.40 times as often as A (96 % interval)."
    )


def test_before_the_planned_end_it_says_when_the_last_test_comes() -> None:
    found = result(clicked("A", 100), clicked("B", 140), age=timedelta(hours=20))
    assert found.sentence.startswith("Cannot tell: ")
    assert found.sentence.endswith("(99 % interval). The last test comes in 4 h.")


def test_machines_are_counted_apart_and_decide_nothing() -> None:
    machines = clicked("A", 400, is_machine=True)
    soon = clicked("A", 50, after=timedelta(seconds=5))
    found = result(clicked("A", 120), machines, soon, clicked("B", 130))
    (a, b) = found.arms
    assert (a.clicked, a.machine_only) == (120, 450)
    assert (b.clicked, b.machine_only) == (130, 0)
    assert found.sentence.startswith("Cannot tell: ")


def test_arms_are_compared_at_equal_age() -> None:
    late = clicked("A", 300, after=timedelta(hours=30))
    found = result(clicked("A", 120), late, clicked("B", 130), age=timedelta(days=3))
    assert found.arms[0].clicked == 120
    young = result(clicked("A", 120), clicked("B", 130), age=timedelta(minutes=30))
    assert [each.clicked for each in young.arms] == [0, 0]
    assert young.sentence.startswith("Cannot tell: ")
    assert "0.00 or more times as often" in young.sentence


def test_arms_that_did_not_arrive_as_planned_are_not_compared() -> None:
    found = result(clicked("B", 300), sent=(arm("A", 4_000), arm("B")))
    assert found.finding is None
    assert found.sentence == (
        "Cannot tell: the arms did not arrive as planned (A 4,000 of 5,000, B 5,000 of"
        " 5,000), which a fair split does less than 1 in 1,000 times, so their numbers"
        " mean nothing."
    )


def test_a_winner_of_three_beats_every_other() -> None:
    found = result(
        clicked("A", 100),
        clicked("B", 180),
        clicked("C", 90),
        sent=(arm("A"), arm("B"), arm("C")),
    )
    assert "times as often as A and every other arm" in found.sentence


def test_who_clicked_has_got_the_mail_whatever_was_told_of_it() -> None:
    found = result(clicked("A", 3), sent=(arm("A", 0, 5), arm("B", 0, 5)))
    assert [each.delivered for each in found.arms] == [3, 0]


@pytest.mark.parametrize("age", [timedelta(0), timedelta(seconds=1), DAY])
def test_no_click_at_all_cannot_be_told(age: timedelta) -> None:
    assert result(age=age).sentence.startswith("Cannot tell: ")


def seen(
    a: int, b: int, *, of: tuple[int, int] = (2_500, 2_500), age: timedelta | None = DAY
) -> ArmsResult:
    """What a slot's visitors clicked within the hour; `age` since the last of them."""
    clicks = [(SENT + HOUR, "A")] * a + [(SENT + HOUR, "B")] * b
    return seen_arms_result(
        [SeenArm(label="A", visitors=of[0]), SeenArm(label="B", visitors=of[1])],
        clicks,
        last_seen=None if age is None else SENT,
        now=SENT + (age or DAY),
        policy=POLICY,
    )


def test_visitors_of_a_slot_name_a_winner_as_recipients_do() -> None:
    found = seen(100, 150)
    assert found.finding is not None
    assert (found.finding.outcome, found.finding.best.name) == (Outcome.WINNER, "B")
    assert found.sentence.startswith(
        "B won: 6.0 % of 2,500 clicked it, and 4.0 % of 2,500 A."
    )
    assert {each.machine_only for each in found.arms} == {None}


def test_while_visitors_come_it_takes_more_to_call_a_winner() -> None:
    found = seen(100, 150, age=None)
    assert found.sentence.startswith("Cannot tell: ")
    assert found.sentence.endswith(
        " The last test comes when the last visitor has come and had time to click."
    )
    young = seen(100, 150, age=HOUR)
    assert young.sentence.endswith(" The last test comes in 23 h.")
    clear = seen(100, 300, age=None)
    assert clear.sentence.startswith("B won: ")


def test_clicks_after_the_planned_end_change_nothing() -> None:
    arms = [SeenArm(label="A", visitors=900), SeenArm(label="B", visitors=900)]
    late = [(SENT + DAY + HOUR, "A")] * 300
    found = seen_arms_result(
        arms, late, last_seen=SENT, now=SENT + 3 * DAY, policy=POLICY
    )
    assert [each.clicked for each in found.arms] == [0, 0]


def test_visitors_who_were_not_split_evenly_are_not_compared() -> None:
    found = seen(10, 300, of=(3_000, 2_000))
    assert found.finding is None
    assert found.sentence.startswith(
        "Cannot tell: the arms were not seen by equally many visitors (A by 3,000, B by"
        " 2,000), which a fair split does less than 1 in 1,000 times"
    )
