"""Chunks at a mail server, where each mail has its own answer: nobody is mailed twice."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from domain.campaign import Actor, CampaignId, State
from domain.left_out import FEW
from domain.rollback import RollbackStep, StepName, StepState, Trigger
from domain.send import ChunkState, DeliveryEvent
from pipeline import record
from pipeline.esp.ses import Ses
from pipeline.esp.smtp import Smtp
from pipeline.esp.sparkpost import SparkPost
from practice.esp.faults import Fault
from storage.tables import recipients
from tests.pipeline.esp_contract.mail_server import MailServer, mail_server
from tests.pipeline.lab import ANA, KEY, OMAR, ONCALL, Lab
from tests.pipeline.test_faults import (
    ENGINEER,
    died_after_the_call,
    scheduled,
    sends_out,
)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as up:
        yield up


@pytest.fixture
def at_smtp(desk: Lab, server: MailServer) -> Lab:
    desk.deps.esp.close()
    esp = Smtp(url=server.url, clock=desk.clock, timeout_s=0.5, answer_s=0.5)
    desk.deps = dataclasses.replace(desk.deps, esp=esp)
    return desk


def with_canary(desk: Lab) -> tuple[CampaignId, list[str]]:
    """A scheduled campaign, and its canary's addresses in the order of sending."""
    number = scheduled(desk)
    rows = desk.rows(
        "SELECT r.address FROM sends s JOIN recipients r ON r.id = s.recipient_id"  # noqa: S608  # a test's own number
        f" JOIN chunks c ON c.id = s.chunk_id WHERE c.campaign_id = {number}"
        " AND c.step = 0 ORDER BY s.id"
    )
    return number, [address for (address,) in rows]


def mails_once(server: MailServer) -> bool:
    return set(Counter(server.addresses()).values()) <= {1}


def states(desk: Lab, number: CampaignId) -> Counter[ChunkState]:
    return Counter(c.state for c in desk.chunks(number) if c.step == 0)


def test_a_list_goes_out_in_chunks_of_the_servers_size(
    at_smtp: Lab, server: MailServer
) -> None:
    number, people = with_canary(at_smtp)
    assert max(chunk.size for chunk in at_smtp.chunks(number)) <= 100
    at_smtp.tick(1)
    assert sorted(server.addresses()) == sorted(people)
    assert states(at_smtp, number).keys() == {ChunkState.SENT}


def test_who_was_put_off_goes_later_and_the_others_not_again(
    at_smtp: Lab, server: MailServer
) -> None:
    number, people = with_canary(at_smtp)
    server.to_rcpt[people[1]] = "451 4.7.1 Greylisted, try again"
    at_smtp.tick(1)
    assert ChunkState.PLANNED in states(at_smtp, number)
    assert people[1] not in server.addresses()
    server.to_rcpt.clear()
    for _ in range(8):
        at_smtp.tick(61)
    assert sorted(server.addresses()) == sorted(people)
    assert mails_once(server)
    assert states(at_smtp, number).keys() == {ChunkState.SENT}
    assert "chunk_put_off" in at_smtp.events(number)


@pytest.mark.parametrize("bad", [1, 3])
def test_who_is_put_off_for_too_long_is_given_up_and_counted(
    at_smtp: Lab, server: MailServer, bad: int
) -> None:
    at_smtp.add_list("small", 600)
    number, people = with_canary(at_smtp)
    for each in people[:bad]:
        server.to_rcpt[each] = "450 Come again"
    at_smtp.tick(1)
    assert ChunkState.PLANNED in states(at_smtp, number)
    for _ in range(4):
        at_smtp.tick(61)
    # an hour, which is a quarter of a minute in practice time, is over
    assert states(at_smtp, number).keys() == {ChunkState.SENT}
    assert at_smtp.state(number) is State.CANARY
    chunks = [c for c in at_smtp.chunks(number) if c.step == 0]
    assert sum(c.given_up for c in chunks) == bad
    assert sum(c.skipped for c in chunks) == bad
    assert sum(c.accepted for c in chunks) == len(people) - bad
    totals = at_smtp.look(lambda s: s.events.totals(number))
    assert totals == {"deferred": bad}
    (card,) = at_smtp.cards(number)
    assert f"{bad} skipped ({bad} put off for too long by the ESP)" in str(card.blocks)
    assert mails_once(server)
    # not before: the first time only begins it
    at_smtp.tick(61)
    assert not set(people[:bad]) & set(server.addresses())


