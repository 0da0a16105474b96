"""What is shown of an incident after the stop, and its forms read back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from slack_sdk.models.views import View

from blocks import aftermath, campaign_card, incident
from blocks.ids import Field
from blocks.message import Message
from domain.campaign import State
from domain.incident import AlertState, Cause
from tests.blocks.checks import (
    check_message,
    check_modal,
    check_snapshot,
    labels,
    shown,
)
from tests.blocks.views import (
    HOSTILE,
    NOW,
    RUNBOOK,
    make_action,
    make_alert,
    make_card,
    make_incident,
    make_late,
    minutes,
)

STAGES = ("copy", "deliverability")
PEOPLE = {"U0DELIVER": "dev", "U0ONCALL": "omar"}
EXPLAINED = make_incident(
    cause=Cause.DELIVERABILITY_HIT,
    missed_by="deliverability",
    missed_why="the list's age",
    ingested_at=NOW,
    detected_at=NOW,
    runbook=RUNBOOK,
    actions=(make_action(), make_action(id=6, done_at=NOW, done_by="U0DELIVER")),
)
WORST = make_late(
    title=HOSTILE,
    reason=HOSTILE,
    cause=Cause.WRONG_SEGMENT,
    missed_by=HOSTILE,
    missed_why=HOSTILE * 20,
    alerts=(make_alert(state=AlertState.FAILED, host=HOSTILE, error=HOSTILE),),
    actions=tuple(make_action(id=n, text=HOSTILE * 4) for n in range(1, 30)),
    runbook=replace(RUNBOOK, title=HOSTILE, text=f"{HOSTILE}\n" * 200),
)
MESSAGES: dict[str, Message] = {
    "alarm_nobody_paged": aftermath.alarm(make_late()),
    "alarm_paging": aftermath.alarm(make_late(alerts=(make_alert(),))),
    "alarm_hostile": aftermath.alarm(WORST),
    "action_due": aftermath.reminder(make_incident(), make_action()),
    "action_due_hostile": aftermath.reminder(WORST, make_action(text=HOSTILE * 4)),
    "incident_late": incident.notice(make_late()),
}
WINDOWS: dict[str, View] = {
    "incident_explained": incident.progress(EXPLAINED),
    "incident_closed": incident.progress(
        replace(EXPLAINED, closed_at=NOW, closed_by="U0ONCALL")
    ),
    "incident_worst": incident.progress(WORST),
    "explain_form": aftermath.explain_form(make_incident(), STAGES),
    "explain_form_again": aftermath.explain_form(EXPLAINED, STAGES),
    "explain_form_worst": aftermath.explain_form(WORST, (HOSTILE, *STAGES)),
    "action_form": aftermath.action_form(make_incident(), PEOPLE),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_holds_slacks_limits_and_looks_as_stored(name: str) -> None:
    check_snapshot(f"message_{name}", check_message(MESSAGES[name]))


@pytest.mark.parametrize("name", WINDOWS)
def test_a_window_holds_slacks_limits_and_looks_as_stored(name: str) -> None:
    check_snapshot(f"view_{name}", check_modal(WINDOWS[name]))


def test_a_late_rollback_says_loudly_that_nobody_was_paged() -> None:
    view = make_card(state=State.ROLLED_BACK, incident=make_late())
    words = shown(campaign_card.render(view, now=NOW).payload())
    assert "*Not contained in time*" in words
    assert "*Nobody was paged outside Slack:* playbook/oncall.yaml names no" in words


def test_each_end_of_a_page_is_said() -> None:
    said = {
        state: aftermath.late(make_late(alerts=(make_alert(state=state),)))
        for state in AlertState
    }
    assert "Paging through pager.example.com (3 tries so far)." in said["intent"]
    assert said["delivered"].endswith("Paged through pager.example.com.")
    assert "*The page did not get through:*" in said["failed"]


def test_a_closed_incident_offers_no_second_closing() -> None:
    open_ones = labels(WINDOWS["incident_explained"].to_dict())
    closed = labels(WINDOWS["incident_closed"].to_dict())
    assert "Close incident" in open_ones
    assert "Close incident" not in closed


def test_only_what_is_not_done_can_be_ticked_off() -> None:
    assert labels(WINDOWS["incident_explained"].to_dict()).count("Done") == 1


def chosen(value: object) -> dict[str, object]:
    return {"selected_option": {"value": value}}


def test_an_explanation_is_read_back() -> None:
    state = {
        Field.CAUSE: {Field.CAUSE: chosen("false_positive")},
        Field.MISSED_BY: {Field.MISSED_BY: chosen("none")},
        Field.MISSED_WHY: {Field.MISSED_WHY: {"value": "  nothing  "}},
    }
    assert aftermath.explain_errors(state, STAGES) == {}
    assert aftermath.cause_from(state) is Cause.FALSE_POSITIVE
    assert aftermath.missed_by_from(state, STAGES) == "none"
    assert aftermath.missed_why_from(state) == "nothing"


@pytest.mark.parametrize("value", ["", "x", 3, None, HOSTILE, "a" * 5000])
def test_a_choice_that_was_never_offered_is_refused_at_its_field(value: object) -> None:
    state = {name: {name: chosen(value)} for name in Field}
    assert set(aftermath.explain_errors(state, STAGES)) == {"cause", "missed_by"}
    assert set(aftermath.action_errors(state, PEOPLE, NOW)) == {"todo", "owner", "due"}


@pytest.mark.parametrize("seconds", [0, -1, 10**30, True, "1", None, 1.5])
def test_a_due_time_that_is_none_or_over_is_refused(seconds: object) -> None:
    state = {Field.DUE: {Field.DUE: {"selected_date_time": seconds}}}
    assert Field.DUE in aftermath.action_errors(state, PEOPLE, NOW)


def test_an_action_is_read_back() -> None:
    due = int((NOW + minutes(60)).timestamp())
    state = {
        Field.TODO: {Field.TODO: {"value": "Check the list"}},
        Field.OWNER: {Field.OWNER: chosen("U0DELIVER")},
        Field.DUE: {Field.DUE: {"selected_date_time": due}},
    }
    assert aftermath.action_errors(state, PEOPLE, NOW) == {}
    assert aftermath.owner_from(state, PEOPLE) == "U0DELIVER"
    assert aftermath.due_from(state) == NOW + minutes(60)


def test_a_stage_is_offered_by_the_name_that_it_has() -> None:
    view = aftermath.explain_form(make_incident(), ("copy & tone",)).to_dict()
    (missed,) = [
        each["element"]
        for each in view["blocks"]
        if each.get("block_id") == "missed_by"
    ]
    assert missed["options"][0]["text"]["text"] == "Copy & tone"
