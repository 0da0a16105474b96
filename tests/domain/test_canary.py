from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.binomial import breach_count, detectable_rate, excluded_rate, tail
from domain.canary import (
    Alarm,
    ArmMails,
    CanaryPolicy,
    Cause,
    Counts,
    HardKill,
    Judgement,
    Verdict,
    breach_at,
    decides_after,
    foresight,
    judge,
    matured_share,
)
from domain.canary_policy import Decides, Guardrail, Sending
from domain.canary_words import odds, ordinal, percent_up, quoted, span
from domain.rollback import Trigger

POLICY = CanaryPolicy()
AFTER = timedelta(hours=5)
FRESH = timedelta(minutes=1)


def make_counts(**changed: int) -> Counts:
    numbers = {"planned": 482, "reporting": 482, "sent": 482, "delivered": 476}
    return Counts(**(numbers | changed))


def judged(counts: Counts, **changed: Any) -> Judgement:
    arguments: dict[str, Any] = {
        "policy": POLICY,
        "step": 0,
        "steps_total": 3,
        "elapsed": AFTER,
        "last_event_age": FRESH,
    }
    return judge(counts, **(arguments | changed))


def verdict(counts: Counts, **changed: Any) -> Verdict:
    return judged(counts, **changed).verdict


# The count rule


# The published table rounds, and gives 3/n where zero seen excludes a rate.
@pytest.mark.parametrize(
    ("n", "k", "false_healthy", "false_ok", "caught_from", "excluded"),
    [
        (225, 3, 0.0002, 0.0016, 0.019, 0.0133),
        (492, 3, 0.0021, 0.014, 0.0087, 0.0061),
        (985, 4, 0.0017, 0.018, 0.0056, 0.0030),
        (1_970, 6, 0.0006, 0.016, 0.0040, 0.0015),
        (4_925, 11, 0.00005, 0.012, 0.0028, 0.0006),
        (9_850, 20, 0.0, 0.003, 0.0024, 0.0003),
    ],
)
def test_the_design_table_is_reproduced(
    n: int,
    k: int,
    *,
    false_healthy: float,
    false_ok: float,
    caught_from: float,
    excluded: float,
) -> None:
    assert breach_count(n, ok=0.001, limit=0.002, alpha=0.02) == k
    assert tail(n, k, 0.0005) == pytest.approx(false_healthy, abs=0.0001)
    assert tail(n, k, 0.001) == pytest.approx(false_ok, abs=0.0006)
    assert detectable_rate(n, k) == pytest.approx(caught_from, abs=0.0001)
    assert excluded_rate(n) == pytest.approx(excluded, abs=0.0001)


@pytest.mark.parametrize(
    ("step", "delivered", "planned", "k_delivered", "k_planned"),
    [(0, 492, 500, 3, 3), (1, 5_417, 5_500, 14, 14), (2, 49_250, 50_000, 99, 101)],
)
def test_a_ladder_of_500_5000_44500_stops_at_3_14_and_99_delivered(
    step: int, delivered: int, planned: int, k_delivered: int, k_planned: int
) -> None:
    # 1.5 % undelivered gives the published 99; against the planned cohort it is 101.
    alpha = POLICY.alpha_at(step, 3)
    at = {"ok": 0.001, "limit": 0.002, "alpha": alpha}
    assert breach_count(delivered, **at) == k_delivered
    assert breach_count(planned, **at) == k_planned


@given(n=st.integers(0, 2_000), k=st.integers(-1, 40), p=st.floats(0.0001, 0.9))
def test_a_tail_equals_the_sum_of_its_exact_terms(n: int, k: int, p: float) -> None:
    below = math.fsum(
        math.comb(n, i) * p**i * (1 - p) ** (n - i)
        for i in range(max(k, 0))
        if i <= n and n - i < 5_000
    )
    assert tail(n, k, p) == pytest.approx(1 - below, abs=1e-9)


def test_a_certain_and_an_impossible_rate_have_certain_tails() -> None:
    assert (tail(10, 3, 1.0), tail(10, 3, 0.0), tail(10, 0, 0.0)) == (1.0, 0.0, 1.0)


@pytest.mark.parametrize(("n", "p"), [(-1, 0.5), (1, -0.1), (1, 1.1)])
def test_a_tail_refuses_what_is_no_binomial(n: int, p: float) -> None:
    with pytest.raises(ValueError, match="needs n >= 0 and 0 <= p <= 1"):
        tail(n, 1, p)