def test_a_server_that_puts_everyone_off_for_too_long_parks_after_a_few(
    at_smtp: Lab, server: MailServer
) -> None:
    number, people = with_canary(at_smtp)
    server.to_rcpt[""] = "451 4.7.1 Slow down"
    at_smtp.tick(1)
    at_smtp.tick(14)
    assert at_smtp.state(number) is State.CANARY
    at_smtp.tick(600)
    assert at_smtp.state(number) is State.PARKED
    assert "put off" in str(at_smtp.campaign(number).reason)
    given_up = sum(c.given_up for c in at_smtp.chunks(number))
    assert given_up <= FEW
    assert ChunkState.PLANNED in states(at_smtp, number)
    server.to_rcpt.clear()
    at_smtp.write(record.retry, at_smtp.deps.playbook, number, actor=ENGINEER)
    for _ in range(8):
        at_smtp.tick(61)
    assert len(server.addresses()) == len(people) - given_up
    assert set(server.addresses()) <= set(people)


def test_a_server_that_is_away_for_hours_makes_nobody_be_given_up(
    at_smtp: Lab, server: MailServer
) -> None:
    number, people = with_canary(at_smtp)
    server.to_mail = "451 4.3.0 Later"
    at_smtp.tick(1)
    for _ in range(10):
        at_smtp.tick(61)
    server.to_mail = ""
    for _ in range(8):
        at_smtp.tick(61)
    assert sorted(server.addresses()) == sorted(people)
    assert at_smtp.look(lambda s: s.events.totals(number)) == {}


def bounced_hard(desk: Lab, number: CampaignId) -> int:
    return desk.look(lambda s: s.events.totals(number)).get("bounced_hard", 0)


def test_who_bounces_at_the_hand_over_is_suppressed_and_counted_once(
    at_smtp: Lab, server: MailServer
) -> None:
    number, people = with_canary(at_smtp)
    server.to_rcpt[people[0]] = "550 5.1.1 No such user"
    at_smtp.tick(1)
    assert bounced_hard(at_smtp, number) == 1
    suppressed = (
        "SELECT r.address FROM suppressions s JOIN recipients r ON r.id = s.recipient_id"
        " WHERE s.reason = 'bounced'"
    )
    assert at_smtp.rows(suppressed) == [(people[0],)]
    # it is our own word: the ESP has not been heard
    assert at_smtp.look(lambda s: s.events.last_pulse()) is None
    ((send_id,),) = at_smtp.rows("SELECT id FROM sends WHERE is_skipped")
    told = DeliveryEvent(
        event_id="webhook:1",
        type="bounced",
        at=at_smtp.clock(),
        send_id=send_id,
        campaign_id=number,
        is_hard=True,
    )
    at_smtp.write(record.esp_events, at_smtp.deps.playbook, [told])
    assert bounced_hard(at_smtp, number) == 1
    assert len(at_smtp.rows(suppressed)) == 1


def test_a_canary_of_dead_addresses_is_rolled_back_by_the_hand_over_alone(
    at_smtp: Lab, server: MailServer
) -> None:
    number, people = with_canary(at_smtp)
    for each in people:
        server.to_rcpt[each] = "550 5.1.1 No such user"
    at_smtp.tick(1)
    assert at_smtp.state(number) is State.ROLLED_BACK
    incident = at_smtp.look(lambda s: s.incidents.of(number))
    assert incident.trigger is Trigger.HARD_BOUNCES
    assert server.taken == []
    assert bounced_hard(at_smtp, number) > 1


