from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.cohort import (
    Division,
    Ranked,
    StepPlan,
    arm_of,
    chunks,
    divide,
    plan,
    provider_of,
    rank_of,
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


@dataclass(frozen=True)
class Assignment:
    """A division, and the step of everybody by key."""

    steps: tuple[StepPlan, ...]
    step_of: Mapping[str, int]


def assign(
    recipients: Mapping[str, str], *, salt: str, ladder: Sequence[float] = (1, 10, 100)
) -> Assignment:
    people = [
        Ranked(provider, rank_of(key, salt), key)
        for key, provider in recipients.items()
    ]
    division = divide(lambda: people, ladder)
    return Assignment(
        steps=division.steps,
        step_of={who.key: division.step_of(who) for who in people},
    )


def by_sorting(people: Sequence[Ranked], division: Division) -> dict[str, int]:
    """Who is in which step, said the long way: all sorted, and dealt out.

    Each step has so many who report, and so many who do not, and takes of each
    provider by largest remainder of those who are left.
    """
    queues = {
        name: sorted((who.rank, who.key) for who in people if who.provider == name)
        for name in {who.provider for who in people}
    }
    found: dict[str, int] = {}
    heard_before = 0
    for step in division.steps:
        heard = step.reporting_total - heard_before
        heard_before = step.reporting_total
        for is_heard, size in ((True, heard), (False, step.size - heard)):
            mine = {
                name: len(queue)
                for name, queue in queues.items()
                if reports_complaints(name) is is_heard
            }
            for name, take in by_largest_remainder(size, mine).items():
                found |= {key: step.step for _rank, key in queues[name][:take]}
                del queues[name][:take]
    return found


def by_largest_remainder(size: int, weights: Mapping[str, int]) -> dict[str, int]:
    total = sum(weights.values())
    if not total:
        return dict.fromkeys(weights, 0)
    exact = {name: Fraction(size * weight, total) for name, weight in weights.items()}
    shares = {name: int(share) for name, share in exact.items()}
    in_turn = sorted(exact, key=lambda name: (shares[name] - exact[name], name))
    for name in in_turn[: size - sum(shares.values())]:
        shares[name] += 1
    return shares


RECIPIENTS = st.dictionaries(
    st.text(max_size=6),
    st.sampled_from(["gmail", "yahoo", "outlook", "corp", "other"]),
    min_size=1,
    max_size=600,
)
RANK_OF_READER = 60_151_646_605_469_948
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


@given(
    people=st.dictionaries(
        st.text(max_size=4),
        st.tuples(
            st.sampled_from(["gmail", "icloud", "yahoo", "corp"]),
            # so few ranks that steps end between recipients who share one
            st.sampled_from([0, 1, 2, 7, 2**63, 2**64 - 1]),
        ),
        min_size=1,
        max_size=400,
    ),
    ladder=LADDERS,
    seed=st.randoms(use_true_random=False),
)
@settings(max_examples=150)
def test_placing_one_by_one_is_the_same_as_sorting_all_and_dealing_out(
    people: Mapping[str, tuple[str, int]], ladder: tuple[float, ...], seed: Random
) -> None:
    ranked = [Ranked(provider, rank, key) for key, (provider, rank) in people.items()]
    division = divide(lambda: ranked, ladder)
    shuffled = seed.sample(ranked, len(ranked))
    placed = {who.key: division.step_of(who) for who in shuffled}
    assert placed == by_sorting(ranked, division)


@given(recipients=RECIPIENTS, ladder=LADDERS)
@settings(max_examples=60)
def test_real_ranks_are_placed_as_by_sorting_too(
    recipients: Mapping[str, str], ladder: tuple[float, ...]
) -> None:
    ranked = [Ranked(name, rank_of(key, "7"), key) for key, name in recipients.items()]
    assigned = assign(recipients, salt="7", ladder=ladder)
    assert assigned.step_of == by_sorting(ranked, divide(lambda: ranked, ladder))


def test_a_list_is_read_again_only_for_a_step_that_ends_among_equals() -> None:
    reads: list[int] = []

    def people(*ranks: int) -> list[Ranked]:
        reads.append(1)
        return [Ranked("corp", rank, f"k{at}") for at, rank in enumerate(ranks)]

    apart = divide(lambda: people(*range(100)), (2, 100))
    assert (len(reads), apart.ends) == (1, {"corp": ((1, True, ""),)})
    equals = divide(lambda: people(*[5] * 100), (2, 100))
    assert (len(reads), equals.ends) == (3, {"corp": ((5, False, "k1"),)})
    # those who share a rank are all in one step here, so nothing is to be told apart
    both = divide(lambda: people(5, 5, *range(6, 104)), (2, 100))
    assert (len(reads), both.ends) == (4, {"corp": ((5, True, ""),)})


def test_who_was_not_counted_is_placed_all_the_same() -> None:
    division = divide(
        lambda: [Ranked("corp", rank, str(rank)) for rank in range(1_000)], (1, 10, 100)
    )
    assert [step.size for step in division.steps] == [10, 215, 775]
    late = [division.step_of(Ranked("corp", rank, "late")) for rank in (0, 50, 300)]
    assert late == [0, 1, 2]
    # of a provider that had nobody: no part of a canary is theirs
    assert division.step_of(Ranked("aol", 0, "late")) == 2


def test_the_ranks_of_a_campaign_never_change() -> None:
    # a plan that is under way during an upgrade goes on with the same ranks
    assert rank_of("reader", "campaign-42") == RANK_OF_READER


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
