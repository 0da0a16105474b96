from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.experiment import (
    Arm,
    Finding,
    Outcome,
    always_valid_p,
    compare,
    is_split_unfair,
    log_e_value,
    peak,
    ratio_at_end,
    ratio_so_far,
    z_test,
)

EVEN = (0.5, 0.5)
NAMES = ("A", "B", "C")


def make_arm(name: str = "A", delivered: int = 5_000, events: int = 125) -> Arm:
    return Arm(name=name, delivered=delivered, events=events)


def in_turn(*arms: Arm) -> list[str]:
    """A path on which the arms' events are spread evenly."""
    marks = [
        ((i + 0.5) / arm.events, arm.name) for arm in arms for i in range(arm.events)
    ]
    return [name for _, name in sorted(marks)]


def compared(*arms: Arm, is_end: bool = True) -> Finding:
    return compare(arms, in_turn(*arms), is_end=is_end)


# The bet


@given(path=st.lists(st.integers(0, 2), max_size=80), a=st.integers(1, 8))
def test_a_bet_made_event_by_event_is_worth_what_the_counts_are(
    path: list[int], a: int
) -> None:
    shares = (a / 10, (9 - a) / 10 + 0.05, 0.05)
    worths = [
        log_e_value([path[:n].count(arm) for arm in range(3)], shares)
        for n in range(len(path) + 1)
    ]
    assert peak(path, shares)[0] == pytest.approx(max(worths), abs=1e-9)
    assert always_valid_p(path, shares) == pytest.approx(math.exp(-max(worths)))


def test_two_arms_are_the_published_ratio_of_beta_functions() -> None:
    def beta(a: float, b: float) -> float:
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)

    expected = beta(60 + 9, 140 + 4) - beta(60, 140)
    expected -= 9 * math.log(0.3) + 4 * math.log(0.7)
    assert log_e_value((9, 4), (0.3, 0.7)) == pytest.approx(expected)


@given(
    shares=st.lists(st.integers(1, 9), min_size=2, max_size=4),
    counts=st.lists(st.integers(0, 30), min_size=4, max_size=4),
)
def test_the_bet_is_fair_whoever_the_next_event_belongs_to(
    shares: list[int], counts: list[int]
) -> None:
    chances = [each / sum(shares) for each in shares]
    before = counts[: len(chances)]
    after = [
        log_e_value([n + (i == arm) for i, n in enumerate(before)], chances)
        for arm in range(len(chances))
    ]
    expected = math.fsum(
        chance * math.exp(worth) for chance, worth in zip(chances, after, strict=True)
    )
    assert expected == pytest.approx(math.exp(log_e_value(before, chances)))


@pytest.mark.parametrize("shares", [(0.5,), (0.5, 0.6), (1.0, 0.0)])
def test_shares_that_are_none_are_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="the shares add up to 1"):
        log_e_value((1, 2), shares)


def test_an_arm_cannot_have_more_events_than_recipients() -> None:
    with pytest.raises(ValueError, match="Arm A has more events than recipients"):
        make_arm(delivered=3, events=4)


# Comparing


def test_a_clear_winner_is_told_early_and_by_how_much() -> None:
    found = compared(make_arm("A", 5_000, 60), make_arm("B", 5_000, 200), is_end=False)
    assert (found.outcome, found.best.name, found.rival.name) == (
        Outcome.WINNER,
        "B",
        "A",
    )
    assert found.was_early
    assert found.p <= 0.01
    assert 1 < found.interval.low < found.interval.high < 12
    assert found.interval.confidence == pytest.approx(0.99)


