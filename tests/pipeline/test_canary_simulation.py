"""The judge played against known rates: as often right and wrong as was published."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.binomial import breach_count, tail
from domain.canary import CanaryPolicy
from domain.canary_policy import Sending
from pipeline.canary_curves import curves
from pipeline.canary_simulation import (
    Row,
    Setting,
    Step,
    alone,
    canary,
    dripped,
    is_held,
    ladder,
    limits,
    minutes_of,
    steps_of,
)

POLICY = CanaryPolicy()
RUNS = 10_000
PUBLISHED_RUNS = 40_000
SETTING = Setting(policy=POLICY, runs=RUNS, seed=5)
# The published ladder sends 500, 5,000 and 44,500: cumulative 1, 11 and 100 per cent.
RUNGS = (1.0, 11.0, 100.0)


def within(share: float, published: float, *, rounding: float = 0.0005) -> bool:
    """Four standard deviations of both simulations, and what a table rounds away."""
    middle = min(max((share + published) / 2, 1 / RUNS), 1 - 1 / RUNS)
    spread = math.sqrt(middle * (1 - middle) * (1 / RUNS + 1 / PUBLISHED_RUNS))
    return abs(share - published) <= 4 * spread + rounding


# The table of the count rule, sent as a burst: rolled back, median minute, held.
@pytest.mark.parametrize(
    ("cohort", "rate", "rolled_back", "minute", "held"),
    [
        (500, 0.0005, 0.0015, None, 0.020),
        (500, 0.001, 0.011, None, 0.064),
        (500, 0.003, 0.157, 81, 0.236),
        (500, 0.005, 0.39, 71, 0.269),
        (500, 0.01, 0.83, 47, 0.112),
        (2_000, 0.0005, 0.0003, None, 0.013),
        (2_000, 0.001, 0.011, None, 0.101),
        (2_000, 0.003, 0.45, 87, 0.33),
        (2_000, 0.005, 0.89, 56, 0.09),
        (2_000, 0.01, 1.0, 29, 0.0),
        (10_000, 0.0005, 0.0, None, 0.0),
        (10_000, 0.001, 0.0009, None, 0.0),
        (10_000, 0.003, 0.93, 77, 0.0),
        (10_000, 0.005, 1.0, 39, 0.0),
        (10_000, 0.01, 1.0, 22, 0.0),
    ],
)
def test_a_cohort_is_stopped_as_often_and_as_soon_as_published(
    cohort: int, rate: float, rolled_back: float, minute: int | None, held: float
) -> None:
    row = alone(cohort, rate, SETTING)
    is_coarse = rolled_back in (0.39, 0.83, 0.45, 0.89, 0.93)
    rounding = 0.005 if is_coarse else 0.0005
    assert within(row.rolled_back, rolled_back, rounding=rounding), row
    assert within(row.held, held, rounding=0.005 if is_coarse else 0.0005), row
    if minute is not None:
        assert row.median_minute == pytest.approx(minute, abs=3)


@pytest.mark.parametrize(
    ("rate", "rolled_back", "held", "reached_all", "mails"),
    [
        (0.0005, 0.0011, 0.021, 0.978, 48_909),
        (0.001, 0.011, 0.072, 0.916, 45_917),
        (0.0015, 0.043, 0.197, 0.759, 38_558),
        (0.003, 0.595, 0.405, 0.0003, 7_903),
        (0.005, 0.732, 0.268, 0.0, 2_262),
        (0.01, 0.888, 0.112, 0.0, 791),
    ],
)
def test_a_whole_ladder_keeps_the_published_promise(
    rate: float, rolled_back: float, held: float, reached_all: float, mails: int
) -> None:
    row = ladder(50_000, rate, SETTING, RUNGS)
    assert row.steps == (500, 5_500, 50_000)
    assert within(row.rolled_back, rolled_back), row
    assert within(row.held, held), row
    assert within(row.reached_all, reached_all), row
    assert row.mean_mails == pytest.approx(mails, rel=0.05)
    assert row.rolled_back + row.held + row.reached_all == pytest.approx(1)


def test_a_drip_is_seen_four_times_as_late() -> None:
    drip = replace(SETTING, policy=dripped(POLICY))
    assert alone(2_000, 0.0005, drip).rolled_back <= 0.0005
    assert alone(2_000, 0.01, drip).median_minute == pytest.approx(141, abs=4)
    assert alone(10_000, 0.005, drip).median_minute == pytest.approx(160, abs=4)
    assert alone(10_000, 0.001, drip).rolled_back <= POLICY.alpha


def test_a_drip_at_the_accepted_rate_with_news_at_once_is_rarely_stopped() -> None:
    # published: 0.55 %, where a peeked test at 0.05 stops 17 %
    at_once = replace(dripped(POLICY), delay_median=timedelta(seconds=1))
    row = alone(10_000, 0.001, replace(SETTING, policy=at_once))
    assert within(row.rolled_back, 0.0055), row
    assert row.rolled_back <= POLICY.alpha


def test_the_exact_tail_is_what_a_simulation_tends_to() -> None:
    # 4 h after a burst of 10 min 91.7 % of all complaints are in
    k = breach_count(985, ok=0.001, limit=0.002, alpha=0.02)
    row = alone(1_000, 0.005, SETTING)
    expected = tail(985, k, 0.005 * 0.917)
    assert row.rolled_back == pytest.approx(expected, abs=0.02)


def test_the_same_seed_is_the_same_table_and_another_is_not() -> None:
    few = replace(SETTING, runs=2_000)
    assert alone(500, 0.005, few) == alone(500, 0.005, few)
    assert alone(500, 0.005, few) != alone(500, 0.005, replace(few, seed=6))


def test_rows_do_not_depend_on_how_many_are_played_at_once() -> None:
    # more runs than fit in memory at once are played in parts
    row = alone(500, 0.01, replace(SETTING, runs=30_001))
    assert within(row.rolled_back, 0.83, rounding=0.005)


def test_the_judge_is_asked_at_every_minute() -> None:
    step = Step(step=0, steps_total=1, planned=10_000, reporting=9_850)
    burst = limits(step, POLICY)
    assert len(burst) == minutes_of(POLICY) == 240
    assert len(set(burst)) == 1
    drip = limits(step, dripped(POLICY))
    assert len(drip) == 480
    assert drip == sorted(drip)
    assert len(set(drip)) == 2


def test_a_stricter_policy_stops_sooner() -> None:
    strict = replace(POLICY, ok_rate=0.0005, limit_rate=0.001, disaster_rate=0.002)
    usual = alone(2_000, 0.003, SETTING)
    stricter = alone(2_000, 0.003, replace(SETTING, policy=strict))
    assert stricter.rolled_back > usual.rolled_back + 0.1


def test_a_list_too_small_to_see_is_held_for_a_person_whatever_its_rate() -> None:
    row = canary(3_000, 0.0005, SETTING, (1.0, 10.0, 100.0))
    assert row.cohort == 30
    # what is not stopped by three complaints waits
    assert row.rolled_back + row.held == pytest.approx(1)
    assert row.held > 0.99
    assert ladder(3_000, 0.0005, SETTING, (1.0, 10.0, 100.0)).reached_all == 0.0


def test_a_list_of_one_is_played_too() -> None:
    row = ladder(1, 0.01, replace(SETTING, runs=50), (1.0, 100.0))
    assert row.steps == (1,)
    assert row.rolled_back + row.held + row.reached_all == pytest.approx(1)


def test_two_of_500_are_held_and_one_is_not() -> None:
    step = steps_of(50_000, 0.985, RUNGS)[0]
    assert [is_held(step, POLICY, n) for n in range(3)] == [False, False, True]


def test_the_picture_is_a_png_of_all_rows() -> None:
    few = replace(SETTING, runs=100)
    rows: list[Row] = [alone(500, rate, few) for rate in (0.001, 0.01)]
    rows.append(ladder(50_000, 0.01, few, RUNGS))
    drawn = curves(rows)
    assert drawn.startswith(b"\x89PNG\r\n")
    assert len(drawn) > 10_000


def test_a_policy_says_how_it_sends() -> None:
    assert dripped(POLICY).sending is Sending.DRIP
