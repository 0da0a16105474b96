"""The fullest cards and windows that the slices make together hold Slack's limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from blocks import aftermath, campaign_card, canary_report, freeze, incident
from domain.arms import ArmCount, ArmsResult
from domain.campaign import State
from domain.freeze import Scope
from domain.incident import AlertState, Cause, Runbook
from domain.second_person import Act
from domain.sending import WaitsFor
from domain.views import CampaignCard, IncidentView
from tests.blocks.checks import check_message, check_modal, shown
from tests.blocks.views import (
    HOSTILE,
    NOW,
    make_action,
    make_alert,
    make_ask,
    make_canary,
    make_card,
    make_chunk,
    make_conversions,
    make_decision,
    make_freeze,
    make_incident,
    make_late,
    make_variant,
    make_wait,
    minutes,
)

MUCH = HOSTILE * 60


def full_incident() -> IncidentView:
    return replace(
        make_late(),
        title=MUCH,
        reason=MUCH,
        actor=MUCH,
        told=tuple(f"U0PERSON{n}" for n in range(60)),
        cause=Cause.WRONG_SEGMENT,
        missed_by=MUCH,
        missed_why=MUCH[:1000],
        closed_at=NOW,
        closed_by="shell:root",
        alerts=(make_alert(state=AlertState.FAILED, host=MUCH, error=MUCH),),
        actions=tuple(make_action(id=n, text=MUCH) for n in range(1, 40)),
        runbook=Runbook(cause=Cause.WRONG_SEGMENT, title=MUCH, text=(MUCH + "\n") * 40),
        steps=make_incident().steps * 30,
    )


def full_card(state: State) -> CampaignCard:
    many = tuple((label, 99_999) for label in "ABCDE")
    return make_card(
        state=state,
        title=MUCH,
        team_name=MUCH,
        tier_reason=MUCH,
        reason=MUCH,
        arms=tuple("ABCDE"),
        arms_reason=MUCH,
        mails_out=482,
        mails_left=47_718,
        skipped=40,
        capped=12,
        kept_back=9,
        suppressed_before=7,
        prompt=MUCH,
        writers=(MUCH,) * 9,
        practice=(MUCH,) * 9,
        variants=tuple(make_variant(label, reason=MUCH) for label in "ABCDE"),
        decisions=tuple(
            make_decision(stage=f"{HOSTILE}{n}", reason=MUCH) for n in range(20)
        ),
        canary=make_canary(judgement=MUCH, foresight=MUCH, deferred=5),
        conversions=tuple(
            make_conversions(kind=f"kind_{n}", by_variant=many) for n in range(20)
        ),
        frozen=make_freeze(reason=MUCH, by="shell:root", lift_asked_by="U0COPYONE"),
        waits=tuple(
            make_wait(time_zone=zone, why=WaitsFor.WINDOW, until=NOW + minutes(n))
            for n, zone in enumerate(("America/Los_Angeles", HOSTILE, "", "X") * 9)
        ),
        asks=(
            make_ask(),
            make_ask(act=Act.EXTEND),
            *(make_ask(act=Act.SEND_AGAIN, chunk=n) for n in range(30)),
        ),
        unknown_chunks=tuple(make_chunk(number=n) for n in range(30)),
        incident=full_incident(),
    )


@pytest.mark.parametrize("state", list(State))
def test_a_card_with_everything_holds_slacks_limits(state: State) -> None:
    payload = check_message(campaign_card.render(full_card(state), now=NOW))
    assert "Show brief" in shown(payload)


def test_windows_with_everything_hold_slacks_limits() -> None:
    arms = ArmsResult(
        arms=tuple(
            ArmCount(label=label, delivered=9_999, clicked=99, machine_only=9)
            for label in "ABCDE"
        ),
        finding=None,
        sentence=MUCH,
    )
    check_modal(canary_report.evidence(full_card(State.CANARY), arms))
    check_modal(incident.progress(full_incident()))
    by_hand = replace(full_incident(), trigger="button", reason=None)
    check_modal(incident.progress(by_hand))
    check_modal(
        aftermath.explain_form(full_incident(), [f"{HOSTILE}{n}" for n in range(200)])
    )
    check_modal(
        aftermath.action_form(
            full_incident(), {f"U0PERSON{n}": MUCH for n in range(200)}
        )
    )
    check_message(incident.notice(full_incident()))
    check_message(aftermath.alarm(full_incident()))
    check_message(aftermath.reminder(full_incident(), make_action(text=MUCH)))
    check_modal(
        freeze.form(
            tuple(
                make_freeze(scope=Scope.TEAM, target=MUCH, reason=MUCH)
                for _ in range(40)
            ),
            teams={f"team{n}": MUCH for n in range(120)},
            esp="sendgrid",
            usual=minutes(120),
            now=NOW,
        )
    )
