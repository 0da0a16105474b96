from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.canary import CanaryPolicy, Counts, breach_at, decides_after
from domain.canary_limits import (
    Limits,
    limits_of,
    packed,
    policy_hash,
    stricter,
    to_pin,
    unpacked,
)
from domain.canary_policy import GUARDED, Decides, Guardrail, Sending
from domain.send_window import SendWindow
from domain.sending import Sending as WhenToSend
from domain.warm_up import ALL, Ramp, WarmUp

POLICY = CanaryPolicy()


def rates(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False)


@st.composite
def guardrails(draw: st.DrawFn) -> Guardrail:
    ok = draw(rates(0.001, 0.05))
    return Guardrail(
        ok=ok, limit=ok + draw(rates(0, 0.1)), decides=draw(st.sampled_from(Decides))
    )


@st.composite
def policies(draw: st.DrawFn) -> CanaryPolicy:
    healthy = draw(rates(0.0001, 0.001))
    ok = healthy + draw(rates(0, 0.002))
    limit = ok + draw(rates(0.0001, 0.002))
    first = draw(rates(0.001, 0.1))
    minutes = st.integers(1, 600)
    return CanaryPolicy(
        window=timedelta(minutes=draw(minutes)),
        healthy_rate=healthy,
        ok_rate=ok,
        limit_rate=limit,
        disaster_rate=limit + draw(rates(0, 0.01)),
        alpha=first + draw(rates(0.001, 0.1)),
        alpha_first=first,
        hard_bounce_ok_rate=draw(rates(0.001, 0.1)),
        stale_after=timedelta(seconds=draw(minutes)),
        delay_median=timedelta(seconds=draw(minutes)),
        min_matured_share=draw(rates(0.1, 0.9)),
        min_delivered_share=draw(rates(0.1, 0.9)),
        min_reporting=draw(st.integers(1, 1_000)),
        sending=draw(st.sampled_from(Sending)),
        guardrails=draw(st.dictionaries(st.sampled_from(list(GUARDED)), guardrails())),
    )


@given(policy=policies())
def test_a_policy_is_kept_whole(policy: CanaryPolicy) -> None:
    kept = packed(policy)
    assert unpacked(kept) == policy
    assert packed(unpacked(kept)) == kept


@given(policy=policies())
def test_a_policy_with_itself_is_itself(policy: CanaryPolicy) -> None:
    assert stricter(policy, policy) == policy
    found = limits_of(packed(policy), policy)
    assert found == Limits(policy=policy, pinned=policy_hash(policy))
    assert found.origin == "pinned when it was approved"


@given(pinned=policies(), today=policies(), size=st.integers(1, 50_000))
def test_no_change_of_the_file_loosens_what_was_approved(
    pinned: CanaryPolicy, today: CanaryPolicy, size: int
) -> None:
    found = stricter(pinned, today)
    assert decides_after(found) >= decides_after(pinned)
    assert found.hard_bounce_ok_rate <= pinned.hard_bounce_ok_rate
    assert found.limit_rate <= min(pinned.limit_rate, today.limit_rate)
    assert found.stale_after <= pinned.stale_after
    assert found.sending is pinned.sending
    for step in range(3):
        assert found.alpha_at(step, 3) >= pinned.alpha_at(step, 3)
    counts = Counts(planned=size, reporting=size, sent=size)
    before = breach_at(counts, policy=pinned, step=0, steps_total=3)
    after = breach_at(counts, policy=found, step=0, steps_total=3)
    # what cannot be seen any more needs a person, which is stricter still
    assert after is None or (before is not None and after <= before)
    for name, rail in pinned.guardrails.items():
        assert rail.decides is Decides.DRY_RUN or (
            found.guardrails[name].decides is Decides.YES
            and found.guardrails[name].ok <= rail.ok
            and found.guardrails[name].limit <= rail.limit
        )


TIGHTENED: dict[str, Any] = {
    "window": timedelta(hours=6),
    "ok_rate": 0.0008,
    "limit_rate": 0.0015,
    "hard_bounce_ok_rate": 0.01,
    "no_data_after": timedelta(minutes=5),
    "stale_after": timedelta(minutes=2),
    "delay_median": timedelta(hours=1),
    "min_matured_share": 0.9,
    "min_delivered_share": 0.9,
    "min_reporting": 500,
}