def test_an_address_that_does_not_exist_is_left_out_and_counted(
    at_smtp: Lab, server: MailServer
) -> None:
    number, people = with_canary(at_smtp)
    server.to_rcpt[people[0]] = "550 5.1.1 No such user"
    at_smtp.tick(1)
    chunks = [c for c in at_smtp.chunks(number) if c.step == 0]
    assert sum(c.accepted for c in chunks) == len(people) - 1
    assert sum(c.skipped for c in chunks) == 1
    for _ in range(4):
        at_smtp.tick(61)
    assert people[0] not in server.addresses()
    assert mails_once(server)


@pytest.mark.parametrize("how", ["stall", "hang_up"])
def test_a_mail_that_was_not_answered_is_alone_unknown_and_never_resent(
    at_smtp: Lab, server: MailServer, how: str
) -> None:
    number, people = with_canary(at_smtp)
    server.to_data[people[1]] = how
    at_smtp.tick(1)
    (unknown,) = [c for c in at_smtp.chunks(number) if c.state is ChunkState.UNKNOWN]
    assert unknown.size == 1
    server.to_data.clear()
    for _ in range(12):
        at_smtp.tick(61)
    # the rest is out; the one waits for a person, who alone can settle it
    assert sorted(server.addresses()) == sorted(people)
    assert mails_once(server)
    assert at_smtp.state(number) is State.CANARY
    assert states(at_smtp, number)[ChunkState.UNKNOWN] == 1
    at_smtp.write(
        record.resolve_chunk, at_smtp.deps.playbook, unknown.id, "mark_sent", actor=ANA
    )
    assert states(at_smtp, number).keys() == {ChunkState.SENT}
    assert at_smtp.look(lambda s: s.sends.totals(number))[0] == len(people)


def test_a_sender_killed_in_the_middle_leaves_its_chunk_to_a_person(
    at_smtp: Lab, server: MailServer
) -> None:
    number, people = with_canary(at_smtp)
    died_after_the_call(at_smtp, number)
    out = server.addresses()
    assert out
    at_smtp.tick(1)
    for _ in range(12):
        at_smtp.tick(61)
    assert states(at_smtp, number)[ChunkState.UNKNOWN] == 1
    assert sorted(server.addresses()) == sorted(people)
    assert mails_once(server)


def test_a_server_that_turns_the_sender_away_parks_the_campaign(
    at_smtp: Lab, server: MailServer
) -> None:
    number = scheduled(at_smtp)
    server.to_mail = "550 5.7.1 Sender not allowed"
    at_smtp.tick(1)
    assert at_smtp.state(number) is State.PARKED
    assert "Sender not allowed" in str(at_smtp.campaign(number).reason)
    assert server.taken == []


def rolled_back(desk: Lab, number: CampaignId) -> tuple[RollbackStep, ...]:
    """Roll a campaign back, and return what became of each step."""
    book, ana = desk.deps.playbook, Actor(id=ANA)
    desk.write(record.roll_back, book, number, trigger=Trigger.BUTTON, actor=ana)
    desk.drain()
    return desk.look(lambda s: s.incidents.steps(s.incidents.of(number).id))


@pytest.mark.usefixtures("cards_at_once")
def test_a_rollback_says_what_smtp_cannot_do(at_smtp: Lab, server: MailServer) -> None:
    number = scheduled(at_smtp)
    at_smtp.tick(1)
    (send_id, *_others) = [row[0] for row in at_smtp.rows("SELECT id FROM sends")]
    at_smtp.write(record.unsubscribe, send_id)
    steps = rolled_back(at_smtp, number)
    said = {step.name: step.detail for step in steps}
    became = {step.name: step.state for step in steps}
    for name in (StepName.CANCEL, StepName.READ_BACK, StepName.SUPPRESS):
        assert became.pop(name) is StepState.IMPOSSIBLE
    assert set(became.values()) == {StepState.DONE}
    assert said[StepName.CANCEL] == "SMTP cannot take back what it has accepted."
    assert said[StepName.READ_BACK] == said[StepName.CANCEL]
    assert said[StepName.SUPPRESS] == (
        "SMTP keeps no suppression list; ours holds who is left out."
    )
    incident = at_smtp.look(lambda s: s.incidents.of(number))
    assert incident.contained_at is None
    (card,) = at_smtp.cards(number)
    shown = str(card.blocks)
    assert "the ESP cannot take back what it had accepted" in shown
    assert "ESP confirmed" not in shown
    told = str(at_smtp.messages(ONCALL)[0].blocks)
    assert "ESP told to cancel" not in told
    assert "suppressed here, as the ESP keeps no list" in told
    before = server.addresses()
    for _ in range(4):
        at_smtp.tick(61)
    assert server.addresses() == before


