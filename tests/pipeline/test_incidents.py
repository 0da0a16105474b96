"""After the stop: late or contained, told outside, explained, acted on, closed."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from blocks.aftermath import late
from domain import postmortem
from domain.campaign import CampaignId
from domain.clocks import clocks
from domain.errors import NotYourTurn, Refused, TryLater
from domain.incident import AlertKind, AlertState, Cause
from domain.views import IncidentView
from pipeline import record
from pipeline.jobs import TASKS
from pipeline.relay import Relay
from storage import queries
from tests.blocks.checks import labels, shown
from tests.pipeline.lab import ANA, DEV, NOBODY, OMAR, ONCALL, Lab
from tests.pipeline.receiver import point_at, receiver
from tests.pipeline.test_jobs_story import BIG, in_canary, roll_back


def incident_of(desk: Lab, number: CampaignId) -> IncidentView:
    found = desk.deps.database.read(queries.incident, number)
    assert found is not None
    return found.with_playbook(desk.deps.playbook.on_call)


def stuck(desk: Lab) -> CampaignId:
    """Rolled back while a chunk is in the sender's hands, so nothing is confirmed."""
    number = in_canary(desk)
    (chunk, *_) = desk.chunks(number)
    with desk.deps.database.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE chunks SET state = 'intent' WHERE id = {chunk.id}"  # noqa: S608
        )
    roll_back(desk, number)
    desk.drain()
    return number


def free(desk: Lab) -> None:
    with desk.deps.database.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE chunks SET state = 'sent' WHERE state = 'intent'"
        )


def too_late(desk: Lab) -> None:
    desk.tick(desk.deps.playbook.on_call.page_after.total_seconds() + 1)


# Contained, or late -------------------------------------------------------------------


def test_a_rollback_that_is_confirmed_in_time_pages_nobody(desk: Lab) -> None:
    with receiver(desk) as outside:
        number = in_canary(desk)
        roll_back(desk, number)
        desk.drain()
        too_late(desk)
        assert outside.posts == []
    found = incident_of(desk, number)
    assert (found.late_at, late(found)) == (None, "")
    assert "containment_late" not in desk.events(number)


def test_a_late_rollback_pages_once_and_tells_on_call(desk: Lab) -> None:
    with receiver(desk) as outside:
        number = stuck(desk)
        too_late(desk)
        too_late(desk)
        (page,) = outside.posts
    found = incident_of(desk, number)
    assert page["kind"] == "page"
    assert page["campaign"] == number
    assert page["contained_at"] is None
    assert outside.keys == [f"copydesk-incident-{found.id}-page"]
    assert desk.events(number).count("containment_late") == 1
    alarm = next(m for m in desk.messages(ONCALL) if "is not contained" in m.text)
    assert f"<@{OMAR}>" in shown(alarm.blocks)
    assert "Paged through 127.0.0.1." in shown(alarm.blocks)
    assert "Roll back" in labels(alarm.blocks)
    assert "*Not contained in time*" in shown(desk.cards(number)[0].blocks)


def test_without_an_address_the_card_says_that_nobody_was_paged(desk: Lab) -> None:
    number = stuck(desk)
    too_late(desk)
    said = shown(desk.cards(number)[0].blocks)
    assert "*Nobody was paged outside Slack:*" in said
    trail = desk.look(lambda s: queries.audit(s.connection, number))
    (event,) = [each for each in trail if each.event == "containment_late"]
    assert event.detail == "paged nobody outside Slack: no address is set"


def test_what_is_late_can_still_be_contained(desk: Lab) -> None:
    number = stuck(desk)
    too_late(desk)
    free(desk)
    too_late(desk)
    found = incident_of(desk, number)
    assert found.contained_at is not None
    assert late(found).startswith("It was contained late")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_page_is_repeated_under_one_key_until_it_is_answered(
    desk: Lab, status: int
) -> None:
    with receiver(desk) as outside:
        outside.statuses = [status] * 3
        number = stuck(desk)
        too_late(desk)
        for _ in range(6):
            desk.tick(61)
        assert len(outside.posts) == 4
        assert len(set(outside.keys)) == 1
    (alert,) = incident_of(desk, number).alerts[:1]
    assert (alert.state, alert.attempts) == (AlertState.DELIVERED, 4)


def test_a_page_that_was_taken_but_not_answered_is_repeated_as_the_same(
    desk: Lab,
) -> None:
    with receiver(desk) as outside:
        outside.swallows = 1
        stuck(desk)
        too_late(desk)
        desk.tick(61)
        assert len(outside.keys) == 2
        assert len(set(outside.keys)) == 1


