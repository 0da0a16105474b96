"""What takes two people: resuming what is held, and sending an unknown chunk again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import timedelta

import httpx
import pytest

from domain.campaign import Actor, CampaignId, State
from domain.errors import NotYourTurn, Refused
from domain.rollback import Trigger
from domain.send import Chunk, ChunkId, ChunkState
from pipeline import record
from pipeline.esp.sendgrid import SendGrid
from practice.esp.faults import Fault
from storage import queries
from tests.blocks.checks import menu, shown
from tests.pipeline.lab import ANA, CLEO, MARA, OMAR, Lab
from tests.pipeline.test_faults import scheduled
from tests.pipeline.test_jobs_story import held


def card_of(desk: Lab, number: CampaignId) -> str:
    return shown(desk.cards(number)[0].blocks)


def test_one_person_asks_and_another_expands(desk: Lab) -> None:
    number = held(desk)
    out = len(desk.mailed())
    desk.write(record.expand, desk.deps.playbook, number, actor=ANA)
    desk.drain()
    assert desk.state(number) is State.HELD
    assert len(desk.mailed()) == out
    said = card_of(desk, number)
    assert f"Expand asked by <@{ANA}>" in said
    assert "a second person, not the author, confirms with Expand before" in said

    desk.write(record.expand, desk.deps.playbook, number, actor=OMAR)
    desk.drain()
    assert desk.state(number) is State.EXPANDING
    assert len(desk.mailed()) > out
    assert "asked by" not in card_of(desk, number)
    trail = desk.look(lambda s: queries.audit(s.connection, number))
    (expanded,) = [each for each in trail if each.event == "expanded"]
    assert (expanded.actor, f"asked by {ANA}" in expanded.detail) == (OMAR, True)
    assert next(e for e in trail if e.event == "second_person_asked").actor == ANA


def test_pressing_twice_is_still_one_person(desk: Lab) -> None:
    number = held(desk)
    desk.write(record.extend, desk.deps.playbook, number, actor=ANA)
    with pytest.raises(NotYourTurn, match="You asked for Extend already"):
        desk.write(record.extend, desk.deps.playbook, number, actor=ANA)
    assert desk.state(number) is State.HELD
    assert desk.events(number).count("second_person_asked") == 1


def test_the_author_is_neither_the_first_nor_the_second(desk: Lab) -> None:
    number = held(desk)
    with pytest.raises(NotYourTurn, match="separation of duties"):
        desk.write(record.extend, desk.deps.playbook, number, actor=MARA)
    desk.write(record.extend, desk.deps.playbook, number, actor=ANA)
    with pytest.raises(NotYourTurn, match="separation of duties"):
        desk.write(record.extend, desk.deps.playbook, number, actor=MARA)
    assert desk.state(number) is State.HELD


def test_an_ask_for_one_thing_confirms_no_other(desk: Lab) -> None:
    number = held(desk)
    desk.write(record.extend, desk.deps.playbook, number, actor=ANA)
    desk.write(record.expand, desk.deps.playbook, number, actor=OMAR)
    assert desk.state(number) is State.HELD


def test_an_ask_that_has_expired_is_off_the_card_and_begins_anew(desk: Lab) -> None:
    number = held(desk)
    within = desk.deps.playbook.on_call.second_person_within
    desk.write(record.expand, desk.deps.playbook, number, actor=ANA)
    desk.drain()
    desk.tick(within.total_seconds() + 1)
    assert "asked by" not in card_of(desk, number)
    desk.write(record.expand, desk.deps.playbook, number, actor=OMAR)
    assert desk.state(number) is State.HELD
    desk.write(record.expand, desk.deps.playbook, number, actor=ANA)
    assert desk.state(number) is State.EXPANDING


def test_an_ask_does_not_outlive_the_hold_it_was_made_in(desk: Lab) -> None:
    number = held(desk)
    desk.write(record.expand, desk.deps.playbook, number, actor=ANA)
    desk.write(record.extend, desk.deps.playbook, number, actor=OMAR)
    desk.write(record.extend, desk.deps.playbook, number, actor=CLEO)
    assert desk.state(number) is State.CANARY
    desk.write(record.hold, desk.deps.playbook, number, actor=CLEO)
    desk.write(record.expand, desk.deps.playbook, number, actor=OMAR)
    assert desk.state(number) is State.HELD


def test_one_person_alone_rolls_back_what_two_were_about_to_resume(desk: Lab) -> None:
    number = held(desk)
    desk.write(record.expand, desk.deps.playbook, number, actor=ANA)
    desk.write(
        record.roll_back,
        desk.deps.playbook,
        number,
        trigger=Trigger.BUTTON,
        actor=Actor(id=OMAR),
    )
    assert desk.state(number) is State.ROLLED_BACK


# A chunk that nobody knows the fate of -------------------------------------------------


class NoLookUp(SendGrid):
    """An account without Email Activity: the look-up cannot say."""

    def look_up(self, batch_id: str, recipients: Mapping[int, str]) -> None:
        del batch_id, recipients


def account_without_look_up(desk: Lab) -> None:
    desk.deps.esp.close()
    settings = desk.deps.settings
    esp = NoLookUp(
        api_key="practice-key",
        clock=desk.clock,
        base_url=settings.sendgrid_api_url,
        webhook_public_key=settings.sendgrid_webhook_public_key,
        timeout=httpx.Timeout(0.5, connect=2.0),
    )
    desk.deps = dataclasses.replace(desk.deps, esp=esp)


def unknown_chunk(desk: Lab, fault: Fault) -> tuple[CampaignId, Chunk]:
    """A canary whose only chunk was not answered for, long ago."""
    number = scheduled(desk)
    account_without_look_up(desk)
    desk.esp_fault(fault)
    desk.tick(1)
    desk.tick(desk.deps.playbook.unknown_after.total_seconds() + 1)
    (unknown,) = [c for c in desk.chunks(number) if c.state is ChunkState.UNKNOWN]
    return number, unknown


def again(desk: Lab, chunk_id: ChunkId, *people: str) -> None:
    for person in people:
        desk.write(record.send_again, desk.deps.playbook, chunk_id, actor=person)
        desk.drain()


def test_two_people_have_a_chunk_sent_that_never_left(desk: Lab) -> None:
    number, unknown = unknown_chunk(desk, Fault.REFUSE)
    before = desk.mailed()
    assert "Send again" in menu(desk.cards(number)[0].blocks)
    again(desk, unknown.id, ANA)
    assert desk.mailed() == before
    assert f"Send again of chunk {unknown.number} asked by <@{ANA}>" in card_of(
        desk, number
    )
    again(desk, unknown.id, OMAR)
    mailed = desk.mailed()
    assert len(mailed) == len(set(mailed)) == len(before) + unknown.size
    trail = desk.look(lambda s: queries.audit(s.connection, number))
    (said,) = [each for each in trail if each.event == "chunk_sent_again"]
    assert said.actor == OMAR
    assert f"{unknown.size} may get it twice" in said.detail


def test_what_the_esp_has_reported_of_since_is_out_and_not_sent_again(
    desk: Lab,
) -> None:
    """One request carried the chunk, so a report of one mail is proof of all."""
    number, unknown = unknown_chunk(desk, Fault.TIMEOUT_AFTER_ACCEPT)
    first = min(desk.look(lambda s: s.sends.addresses(unknown.id)))
    desk.write(lambda s: s.events.count_one(number, "delivered", first))
    before = desk.mailed()
    again(desk, unknown.id, ANA, OMAR)
    assert desk.mailed() == before
    settled = desk.look(lambda s: s.sends.chunk(unknown.id))
    assert settled.state is ChunkState.SENT
    assert (settled.accepted, settled.skipped) == (unknown.size, 0)
    # handed over when it was: what counts by that time still does
    assert settled.intent_at == unknown.intent_at


def test_a_chunk_is_not_sent_again_while_the_esp_may_still_tell(desk: Lab) -> None:
    number = scheduled(desk)
    account_without_look_up(desk)
    desk.esp_fault(Fault.REFUSE)
    desk.tick(1)
    (unknown,) = [c for c in desk.chunks(number) if c.state is ChunkState.UNKNOWN]
    with pytest.raises(Refused, match="The ESP may still tell what became of chunk 1"):
        again(desk, unknown.id, ANA)


def test_nothing_of_a_rolled_back_campaign_is_sent_again(desk: Lab) -> None:
    number, unknown = unknown_chunk(desk, Fault.REFUSE)
    again(desk, unknown.id, ANA)
    desk.write(
        record.roll_back,
        desk.deps.playbook,
        number,
        trigger=Trigger.BUTTON,
        actor=Actor(id=OMAR),
    )
    with pytest.raises(Refused, match="has ended, so nothing of it is sent again"):
        again(desk, unknown.id, OMAR)
    before = desk.mailed()
    desk.tick(120)
    assert desk.mailed() == before


def test_a_chunk_sent_again_while_held_waits_for_the_campaign(desk: Lab) -> None:
    number, unknown = unknown_chunk(desk, Fault.REFUSE)
    desk.write(record.hold, desk.deps.playbook, number, actor=ANA)
    before = desk.mailed()
    again(desk, unknown.id, ANA, OMAR)
    assert desk.mailed() == before
    for person in (ANA, OMAR):
        desk.write(record.extend, desk.deps.playbook, number, actor=person)
    desk.drain()
    assert len(desk.mailed()) == len(before) + unknown.size


def test_a_repeated_press_of_the_second_person_sends_once(desk: Lab) -> None:
    _number, unknown = unknown_chunk(desk, Fault.REFUSE)
    before = desk.mailed()
    again(desk, unknown.id, ANA, OMAR)
    with pytest.raises(Refused, match="is sent already"):
        again(desk, unknown.id, OMAR)
    desk.clock.tick(timedelta(minutes=1))
    desk.drain()
    assert len(desk.mailed()) == len(before) + unknown.size