@given(
    n=st.integers(0, 200_000),
    more=st.integers(0, 50_000),
    alpha=st.sampled_from([0.02, 0.015, 0.0025, 0.3]),
)
def test_a_larger_cohort_never_stops_at_a_lower_count(
    n: int, more: int, alpha: float
) -> None:
    at = {"ok": 0.001, "limit": 0.002, "alpha": alpha}
    assert breach_count(n, **at) <= breach_count(n + more, **at)


@given(
    n=st.integers(1, 100_000),
    alpha=st.floats(0.0001, 0.4),
    ok=st.sampled_from([0.0005, 0.001, 0.02]),
)
def test_the_count_is_the_first_within_the_error_rate_and_above_the_limit(
    n: int, alpha: float, ok: float
) -> None:
    k = breach_count(n, ok=ok, limit=2 * ok, alpha=alpha)
    assert tail(n, k, ok) <= alpha
    assert k > 2 * ok * n - 1e-6
    assert tail(n, k - 1, ok) > alpha or k - 1 <= 2 * ok * n + 1e-6


@pytest.mark.parametrize("alpha", [0.0, 0.5, -1.0])
def test_an_error_rate_of_none_or_half_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="An error rate lies between"):
        breach_count(500, ok=0.001, limit=0.002, alpha=alpha)


def test_no_recipients_rule_out_no_rate() -> None:
    assert excluded_rate(0) == 1.0


def test_a_count_above_the_cohort_is_never_detected() -> None:
    assert detectable_rate(2, 3) == 1.0


def _share_rolled_back(rate: float, runs: int, draw: random.Random) -> float:
    """Play canaries of 500 burst at once, looked at after every complaint."""
    rolled_back = 0
    for _ in range(runs):
        complaints, at = 0, -1
        while complaints < 3:
            at += 1 + int(math.log(1 - draw.random()) / math.log1p(-rate))
            if at >= 500:
                break
            complaints += 1
            counts = make_counts(planned=500, reporting=500, complaints=complaints)
            if verdict(counts, elapsed=timedelta(0)) is Verdict.ROLLBACK:
                rolled_back += 1
                break
    return rolled_back / runs


def test_simulated_healthy_sends_roll_back_as_rarely_as_the_rule_says() -> None:
    runs, draw = 20_000, random.Random(7)  # noqa: S311 - a seeded simulation
    for rate in (0.0005, 0.001):
        expected = tail(500, 3, rate)
        error = math.sqrt(expected * (1 - expected) / runs)
        assert _share_rolled_back(rate, runs, draw) == pytest.approx(
            expected, abs=4 * error
        )


def test_a_simulated_disaster_is_caught_as_often_as_the_rule_says() -> None:
    draw = random.Random(11)  # noqa: S311 - a seeded simulation
    caught = _share_rolled_back(0.01, 2_000, draw)
    assert caught == pytest.approx(tail(500, 3, 0.01), abs=0.03)


# Verdicts


def test_the_third_complaint_rolls_back_at_once() -> None:
    found = judged(make_counts(complaints=3), elapsed=timedelta(0), last_event_age=None)
    assert found.verdict is Verdict.ROLLBACK
    assert found.reason == (
        "Rolled back at the 3rd complaint of 482; "
        "a healthy send does this about 2 in 1,000 times."
    )
    assert (found.complaints, found.complaints_to_roll_back, found.base) == (3, 3, 482)
    assert found.false_rollback_rate == pytest.approx(0.0019, abs=0.0001)


def test_a_batch_that_runs_past_the_count_says_both_numbers() -> None:
    counts = make_counts(reporting=225, complaints=5)
    assert judged(counts).reason == (
        "Rolled back at 5 complaints of 225 who can report, where 3 would do; "
        "a healthy send does this about 1 in 5,000 times."
    )


def test_dead_addresses_roll_back() -> None:
    found = judged(make_counts(hard_bounces=18), elapsed=timedelta(0))
    assert found.verdict is Verdict.ROLLBACK
    assert found.reason == (
        "Rolled back at the 18th hard bounce of 482; a list with 2 % dead addresses "
        "does this about 10 in 1,000 times."
    )
    assert found.hard_bounces_to_roll_back == 18
    assert verdict(make_counts(hard_bounces=17)) is Verdict.EXPAND


