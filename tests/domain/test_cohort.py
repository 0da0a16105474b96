from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.cohort import (
    StepPlan,
    arm_of,
    assign,
    chunks,
    plan,
    provider_of,
    reports_complaints,
)


def make_recipients(**providers: int) -> dict[str, str]:
    return {
        f"{name}-{index}": name
        for name, count in providers.items()
        for index in range(count)
    }


def totals(steps: tuple[StepPlan, ...]) -> list[int]:
    return [step.planned_total for step in steps]


RECIPIENTS = st.dictionaries(
    st.text(max_size=6),
    st.sampled_from(["gmail", "yahoo", "outlook", "corp", "other"]),
    min_size=1,
    max_size=600,
)
LADDERS = st.sampled_from(
    [(1.0, 10.0, 100.0), (0.5, 100.0), (2.0,), (10.0, 5.0), (1.0, 5.0, 25.0, 50.0)]
)


# Plans


def test_a_large_list_follows_its_ladder() -> None:
    steps = plan(48_200, 48_200)
    assert totals(steps) == [482, 4_820, 48_200]
    assert [step.size for step in steps] == [482, 4_338, 43_380]
    assert [step.percent for step in steps] == [1.0, 10.0, 100.0]
    assert all(step.sees_complaints and step.expands_alone for step in steps)


def test_reporting_recipients_keep_their_share_of_each_step() -> None:
    steps = plan(50_000, 22_500)
    assert [step.reporting_total for step in steps] == [225, 2_250, 22_500]


@pytest.mark.parametrize(
    ("asked", "first"), [(0.1, 250), (0.5, 250), (1, 500), (2, 1_000), (50, 1_000)]
)
def test_the_first_step_stays_between_a_half_and_two_per_cent(
    asked: float, first: int
) -> None:
    assert totals(plan(50_000, 50_000, (asked, 100)))[0] == first


def test_a_ladder_always_ends_with_everyone() -> None:
    assert totals(plan(50_000, 50_000, (1,))) == [500, 50_000]
    assert totals(plan(50_000, 50_000, (1, 10))) == [500, 5_000, 50_000]


def test_a_small_list_goes_blind_first_and_then_to_225_who_can_report() -> None:
    steps = plan(3_000, 3_000)
    assert totals(steps) == [30, 225, 3_000]
    assert [step.sees_complaints for step in steps] == [False, True, True]
    assert [step.expands_alone for step in steps] == [False, True, True]


def test_the_seeing_step_is_at_least_two_per_cent_and_keeps_the_wider_rungs() -> None:
    assert totals(plan(20_000, 20_000)) == [200, 400, 2_000, 20_000]


def test_the_seeing_step_grows_with_the_share_of_mute_providers() -> None:
    steps = plan(3_000, 1_350)
    assert totals(steps) == [30, 500, 3_000]
    assert steps[1].reporting_total == 225


