"""Slack is asked who is in which group and who may decide, and the answer is acted on."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from domain.errors import NotYourTurn
from domain.members import Roster, SlackPerson
from domain.review import Group
from pipeline import record
from pipeline.jobs import TASKS
from pipeline.record.members import ASK_EVERY, MEMBERS_MOST
from pipeline.relay import Relay
from practice.slack.workspace import Faults
from storage import queries
from tests.pipeline.lab import CAMPAIGNS, CASPAR, CLEO, LENA, MARA, SAM, Lab
from tests.pipeline.test_record_pools import assignees, one_each, trail
from tests.pipeline.test_record_reviews import in_review

COPY_GROUP, LEGAL_GROUP = "S0COPY", "S0LEGAL"
GUS, XENIA = "U0GUEST", "U0CONNECT"


def with_groups(desk: Lab, **groups: str) -> None:
    """Give the members of a group a role, which nobody holds by their own id."""
    book = desk.deps.written
    given = frozenset(groups.values())
    people = {
        user: dataclasses.replace(person, roles=person.roles - given)
        for user, person in book.team.people.items()
    }
    team = dataclasses.replace(
        book.team,
        people=people,
        groups={
            group: Group(id=group, name=group, roles=frozenset((role,)))
            for group, role in groups.items()
        },
    )
    book = dataclasses.replace(book, team=team)
    desk.deps = dataclasses.replace(desk.deps, playbook_now=lambda: book)


def ask_all(desk: Lab) -> None:
    """A relay starts, and asks until nobody is left to ask about."""
    relay = Relay(desk.deps, TASKS)
    try:
        for _ in range(10):
            relay.ask_about_members()
            desk.drain()
            desk.clock.tick(timedelta(seconds=1))
    finally:
        relay.close()
    desk.deps.look_around()


def roster(desk: Lab) -> Roster:
    return desk.deps.database.read(queries.roster)


def heard(desk: Lab, user: str, **facts: bool) -> None:
    """Slack tells of a person, as the event does."""
    person = SlackPerson(id=user, name=user.lower(), **facts)
    desk.write(record.person_changed, desk.deps.written, person)
    desk.deps.look_around()


def group(desk: Lab, group_id: str) -> list[str]:
    return desk.slack.workspace.world.groups[group_id]


def stand(desk: Lab, user: str, **standing: bool) -> None:
    desk.slack.workspace.world.standing[user] = standing


def faulty(desk: Lab, mode: str) -> None:
    desk.slack.workspace.faults = Faults(mode=mode)


def test_a_member_of_a_user_group_may_decide(desk: Lab) -> None:
    with_groups(desk, **{COPY_GROUP: "copy_editor"})
    assert desk.deps.playbook.team.holders("copy_editor") == ()
    ask_all(desk)
    assert desk.deps.playbook.team.holders("copy_editor") == (CLEO, CASPAR)
    number = in_review(desk)
    desk.approve(desk.requests(number)[0], by=CLEO)
    with pytest.raises(NotYourTurn, match="Only copy editor can decide"):
        desk.approve(desk.requests(number)[0], by=LENA)


def test_whoever_is_in_a_channel_may_decide_but_guests_and_strangers(
    desk: Lab,
) -> None:
    with_groups(desk, **{CAMPAIGNS: "copy_editor"})
    ask_all(desk)
    holders = desk.deps.playbook.team.holders("copy_editor")
    assert CLEO in holders
    assert not {GUS, XENIA, "U0COPYDESK"} & set(holders)
    number = in_review(desk)
    with pytest.raises(NotYourTurn, match="You are a guest in this workspace"):
        desk.approve(desk.requests(number)[0], by=GUS)
    with pytest.raises(NotYourTurn, match="You belong to another workspace"):
        desk.approve(desk.requests(number)[0], by=XENIA)


def test_before_slack_is_asked_the_file_is_trusted_and_no_group_is(desk: Lab) -> None:
    with_groups(desk, **{LEGAL_GROUP: "legal"})
    assert desk.deps.playbook.team.holders("copy_editor") == (CLEO, CASPAR)
    assert desk.deps.playbook.team.holders("legal") == ()


def test_a_deactivated_reviewer_is_found_at_the_next_asking(desk: Lab) -> None:
    ask_all(desk)
    stand(desk, CLEO, deleted=True)
    desk.clock.tick(ASK_EVERY)
    ask_all(desk)
    number = in_review(desk)
    with pytest.raises(NotYourTurn, match="Your account in this workspace"):
        desk.approve(desk.requests(number)[0], by=CLEO)


def test_questions_of_a_deactivated_reviewer_are_handed_on_at_once(desk: Lab) -> None:
    one_each(desk)
    ask_all(desk)
    number = in_review(desk)
    assert assignees(desk, number) == {CLEO}
    heard(desk, CLEO, is_deleted=True)
    assert assignees(desk, number) == {CASPAR}
    assert trail(desk, number)[-1]["reason"] == "does not hold the role any more"


def test_leaving_the_group_takes_the_role_and_the_questions(desk: Lab) -> None:
    with_groups(desk, **{COPY_GROUP: "copy_editor"})
    one_each(desk)
    ask_all(desk)
    number = in_review(desk)
    gone = assignees(desk, number).pop()
    assert gone is not None
    group(desk, COPY_GROUP).remove(gone)
    desk.write(record.members_left, desk.deps.written, COPY_GROUP, {gone})
    desk.deps.look_around()
    (other,) = {CLEO, CASPAR} - {gone}
    assert assignees(desk, number) == {other}
    with pytest.raises(NotYourTurn, match="Only copy editor can decide"):
        desk.approve(desk.requests(number)[0], by=gone)


def test_a_group_that_became_empty_is_said_on_the_record_and_on_the_card(
    desk: Lab,
) -> None:
    with_groups(desk, **{COPY_GROUP: "copy_editor"})
    ask_all(desk)
    number = in_review(desk)
    desk.drain()
    assert "pool_empty" not in desk.events(number)
    with capture_logs() as logs:
        desk.write(record.members_left, desk.deps.written, COPY_GROUP, {CLEO, CASPAR})
    assert {"event": "members.role_empty", "role": "copy_editor"}.items() <= next(
        line for line in logs if line["event"] == "members.role_empty"
    ).items()
    desk.deps.look_around()
    desk.drain()
    assert desk.events(number).count("pool_empty") == 1
    (card,) = desk.cards(number)
    assert "Nobody in the copy editor pool is here" in str(card.blocks)


def test_a_group_that_is_empty_from_the_start_is_as_loud(desk: Lab) -> None:
    group(desk, COPY_GROUP).clear()
    with_groups(desk, **{COPY_GROUP: "copy_editor"})
    ask_all(desk)
    number = in_review(desk)
    assert desk.events(number).count("pool_empty") == 1


def test_a_group_that_is_no_more_has_nobody(desk: Lab) -> None:
    with_groups(desk, **{COPY_GROUP: "copy_editor"})
    ask_all(desk)
    del desk.slack.workspace.world.groups[COPY_GROUP]
    desk.clock.tick(ASK_EVERY)
    ask_all(desk)
    assert roster(desk).groups[COPY_GROUP] == ()


def test_a_group_that_was_disabled_has_nobody(desk: Lab) -> None:
    with_groups(desk, **{COPY_GROUP: "copy_editor"})
    ask_all(desk)
    desk.write(record.group_closed, desk.deps.written, COPY_GROUP)
    assert roster(desk).groups[COPY_GROUP] == ()


@pytest.mark.parametrize("mode", ["500", "429", "lost"])
def test_while_slack_is_away_what_it_said_last_holds(desk: Lab, mode: str) -> None:
    with_groups(desk, **{COPY_GROUP: "copy_editor"})
    ask_all(desk)
    faulty(desk, mode)
    stand(desk, CLEO, deleted=True)
    desk.clock.tick(ASK_EVERY)
    with capture_logs() as logs:
        ask_all(desk)
    assert "job.put_off" in {line["event"] for line in logs}
    assert desk.deps.playbook.team.holders("copy_editor") == (CLEO, CASPAR)
    faulty(desk, "none")
    desk.clock.tick(timedelta(minutes=2))
    ask_all(desk)
    assert desk.deps.playbook.team.holders("copy_editor") == (CASPAR,)


def test_a_missing_scope_is_logged_and_what_was_known_holds(desk: Lab) -> None:
    with_groups(desk, **{COPY_GROUP: "copy_editor"})
    ask_all(desk)
    workspace = desk.slack.workspace
    left = tuple(s for s in workspace.config.scopes if s != "usergroups:read")
    workspace.config = dataclasses.replace(workspace.config, scopes=left)
    desk.clock.tick(ASK_EVERY)
    with capture_logs() as logs:
        ask_all(desk)
    told = next(line for line in logs if line["event"] == "members.not_told")
    assert told["about"] == COPY_GROUP
    assert told["code"] == "missing_scope"
    assert desk.deps.playbook.team.holders("copy_editor") == (CLEO, CASPAR)


def test_an_answer_older_than_what_was_heard_is_not_believed(desk: Lab) -> None:
    ask_all(desk)
    desk.write(record.ask_everyone_again)
    desk.write(record.ask_due, desk.deps.written, most=100)
    # the jobs are on their way with an answer from before this word
    heard(desk, CLEO, is_deleted=True)
    desk.drain()
    assert roster(desk).people[CLEO].is_deleted


def test_an_event_never_gives_a_role_by_itself(desk: Lab) -> None:
    stand(desk, CLEO, deleted=True)
    ask_all(desk)
    heard(desk, CLEO)
    assert desk.deps.playbook.team.holders("copy_editor") == (CASPAR,)
    # but it is asked about at once
    stand(desk, CLEO, deleted=False)
    ask_all(desk)
    assert desk.deps.playbook.team.holders("copy_editor") == (CLEO, CASPAR)


def test_a_person_whom_slack_does_not_know_holds_nothing(desk: Lab) -> None:
    book = desk.deps.written
    nobody = dataclasses.replace(book.team.people[CLEO], id="U0NOBODY")
    team = dataclasses.replace(
        book.team, people={**book.team.people, "U0NOBODY": nobody}
    )
    book = dataclasses.replace(book, team=team)
    desk.deps = dataclasses.replace(desk.deps, playbook_now=lambda: book)
    ask_all(desk)
    assert not desk.deps.playbook.team.has_any_role("U0NOBODY")


def test_whoever_is_concerned_no_more_is_forgotten(desk: Lab) -> None:
    with_groups(desk, **{LEGAL_GROUP: "legal"})
    ask_all(desk)
    assert roster(desk).groups == {LEGAL_GROUP: (LENA,)}
    book = desk.deps.written
    team = dataclasses.replace(
        book.team,
        groups={},
        people={u: p for u, p in book.team.people.items() if u not in (LENA, SAM)},
    )
    book = dataclasses.replace(book, team=team)
    desk.deps = dataclasses.replace(desk.deps, playbook_now=lambda: book)
    ask_all(desk)
    assert not roster(desk).groups
    assert {LENA, SAM}.isdisjoint(roster(desk).people)


def test_a_group_too_large_to_ask_about_gives_nobody_a_role(desk: Lab) -> None:
    with_groups(desk, **{COPY_GROUP: "copy_editor"})
    group(desk, COPY_GROUP).extend(f"U{n:05}" for n in range(MEMBERS_MOST))
    with capture_logs() as logs:
        ask_all(desk)
    assert "members.group_too_large" in {line["event"] for line in logs}
    assert roster(desk).groups[COPY_GROUP] == ()


def test_nobody_is_asked_about_twice_in_ten_minutes(desk: Lab) -> None:
    ask_all(desk)
    jobs = desk.rows("SELECT count(*) FROM outbox WHERE task = 'members'")
    assert jobs == [(len(desk.deps.written.team.people),)]
    desk.clock.tick(timedelta(minutes=5))
    relay = Relay(desk.deps, TASKS)
    relay._asked = desk.deps.written
    relay.ask_about_members()
    relay.close()
    assert desk.rows("SELECT count(*) FROM outbox WHERE task = 'members'") == jobs


def test_the_author_of_a_brief_who_is_a_guest_now_cannot_act(desk: Lab) -> None:
    heard_first = desk.brief()
    stand(desk, MARA, is_restricted=True)
    ask_all(desk)
    with pytest.raises(NotYourTurn, match="guests cannot decide"):
        desk.write(record.cancel, desk.deps.playbook, heard_first, actor=MARA)
