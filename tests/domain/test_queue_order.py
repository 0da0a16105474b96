from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.campaign import CampaignId
from domain.queue_order import HALF, most_pressing_first, pressing
from domain.review import RequestId
from domain.variant import VariantId
from domain.views import WaitingLine

NOW = datetime(2026, 11, 24, 14, tzinfo=UTC)
TIERS = st.sampled_from(["A", "B", "C"])
SIZES = st.integers(0, 50_000_000)
LEFT = st.timedeltas(timedelta(days=-60), timedelta(days=60))


def make_line(
    number: int = 1,
    *,
    tier: str = "B",
    recipients: int = 1000,
    due_in: timedelta = HALF,
) -> WaitingLine:
    return WaitingLine(
        request_id=RequestId(number),
        campaign_id=CampaignId(number),
        title="",
        variant_id=VariantId(number),
        variant_label="A",
        stage="copy",
        role="copy_editor",
        tier=tier,
        recipients=recipients,
        asked_at=NOW - timedelta(days=90),
        due_at=NOW + due_in,
        slack_channel="C1",
        slack_ts=None,
    )


LINES = st.lists(
    st.builds(make_line, tier=TIERS, recipients=SIZES, due_in=LEFT), max_size=20
).map(lambda lines: [_numbered(line, n) for n, line in enumerate(lines)])


def _numbered(line: WaitingLine, number: int) -> WaitingLine:
    return make_line(
        number,
        tier=line.tier,
        recipients=line.recipients,
        due_in=line.due_at - NOW,
    )


def order(*lines: WaitingLine) -> list[int]:
    return [line.request_id for line in most_pressing_first(lines, NOW)]


@given(SIZES, LEFT)
def test_more_risk_presses_more(recipients: int, due_in: timedelta) -> None:
    a, b, c = (
        pressing(tier=tier, recipients=recipients, due_in=due_in) for tier in "ABC"
    )
    assert a > b > c > 0
    assert pressing(tier="?", recipients=recipients, due_in=due_in) == a


@given(TIERS, SIZES, SIZES, LEFT)
def test_more_people_never_press_less(
    tier: str, some: int, more: int, due_in: timedelta
) -> None:
    few, many = sorted((some, more))
    assert pressing(tier=tier, recipients=few, due_in=due_in) <= pressing(
        tier=tier, recipients=many, due_in=due_in
    )


@given(TIERS, SIZES, LEFT, LEFT)
def test_a_nearer_deadline_never_presses_less(
    tier: str, recipients: int, one: timedelta, other: timedelta
) -> None:
    near, far = sorted((one, other))
    assert pressing(tier=tier, recipients=recipients, due_in=near) >= pressing(
        tier=tier, recipients=recipients, due_in=far
    )


@given(LINES, st.randoms(use_true_random=False))
def test_the_order_holds_all_and_ignores_how_they_were_read(
    lines: list[WaitingLine], luck: random.Random
) -> None:
    ordered = most_pressing_first(lines, NOW)
    assert sorted(ordered, key=lambda each: each.request_id) == lines
    shuffled = list(lines)
    luck.shuffle(shuffled)
    assert most_pressing_first(shuffled, NOW) == ordered


def test_at_the_deadline_it_presses_twice_as_much_as_four_hours_before() -> None:
    now, before, late = (
        pressing(tier="C", recipients=1000, due_in=due_in)
        for due_in in (timedelta(0), HALF, -HALF)
    )
    assert (before * 2, late / 2) == (now, now)


def test_the_example_of_the_module_holds() -> None:
    day = timedelta(days=1)
    large = make_line(1, tier="A", recipients=50_000, due_in=day)
    small = make_line(2, tier="C", recipients=1_000, due_in=timedelta(0))
    assert order(large, small) == [2, 1]
    hour = timedelta(hours=1)
    earlier = make_line(2, tier="C", recipients=1_000, due_in=hour)
    assert order(large, earlier) == [1, 2]


@given(LINES)
def test_what_is_assigned_to_the_reader_comes_first(lines: list[WaitingLine]) -> None:
    given = [
        replace(_numbered(line, number), is_assigned=number % 3 == 0)
        for number, line in enumerate(lines)
    ]
    found = most_pressing_first(given, NOW)
    mine = [line for line in found if line.is_assigned]
    assert list(found[: len(mine)]) == mine
    assert mine == list(
        most_pressing_first([each for each in given if each.is_assigned], NOW)
    )


def test_what_presses_the_same_comes_by_deadline_and_number() -> None:
    assert order(make_line(3), make_line(1), make_line(2)) == [1, 2, 3]