def test_a_complaint_from_a_mute_cohort_counts_against_all_of_it() -> None:
    mute = {"planned": 500, "reporting": 0, "delivered": 490}
    assert verdict(make_counts(**mute, complaints=2)) is Verdict.HOLD
    assert verdict(make_counts(**mute, complaints=3)) is Verdict.ROLLBACK


def test_an_open_window_waits_and_says_how_near_the_end_is() -> None:
    found = judged(make_counts(complaints=2), elapsed=timedelta(hours=3))
    assert found.verdict is Verdict.WAIT
    assert found.reason == (
        "2 complaints of 482 (3 roll it back, which a healthy send reaches about 2 in"
        " 1,000 times); the window is open."
    )


def test_silence_is_told_before_the_window_ends() -> None:
    found = judged(make_counts(delivered=0), elapsed=timedelta(minutes=10))
    assert found.verdict is Verdict.WAIT
    assert found.reason == (
        "No delivered event in 10 min; the ESP or its webhook may be silent."
    )


def test_an_extended_window_waits_longer() -> None:
    assert verdict(make_counts(), window=timedelta(hours=6)) is Verdict.WAIT
    assert verdict(make_counts(), window=timedelta(hours=5)) is Verdict.EXPAND


def test_a_window_without_a_delivered_event_is_no_data() -> None:
    found = judged(make_counts(delivered=0))
    assert found.verdict is Verdict.NO_DATA
    assert found.reason == (
        "The window is over without a delivered event for 482 mails; "
        "nothing expands until data returns."
    )


@pytest.mark.parametrize("age", [None, timedelta(minutes=5, seconds=1)])
def test_a_silent_esp_is_no_data(age: timedelta | None) -> None:
    found = judged(make_counts(), last_event_age=age)
    assert found.verdict is Verdict.NO_DATA
    assert "silent for more than 5 min" in found.reason


def test_an_esp_that_reports_nothing_is_not_silent_but_asks_a_person() -> None:
    mute = {"mute_esp": "SMTP", "last_event_age": None}
    counts = make_counts(reporting=0, delivered=0)
    open_ = judged(counts, elapsed=timedelta(hours=1), **mute)
    assert open_.verdict is Verdict.WAIT
    assert open_.reason == "0 hard bounces so far; the window is open."
    over = judged(counts, **mute)
    assert over.verdict is Verdict.HOLD
    assert over.reason == (
        "SMTP reports no complaints, deliveries or clicks: all that is seen is whom"
        " the server refused; expanding needs a person."
    )
    said = foresight(
        planned=482, reporting=0, policy=POLICY, step=0, steps_total=3, mute_esp="SMTP"
    )
    assert said == over.reason


def test_an_esp_that_reports_nothing_may_still_be_seen_to_refuse_too_many() -> None:
    counts = make_counts(reporting=0, delivered=0, hard_bounces=30)
    stopped = judged(counts, elapsed=timedelta(0), mute_esp="SMTP")
    assert stopped.cause is Cause.HARD_BOUNCES


def test_two_complaints_above_the_limit_hold() -> None:
    found = judged(make_counts(complaints=2))
    assert found.verdict is Verdict.HOLD
    assert found.reason == (
        "Held above the limit of 0.2 %: 2 complaints of 476 delivered; "
        "3 would have rolled back, which a healthy send reaches about 2 in 1,000"
        " times. Expanding needs a person."
    )


def test_one_complaint_alone_never_holds() -> None:
    counts = make_counts(planned=250, reporting=225, delivered=250, complaints=1)
    assert POLICY.limit_rate < 1 / 225
    assert verdict(counts) is Verdict.EXPAND


def test_a_cohort_that_cannot_see_complaints_asks_a_person() -> None:
    found = judged(make_counts(planned=30, reporting=30, delivered=30))
    assert found.verdict is Verdict.HOLD
    assert found.reason == (
        "This canary cannot see complaints: 30 of its 30 recipients can report them "
        "and 225 are needed; expanding needs a person."
    )


def test_a_small_list_asks_a_person_even_when_clean() -> None:
    found = judged(make_counts(), expands_alone=False)
    assert found.verdict is Verdict.HOLD
    assert "a list this small never expands by itself" in found.reason


