"""Every state of the campaign card and of the variant card, by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from domain.campaign import CampaignId, State
from domain.channel import Channel
from domain.rejection import RejectReason
from domain.review import RequestId
from domain.second_person import Act
from domain.seeds import SeedState
from domain.sending import WaitsFor
from domain.variant import Origin, VariantState
from domain.views import CampaignCard, VariantCard
from tests.blocks.views import (
    HARD,
    HOSTILE,
    LONG,
    NOW,
    SOFT,
    TEXT,
    make_ask,
    make_canary,
    make_card,
    make_chunk,
    make_conversions,
    make_decision,
    make_freeze,
    make_incident,
    make_nudge,
    make_question,
    make_review,
    make_seeds,
    make_strategy,
    make_strategy_decision,
    make_undo,
    make_variant,
    make_variant_card,
    make_wait,
    make_withdrawn,
    minutes,
    one_side,
)

_S, _V = State, VariantState
_OUT = {"mails_out": 482, "mails_left": 47_718, "arms": ("A",)}
_SMALL: dict[str, Any] = {
    "planned": 30,
    "reporting": 14,
    "accepted": 30,
    "delivered": 29,
    "clicks": 1,
    "breach_at": None,
    "decides_at": None,
}
_SMALL_OUT = {"mails_out": 30, "mails_left": 2_970}
_DECIDED = (
    make_decision(),
    make_decision(variant_label="B"),
    make_decision(stage="deliverability", actor="U0DELIVER"),
)

_HOLDS = make_decision(stage="legal", actor="U0LEGAL", holds_from=2)

_BLIND = (
    "This canary cannot see complaints: 14 of its 30 recipients can report them and 225"
    " are needed; expanding needs a person."
)

_WAITS: dict[str, Any] = {
    "state": _S.AWAITING_BRAND_LEAD,
    "tier": "A",
    "variants": (),
    "writers": (),
    "moved_by": "U0MARKETER",
}

CARDS: dict[str, CampaignCard] = {
    "approval_holds": make_card(
        decisions=(
            *_DECIDED,
            make_decision(stage="legal", actor="U0LEGAL", variant_label="B"),
            _HOLDS,
        )
    ),
    "awaiting_brand_lead": make_card(
        **_WAITS, strategy=make_strategy(due_at=NOW + minutes(1300))
    ),
    "awaiting_brand_lead_reminded": make_card(
        **_WAITS,
        strategy=make_strategy(due_at=NOW + minutes(600), reminded_at=NOW - minutes(1)),
    ),
    "awaiting_brand_lead_escalated": make_card(
        **_WAITS,
        strategy=make_strategy(
            due_at=NOW - minutes(1),
            reminded_at=NOW - minutes(700),
            escalated_at=NOW - minutes(1),
            escalated_to=("U0ONCALL",),
        ),
    ),
    "awaiting_brand_lead_again": make_card(
        **_WAITS,
        strategy=make_strategy(
            due_at=NOW + minutes(1438),
            number=2,
            changed=("objective", "offer", "ab_variable"),
            offer="A month free",
        ),
    ),
    "awaiting_brand_lead_nobody_asked": make_card(
        **_WAITS,
        strategy=make_strategy(
            asked=(),
            due_at=NOW + minutes(600),
            escalated_at=NOW - minutes(3),
        ),
    ),
    "changes_asked": make_card(
        **_WAITS, strategy=make_strategy(decision=make_strategy_decision())
    ),
    "changes_asked_hostile": make_card(
        **_WAITS,
        strategy=make_strategy(
            decision=make_strategy_decision(reason=HOSTILE * 40),
            objective=HOSTILE * 9,
            audience=HOSTILE,
            key_message=HOSTILE * 9,
            offer=HOSTILE * 18,
            cta_url=f"https://northwind.example/{HOSTILE}",
            changed=(HOSTILE,),
        ),
    ),
    "strategy_approved": make_card(
        state=_S.BRIEFED,
        tier="A",
        variants=(),
        strategy=make_strategy(
            decision=make_strategy_decision(is_approval=True, reason=None)
        ),
    ),
    "briefed": make_card(state=_S.BRIEFED, variants=(), variants_asked=5),
    "writing": make_card(
        state=_S.BRIEFED,
        variants_asked=5,
        variants=(
            make_variant("A", state=_V.DRAFTED),
            make_variant("B", state=_V.BRIEFED),
            make_variant("C", state=_V.FAILED, reason="the model gave no answer"),
        ),
    ),
    "drafted": make_card(state=_S.DRAFTED),
    "linted": make_card(state=_S.LINTED, variants=(make_variant("A", hard=1, soft=2),)),
    "in_review": make_card(reviews=(make_review(),)),
    "in_review_overdue": make_card(reviews=(make_review(due_at=NOW - minutes(30)),)),
    "in_review_nobody_asked": make_card(reviews=(make_review(asked=(), quota=None),)),
    "in_review_assigned": make_card(reviews=(make_review(asked=("U0COPYTWO",)),)),
    "in_review_nobody_here": make_card(reviews=(make_review(is_pool_empty=True),)),
    "in_review_reminded": make_card(
        reviews=(make_review(reminded=make_nudge(NOW - minutes(5))),)
    ),
    "in_review_escalated": make_card(
        reviews=(
            make_review(
                due_at=NOW - minutes(30),
                reminded=make_nudge(NOW - minutes(150)),
                escalated=make_nudge(NOW - minutes(30)),
                escalated_to=("U0BRAND",),
            ),
        )
    ),
    "in_review_passes_by_itself": make_card(
        tier="C", reviews=(make_review(passes_by_itself=True, total=1),)
    ),
    "in_review_spot_check": make_card(
        tier="C", reviews=(make_review(is_spot_checked=True, total=1),)
    ),
    "in_review_of_a_raised_tier": make_card(
        tier="A",
        tier_reason="Raised from tier B to A: 310,000 recipients are more than 250,000."
        " One more person approves in the last stage: 310,000 recipients are more than"
        " 50,000.",
        recipients=310_000,
        mails_left=310_000,
        reviews=(
            make_review(
                stage="stakeholder",
                role="stakeholder",
                number=4,
                total=4,
                asked=("U0STAKE", "U0BRAND"),
                quota=1,
                approved=0,
                approvals_needed=2,
            ),
        ),
    ),
    "in_review_of_a_raised_tier_hostile": make_card(
        tier="A",
        tier_reason=f'Raised from tier C to A: the brief says "{HOSTILE}".',
        reviews=(make_review(approvals_needed=2),),
    ),
    "passed_by_itself": make_card(
        tier="C",
        state=_S.APPROVED,
        arms=("A",),
        decisions=(make_decision(actor="desk", reason="Nobody had decided."),),
    ),
    "in_second_stage": make_card(
        reviews=(make_review(stage="legal", number=2, asked=("U0LEGAL",), quota=None),),
        decisions=_DECIDED,
        variants=(
            make_variant("A", state=_V.APPROVED),
            make_variant("B"),
            make_variant("C", state=_V.SHELVED, reason="two others went on"),
        ),
    ),
    "in_review_side_by_side": make_card(
        tier="A",
        reviews=(
            one_side("deliverability", 2, beside="legal", asked=("U0DELIVER",)),
            one_side(
                "legal",
                3,
                beside="deliverability",
                asked=("U0LEGAL",),
                due_at=NOW + minutes(1_500),
            ),
        ),
    ),
    "in_review_one_side_through": make_card(
        tier="A",
        reviews=(
            one_side(
                "deliverability",
                2,
                beside="legal",
                asked=(),
                due_at=None,
                is_through=True,
            ),
            one_side("legal", 3, beside="deliverability", asked=("U0LEGAL",)),
        ),
    ),
    "between_stages": make_card(reviews=()),
    "approved": make_card(
        state=_S.APPROVED,
        arms=("A", "B"),
        arms_reason="the last stage approved them",
        decisions=_DECIDED,
    ),
    "scheduled": make_card(
        state=_S.SCHEDULED,
        arms=("A",),
        send_at=NOW + minutes(1120),
        canary=make_canary(started_at=None, decides_at=None),
    ),
    "scheduled_seeds": make_card(
        state=_S.SCHEDULED,
        arms=("A", "B"),
        send_at=NOW + minutes(1120),
        canary=make_canary(started_at=None, decides_at=None),
        seeds_named=3,
    ),
    "scheduled_blind_seeds": make_card(
        state=_S.SCHEDULED,
        arms=("A", "B"),
        canary=make_canary(breach_at=None, foresight=_BLIND),
        seeds_named=1,
    ),
    "scheduled_blind_no_seeds": make_card(
        state=_S.SCHEDULED,
        arms=("A",),
        canary=make_canary(breach_at=None, foresight=_BLIND),
    ),
    "scheduled_now": make_card(state=_S.SCHEDULED, arms=("A",)),
    "scheduled_frozen": make_card(
        state=_S.SCHEDULED, arms=("A",), canary=make_canary(), frozen=make_freeze()
    ),
    "canary_frozen_hostile": make_card(
        state=_S.CANARY,
        canary=make_canary(),
        frozen=make_freeze(reason=HOSTILE * 9, lift_asked_by="U0COPYONE"),
        **_OUT,
    ),
    "canary_waits": make_card(
        state=_S.CANARY,
        canary=make_canary(),
        skipped=7,
        capped=5,
        waits=(
            make_wait(),
            make_wait(mails=1, until=NOW + minutes(700), time_zone="Mars/Phobos"),
            make_wait(until=NOW + minutes(900), why=WaitsFor.WARM_UP, time_zone=""),
            make_wait(until=NOW + minutes(1000), time_zone="Asia/Tokyo"),
        ),
        **_OUT,
    ),
    "canary_first_second": make_card(state=_S.CANARY, mails_left=48_200),
    "canary": make_card(
        state=_S.CANARY, canary=make_canary(), decisions=_DECIDED, **_OUT
    ),
    "canary_with_conversions": make_card(
        state=_S.CANARY,
        canary=make_canary(),
        decisions=_DECIDED,
        conversions=(
            make_conversions(target=1_200),
            make_conversions(kind="mql", n=3, by_variant=(("A", 3),)),
        ),
        **_OUT,
    ),
    "canary_small": make_card(
        state=_S.CANARY,
        canary=make_canary(
            **_SMALL,
            foresight="This canary cannot see complaints: 30 of 3,000. Expanding needs"
            " a person.",
        ),
        recipients=3000,
        **_SMALL_OUT,
    ),
    "canary_seeds": make_card(
        state=_S.CANARY, canary=make_canary(), seeds=make_seeds(), **_OUT
    ),
    "canary_seeds_begin": make_card(
        state=_S.CANARY,
        canary=make_canary(),
        seeds=make_seeds(state=SeedState.PLANNED, mails=0, accepted=0),
        **_OUT,
    ),
    "canary_seeds_unknown": make_card(
        state=_S.CANARY,
        canary=make_canary(),
        seeds=make_seeds(
            state=SeedState.UNKNOWN,
            accepted=0,
            reason="The sender died during the calls.",
        ),
        **_OUT,
    ),
    "canary_blind_seeds": make_card(
        state=_S.CANARY,
        canary=make_canary(**_SMALL, foresight=_BLIND),
        seeds=make_seeds(),
        **_SMALL_OUT,
    ),
    "canary_blind_seeds_in_part": make_card(
        state=_S.CANARY,
        canary=make_canary(breach_at=None, foresight=_BLIND),
        seeds=make_seeds(accepted=4, reason="SendGrid did not take all of them."),
        **_OUT,
    ),
    "held_seeds_failed_hostile": make_card(
        state=_S.HELD,
        canary=make_canary(),
        reason="The window ended above the limit",
        moved_by="judge",
        paused_from=_S.CANARY,
        seeds=make_seeds(state=SeedState.FAILED, accepted=0, reason=HOSTILE * 9),
        **_OUT,
    ),
    "canary_unknown_chunks": make_card(
        state=_S.CANARY,
        canary=make_canary(),
        unknown_chunks=(make_chunk(), make_chunk(number=15)),
        **_OUT,
    ),
    "expanding": make_card(
        state=_S.EXPANDING,
        canary=make_canary(step=1, percent=10.0, breach_at=12, accepted=4820),
        mails_out=4820,
        mails_left=43_380,
    ),
    "expanding_first_second": make_card(state=_S.EXPANDING, **_OUT),
    "held": make_card(
        state=_S.HELD,
        canary=make_canary(judgement="2 complaints of 260 are above the limit"),
        reason="The window ended above the limit",
        moved_by="judge",
        paused_from=_S.CANARY,
        **_OUT,
    ),
    "held_unknown_chunk": make_card(
        state=_S.HELD,
        canary=make_canary(),
        reason="The window ended above the limit",
        moved_by="judge",
        paused_from=_S.CANARY,
        unknown_chunks=(make_chunk(),),
        **_OUT,
    ),
    "held_second_person": make_card(
        state=_S.HELD,
        canary=make_canary(),
        reason="The window ended above the limit",
        moved_by="judge",
        paused_from=_S.CANARY,
        asks=(
            make_ask(),
            make_ask(act=Act.SEND_AGAIN, chunk=14, asked_by="U0ANALYST"),
        ),
        **_OUT,
    ),
    "sent": make_card(
        state=_S.SENT,
        canary=make_canary(percent=100.0, accepted=48_100, delivered=47_950),
        mails_out=48_100,
        mails_left=0,
        skipped=100,
        arms=("A",),
        arms_reason="the last stage approved it",
    ),
    "sent_with_conversions": make_card(
        state=_S.SENT,
        canary=make_canary(percent=100.0, accepted=48_100, delivered=47_950),
        mails_out=48_100,
        mails_left=0,
        arms=("A", "B"),
        conversions=tuple(
            make_conversions(
                kind=kind, n=n, delivered=47_950, planned=48_100, target=target
            )
            for kind, n, target in (
                ("demo_request", 412, 400),
                ("mql", 96, None),
                ("trial_start", 40, None),
                ("newsletter_signup", 12, None),
            )
        ),
    ),
    "rolled_back_by_itself": make_card(
        state=_S.ROLLED_BACK, incident=make_incident(), canary=make_canary(), **_OUT
    ),
    "rolled_back_by_hand": make_card(
        state=_S.ROLLED_BACK,
        incident=make_incident(
            trigger="button",
            actor="U0ONCALL",
            reason=None,
            onset_at=None,
            contained_at=None,
            leaked=2,
        ),
        **_OUT,
    ),
    "rolled_back_without_incident": make_card(
        state=_S.ROLLED_BACK, reason="wrong list", **_OUT
    ),
    "rejected": make_card(
        state=_S.REJECTED,
        reason="Unsupported claim: no source says 30 %.",
        decisions=(make_decision(is_approval=False, reason="off brand"),),
        variants=(make_variant("A", state=_V.REJECTED, reason="off brand"),),
    ),
    "cancelled": make_card(state=_S.CANCELLED, moved_by="U0MARKETER"),
    "parked_before_sending": make_card(
        state=_S.PARKED,
        paused_from=_S.BRIEFED,
        reason="the writer failed 3 times (reference 7f3a-21)",
        variants=(make_variant("A", state=_V.FAILED),),
        moved_by="pipeline.generate",
    ),
    "parked_while_sending": make_card(
        state=_S.PARKED,
        paused_from=_S.CANARY,
        reason="the ESP refused the key (reference 7f3a-22)",
        unknown_chunks=(make_chunk(),),
        **_OUT,
    ),
    "with_a_model": make_card(
        is_sample=False, writers=("gpt-x",), practice=(), reviews=(make_review(),)
    ),
    "hostile": make_card(
        title=HOSTILE,
        channel=Channel.AD,
        slot=HOSTILE,
        prompt=HOSTILE,
        writers=(HOSTILE,),
        arms_reason=HOSTILE,
        state=_S.PARKED,
        paused_from=_S.STAGED_REVIEW,
        reason=HOSTILE,
        variants=(make_variant("A", state=_V.REJECTED, reason=HOSTILE),),
    ),
    "crowded": make_card(
        title="Long " * 60,
        state=_S.STAGED_REVIEW,
        reviews=(make_review(asked=tuple(f"U0{n:08}" for n in range(40))),),
        variants_asked=8,
        variants=tuple(
            make_variant(label, soft=30, regenerated_for=("phrase.banned",) * 2)
            for label in "ABCDEFGH"
        ),
        decisions=tuple(
            make_decision(variant_label=label, actor=f"U0{n:08}")
            for n, label in enumerate("ABCDEFGH" * 10)
        ),
        unknown_chunks=tuple(make_chunk(number=n) for n in range(48)),
    ),
}


def _in_slot(
    view: CampaignCard, *, live: int | None = 41, planned: int = 482
) -> CampaignCard:
    """The same campaign as a landing page's, shown to visitors."""
    canary, incident = view.canary, view.incident
    return replace(
        view,
        channel=Channel.LANDING_PAGE,
        slot="home-hero",
        slot_live=None if live is None else CampaignId(live),
        canary=canary and replace(canary, slot="home-hero", planned=planned),
        incident=incident and replace(incident, slot="home-hero", suppressed=0),
        skipped=0,
        suppressed_before=0,
        unknown_chunks=(),
    )