@pytest.mark.parametrize("status", [301, 400, 401, 404, 410])
def test_a_refused_page_is_said_loudly_and_tried_again_by_a_press(
    desk: Lab, status: int
) -> None:
    with receiver(desk) as outside:
        outside.statuses = [status]
        number = stuck(desk)
        too_late(desk)
        desk.tick(61)
        assert len(outside.posts) == 1
        assert f"refused with {status}" in late(incident_of(desk, number))
        roll_back(desk, number, by=ANA)
        desk.drain()
        assert len(outside.posts) == 2
    assert incident_of(desk, number).alerts[0].state is AlertState.DELIVERED
    assert "page_failed" in desk.events(number)


def test_a_page_needs_no_broker(desk: Lab) -> None:
    with receiver(desk) as outside:
        number = stuck(desk)
        desk.clock.tick(desk.deps.playbook.on_call.page_after + timedelta(seconds=1))
        settings = desk.deps.settings.model_copy(
            update={"broker_url": "redis://127.0.0.1:1/0"}
        )
        deps = dataclasses.replace(desk.deps, settings=settings)
        relay = Relay(deps, TASKS)
        try:
            assert relay.once() is False
        finally:
            relay.close()
        assert [post["campaign"] for post in outside.posts] == [number]


def test_the_job_of_a_page_done_twice_pages_once(desk: Lab) -> None:
    with receiver(desk) as outside:
        number = stuck(desk)
        too_late(desk)
        (alert,) = incident_of(desk, number).alerts[:1]
        with pytest.raises(Refused):
            TASKS["alert"].run(desk.deps, alert.id, 1)
        assert len(outside.posts) == 1


def test_an_address_that_is_not_there_is_asked_again(desk: Lab) -> None:
    number = in_canary(desk)
    point_at(desk, page_url="http://127.0.0.1:9/hook")
    (chunk, *_) = desk.chunks(number)
    with desk.deps.database.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE chunks SET state = 'intent' WHERE id = {chunk.id}"  # noqa: S608
        )
    roll_back(desk, number)
    too_late(desk)
    (alert,) = [a for a in incident_of(desk, number).alerts if a.kind is AlertKind.PAGE]
    assert alert.state is AlertState.INTENT
    assert "no answer" in str(alert.error)
    with pytest.raises(TryLater):
        TASKS["alert"].run(desk.deps, alert.id, 1)


# The ticket and the document ----------------------------------------------------------


def test_a_ticket_carries_the_postmortem_and_no_address(desk: Lab) -> None:
    desk.add_list("stormy", BIG)
    with receiver(desk, page=False, ticket=True) as outside:
        number = in_canary(desk, audience="stormy")
        desk.pass_time(120, until=lambda: bool(outside.posts))
        (ticket,) = outside.posts
    assert ticket["kind"] == "ticket"
    assert ticket["evidence"]["complaints"] >= 3
    words = ticket["markdown"]
    assert words.startswith(f"# Postmortem: #{number}")
    assert "| complaints | " in words
    assert "approved | cleo |" in words
    assert "t\\_onset" not in words
    assert "| t_onset |" in words
    assert not [a for (a,) in desk.rows("SELECT address FROM recipients") if a in words]
    assert "@" not in words


@pytest.mark.usefixtures("cards_at_once")
def test_every_clock_of_a_rollback_by_itself_is_kept_in_order(desk: Lab) -> None:
    desk.add_list("stormy", BIG)
    number = in_canary(desk, audience="stormy")
    desk.pass_time(
        120, until=lambda: desk.deps.database.read(queries.incident, number) is not None
    )
    desk.drain()
    times = [(each.name, each.at) for each in clocks(incident_of(desk, number))]
    known = [at for name, at in times if name != "t_closed"]
    assert None not in known
    assert known == sorted(known, key=lambda at: at or desk.clock())
    assert times[-1] == ("t_closed", None)


@pytest.mark.usefixtures("cards_at_once")
def test_the_postmortem_comes_into_the_thread_as_a_file(desk: Lab) -> None:
    number = in_canary(desk)
    roll_back(desk, number)
    desk.drain()
    (posted,) = [m for m in desk.thread(number) if "The postmortem of" in m.text]
    (file_id,) = posted.files
    file = desk.slack.workspace.world.files[file_id]
    assert (file.name, file.title) == ("postmortem-1.md", "Postmortem of #1")
    desk.write(record.post_document, desk.deps.playbook, number, actor=ANA)
    with pytest.raises(Refused, match="on its way into the thread"):
        desk.write(record.post_document, desk.deps.playbook, number, actor=ANA)
    desk.drain()
    posts = [m for m in desk.thread(number) if "The postmortem of" in m.text]
    assert len(posts) == 2


def test_the_same_record_gives_the_same_document(desk: Lab) -> None:
    number = in_canary(desk)
    roll_back(desk, number)
    desk.drain()
    facts = desk.deps.playbook.view_facts
    read = [
        postmortem.markdown(
            desk.deps.database.read(queries.postmortem, number, facts), {}
        )
        for _ in range(2)
    ]
    assert read[0] == read[1]
    for head in ("Reach", "Clocks", "Verdict", "What was sent", "Who approved what"):
        assert f"\n## {head}\n" in read[0]