def test_a_canary_that_was_not_delivered_asks_a_person() -> None:
    found = judged(make_counts(delivered=300))
    assert found.verdict is Verdict.HOLD
    assert found.reason == (
        "Only 300 of 482 mails were delivered, under 80 %; expanding needs a person."
    )


def test_a_short_window_still_waits_for_complaints_to_arrive() -> None:
    policy = CanaryPolicy(window=timedelta(minutes=30))
    found = judged(make_counts(), policy=policy, elapsed=timedelta(hours=1))
    assert found.verdict is Verdict.WAIT
    assert "under 80 % of the complaints to expect" in found.reason
    ripe = decides_after(policy)
    assert verdict(make_counts(), policy=policy, elapsed=ripe) is Verdict.EXPAND


def test_a_clean_canary_expands_and_says_what_it_proved() -> None:
    found = judged(make_counts())
    assert found.verdict is Verdict.EXPAND
    assert found.reason == (
        "Passed: 0 complaints of 482 (3 roll it back, which a healthy send reaches"
        " about 2 in 1,000 times). None seen rules out 0.7 % or more (95 %)."
    )


def test_the_last_step_ends_instead_of_asking_to_expand() -> None:
    blind = make_counts(planned=30, reporting=0, delivered=20)
    found = judged(blind, step=2, expands_alone=False)
    assert found.verdict is Verdict.EXPAND
    assert found.reason == (
        "The last step passed without seeing complaints; nothing is left to send."
    )
    seeing = judged(make_counts(complaints=1), step=2)
    assert seeing.reason == (
        "The last step passed: 1 complaint of 482 (4 roll it back, which a healthy send"
        " reaches about 1 in 9,000 times)."
    )


# Alarms, arms, guardrails and drips

WARNED = HardKill(alarm=Alarm.ACCOUNT_WARNING, said="Under  review\n")
RAILS = {
    "unsubscribes": Guardrail(ok=0.005, limit=0.01, decides=Decides.YES),
    "deferrals": Guardrail(ok=0.05, limit=0.1),
}
GUARDED = CanaryPolicy(guardrails=RAILS)
DRIP = CanaryPolicy(sending=Sending.DRIP)


@pytest.mark.parametrize("alarm", list(Alarm))
def test_an_alarm_rolls_back_without_statistics(alarm: Alarm) -> None:
    found = judged(
        make_counts(delivered=0),
        kills=[HardKill(alarm=alarm)],
        elapsed=timedelta(0),
        last_event_age=None,
    )
    assert (found.verdict, found.cause) == (Verdict.ROLLBACK, Cause(alarm))
    assert found.reason.startswith("Rolled back at once, whatever the rate: ")
    assert found.reason.endswith(", at 0 complaints of 482.")


def test_an_alarm_is_quoted_and_the_first_is_named() -> None:
    probe = HardKill(alarm=Alarm.FAILED_PROBE)
    found = judged(make_counts(complaints=3), kills=[WARNED, probe])
    assert found.reason == (
        "Rolled back at once, whatever the rate: the ESP warned the account"
        ' ("Under review"), at 3 complaints of 482.'
    )


def test_every_cause_is_a_trigger_of_an_incident() -> None:
    assert {str(each) for each in Cause} <= {str(each) for each in Trigger}


def arms(a: int, b: int) -> list[ArmMails]:
    return [
        ArmMails(name="A", planned=5_000, delivered=a),
        ArmMails(name="B", planned=5_000, delivered=b),
    ]


def test_arms_that_were_not_delivered_as_planned_void_the_metrics() -> None:
    counts = make_counts(planned=10_000, reporting=10_000, delivered=9_000)
    found = judged(counts, arms=arms(4_900, 4_100))
    assert found.verdict is Verdict.HOLD
    assert found.reason == (
        "Metrics void: A 4,900 of 5,000, B 4,100 of 5,000 mails were delivered, which a"
        " fair split does less than 1 in 1,000 times; expanding needs a person."
    )
    assert verdict(counts, arms=arms(4_550, 4_450)) is Verdict.EXPAND


def test_void_metrics_do_not_stop_a_rollback() -> None:
    counts = make_counts(complaints=3)
    assert verdict(counts, arms=arms(5_000, 100)) is Verdict.ROLLBACK


