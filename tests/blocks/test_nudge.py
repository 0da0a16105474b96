"""Reminders and escalations: who is pinged, about what, and what follows."""

from __future__ import annotations

import pytest

from blocks import nudge
from domain.campaign import CampaignId
from tests.blocks.checks import check_message, check_snapshot, shown
from tests.blocks.views import HOSTILE, NOW, make_nudge, make_review, minutes

NUMBER = CampaignId(42)
TITLE = "Recover stalled demos"
BEFORE = make_nudge(NOW - minutes(1))
LATE = make_nudge(NOW - minutes(1), due_at=NOW - minutes(1))


@pytest.mark.parametrize("title", [TITLE, HOSTILE, "x" * 3001])
def test_a_reminder_pings_the_asked_and_says_when_it_is_due(title: str) -> None:
    review = make_review()
    message = nudge.reminded(NUMBER, title, review, BEFORE, now=NOW)
    payload = check_message(message)
    if title == TITLE:
        check_snapshot("nudge_reminded", payload)
    assert "<@U0COPYONE> and <@U0COPYTWO>" in message.text
    assert "variants A and B" in shown(payload)
    assert "in 3 h 10 min" in shown(payload)
    assert "by itself" not in shown(payload)


def test_a_reminder_says_what_happens_if_nobody_decides() -> None:
    review = make_review(passes_by_itself=True)
    payload = check_message(
        nudge.reminded(NUMBER, TITLE, review, BEFORE, now=NOW),
    )
    assert "What passes lint is approved by itself then" in shown(payload)


@pytest.mark.parametrize("title", [TITLE, HOSTILE, "x" * 3001])
def test_an_escalation_pings_only_who_is_to_step_in(title: str) -> None:
    review = make_review(escalated_to=("U0BRAND",), due_at=NOW - minutes(1))
    message = nudge.escalated(
        NUMBER, title, review, LATE, channel="C0CAMPAIGN", now=NOW
    )
    payload = check_message(message)
    if title == TITLE:
        check_snapshot("nudge_escalated", payload)
    assert "<@U0BRAND>" in message.text
    assert "<@U0COPYONE>" not in shown(payload)
    assert "copy editor can" in shown(payload)
    assert "overdue since" in shown(payload)


def test_in_the_thread_nobody_is_told_where_they_are() -> None:
    review = make_review(escalated_to=("U0BRAND",), due_at=NOW)
    message = nudge.escalated(NUMBER, TITLE, review, LATE, channel=None, now=NOW)
    assert "Its card is in" not in shown(check_message(message))


def test_with_nobody_asked_a_reminder_still_makes_sense() -> None:
    review = make_review(asked=())
    message = nudge.reminded(NUMBER, TITLE, review, BEFORE, now=NOW)
    assert shown(check_message(message))
    assert "<@" not in message.text


def test_a_decision_that_nobody_took_is_not_given_to_a_person() -> None:
    assert nudge.decider("desk") == "itself"
    assert nudge.decider("U0COPYONE") == "<@U0COPYONE>"
    assert nudge.decider("<!channel>") == "&lt;!channel&gt;"