def test_a_difference_that_only_the_last_test_sees_waits_for_the_end() -> None:
    arms = (make_arm("A", 5_000, 100), make_arm("B", 5_000, 140))
    assert compared(*arms, is_end=False).outcome is Outcome.CANNOT_TELL
    found = compared(*arms)
    assert found.outcome is Outcome.WINNER
    assert not found.was_early
    assert found.p == pytest.approx(0.0090, abs=0.0002)
    assert found.interval.confidence == pytest.approx(0.96)
    assert found.interval.low == pytest.approx(1.073, abs=0.002)
    assert found.interval.high == pytest.approx(1.825, abs=0.002)


def test_equal_arms_cannot_be_told_apart_and_the_interval_says_what_fits() -> None:
    found = compared(make_arm("A"), make_arm("B", events=130))
    assert found.outcome is Outcome.CANNOT_TELL
    assert found.interval.low < 1 < found.interval.high


def test_a_winner_of_three_has_to_beat_both_others() -> None:
    low, high = make_arm("A", 5_000, 60), make_arm("B", 5_000, 200)
    found = compared(low, high, make_arm("C", 5_000, 190))
    assert (found.outcome, found.rival.name) == (Outcome.CANNOT_TELL, "C")
    won = compared(low, high, make_arm("C", 5_000, 70))
    assert (won.outcome, won.best.name, won.rival.name) == (Outcome.WINNER, "B", "C")
    # each of three pairs gets a third of the error
    assert won.interval.confidence == pytest.approx(1 - 0.04 / 3)


def test_nothing_delivered_or_clicked_cannot_be_told() -> None:
    for arms in (
        (make_arm("A", 0, 0), make_arm("B", 0, 0)),
        (make_arm("A", 50, 0), make_arm("B", 50, 0)),
        (make_arm("A", 0, 0), make_arm("B", 50, 9)),
    ):
        found = compared(*arms)
        assert found.outcome is Outcome.CANNOT_TELL
        assert (found.interval.low, found.interval.high) == (0.0, math.inf)


@pytest.mark.parametrize("names", [("A",), ("A", "A"), ()])
def test_one_arm_or_two_of_one_name_are_no_comparison(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="needs two arms or more"):
        compare([make_arm(name) for name in names], [], is_end=True)


PAIR = st.integers(1, 3_000).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, min(n, 400)))
)