@pytest.mark.parametrize("name", TIGHTENED)
def test_a_limit_that_is_tightened_holds_at_once(name: str) -> None:
    today = replace(POLICY, **{name: TIGHTENED[name]})
    assert stricter(POLICY, today) == today
    # and the other way round it is loosened
    assert stricter(today, POLICY) == today


def test_the_error_rates_are_one_limit() -> None:
    sooner = replace(POLICY, alpha=0.04, alpha_first=0.02)
    assert stricter(POLICY, sooner) == sooner
    assert stricter(sooner, POLICY) == sooner
    # sooner in the first step, later after it: neither is the stricter one
    other = replace(POLICY, alpha=0.021, alpha_first=0.02)
    assert stricter(POLICY, other) == POLICY


def test_what_is_no_limit_stays_as_it_was_approved() -> None:
    today = replace(
        POLICY,
        sending=Sending.DRIP,
        disaster_rate=0.005,
        delay_sigma=2.0,
        human_after=timedelta(0),
        compare_after=timedelta(hours=1),
    )
    assert stricter(POLICY, today) == POLICY


def test_a_guardrail_that_decides_decides_whoever_says_so() -> None:
    dry = Guardrail(ok=0.001, limit=0.002)
    deciding = Guardrail(ok=0.005, limit=0.01, decides=Decides.YES)
    with_dry = replace(POLICY, guardrails={"unsubscribes": dry})
    with_deciding = replace(POLICY, guardrails={"unsubscribes": deciding})
    assert stricter(with_dry, with_deciding) == with_deciding
    assert stricter(with_deciding, with_dry) == with_deciding
    assert stricter(POLICY, with_deciding) == with_deciding
    assert stricter(with_deciding, POLICY) == with_deciding


def test_a_campaign_without_a_pin_goes_by_the_file_and_says_so() -> None:
    found = limits_of(None, POLICY)
    assert found.policy == POLICY
    assert found.sentence == (
        f"Judged by limits {policy_hash(POLICY)[:12]}, of canary.yaml, as none were"
        " pinned when it was approved."
    )


def test_a_tightened_policy_names_what_was_approved() -> None:
    today = replace(POLICY, ok_rate=0.0008)
    found = limits_of(packed(POLICY), today)
    assert found.sha256 == policy_hash(today)
    assert found.sentence == (
        f"Judged by limits {policy_hash(today)[:12]}, pinned as"
        f" {policy_hash(POLICY)[:12]} when it was approved, and tightened by"
        " canary.yaml since."
    )


def test_what_an_older_or_newer_desk_kept_can_be_read() -> None:
    assert unpacked('{"ok_rate":0.0015,"unheard_of":1}') == CanaryPolicy(ok_rate=0.0015)


def test_every_field_is_a_limit_or_stays_as_pinned() -> None:
    stays = {
        "healthy_rate",
        "disaster_rate",
        "delay_sigma",
        "human_after",
        "compare_after",
        "sending",
    }
    decided = {*TIGHTENED, "alpha", "alpha_first", "guardrails"}
    assert {each.name for each in fields(CanaryPolicy)} == stays | decided


# How it leaves


def ramp(*a_day: int, then: int | None = None) -> Ramp:
    return Ramp(a_day=a_day, then=then)


@pytest.mark.parametrize(
    ("sending", "expected"),
    [
        (WhenToSend(), Sending.BURST),
        (WhenToSend(window=SendWindow(default_zone=UTC)), Sending.DRIP),
        (WhenToSend(warm_up=WarmUp()), Sending.BURST),
        (WhenToSend(warm_up=WarmUp(ramps={ALL: ramp(999)})), Sending.DRIP),
        (WhenToSend(warm_up=WarmUp(ramps={ALL: ramp(1_000)})), Sending.BURST),
        (WhenToSend(warm_up=WarmUp(ramps={ALL: ramp(then=500)})), Sending.DRIP),
        (
            WhenToSend(warm_up=WarmUp(ramps={ALL: ramp(), "gmail": ramp(10)})),
            Sending.DRIP,
        ),
    ],
)
def test_what_may_be_spread_over_hours_is_judged_as_a_drip(
    sending: WhenToSend, expected: Sending
) -> None:
    assert to_pin(POLICY, sending, recipients=1_000).sending is expected


def test_a_file_that_says_drip_is_not_overruled() -> None:
    drip = replace(POLICY, sending=Sending.DRIP)
    assert to_pin(drip, WhenToSend(), recipients=1) == drip
