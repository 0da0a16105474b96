"""What people set for themselves, and what it changes about what they are sent."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from domain.errors import NotYourTurn, Refused
from domain.preferences import Preferences
from domain.review import EscalateBy, Escalation
from pipeline import record
from tests.pipeline.lab import CASPAR, CLEO, NOBODY, OMAR, Lab
from tests.pipeline.test_overdue import SLA, escalations, said, with_copy
from tests.pipeline.test_record_reviews import in_review


def prefer(desk: Lab, user: str, **given: object) -> None:
    made = Preferences(**given)  # type: ignore[arg-type]  # tests name fields
    desk.write(record.set_preferences, desk.deps.playbook, made, actor=user)


def test_only_people_on_the_team_have_preferences(desk: Lab) -> None:
    prefer(desk, CLEO, wants_dm=False)
    kept = desk.look(lambda s: s.preferences.get(CLEO))
    assert kept == Preferences(wants_dm=False)
    with pytest.raises(NotYourTurn, match="team file"):
        prefer(desk, NOBODY, wants_dm=False)


def test_preferences_that_cannot_be_are_not_kept(desk: Lab) -> None:
    with pytest.raises(Refused, match="both a start and an end"):
        prefer(desk, CLEO, away_from=desk.clock())
    assert desk.look(lambda s: s.preferences.get(CLEO)) == Preferences()


def test_whoever_wants_no_direct_message_is_mentioned_in_the_thread(desk: Lab) -> None:
    with_copy(desk, escalation=Escalation(to=OMAR, by=EscalateBy.DM))
    prefer(desk, OMAR, wants_dm=False)
    number = in_review(desk)
    desk.tick(SLA)
    (message,) = escalations(desk, number)
    assert f"<@{OMAR}>" in message
    told = [key for (key,) in desk.rows("SELECT key FROM slack_messages")]
    escalated = [key for key in told if key.startswith("escalated")]
    assert [key.endswith(f":{OMAR}") for key in escalated] == [False]


def test_whoever_is_out_of_office_is_not_asked_while_others_are_in(desk: Lab) -> None:
    # the database's own clock counts, which is today's
    prefer(
        desk,
        CLEO,
        away_from=datetime(2000, 1, 1, tzinfo=UTC),
        away_until=datetime(2999, 1, 1, tzinfo=UTC),
    )
    number = in_review(desk)
    assert said(desk, number, f"<@{CASPAR}>")
    assert not said(desk, number, f"<@{CLEO}>")
    # and may decide all the same
    request, *_ = desk.requests(number)
    desk.approve(request, by=CLEO)
    assert desk.request(request.id).decided_by == CLEO