def test_a_rollback_keeps_what_was_put_off_from_leaving(
    at_smtp: Lab, server: MailServer
) -> None:
    number, people = with_canary(at_smtp)
    server.to_rcpt[people[1]] = "451 4.7.1 Greylisted, try again"
    at_smtp.tick(1)
    at_smtp.write(
        record.roll_back,
        at_smtp.deps.playbook,
        number,
        trigger=Trigger.BUTTON,
        actor=Actor(id=ANA),
    )
    server.to_rcpt.clear()
    for _ in range(6):
        at_smtp.tick(61)
    assert people[1] not in server.addresses()


# Amazon SES: no look-up either, but it reports each mail


@pytest.fixture
def at_ses(desk: Lab) -> Lab:
    desk.deps.esp.close()
    esp = Ses(
        region="eu-west-1",
        clock=desk.clock,
        api_url=desk.deps.settings.sendgrid_api_url,
        credentials=(KEY, "secret"),
        timeout_s=0.5,
    )
    desk.deps = dataclasses.replace(desk.deps, esp=esp)
    return desk


def reported(desk: Lab, number: CampaignId, *send_ids: int) -> None:
    events = [
        DeliveryEvent(
            event_id=f"ses:{send_id}",
            type="delivered",
            at=desk.clock(),
            send_id=send_id,
            campaign_id=number,
        )
        for send_id in send_ids
    ]
    desk.write(record.esp_events, desk.deps.playbook, events)


def test_evidence_about_one_mail_settles_that_one_only(at_ses: Lab) -> None:
    number = scheduled(at_ses)
    at_ses.esp_fault(Fault.TIMEOUT_AFTER_ACCEPT)
    at_ses.tick(1)
    (unknown,) = [c for c in at_ses.chunks(number) if c.state is ChunkState.UNKNOWN]
    before = len(at_ses.mailed())
    ids = [
        row[0]
        for row in at_ses.rows(
            f"SELECT id FROM sends WHERE chunk_id = {unknown.id} ORDER BY id"  # noqa: S608  # a test's own number
        )
    ]
    assert len(ids) > 1
    reported(at_ses, number, ids[0])
    at_ses.tick(16)
    open_ = [c for c in at_ses.chunks(number) if c.state is ChunkState.UNKNOWN]
    assert [c.size for c in open_] == [len(ids) - 1]
    reported(at_ses, number, *ids[1:])
    for _ in range(3):
        at_ses.tick(16)
    assert states(at_ses, number).keys() == {ChunkState.SENT}
    assert len(at_ses.mailed()) == before == len(set(at_ses.mailed()))
    totals = at_ses.look(lambda s: s.sends.totals(number))
    assert totals[0] == before


def test_sent_again_who_was_reported_of_counts_as_mailed(at_ses: Lab) -> None:
    number = scheduled(at_ses)
    at_ses.esp_fault(Fault.TIMEOUT_AFTER_ACCEPT)
    at_ses.tick(1)
    at_ses.tick(at_ses.deps.playbook.unknown_after.total_seconds() + 1)
    (unknown,) = [c for c in at_ses.chunks(number) if c.state is ChunkState.UNKNOWN]
    people = at_ses.look(lambda s: s.sends.addresses(unknown.id))
    first = min(people)
    reported(at_ses, number, first)
    before = at_ses.mailed()
    for person in (ANA, OMAR):
        at_ses.write(record.send_again, at_ses.deps.playbook, unknown.id, actor=person)
        at_ses.drain()
    assert at_ses.mailed().count(people[first]) == before.count(people[first]) == 1
    assert len(at_ses.mailed()) == len(before) + unknown.size - 1
    canary_chunks = [c for c in at_ses.chunks(number) if c.step == 0]
    assert {c.state for c in canary_chunks} == {ChunkState.SENT}
    assert sum(c.skipped for c in canary_chunks) == 0
    assert sum(c.accepted for c in canary_chunks) == sum(c.size for c in canary_chunks)
    assert at_ses.rows("SELECT COUNT(*) FROM sends WHERE is_skipped") == [(0,)]