def test_a_guardrail_that_decides_rolls_back_with_its_own_odds() -> None:
    found = judged(make_counts(unsubscribes=7), policy=GUARDED, elapsed=timedelta(0))
    assert (found.verdict, found.cause) == (Verdict.ROLLBACK, Cause.UNSUBSCRIBES)
    assert found.reason == (
        "Rolled back at the 7th unsubscribe of 482; a send with 0.5 % unsubscribes does"
        " this about 12 in 1,000 times."
    )


def test_a_guardrail_above_its_limit_holds_at_the_end() -> None:
    found = judged(make_counts(unsubscribes=6), policy=GUARDED)
    assert found.verdict is Verdict.HOLD
    assert found.reason.startswith(
        "Held above the limit of 1 %: 6 unsubscribes of 476 delivered; 7 would have"
        " rolled back, which a send at the accepted rate reaches"
    )


def test_a_dry_run_is_told_and_decides_nothing() -> None:
    found = judged(make_counts(deferrals=300), policy=GUARDED)
    assert found.verdict is Verdict.EXPAND
    assert found.reason.endswith(
        "; in dry run, 300 deferrals of 482 would have rolled it back (at 49)."
    )
    reading = found.guardrails[1]
    assert (reading.count, reading.is_breached, reading.decisive) == (300, True, False)


@given(
    counts=st.builds(
        make_counts,
        complaints=st.integers(0, 5),
        hard_bounces=st.integers(0, 20),
        unsubscribes=st.integers(0, 482),
        deferrals=st.integers(0, 482),
    ),
    elapsed=st.timedeltas(timedelta(0), timedelta(days=1)),
)
def test_no_dry_run_ever_changes_a_verdict(counts: Counts, elapsed: timedelta) -> None:
    dry = {name: Guardrail(ok=0.001, limit=0.001) for name in RAILS}
    with_dry = judged(counts, policy=CanaryPolicy(guardrails=dry), elapsed=elapsed)
    without = judged(counts, elapsed=elapsed)
    assert (with_dry.verdict, with_dry.cause) == (without.verdict, without.cause)


@pytest.mark.parametrize(
    "rails",
    [{"opens": Guardrail(ok=0.1, limit=0.2)}, {"clicks": Guardrail(ok=0.1, limit=0.2)}],
)
def test_only_what_can_be_guarded_is(rails: dict[str, Guardrail]) -> None:
    with pytest.raises(ValueError, match="There is no guardrail"):
        CanaryPolicy(guardrails=rails)


@pytest.mark.parametrize(("ok", "limit"), [(0.0, 0.1), (0.2, 0.1), (0.1, 1.0)])
def test_a_guardrail_whose_limits_make_no_sense_is_refused(
    ok: float, limit: float
) -> None:
    with pytest.raises(ValueError, match="0 < ok <= limit < 1"):
        Guardrail(ok=ok, limit=limit)


def drip(sent: int, **changed: int) -> Judgement:
    whole = {"planned": 10_000, "reporting": 10_000, "delivered": sent}
    return judged(
        make_counts(**(whole | {"sent": sent} | changed)),
        policy=DRIP,
        elapsed=timedelta(0),
        steps_total=1,
    )


def test_a_drip_is_held_against_the_quarter_that_is_out_and_later_against_all() -> None:
    early, late = drip(2_500), drip(2_501)
    assert (early.base, late.base) == (2_500, 10_000)
    assert (early.complaints_to_roll_back, late.complaints_to_roll_back) == (8, 21)
    assert early.reason.startswith("0 complaints of the first 2,500 (8 roll it back")


def test_a_later_step_of_a_drip_counts_the_steps_before_whole() -> None:
    early = drip(2_000, planned_before=1_000, reporting_before=1_000)
    assert early.base == 1_000 + 2_250


def test_the_two_parts_of_a_drip_never_cost_more_than_a_burst() -> None:
    for n in (225, 500, 2_000, 10_000, 50_000):
        found = [drip(sent, planned=n, reporting=n) for sent in (0, n)]
        bases = [(each.base, each.complaints_to_roll_back) for each in found]
        assert sum(tail(n, k, POLICY.ok_rate) for n, k in bases) <= POLICY.alpha


def test_a_burst_is_held_against_the_whole_step_from_its_first_mail() -> None:
    for sent in (0, 100, 482):
        assert judged(make_counts(sent=sent)).base == 482


