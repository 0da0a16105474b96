"""What raises a tier, what may pass by itself, and when somebody is nudged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.campaign import CampaignId
from domain.review import RequestId, ReviewRequest, Stage
from domain.review_rules import (
    TIERS,
    IfNobodyActs,
    PromptRisk,
    Raise,
    ReviewRules,
    raise_tier,
)
from domain.variant import RevisionId, VariantId

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
COPY = Stage(name="copy", role="copy_editor", sla=4 * HOUR)
PASSES = ReviewRules(
    if_nobody_acts={"C": IfNobodyActs.AUTO_APPROVE, "A": IfNobodyActs.ESCALATE}
)
LARGE = Raise(audience_over=50_000, extra_approvers=1)
HUGE = Raise(audience_over=250_000, tier="A")
WORDS = Raise(words=("price increase", "lawsuit*"), tier="A")
MILD = Raise(words=("health",), tier="B")
RAISES = (LARGE, HUGE, MILD, WORDS)


def brief(tier: str = "C", **said: object) -> dict[str, object]:
    return {"tier": tier, "title": "Autumn", "personas": ["Buyers"], **said}


@pytest.mark.parametrize(
    ("said", "audience", "tier", "reason"),
    [
        ({}, 300, "C", None),
        (
            {},
            50_001,
            "C",
            (
                "One more person approves in the last stage:"
                " 50,001 recipients are more than 50,000."
            ),
        ),
        ({}, 50_000, "C", None),
        (
            {},
            300_000,
            "A",
            (
                "Raised from tier C to A: 300,000 recipients are more than 250,000."
                " One more person approves in the last stage:"
                " 300,000 recipients are more than 50,000."
            ),
        ),
        (
            {"key_message": "Your health first"},
            300,
            "B",
            'Raised from tier C to B: the brief says "health".',
        ),
        # the strictest says why
        (
            {"offer": "health", "objective": "Announce the Price-Increase"},
            300,
            "A",
            'Raised from tier C to A: the brief says "price-increase".',
        ),
        ({"personas": ["people in lawsuits"]}, 300, "A", 'the brief says "lawsuits"'),
        # never lowered, and a word that is forbidden is not said
        ({"tier": "A", "tone": "health"}, 300, "A", None),
        ({"forbidden_phrases": ["lawsuit"], "title": "healthy"}, 300, "C", None),
    ],
)
def test_a_brief_gets_the_tier_that_it_needs(
    said: dict[str, object], audience: int, tier: str, reason: str | None
) -> None:
    raised = raise_tier(brief(**{"tier": "C"} | said), audience, RAISES)
    assert raised.tier == tier
    assert (raised.reason is None) is (reason is None)
    assert (reason or "") in (raised.reason or "")


@given(
    st.sampled_from(TIERS),
    st.integers(0, 10**7),
    st.text(),
    st.lists(st.sampled_from(RAISES)),
)
def test_a_tier_only_rises_and_says_why(
    tier: str, audience: int, text: str, raises: list[Raise]
) -> None:
    raised = raise_tier(brief(tier, title=text), audience, raises)
    assert TIERS.index(raised.tier) <= TIERS.index(tier)
    if raised.tier != tier:
        assert raised.reason is not None


def test_the_strictest_rule_says_how_many_more_approve() -> None:
    rules = ReviewRules(raises=(LARGE, Raise(words=("legal",), extra_approvers=2)))
    assert rules.extra_approvers(brief(), 60_000) == 1
    assert rules.extra_approvers(brief(title="Legal"), 60_000) == 2
    assert rules.extra_approvers(brief(), 10) == 0


# When nobody acts -----------------------------------------------------------------


def test_only_tier_c_passes_by_itself_and_only_where_it_is_said() -> None:
    assert PASSES.may_pass_by_itself("C", 1)
    assert not PASSES.may_pass_by_itself("A", 1)
    assert not PASSES.may_pass_by_itself("B", 1)
    assert not ReviewRules().may_pass_by_itself("C", 1)
    # even a rule that says otherwise
    loose = ReviewRules(if_nobody_acts={"B": IfNobodyActs.AUTO_APPROVE})
    assert not loose.may_pass_by_itself("B", 1)


def test_the_sample_holds_its_share_and_is_always_the_same() -> None:
    rules = replace(PASSES, spot_check=0.1)
    drawn = [n for n in range(1, 5001) if rules.is_spot_checked("C", n)]
    assert 400 < len(drawn) < 600
    assert drawn == [n for n in range(1, 5001) if rules.is_spot_checked("C", n)]
    assert not any(rules.may_pass_by_itself("C", n) for n in drawn)
    # a larger sample holds the smaller one
    more = replace(PASSES, spot_check=0.3)
    assert all(more.is_spot_checked("C", n) for n in drawn)


def test_all_or_none_can_be_drawn() -> None:
    everything = replace(PASSES, spot_check=1.0)
    assert all(everything.is_spot_checked("C", n) for n in range(1000))
    assert not any(PASSES.is_spot_checked("C", n) for n in range(1000))
    # where a person always decides there is nothing to sample
    assert not any(everything.is_spot_checked("B", n) for n in range(1000))


def request(**changes: object) -> ReviewRequest:
    made = ReviewRequest(
        id=RequestId(1),
        campaign_id=CampaignId(1),
        variant_id=VariantId(1),
        revision_id=RevisionId(1),
        revision_sha256="",
        stage="copy",
        round="copy",
        role="copy_editor",
        asked_at=NOW,
        due_at=NOW + 4 * HOUR,
        closed_at=None,
        outcome=None,
        decided_by=None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


@pytest.mark.parametrize(
    ("risk", "tier"), [(None, "C"), ("low", "C"), ("medium", "B"), ("high", "B")]
)
def test_a_risky_prompt_raises_the_tier(risk: str | None, tier: str) -> None:
    raises = (Raise(prompt_risk=PromptRisk.MEDIUM, tier="B", extra_approvers=1),)
    given = None if risk is None else PromptRisk(risk)
    raised = raise_tier(brief("C"), 10, raises, given)
    assert raised.tier == tier
    if tier == "B":
        assert f"Raised from tier C to B: the risk of its prompt is {risk}." in str(
            raised.reason
        )
    rules = ReviewRules(
        raises=raises, prompt_risks={} if given is None else {"email": given}
    )
    assert rules.extra_approvers(brief("C"), 10) == (tier == "B")


def test_one_reminder_at_half_or_where_the_stage_says() -> None:
    rules = ReviewRules()
    assert rules.remind_at(request(), COPY) == NOW + 2 * HOUR
    assert rules.remind_at(request(), replace(COPY, remind=0.75)) == NOW + 3 * HOUR
    assert rules.remind_at(request(), replace(COPY, remind=None)) is None
    # at due the escalation speaks
    assert rules.remind_at(request(), replace(COPY, remind=1.0)) is None
    assert rules.remind_at(request(reminded_at=NOW + 2 * HOUR), COPY) is None


def test_something_follows_at_due_after_another_sla_and_then_ever_more_rarely() -> None:
    rules = ReviewRules()
    at, times = rules.act_at(request(), COPY), []
    for _ in range(8):
        times.append((at - NOW) / (4 * HOUR))
        at = rules.act_at(request(escalated_at=at), COPY)
    # in SLAs after it was asked
    assert times == [1, 2, 3, 5, 9, 17, 25, 33]
