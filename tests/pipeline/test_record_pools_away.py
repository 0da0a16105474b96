"""Out of office, and off the team: questions are handed on, or nobody is here."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from domain.review import Ask
from tests.pipeline.lab import BEA, CASPAR, CLEO, Lab
from tests.pipeline.test_overdue import SLA, ask, card, reminders, said, with_copy
from tests.pipeline.test_record_pools import (
    assign,
    assignees,
    everyone_each,
    go_away,
    home,
    one_each,
    trail,
)
from tests.pipeline.test_record_reviews import in_review


def test_whoever_goes_away_hands_their_questions_to_the_next(desk: Lab) -> None:
    one_each(desk)
    number, other = in_review(desk), in_review(desk)
    assert assignees(desk, other) == {CASPAR}
    go_away(desk, CLEO)
    desk.drain()
    assert assignees(desk, number) == {CASPAR}
    assert trail(desk, number)[-1]["reason"] == "is out of office"
    assert trail(desk, other)[-1]["to"] == CASPAR
    (told,) = said(desk, number, "copy review asked")
    assert told.startswith(f"<@{CASPAR}>")
    assert f"<@{CLEO}>" not in told


def test_time_away_that_begins_later_is_seen_by_the_reminder(desk: Lab) -> None:
    one_each(desk)
    number = in_review(desk)
    go_away(desk, CLEO, since=desk.clock() + timedelta(seconds=SLA / 4))
    assert assignees(desk, number) == {CLEO}
    desk.tick(SLA / 2)
    assert assignees(desk, number) == {CASPAR}
    (reminder,) = reminders(desk, number)
    assert f"<@{CASPAR}>" in reminder
    assert f"<@{CLEO}>" not in reminder


def test_and_by_the_deadline_where_there_is_no_reminder(desk: Lab) -> None:
    with_copy(desk, ask=Ask.ONE, remind=None)
    number = in_review(desk)
    go_away(desk, CLEO, since=desk.clock() + timedelta(seconds=SLA / 4))
    desk.tick(SLA)
    assert assignees(desk, number) == {CASPAR}


def test_a_reminder_mentions_only_the_assigned(desk: Lab) -> None:
    one_each(desk)
    number = in_review(desk)
    desk.tick(SLA / 2)
    (reminder,) = reminders(desk, number)
    assert f"<@{CLEO}>" in reminder
    assert f"<@{CASPAR}>" not in reminder


def test_when_nobody_is_left_everyone_is_asked_and_it_is_said_aloud(desk: Lab) -> None:
    one_each(desk)
    number = in_review(desk)
    go_away(desk, CASPAR)
    go_away(desk, CLEO)
    desk.drain()
    assert assignees(desk, number) == {None}
    assert desk.events(number).count("pool_empty") == 1
    assert "Nobody in the copy editor pool is here" in card(desk, number)
    (loud,) = said(desk, number, "nobody in the copy editor pool is here")
    assert f"<@{BEA}>" in loud


def test_a_pool_that_is_empty_from_the_start_is_said_aloud(desk: Lab) -> None:
    one_each(desk)
    go_away(desk, CASPAR)
    go_away(desk, CLEO)
    number = in_review(desk)
    assert assignees(desk, number) == {None}
    assert desk.events(number).count("pool_empty") == 1
    assert "Nobody in the copy editor pool is here" in card(desk, number)
    # one of them may decide all the same
    desk.approve(ask(desk, number, "A"), by=CLEO)


def test_a_claim_in_a_stage_that_asks_everyone_goes_back_to_everyone(
    desk: Lab,
) -> None:
    everyone_each(desk)
    number = in_review(desk)
    assign(desk, number, CLEO, by=CLEO)
    go_away(desk, CLEO)
    assert assignees(desk, number) == {None}


def test_whoever_has_left_the_team_is_relieved(desk: Lab) -> None:
    one_each(desk)
    number = in_review(desk)
    book = desk.deps.playbook
    people = {user: who for user, who in book.team.people.items() if user != CLEO}
    team = replace(book.team, people=people)
    book = replace(book, team=team)
    desk.deps = replace(desk.deps, playbook_now=lambda: book)
    # already before the reminder, others see it
    assert len(home(desk, CASPAR).waiting) == 3
    desk.tick(SLA / 2)
    assert assignees(desk, number) == {CASPAR}