def test_the_card_s_limit_is_the_judge_s() -> None:
    for policy in (POLICY, DRIP):
        for sent in (100, 482):
            counts = make_counts(sent=sent)
            asked = {"policy": policy, "step": 0, "steps_total": 3}
            expected = judged(counts, policy=policy).complaints_to_roll_back
            assert breach_at(counts, **asked) == expected
    mute = make_counts(reporting=200)
    assert breach_at(mute, policy=POLICY, step=0, steps_total=3) is None


def test_a_long_quotation_is_cut() -> None:
    assert quoted("a  b\n c") == '"a b c"'
    assert len(quoted("word " * 80)) == 122


ANY_COUNTS = st.integers(1, 60_000).flatmap(
    lambda planned: st.builds(
        Counts,
        planned=st.just(planned),
        reporting=st.integers(0, planned),
        sent=st.integers(0, planned),
        delivered=st.integers(0, planned),
        complaints=st.integers(0, 40),
        hard_bounces=st.integers(0, 40),
    )
)
ANY_AGE = st.none() | st.timedeltas(timedelta(0), timedelta(hours=2))
ANY_ELAPSED = st.timedeltas(timedelta(0), timedelta(days=2))


@given(
    counts=ANY_COUNTS,
    age=ANY_AGE,
    elapsed=ANY_ELAPSED,
    step=st.integers(0, 2),
    alone=st.booleans(),
)
def test_nothing_expands_early_on_stale_data_above_the_limit_or_blind(
    counts: Counts,
    age: timedelta | None,
    elapsed: timedelta,
    step: int,
    *,
    alone: bool,
) -> None:
    found = judged(
        counts, step=step, last_event_age=age, elapsed=elapsed, expands_alone=alone
    )
    if found.verdict is not Verdict.EXPAND:
        return
    assert elapsed >= POLICY.window
    assert matured_share(elapsed, POLICY) >= POLICY.min_matured_share
    assert age is not None
    assert age <= POLICY.stale_after
    assert counts.delivered > 0
    assert counts.complaints < found.complaints_to_roll_back
    assert counts.hard_bounces < found.hard_bounces_to_roll_back
    assert counts.complaints < 2 or counts.complaints <= 0.002 * counts.seen
    if step < 2:
        assert alone
        assert counts.reporting >= 225
        assert counts.delivered >= 0.8 * counts.planned


@given(counts=ANY_COUNTS, age=ANY_AGE, elapsed=ANY_ELAPSED, step=st.integers(0, 2))
def test_a_breach_rolls_back_whatever_else_is_true(
    counts: Counts, age: timedelta | None, elapsed: timedelta, step: int
) -> None:
    found = judged(counts, step=step, last_event_age=age, elapsed=elapsed)
    is_breached = (
        counts.complaints >= found.complaints_to_roll_back
        or counts.hard_bounces >= found.hard_bounces_to_roll_back
    )
    assert (found.verdict is Verdict.ROLLBACK) is is_breached


@given(
    counts=ANY_COUNTS,
    more=st.integers(1, 20),
    elapsed=ANY_ELAPSED,
    sending=st.sampled_from(Sending),
)
def test_one_complaint_more_never_saves_a_campaign(
    counts: Counts, more: int, elapsed: timedelta, sending: Sending
) -> None:
    asked = {"policy": CanaryPolicy(sending=sending), "elapsed": elapsed}
    worse = replace(counts, complaints=counts.complaints + more)
    if verdict(counts, **asked) is Verdict.ROLLBACK:
        assert verdict(worse, **asked) is Verdict.ROLLBACK


# Policy, counts and maturity


def test_the_error_rates_of_any_ladder_add_up_to_the_whole() -> None:
    assert [POLICY.alpha_at(step, 3) for step in range(3)] == pytest.approx(
        [0.015, 0.0025, 0.0025]
    )
    for total in range(1, 6):
        whole = sum(POLICY.alpha_at(step, total) for step in range(total))
        assert whole == pytest.approx(POLICY.alpha)


@pytest.mark.parametrize(("step", "total"), [(-1, 3), (3, 3), (0, 0)])
def test_a_step_outside_its_ladder_has_no_error_rate(step: int, total: int) -> None:
    with pytest.raises(ValueError, match=f"Step {step} is not one of {total} steps"):
        POLICY.alpha_at(step, total)