CARDS |= {
    f"slot_{name}": _in_slot(CARDS[name])
    for name in ("approved", "scheduled", "canary", "held")
} | {
    "slot_canary_first": _in_slot(CARDS["canary"], live=None),
    "slot_expanding": _in_slot(CARDS["expanding"], planned=5_000),
    "slot_live": _in_slot(CARDS["sent"], live=42, planned=50_000),
    "slot_was_live": _in_slot(CARDS["sent"], live=43, planned=50_000),
    "slot_rolled_back": _in_slot(CARDS["rolled_back_by_itself"]),
    "slot_parked": _in_slot(CARDS["parked_while_sending"]),
}

_APPROVED = (make_decision(variant_label="B"),)
_REJECTED = make_decision(
    variant_label="B",
    is_approval=False,
    code=RejectReason.UNSUPPORTED_CLAIM,
    reason="No source says 30 %.",
)
_SIDE_BY_SIDE = (
    make_question(stage="deliverability", role="deliverability", asked=("U0DELIVER",)),
    make_question(
        request_id=RequestId(502), stage="legal", role="legal", asked=("U0LEGAL",)
    ),
)
_MANY_SIDES = (
    *_SIDE_BY_SIDE,
    *(
        make_question(request_id=RequestId(503 + n), stage=stage, role=stage)
        for n, stage in enumerate(("copy", "stakeholder", "brand", "privacy"))
    ),
)
VARIANTS: dict[str, VariantCard] = {
    "asked": make_variant_card(),
    "approval_holds": make_variant_card(
        revision_number=3, decisions=(make_decision(), _HOLDS)
    ),
    "assigned": make_variant_card(questions=(make_question(asked=("U0COPYTWO",)),)),
    "asked_side_by_side": make_variant_card(tier="A", questions=_SIDE_BY_SIDE),
    "asked_by_six_side_by_side": make_variant_card(tier="A", questions=_MANY_SIDES),
    "asked_side_by_side_fails_lint": make_variant_card(
        tier="A", questions=_SIDE_BY_SIDE, findings=(HARD,)
    ),
    "asked_nobody_here": make_variant_card(
        questions=(make_question(is_pool_empty=True),)
    ),
    "approved_by_one_of_two": make_variant_card(
        questions=(
            make_question(
                approvals_needed=2, approved_by=("U0COPYONE",), asked=("U0COPYTWO",)
            ),
        ),
        decisions=(make_decision(actor="U0COPYONE"),),
    ),
    "approved_by_one_of_two_and_nobody_left": make_variant_card(
        questions=(
            make_question(approvals_needed=2, approved_by=("U0COPYONE",), asked=()),
        )
    ),
    "passed_by_itself": make_variant_card(
        state=_V.APPROVED,
        questions=(),
        decisions=(
            make_decision(actor="desk", reason="Nobody had decided when it was due."),
        ),
    ),
    "asked_with_notes": make_variant_card(findings=(SOFT, SOFT)),
    "blocked": make_variant_card(findings=(SOFT, HARD), regenerations=2),
    "edited": make_variant_card(
        revision_number=2, origin=Origin(editor="U0COPYONE"), findings=(SOFT,)
    ),
    "by_a_model": make_variant_card(
        origin=Origin(model="gpt-x", temperature=0.7, instruction="shorter")
    ),
    "long": make_variant_card(text=LONG),
    "being_written": make_variant_card(
        state=_V.BRIEFED,
        text=None,
        origin=None,
        revision_id=None,
        revision_number=0,
        questions=(),
        campaign_state=_S.BRIEFED,
    ),
    "being_rewritten": make_variant_card(
        state=_V.BRIEFED, questions=(), instruction="Shorter, name the offer first"
    ),
    "being_checked": make_variant_card(
        state=_V.DRAFTED, questions=(), campaign_state=_S.DRAFTED
    ),
    "linted": make_variant_card(
        state=_V.LINTED, questions=(), campaign_state=_S.LINTED
    ),
    "approved": make_variant_card(state=_V.APPROVED, questions=(), decisions=_APPROVED),
    "approved_a_moment_ago": make_variant_card(
        state=_V.APPROVED, questions=(), decisions=_APPROVED, undo=make_undo()
    ),
    "asked_again_a_moment_ago": make_variant_card(
        questions=(make_question(stage="legal", role="legal", asked=("U0LEGAL",)),),
        decisions=_APPROVED,
        undo=make_undo(),
    ),
    "rejected_a_moment_ago": make_variant_card(
        state=_V.REJECTED,
        campaign_state=_S.REJECTED,
        questions=(),
        decisions=(_REJECTED,),
        undo=make_undo(),
    ),
    "rejected_a_moment_ago_hostile": make_variant_card(
        state=_V.REJECTED,
        campaign_state=_S.REJECTED,
        questions=(),
        decisions=(replace(_REJECTED, reason=HOSTILE),),
        undo=make_undo(),
    ),
    "next_stage_withdrawn": make_variant_card(withdrawn=(make_withdrawn(),)),
    "next_stage_withdrawn_hostile": make_variant_card(
        decisions=(make_decision(variant_label="B", stage="brand"),),
        withdrawn=(make_withdrawn(), make_withdrawn(stage=HOSTILE)),
    ),
    "asked_again": make_variant_card(
        questions=(make_question(stage="legal", role="legal", asked=("U0LEGAL",)),),
        decisions=_APPROVED,
    ),
    "nobody_asked": make_variant_card(questions=(make_question(asked=()),)),
    "rejected": make_variant_card(
        state=_V.REJECTED,
        questions=(),
        decisions=(_REJECTED,),
    ),
    "shelved": make_variant_card(
        state=_V.SHELVED, questions=(), reason="Enough other variants went on"
    ),
    "failed": make_variant_card(
        state=_V.FAILED,
        text=None,
        origin=None,
        revision_id=None,
        revision_number=0,
        questions=(),
        reason="the writer failed 3 times (reference 7f3a-21)",
    ),
    "campaign_cancelled": make_variant_card(campaign_state=_S.CANCELLED, questions=()),
    "empty": make_variant_card(
        text=replace(TEXT, subject="", preheader="", body=" "), findings=(HARD,)
    ),
    "hostile": make_variant_card(
        text=replace(TEXT, subject=HOSTILE, preheader=HOSTILE, body=HOSTILE * 300),
        label="B",
        origin=Origin(model=HOSTILE, sources=(HOSTILE,), instruction=HOSTILE),
        findings=(
            replace(HARD, message=HOSTILE * 10, quote=HOSTILE * 10, field=HOSTILE),
        )
        * 40,
        reason=HOSTILE,
    ),
}