def test_a_list_that_half_of_cannot_see_keeps_its_ladder_and_asks_each_time() -> None:
    for total, reporting in ((300, 300), (50_000, 240), (50_000, 0)):
        early = plan(total, reporting)[:-1]
        assert totals(early) == [total // 100, total // 10]
        assert not any(step.sees_complaints or step.expands_alone for step in early)


def test_a_list_under_500_never_expands_by_itself() -> None:
    steps = plan(499, 499)
    assert steps[1].sees_complaints
    assert not any(step.expands_alone for step in steps)
    assert plan(500, 500)[1].expands_alone


def test_one_recipient_is_one_step() -> None:
    assert totals(plan(1, 1)) == [1]


@pytest.mark.parametrize(("total", "reporting"), [(0, 0), (10, 11), (10, -1)])
def test_a_list_that_cannot_be_has_no_cohorts(total: int, reporting: int) -> None:
    with pytest.raises(ValueError, match="has no cohorts"):
        plan(total, reporting)


@pytest.mark.parametrize("ladder", [(), (0,), (1, 101), (-1, 100)])
def test_a_ladder_outside_its_bounds_is_refused(ladder: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="rungs lie above 0 and up to 100 per cent"):
        plan(1_000, 1_000, ladder)


@given(
    total=st.integers(1, 200_000),
    share=st.floats(0, 1),
    ladder=LADDERS,
)
def test_every_plan_adds_up_and_is_honest_about_sight(
    total: int, share: float, ladder: tuple[float, ...]
) -> None:
    steps = plan(total, int(total * share), ladder)
    assert sum(step.size for step in steps) == steps[-1].planned_total == total
    assert steps[-1].reporting_total == int(total * share)
    assert [step.step for step in steps] == list(range(len(steps)))
    assert totals(steps)[0] <= max(1, -(-total * 2 // 100))
    for step in steps:
        assert step.size > 0
        assert step.sees_complaints is (step.reporting_total >= 225)
        assert step.expands_alone is (step.sees_complaints and total >= 500)


# Assignment


@given(recipients=RECIPIENTS, ladder=LADDERS)
@settings(max_examples=60)
def test_what_is_planned_is_exactly_what_is_assigned(
    recipients: Mapping[str, str], ladder: tuple[float, ...]
) -> None:
    assigned = assign(recipients, salt="42", ladder=ladder)
    assert assigned.step_of.keys() == recipients.keys()
    sizes = Counter(assigned.step_of.values())
    assert [sizes[step.step] for step in assigned.steps] == [
        step.size for step in assigned.steps
    ]
    for step in assigned.steps:
        reporting = sum(
            reports_complaints(recipients[key])
            for key, at in assigned.step_of.items()
            if at <= step.step
        )
        assert reporting == step.reporting_total


@given(recipients=RECIPIENTS, draw=st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_the_order_of_the_list_does_not_matter(
    recipients: Mapping[str, str], draw: object
) -> None:
    shuffled = list(recipients.items())
    getattr(draw, "shuffle")(shuffled)  # noqa: B009 - hypothesis leaves its Random untyped
    assert assign(dict(shuffled), salt="42") == assign(recipients, salt="42")


def test_each_provider_has_its_share_of_the_canary() -> None:
    recipients = make_recipients(gmail=5_500, yahoo=2_500, outlook=1_500, corp=500)
    step_of = assign(recipients, salt="42", ladder=(2, 10)).step_of
    first = Counter(recipients[key] for key, step in step_of.items() if step == 0)
    assert first == {"gmail": 110, "yahoo": 50, "outlook": 30, "corp": 10}


def test_another_campaign_draws_other_people() -> None:
    recipients = make_recipients(yahoo=20_000)
    one, other = (
        {key for key, step in assign(recipients, salt=salt).step_of.items() if not step}
        for salt in ("42", "43")
    )
    assert len(one) == len(other) == 200
    assert len(one & other) < 20  # 2 expected


# Arms, chunks and providers


def test_arms_are_balanced_and_do_not_depend_on_their_order() -> None:
    keys = [f"r{index}" for index in range(20_000)]
    given_out = Counter(arm_of(key, ("A", "B"), "42") for key in keys)
    assert abs(given_out["A"] - 10_000) < 300  # 4 standard deviations
    assert all(arm_of(k, ("A", "B"), "42") == arm_of(k, ("B", "A"), "42") for k in keys)


def test_an_arm_says_nothing_about_the_step() -> None:
    recipients = make_recipients(yahoo=20_000)
    step_of = assign(recipients, salt="42", ladder=(2, 10)).step_of
    first = [key for key, step in step_of.items() if step == 0]
    in_a = sum(arm_of(key, ("A", "B"), "42") == "A" for key in first)
    assert abs(in_a - 200) < 40  # 4 standard deviations


def test_no_variants_cannot_be_split() -> None:
    with pytest.raises(ValueError, match="one of no variants"):
        arm_of("r1", (), "42")


def test_chunks_keep_order_and_lose_nothing() -> None:
    assert list(chunks(range(7), 3)) == [(0, 1, 2), (3, 4, 5), (6,)]
    assert list(chunks([], 3)) == []
    with pytest.raises(ValueError, match="at least one item, not 0"):
        next(chunks([1], 0))


@pytest.mark.parametrize(
    ("domain", "provider"),
    [
        ("gmail.com", "gmail"),
        ("GoogleMail.com.", "gmail"),
        ("yahoo.co.uk", "yahoo"),
        ("live.com.au", "outlook"),
        ("hotmail.fr", "outlook"),
        ("me.com", "icloud"),
        ("me.acme.com", "other"),
        ("gmail.acme.com", "other"),
        ("acme.com", "other"),
        ("gmail.calm.example", "gmail"),
        ("yahoo.calm.example", "yahoo"),
        ("outlook.loud.example", "outlook"),
        ("corp.calm.example", "corp"),
        ("gmail-like.example", "gmail"),
        ("gmail-like.test", "gmail"),
        ("acme.example", "other"),
        ("", "other"),
    ],
)
def test_a_domain_names_its_provider(domain: str, provider: str) -> None:
    assert provider_of(domain) == provider


def test_gmail_and_icloud_never_tell_who_complained() -> None:
    names = ("gmail", "icloud", "yahoo", "outlook", "corp", "other")
    assert [reports_complaints(name) for name in names] == [False] * 2 + [True] * 4