# What people say of it ----------------------------------------------------------------


def stopped(desk: Lab) -> CampaignId:
    number = in_canary(desk)
    roll_back(desk, number)
    desk.drain()
    return number


def explain(desk: Lab, number: CampaignId, *, by: str = ANA) -> None:
    desk.write(
        record.say_cause,
        desk.deps.playbook,
        number,
        Cause.FALSE_POSITIVE,
        missed_by="copy",
        missed_why="the price list",
        actor=by,
    )


def test_the_cause_brings_its_runbook(desk: Lab) -> None:
    number = stopped(desk)
    assert incident_of(desk, number).runbook is None
    explain(desk, number)
    runbook = incident_of(desk, number).runbook
    assert runbook is not None
    assert runbook.cause is Cause.FALSE_POSITIVE
    assert "incident_explained" in desk.events(number)


def test_an_incident_closes_when_it_is_contained_and_explained(desk: Lab) -> None:
    number = stopped(desk)
    with pytest.raises(Refused, match="missing: its cause; which stage should have"):
        desk.write(record.close_incident, desk.deps.playbook, number, actor=ANA)
    explain(desk, number)
    desk.write(record.close_incident, desk.deps.playbook, number, actor=ANA)
    found = incident_of(desk, number)
    assert (found.closed_by, found.closed_at) == (ANA, desk.clock())
    with pytest.raises(Refused, match="closed already"):
        desk.write(record.close_incident, desk.deps.playbook, number, actor=OMAR)
    assert desk.write(lambda s: s.audit.verify()).broken == ()


def test_an_incident_that_is_not_contained_stays_open(desk: Lab) -> None:
    number = stuck(desk)
    explain(desk, number)
    with pytest.raises(Refused, match="the ESP's confirmation"):
        desk.write(record.close_incident, desk.deps.playbook, number, actor=ANA)


def test_who_has_no_role_explains_adds_and_closes_nothing(desk: Lab) -> None:
    number = stopped(desk)
    with pytest.raises(NotYourTurn):
        explain(desk, number, by=NOBODY)
    with pytest.raises(NotYourTurn):
        desk.write(record.close_incident, desk.deps.playbook, number, actor=NOBODY)
    with pytest.raises(NotYourTurn):
        add(desk, number, by=NOBODY)


# Action items -------------------------------------------------------------------------


def add(
    desk: Lab,
    number: CampaignId,
    *,
    owner: str = DEV,
    days: float = 1,
    by: str = ANA,
) -> int:
    return desk.write(
        record.add_action,
        desk.deps.playbook,
        number,
        "Ask for a newer opt-in",
        owner=owner,
        due_at=desk.clock() + timedelta(days=days),
        actor=by,
    ).id


def due_messages(desk: Lab) -> list[str]:
    channels = desk.slack.workspace.world.messages.values()
    texts = [message.text for channel in channels for message in channel.values()]
    return [text for text in texts if text.startswith("Due: ")]


def test_an_action_reminds_its_owner_once_when_it_is_due(desk: Lab) -> None:
    number = stopped(desk)
    add(desk, number, days=2)
    add(desk, number, days=1)
    desk.drain()
    assert due_messages(desk) == []
    desk.tick(86_401)
    assert len(due_messages(desk)) == 1
    desk.tick(86_401)
    assert len(due_messages(desk)) == 2
    desk.tick(86_400 * 3)
    assert len(due_messages(desk)) == 2
    assert desk.events(number).count("action_reminded") == 2


def test_what_is_done_reminds_nobody(desk: Lab) -> None:
    number = stopped(desk)
    key = add(desk, number)
    desk.write(record.action_done, desk.deps.playbook, key, actor=DEV)
    desk.write(record.action_done, desk.deps.playbook, key, actor=ANA)
    desk.tick(86_401)
    assert due_messages(desk) == []
    (item,) = incident_of(desk, number).actions
    assert item.done_by == DEV
    assert desk.events(number).count("action_done") == 1


def test_an_action_of_a_closed_incident_still_reminds(desk: Lab) -> None:
    number = stopped(desk)
    add(desk, number)
    explain(desk, number)
    desk.write(record.close_incident, desk.deps.playbook, number, actor=ANA)
    desk.tick(86_401)
    assert len(due_messages(desk)) == 1


def test_an_action_is_given_only_to_somebody_who_can_be_reminded(desk: Lab) -> None:
    number = stopped(desk)
    with pytest.raises(Refused, match="has no role on this desk"):
        add(desk, number, owner=NOBODY)
    with pytest.raises(Refused, match="still to come"):
        add(desk, number, days=-1)
    assert incident_of(desk, number).actions == ()


def test_an_incident_holds_so_many_actions_and_no_more(desk: Lab) -> None:
    number = stopped(desk)
    for _ in range(20):
        add(desk, number)
    with pytest.raises(Refused, match="20 action items at most"):
        add(desk, number)