def test_a_whole_campaign_goes_out_through_ses(at_ses: Lab) -> None:
    number = scheduled(at_ses)
    at_ses.tick(1)
    sends_out(at_ses, number)


def test_a_rollback_suppresses_at_ses_and_says_what_it_cannot(at_ses: Lab) -> None:
    number = scheduled(at_ses)
    at_ses.tick(1)
    (send_id, address) = at_ses.rows(
        "SELECT s.id, r.address FROM sends s JOIN recipients r ON r.id = s.recipient_id"
        " JOIN chunks c ON c.id = s.chunk_id WHERE c.step = 0 ORDER BY s.id"
    )[0]
    at_ses.write(record.unsubscribe, send_id)
    said = {step.name: step.detail for step in rolled_back(at_ses, number)}
    assert said[StepName.CANCEL] == "Amazon SES cannot take back what it has accepted."
    assert said[StepName.SUPPRESS] == "1 recipients suppressed at the ESP"
    assert at_ses.esp_rows("SELECT email FROM suppressions") == [(address,)]


def test_whom_sparkpost_leaves_out_is_counted_as_left_out(desk: Lab) -> None:
    number = scheduled(desk)
    (chunk, *_others) = desk.chunks(number)
    (address, *_rest) = desk.look(lambda s: s.sends.addresses(chunk.id)).values()
    with desk.deps.database.begin() as store:
        store.connection.execute(
            sa.update(recipients)
            .where(recipients.c.address == address)
            .values(address="nobody")
        )
    desk.deps.esp.close()
    esp = SparkPost(
        api_key=KEY, clock=desk.clock, base_url=desk.deps.settings.sendgrid_api_url
    )
    desk.deps = dataclasses.replace(desk.deps, esp=esp)
    desk.tick(1)
    sent = desk.look(lambda s: s.sends.chunk(chunk.id))
    assert sent.state is ChunkState.SENT
    assert sent.accepted == chunk.size - 1
    assert sent.accepted + sent.skipped == chunk.size


def test_a_chunk_without_answer_counts_only_what_was_handed_over(at_ses: Lab) -> None:
    number = scheduled(at_ses)
    (chunk, *_others) = [c for c in at_ses.chunks(number) if c.size > 1]
    (send_id, *_rest) = at_ses.look(lambda s: s.sends.addresses(chunk.id))
    at_ses.write(record.unsubscribe, send_id)
    at_ses.esp_fault(Fault.TIMEOUT_AFTER_ACCEPT, count=9)
    at_ses.tick(1)
    out, _left = at_ses.look(lambda s: s.sends.totals(number))
    assert at_ses.look(lambda s: s.sends.chunk(chunk.id)).state is ChunkState.UNKNOWN
    assert out == len(at_ses.mailed())


def test_a_split_keeps_every_mail_in_one_chunk(desk: Lab) -> None:
    number = scheduled(desk)
    chunk = desk.chunks(number)[-1]
    rows = f"SELECT id FROM sends WHERE chunk_id = {chunk.id} ORDER BY id"  # noqa: S608  # a test's own number
    ids = [row[0] for row in desk.rows(rows)]
    with desk.deps.database.begin() as store:
        assert store.sends.split(chunk, []) == (chunk, None)
        assert store.sends.split(chunk, ids) == (None, chunk)
        rest, part = store.sends.split(chunk, ids[:3])
    assert rest is not None
    assert part is not None
    assert (rest.size, part.size) == (len(ids) - 3, 3)
    assert (part.step, part.state, part.version) == (chunk.step, chunk.state, 1)
    assert [row[0] for row in desk.rows(rows)] == ids[3:]
    numbers = [c.number for c in desk.chunks(number)]
    assert len(numbers) == len(set(numbers))
    assert sum(c.size for c in desk.chunks(number)) == 300