@pytest.mark.parametrize(
    "changed",
    [
        {"ok_rate": 0.002},
        {"healthy_rate": 0.0},
        {"disaster_rate": 0.001},
        {"hard_bounce_ok_rate": 1.0},
        {"alpha_first": 0.02},
        {"alpha": 0.5},
        {"delay_median": timedelta(0)},
        {"delay_sigma": 0.0},
        {"min_matured_share": 1.0},
        {"min_delivered_share": 0.0},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        CanaryPolicy(**changed)


def test_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        make_counts(complaints=-1)
    with pytest.raises(ValueError, match="a part of those planned"):
        make_counts(reporting=483)
    with pytest.raises(ValueError, match="a part of all steps so far"):
        make_counts(planned_before=483)


def test_half_of_the_complaints_are_in_after_the_median_delay() -> None:
    assert matured_share(timedelta(0), POLICY) == 0.0
    assert matured_share(timedelta(minutes=45), POLICY) == pytest.approx(0.5)
    assert matured_share(timedelta(hours=4), POLICY) == pytest.approx(0.92, abs=0.005)


def test_a_decision_comes_at_the_window_or_when_complaints_had_time() -> None:
    assert decides_after(POLICY) == timedelta(hours=4)
    short = CanaryPolicy(window=timedelta(minutes=1))
    assert timedelta(minutes=120) < decides_after(short) < timedelta(minutes=126)


@given(st.timedeltas(timedelta(0), timedelta(days=3)), st.timedeltas(timedelta(0)))
def test_maturity_only_grows(at: timedelta, more: timedelta) -> None:
    later = at + min(more, timedelta(days=30))
    assert matured_share(at, POLICY) <= matured_share(later, POLICY) <= 1.0


# Foresight and words


@pytest.mark.parametrize(
    ("planned", "reporting", "step", "sentence"),
    [
        (
            482,
            482,
            0,
            (
                "This canary would catch a 0.9 % complaint rate 8 times in 10; "
                "it cannot see 0.3 %."
            ),
        ),
        (
            49_250,
            5_417,
            1,
            (
                "This step would catch a 0.32 % complaint rate 8 times in 10; "
                "it sees 0.3 % 7 times in 10."
            ),
        ),
        (
            9_850,
            9_850,
            0,
            "This canary would catch a 0.24 % complaint rate 8 times in 10.",
        ),
        (
            500,
            224,
            0,
            (
                "This canary cannot see complaints: 224 of its 500 recipients can report "
                "them and 225 are needed; expanding needs a person."
            ),
        ),
    ],
)
def test_foresight_says_what_a_step_can_see(
    planned: int, reporting: int, step: int, sentence: str
) -> None:
    said = foresight(
        planned=planned, reporting=reporting, policy=POLICY, step=step, steps_total=3
    )
    assert said == sentence


@pytest.mark.parametrize(
    ("chance", "words"),
    [
        (0.25, "about 250 in 1,000 times"),
        (0.0019, "about 2 in 1,000 times"),
        (0.0005, "about 1 in 2,000 times"),
        (0.000054, "about 1 in 20,000 times"),
        (0.0, "less than once in 1,000,000 times"),
    ],
)
def test_odds_are_said_in_round_numbers(chance: float, words: str) -> None:
    assert odds(chance) == words


def test_ordinals_durations_and_rates_read_as_people_say_them() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == (
        ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th"]
    )
    assert span(timedelta(hours=2, minutes=10, seconds=5)) == "2 h 10 min"
    assert span(timedelta(seconds=45)) == "45 s"
    assert span(timedelta(milliseconds=1)) == "1 s"
    assert [percent_up(r) for r in (0.01892, 0.0087, 0.0024)] == [
        "1.9 %",
        "0.9 %",
        "0.24 %",
    ]


def test_a_canary_that_cannot_see_holds_also_when_its_few_mails_fall_silent() -> None:
    counts = make_counts(planned=6, reporting=5, sent=6, delivered=6)
    assert verdict(counts, last_event_age=timedelta(hours=1)) is Verdict.HOLD


def test_a_canary_that_cannot_see_and_never_delivered_is_no_data() -> None:
    counts = make_counts(planned=6, reporting=5, sent=6, delivered=0)
    assert verdict(counts, last_event_age=None) is Verdict.NO_DATA
