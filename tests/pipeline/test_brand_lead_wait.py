"""Nobody decides about a strategy: due time, reminder, escalation, and no bursts."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from typing import Any

from domain.campaign import Actor, CampaignId, Event, State
from domain.preferences import Preferences
from domain.review import EscalateBy, Escalation, Person
from pipeline import record
from pipeline.advance import advance
from storage import queries
from tests.pipeline.lab import BEA, CAMPAIGNS, CLEO, MARA, OMAR, SAM, Lab
from tests.pipeline.late import card, check_an_hour_without_relay, check_two_relays
from tests.pipeline.test_record_strategy import (
    approve,
    ask_for_changes,
    brief_of,
    change,
    waiting,
)

SLA = 360
"""Seconds: 24 h in practice time."""


def with_brand_lead(desk: Lab, **changes: Any) -> None:
    book = desk.deps.playbook
    strategy = dataclasses.replace(book.rules.brand_lead, **changes)
    rules = dataclasses.replace(book.rules, brand_lead=strategy)
    desk.use(dataclasses.replace(book, rules=rules))


def take_role(desk: Lab, user: str) -> None:
    book = desk.deps.playbook
    person: Person = dataclasses.replace(book.team.people[user], roles=frozenset())
    team = dataclasses.replace(book.team, people={**book.team.people, user: person})
    desk.use(dataclasses.replace(book, team=team))


def reminders(desk: Lab, number: CampaignId) -> list[str]:
    return [m.text for m in desk.thread(number) if "still waits" in m.text]


def escalations(desk: Lab, number: CampaignId) -> list[str]:
    return [
        m.text
        for m in desk.thread(number)
        if "the strategy waits" in m.text and "for a brand lead" not in m.text
    ]


def test_the_card_says_by_when_and_who_is_asked(desk: Lab) -> None:
    number = waiting(desk)
    due = int((desk.clock() + timedelta(seconds=SLA)).timestamp())
    assert f"due <!date^{due}^" in card(desk, number)
    assert "(in 6 min)" in card(desk, number)
    assert f"asked: <@{BEA}>" in card(desk, number)


def test_at_half_brand_leads_are_reminded_once_and_nobody_else(desk: Lab) -> None:
    number = waiting(desk)
    desk.tick(SLA / 2 - 1)
    assert reminders(desk, number) == []
    desk.tick(1)
    (said,) = reminders(desk, number)
    assert f"<@{BEA}>" in said
    assert not any(f"<@{each}>" in said for each in (MARA, CLEO, OMAR))
    assert "Reminded" in card(desk, number)
    desk.tick(SLA / 2 - 1)
    assert len(reminders(desk, number)) == 1
    assert desk.events(number).count("reminded") == 1


def test_at_due_others_are_asked_to_step_in_and_ever_more_rarely(desk: Lab) -> None:
    number = waiting(desk)
    desk.tick(SLA - 1)
    assert escalations(desk, number) == []
    desk.tick(1)
    (said,) = escalations(desk, number)
    assert f"<@{OMAR}>" in said
    assert f"<@{BEA}>" not in said
    assert f"Escalated to <@{OMAR}>" in card(desk, number)
    desk.tick(1)
    assert "Escalated" in card(desk, number)
    desk.tick(SLA - 2)
    assert len(escalations(desk, number)) == 1
    desk.tick(1)
    assert len(escalations(desk, number)) == 2
    desk.tick(SLA)
    desk.tick(SLA)
    assert len(escalations(desk, number)) == 3
    assert desk.state(number) is State.AWAITING_BRAND_LEAD


def test_the_record_says_who_was_told(desk: Lab) -> None:
    number = waiting(desk)
    desk.tick(SLA)
    ((actor, detail),) = desk.rows(
        "SELECT actor, detail FROM audit_events WHERE event = 'escalated'"
    )
    told = json.loads(detail)
    assert actor == "desk"
    assert (told["stage"], told["role"]) == ("strategy", "brand_lead")
    assert told["told"] == "on_call"
    lines = desk.deps.database.read(queries.audit, number)
    assert "stage strategy, asked brand lead, due" in lines[-1].detail


def test_a_relay_that_was_down_for_an_hour_says_it_once(desk: Lab) -> None:
    numbers = [waiting(desk), waiting(desk)]
    check_an_hour_without_relay(
        desk, numbers, sla=SLA, reminders=reminders, escalations=escalations
    )


def test_two_relays_escalate_once(desk: Lab) -> None:
    check_two_relays(desk, waiting(desk), sla=SLA)


def test_what_was_decided_or_cancelled_meanwhile_is_left_alone(desk: Lab) -> None:
    decided, ended, given_back = (waiting(desk) for _ in range(3))
    approve(desk, brief_of(desk, decided))
    desk.write(record.cancel, desk.deps.playbook, ended, actor=MARA)
    ask_for_changes(desk, brief_of(desk, given_back))
    desk.tick(SLA)
    desk.tick(SLA)
    for number in (ended, given_back):
        assert not {"reminded", "escalated"} & set(desk.events(number))
    assert escalations(desk, decided) == []
    assert "due <!date" not in card(desk, given_back)


def test_a_decision_before_the_job_runs_takes_the_reminder_along(desk: Lab) -> None:
    number = waiting(desk)
    desk.clock.tick(timedelta(seconds=SLA / 2))
    desk.write(record.remind, desk.deps.playbook, number)
    approve(desk, brief_of(desk, number))
    desk.drain()
    assert reminders(desk, number) == []


def test_a_changed_brief_is_a_new_wait(desk: Lab) -> None:
    number = waiting(desk)
    desk.tick(SLA - 10)
    assert len(reminders(desk, number)) == 1
    ask_for_changes(desk, brief_of(desk, number))
    desk.tick(60)
    change(desk, brief_of(desk, number), objective="What the reader gets")
    desk.drain()
    due = int((desk.clock() + timedelta(seconds=SLA)).timestamp())
    assert f"due <!date^{due}^" in card(desk, number)
    desk.tick(SLA / 2)
    assert len(reminders(desk, number)) == 2
    assert escalations(desk, number) == []
    desk.tick(SLA / 2)
    assert len(escalations(desk, number)) == 1


def test_a_person_may_be_told_by_direct_message_or_choose_the_thread(
    desk: Lab,
) -> None:
    with_brand_lead(desk, escalation=Escalation(to=SAM, by=EscalateBy.DM))
    number = waiting(desk)
    desk.tick(SLA)
    assert escalations(desk, number) == []
    keys = [
        key
        for (key,) in desk.rows("SELECT key FROM slack_messages WHERE state = 'posted'")
        if key.startswith("escalated")
    ]
    assert [key.rpartition(":")[2] for key in keys] == [SAM]
    desk.write(
        record.set_preferences,
        desk.deps.playbook,
        Preferences(wants_dm=False),
        actor=SAM,
    )
    desk.tick(SLA)
    (said,) = escalations(desk, number)
    assert f"<@{SAM}>" in said


def test_when_nobody_holds_the_role_any_more_it_is_said_at_half_already(
    desk: Lab,
) -> None:
    number = waiting(desk)
    take_role(desk, BEA)
    desk.tick(SLA / 2)
    (said,) = escalations(desk, number)
    assert f"<@{OMAR}>" in said
    shown = json.dumps([m.blocks for m in desk.thread(number)])
    assert "Nobody but the author holds the role brand lead" in shown
    assert reminders(desk, number) == []
    desk.tick(SLA / 2)
    assert len(escalations(desk, number)) == 1
    desk.tick(SLA / 2)
    assert len(escalations(desk, number)) == 2


def test_with_nobody_to_tell_the_author_hears(desk: Lab) -> None:
    with_brand_lead(desk, escalation=None)
    number = waiting(desk)
    desk.tick(SLA)
    (said,) = escalations(desk, number)
    assert f"<@{MARA}>" in said
    assert "Escalated to its author" in card(desk, number)


def test_a_campaign_parked_while_it_waits_is_late_when_it_goes_on(desk: Lab) -> None:
    number = waiting(desk)
    machine = Actor.machine("desk")
    desk.write(advance, number, Event.PARKED, actor=machine, reason="A job failed.")
    desk.tick(SLA)
    assert "escalated" not in desk.events(number)
    desk.write(record.retry, desk.deps.playbook, number, actor=machine)
    desk.tick(1)
    assert len(escalations(desk, number)) == 1


def test_home_shows_brand_leads_the_due_time_and_others_what_is_overdue(
    desk: Lab,
) -> None:
    number = waiting(desk)
    facts = desk.deps.playbook.view_facts
    due_at = desk.clock() + timedelta(seconds=SLA)

    def home(user: str) -> Any:
        return desk.deps.database.read(queries.home, user, facts, now=desk.clock())

    (line,) = home(BEA).strategies
    assert (line.id, line.due_at) == (number, due_at)
    assert home(CLEO).late_strategies == ()
    desk.clock.tick(timedelta(seconds=SLA + 1))
    (late,) = home(CLEO).late_strategies
    assert (late.id, late.due_at) == (number, due_at)
    assert home(BEA).late_strategies == ()
    ask_for_changes(desk, brief_of(desk, number))
    assert home(CLEO).late_strategies == ()


def test_what_waited_before_there_was_an_sla_begins_its_time_now(desk: Lab) -> None:
    number = waiting(desk)
    with desk.deps.database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM strategy_waits")
        connection.exec_driver_sql("DELETE FROM deadlines")
    desk.write(
        lambda s: s.deadlines.set(
            number, "remind", s.campaigns.get(number).version, s.now
        )
    )
    desk.tick(1)
    assert reminders(desk, number) == []
    desk.tick(SLA / 2)
    assert len(reminders(desk, number)) == 1
    desk.tick(SLA / 2)
    assert len(escalations(desk, number)) == 1


def test_hostile_titles_stay_text_in_the_nudges(desk: Lab) -> None:
    waiting(desk, title="Hi <!channel> <@U0ONCALL>")
    desk.tick(SLA / 2)
    desk.tick(SLA / 2)
    blocks = str([m.blocks for m in desk.messages(CAMPAIGNS)])
    assert "&lt;!channel&gt;" in blocks
    assert "<!channel>" not in blocks