@given(one=PAIR, other=PAIR)
def test_an_interval_holds_the_observed_ratio_and_agrees_with_its_test(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    a, b = make_arm("A", *one), make_arm("B", *other)
    end, now = ratio_at_end(a, b, 0.96), ratio_so_far(a, b, 0.99)
    for each in (end, now):
        assert 0 <= each.low <= each.high
        if a.events and b.events:
            assert each.low * 0.999 <= a.rate / b.rate <= each.high * 1.001
    p = z_test(a, b)
    if abs(p - 0.04) > 1e-6 and a.events + b.events:
        assert (end.low < 1 < end.high) is (p > 0.04)
    share = a.delivered / (a.delivered + b.delivered)
    worth = log_e_value((a.events, b.events), (share, 1 - share))
    if abs(worth - math.log(100)) > 1e-6:
        assert (now.low < 1 < now.high) is (worth < math.log(100))


@given(arms=st.lists(PAIR, min_size=2, max_size=3), is_end=st.booleans())
def test_the_order_of_the_arms_changes_nothing(
    arms: list[tuple[int, int]], *, is_end: bool
) -> None:
    made = [make_arm(name, *each) for name, each in zip(NAMES, arms, strict=False)]
    path = in_turn(*made)
    found = compare(made, path, is_end=is_end)
    again = compare(made[::-1], path, is_end=is_end)
    assert (found.outcome, found.best, found.p) == (again.outcome, again.best, again.p)


def test_an_arm_that_is_only_clicked_sooner_wins_nothing() -> None:
    arms = [make_arm("A", 4_000, 196), make_arm("B", 4_000, 192)]
    path = ["A"] * 60 + in_turn(make_arm("A", 4_000, 136), make_arm("B", 4_000, 192))
    for is_end in (False, True):
        assert compare(arms, path, is_end=is_end).outcome is Outcome.CANNOT_TELL


@pytest.mark.parametrize(
    ("best", "outcome"), [(250, Outcome.WINNER), (125, Outcome.CANNOT_TELL)]
)
def test_eight_arms_are_compared_at_once_for_the_price_of_all_their_pairs(
    best: int, outcome: Outcome
) -> None:
    arms = [make_arm(name, 5_000, 125) for name in "BCDEFGH"]
    found = compared(make_arm("A", 5_000, best), *arms)
    assert found.outcome is outcome
    assert found.interval is not None
    assert found.interval.confidence > 0.998


# The error rates that were published (two arms, clicks 2.5 %)


def _clicks(draw: random.Random, n: int, rate: float) -> int:
    """Draw from the binomial by the gaps between its successes."""
    at, found, scale = -1, 0, math.log1p(-rate)
    while True:
        at += 1 + int(math.log(1 - draw.random()) / scale)
        if at >= n:
            return found
        found += 1


def _told_apart(n: int, runs: int) -> tuple[float, float]:
    """Share of equal arms told apart: by both tests together, by the bet at 0.05."""
    draw = random.Random(n)  # noqa: S311 - a seeded simulation
    both = bet = 0
    for _ in range(runs):
        arms = [make_arm(name, n, _clicks(draw, n, 0.025)) for name in "AB"]
        path = [arm.name for arm in arms for _ in range(arm.events)]
        draw.shuffle(path)
        both += compare(arms, path, is_end=True).outcome is Outcome.WINNER
        bet += always_valid_p([int(name == "B") for name in path], EVEN) <= 0.05
    return both / runs, bet / runs


@pytest.mark.parametrize(
    ("n", "runs", "published", "published_bet"),
    [(500, 3_000, 0.040, 0.0), (2_000, 2_000, 0.041, 0.0), (10_000, 500, 0.041, 0.003)],
)
def test_equal_arms_are_told_apart_as_rarely_as_published(
    n: int, runs: int, published: float, published_bet: float
) -> None:
    both, bet = _told_apart(n, runs)
    assert both == pytest.approx(
        published, abs=4 * math.sqrt(published * (1 - published) / runs)
    )
    assert both <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / runs)
    assert bet == pytest.approx(published_bet, abs=0.012)


# The split


def _split(share: float, runs: int) -> float:
    """Share of sends found unfair, looking each 100 of 20,000 mails."""
    draw = random.Random(round(share * 1_000))  # noqa: S311 - a seeded simulation
    found = 0
    for _ in range(runs):
        first = 0
        for total in range(100, 20_001, 100):
            # 100 draws at once, by the normal approximation
            mean, spread = 100 * share, math.sqrt(100 * share * (1 - share))
            first += min(max(round(draw.gauss(mean, spread)), 0), 100)
            if is_split_unfair((first, total - first), (10_000, 10_000)):
                found += 1
                break
    return found / runs


@pytest.mark.parametrize(
    ("share", "published"), [(0.5, 0.0), (0.51, 0.12), (0.52, 0.95), (0.53, 1.0)]
)
def test_an_unfair_split_is_found_as_often_as_published(
    share: float, published: float
) -> None:
    runs = 250
    spread = math.sqrt(max(published * (1 - published), 0.002) / runs)
    assert _split(share, runs) == pytest.approx(published, abs=4 * spread)


def test_a_split_is_judged_against_what_was_planned() -> None:
    assert not is_split_unfair((980, 48_500), (1_000, 49_000))
    assert is_split_unfair((1_500, 48_500), (1_000, 49_000))
    assert not is_split_unfair((0, 0), (10, 10))
    assert not is_split_unfair((500,), (500,))


def test_a_mail_of_an_arm_that_was_not_planned_is_unfair() -> None:
    assert is_split_unfair((400, 1), (400, 0))
    assert not is_split_unfair((400, 0), (400, 0))
