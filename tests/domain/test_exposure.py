"""Who sees a new version, by hash; and what a slot's steps may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.canary import CanaryPolicy
from domain.canary_policy import Sending
from domain.channel import EXPOSURES, SHARES, Channel, Slot
from domain.cohort import is_in_share
from domain.exposure import (
    COUNTED,
    Reported,
    Showing,
    SlotArm,
    SlotVersion,
    arm_for,
    check_ladder,
    policy_of,
    sees_new,
    steps,
)
from domain.variant import Copy

VERSION = SlotVersion(
    campaign_id=7,  # type: ignore[arg-type]  # a number is enough here
    channel=Channel.AD,
    shares=(5.0, 25.0, 100.0),
    arms=tuple(
        SlotArm(
            variant_id=number,
            label=label,
            text=Copy(subject=label, preheader="", body=label),
            cta_url="https://northwind.example/",
        )
        for number, label in enumerate("AB")
    ),
)
visitors = st.text("0123456789abcdef", min_size=32, max_size=32)
percents = st.floats(0.01, 100)


def showing(*, step: int = 0, is_full: bool = False, has_seen: bool = False) -> Showing:
    return Showing(
        new=VERSION.campaign_id,
        step=step,
        is_full=is_full,
        has_seen=has_seen,
        live=None,
    )


@given(visitors, percents, percents)
def test_who_is_in_stays_in_while_the_share_grows(
    visitor: str, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    assert is_in_share(visitor, low, "x") <= is_in_share(visitor, high, "x")


@given(visitors)
def test_at_a_hundred_per_cent_everybody_is_in(visitor: str) -> None:
    assert is_in_share(visitor, 100, "x")
    assert sees_new(showing(step=2), VERSION, visitor)


@given(visitors, st.integers(0, 9), st.booleans())
def test_a_full_step_is_for_those_who_have_seen_it(
    visitor: str, step: int, has_seen: bool
) -> None:
    full = showing(step=step, is_full=True, has_seen=has_seen)
    assert sees_new(full, VERSION, visitor) is has_seen


@given(visitors)
def test_a_visitor_always_gets_the_same_arm(visitor: str) -> None:
    assert arm_for(visitor, VERSION) is arm_for(visitor, VERSION)


def test_share_and_arms_are_as_large_as_they_say() -> None:
    people = [f"{number:032x}" for number in range(20_000)]
    assert 900 < sum(is_in_share(each, 5, "s") for each in people) < 1_100
    assert 9_700 < sum(arm_for(p, VERSION).label == "A" for p in people) < 10_300


def test_each_step_has_its_own_visitors_and_all_of_them_are_planned() -> None:
    slot = Slot(key="a", title="A", channel=Channel.AD)
    assert [(each.percent, each.planned) for each in steps(slot)] == [
        (5, 500),
        (25, 1_500),
        (100, 3_000),
    ]
    check_ladder(SHARES, EXPOSURES)


@pytest.mark.parametrize("ladder", [(), (100,), (0, 100), (5, 5, 100), (5, 50)])
def test_a_ladder_without_a_canary_or_an_end_is_refused(
    ladder: tuple[float, ...],
) -> None:
    with pytest.raises(ValueError, match="ladder must rise"):
        check_ladder(ladder, (1, 2, 3)[: len(ladder)])


def test_a_slot_is_judged_as_a_drip_and_mail_as_the_policy_says() -> None:
    policy = CanaryPolicy()
    assert policy_of(policy, "home-hero").sending is Sending.DRIP
    assert policy_of(policy, "") is policy


def test_everything_a_site_may_say_is_counted() -> None:
    assert set(COUNTED) == set(Reported)
