"""Whole campaigns, from a brief to their end, with every job run for real."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from domain.campaign import CampaignId, State
from domain.errors import AlreadyDecided, MoveNotAllowed, NotYourTurn, Refused
from domain.rollback import StepName, StepState, Trigger
from domain.send import ChunkState
from domain.variant import VariantState
from pipeline import record
from pipeline.jobs import TASKS
from pipeline.relay import Relay
from pipeline.tokens import make_link_id
from tests.pipeline.lab import (
    ANA,
    CLEO,
    DEV,
    LENA,
    MARA,
    NOBODY,
    OMAR,
    ONCALL,
    SAM,
    Lab,
    make_brief,
)

BIG = 11_300
CANARY = 226


def approved(desk: Lab, **brief: object) -> CampaignId:
    """Briefed, written, linted and approved by the stages of tier B."""
    number = desk.brief(**brief)
    desk.drain()
    desk.approve_all(number, CLEO, DEV)
    return number


def in_canary(desk: Lab, **brief: object) -> CampaignId:
    number = approved(desk, **brief)
    desk.tick(1)
    assert desk.state(number) is State.CANARY
    return number


def held(desk: Lab) -> CampaignId:
    """The small list after its window: nothing can be seen, a person has to decide."""
    number = in_canary(desk)
    desk.pass_time(120, until=lambda: desk.state(number) is State.HELD)
    assert desk.state(number) is State.HELD
    return number


def go_on(desk: Lab, number: CampaignId) -> None:
    """Expand: two people for what is held, one for what is not."""
    is_held = desk.state(number) is State.HELD
    desk.write(record.expand, desk.deps.playbook, number, actor=ANA)
    if is_held:
        desk.write(record.expand, desk.deps.playbook, number, actor=OMAR)


def roll_back(desk: Lab, number: CampaignId, *, by: str = OMAR) -> record.RolledBack:
    from domain.campaign import Actor

    return desk.write(
        record.roll_back,
        desk.deps.playbook,
        number,
        trigger=Trigger.BUTTON,
        actor=Actor(id=by),
    )


def test_a_brief_is_written_linted_and_put_before_the_first_stage(desk: Lab) -> None:
    number = desk.brief()
    desk.drain()
    campaign = desk.campaign(number)
    assert (campaign.state, campaign.stage) == (State.STAGED_REVIEW, "copy")
    assert [r.stage for r in desk.requests(number)] == ["copy"] * 3
    assert len(desk.cards(number)) == 1
    said = [m.text for m in desk.thread(number)]
    assert [text for text in said if text.startswith("Variant A")]
    assert [text for text in said if f"<@{CLEO}>" in text]


def test_a_tier_a_campaign_passes_all_four_stages(desk: Lab) -> None:
    number = desk.brief(tier="A")
    desk.approve_strategy(number)
    desk.drain()
    seen = []
    for person in (CLEO, DEV, LENA, SAM):
        seen.append(desk.campaign(number).stage)
        desk.approve_all(number, person)
    assert seen == ["copy", "deliverability", "legal", "stakeholder"]
    assert desk.state(number) is State.SCHEDULED
    states = [v.state for v in desk.variants(number)]
    assert states.count(VariantState.APPROVED) == 2
    assert states.count(VariantState.SHELVED) == 1


def test_a_calm_list_is_sent_to_the_end_without_a_person(desk: Lab) -> None:
    desk.add_list("calm", BIG)
    number = in_canary(desk, audience="calm")
    desk.pass_time(300, step=10, until=lambda: desk.campaign(number).step == 1)
    assert desk.state(number) is State.EXPANDING
    desk.pass_time(300, step=10, until=lambda: desk.state(number) is State.SENT)
    assert desk.state(number) is State.SENT
    mailed = desk.mailed()
    assert len(mailed) == len(set(mailed)) == BIG
    trail = desk.events(number)
    order = ["canary_started", "expanded", "expanded", "sent"]
    assert [event for event in trail if event in order] == order
    assert desk.write(lambda s: s.audit.verify()).broken == ()
    assert len(desk.cards(number)) == 1


@pytest.mark.usefixtures("cards_at_once")
def test_a_list_that_complains_rolls_itself_back(desk: Lab) -> None:
    desk.add_list("stormy", BIG)
    number = in_canary(desk, audience="stormy")
    halted = False
    for _ in range(30):
        desk.tick(4)
        for taken in desk.hear():
            if number in taken.halted:
                halted = True
                # nothing but the ingest has run: the gate is shut already
                assert desk.state(number) is State.ROLLED_BACK
                assert not [
                    c for c in desk.chunks(number) if c.state is ChunkState.PLANNED
                ]
        if halted:
            break
    assert halted
    desk.drain()
    incident = desk.look(lambda s: s.incidents.of(number))
    assert incident.trigger is Trigger.COMPLAINTS
    assert incident.actor == "judge"
    assert incident.mails_out == CANARY
    assert incident.mails_spared == BIG - CANARY
    assert incident.onset_at is not None
    assert incident.onset_at <= incident.opened_at
    assert incident.contained_at is not None
    assert incident.told_at is not None
    steps = desk.look(lambda s: s.incidents.steps(incident.id))
    assert {s.state for s in steps} == {StepState.DONE}
    # a slot alone has something to restore
    assert {s.name for s in steps} == set(StepName) - {StepName.RESTORE}
    (notice,) = desk.messages(ONCALL)
    assert "rolled" in notice.text.lower()
    assert len(desk.mailed()) == CANARY


def test_only_who_complained_left_or_bounced_is_suppressed(desk: Lab) -> None:
    desk.add_list("stormy", BIG)
    number = in_canary(desk, audience="stormy")
    desk.pass_time(120, until=lambda: desk.state(number) is State.ROLLED_BACK)
    desk.drain()
    ours = {
        address
        for (address,) in desk.rows(
            "SELECT r.address FROM suppressions s"
            " JOIN recipients r ON r.id = s.recipient_id"
        )
    }
    reasons = dict(
        desk.rows("SELECT reason, count(*) FROM suppressions GROUP BY reason")
    )
    assert set(reasons) <= {"complained", "unsubscribed", "bounced"}
    assert reasons["complained"] >= 3
    assert 0 < len(ours) < 100
    at_the_esp = {
        address
        for (address,) in desk.esp_rows(
            "SELECT email FROM suppressions WHERE kind = 'unsubscribes'"
        )
    }
    assert ours <= at_the_esp


def test_nothing_is_sent_after_a_rollback(desk: Lab) -> None:
    number = in_canary(desk)
    out = len(desk.mailed())
    roll_back(desk, number)
    desk.pass_time(60)
    assert len(desk.mailed()) == out
    assert {c.state for c in desk.chunks(number)} == {
        ChunkState.SENT,
        ChunkState.REVOKED,
    }


def test_two_people_pressing_is_one_rollback(desk: Lab) -> None:
    number = in_canary(desk)
    first = roll_back(desk, number, by=OMAR)
    second = roll_back(desk, number, by=ANA)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.incident.id == second.incident.id
    assert second.incident.actor == OMAR
    desk.drain()
    assert desk.events(number).count("rolled_back") == 1
    assert len(desk.messages(ONCALL)) == 1


def test_a_campaign_can_be_rolled_back_before_anything_is_planned(desk: Lab) -> None:
    number = desk.brief()
    desk.drain()
    for person in (CLEO, DEV):
        for request in desk.requests(number):
            if desk.request(request.id).closed_at is None:
                desk.approve(request, by=person)
    assert desk.state(number) is State.APPROVED
    done = roll_back(desk, number)
    assert (done.incident.mails_out, done.incident.mails_spared) == (0, 300)
    desk.pass_time(30)
    assert desk.mailed() == []


def test_who_has_no_role_cannot_roll_back(desk: Lab) -> None:
    number = in_canary(desk)
    with pytest.raises(NotYourTurn, match="You have no role on this desk yet"):
        roll_back(desk, number, by=NOBODY)
    assert desk.state(number) is State.CANARY


def test_the_reason_of_a_rollback_is_kept_and_shown(desk: Lab) -> None:
    number = in_canary(desk)
    roll_back(desk, number)
    desk.write(
        record.rollback_reason,
        desk.deps.playbook,
        number,
        "The price in the subject is wrong.",
        actor=OMAR,
    )
    desk.drain()
    incident = desk.look(lambda s: s.incidents.of(number))
    assert incident.reason == "The price in the subject is wrong."
    assert desk.events(number).count("rollback_explained") == 1


def test_a_small_list_holds_and_only_a_person_expands_it(desk: Lab) -> None:
    number = held(desk)
    assert "expanding needs a person" in str(desk.campaign(number).reason)
    desk.pass_time(300, step=30)
    assert desk.state(number) is State.HELD
    out = len(desk.mailed())
    go_on(desk, number)
    desk.drain()
    assert desk.state(number) is State.EXPANDING
    assert len(desk.mailed()) > out


def test_a_small_list_is_sent_when_a_person_expands_each_step(desk: Lab) -> None:
    number = held(desk)
    for _ in range(5):
        if desk.state(number) is State.SENT:
            break
        go_on(desk, number)
        desk.drain()
    assert desk.state(number) is State.SENT
    assert len(set(desk.mailed())) == len(desk.mailed()) == 300


def test_the_author_cannot_expand_or_resume_their_own_campaign(desk: Lab) -> None:
    number = held(desk)
    with pytest.raises(NotYourTurn, match="another person has to expand it"):
        desk.write(record.expand, desk.deps.playbook, number, actor=MARA)
    with pytest.raises(NotYourTurn, match="two other people have to ask"):
        desk.write(record.extend, desk.deps.playbook, number, actor=MARA)


def test_a_hold_shuts_the_gate_and_extend_opens_it_again(desk: Lab) -> None:
    number = in_canary(desk)
    desk.write(record.hold, desk.deps.playbook, number, actor=MARA)
    desk.drain()
    campaign = desk.campaign(number)
    assert (campaign.state, campaign.paused_from) == (State.HELD, State.CANARY)
    assert campaign.decides_at is None
    before = desk.clock()
    desk.write(record.extend, desk.deps.playbook, number, actor=ANA)
    assert desk.state(number) is State.HELD
    desk.write(record.extend, desk.deps.playbook, number, actor=OMAR)
    campaign = desk.campaign(number)
    assert campaign.state is State.CANARY
    assert campaign.decides_at == before + desk.deps.playbook.canary.window


def test_a_campaign_held_with_its_last_step_under_way_can_go_on(desk: Lab) -> None:
    number = held(desk)
    go_on(desk, number)
    desk.drain()
    go_on(desk, number)
    last = desk.campaign(number).step
    desk.write(record.hold, desk.deps.playbook, number, actor=ANA)
    desk.drain()
    assert desk.state(number) is State.HELD
    go_on(desk, number)
    assert desk.campaign(number).step == last
    desk.drain()
    assert desk.state(number) is State.SENT


def test_the_last_step_cannot_be_expanded_further(desk: Lab) -> None:
    number = held(desk)
    go_on(desk, number)
    desk.drain()
    go_on(desk, number)
    with pytest.raises(Refused, match="there is nothing to expand"):
        desk.write(record.expand, desk.deps.playbook, number, actor=ANA)


def test_a_second_click_on_expand_lets_no_second_step_out(desk: Lab) -> None:
    number = in_canary(desk)
    desk.drain()
    desk.write(record.expand, desk.deps.playbook, number, actor=ANA)
    with pytest.raises(Refused, match="Step 2 of #1 is still going out"):
        desk.write(record.expand, desk.deps.playbook, number, actor=ANA)
    assert desk.campaign(number).step == 1


def test_the_first_mail_waits_for_the_send_time(desk: Lab) -> None:
    at = desk.clock() + timedelta(minutes=10)
    number = approved(desk, send_at=at.isoformat())
    desk.tick(540)
    assert desk.state(number) is State.SCHEDULED
    desk.tick(61)
    assert desk.state(number) is State.CANARY


def test_a_campaign_on_its_way_cannot_be_cancelled(desk: Lab) -> None:
    number = in_canary(desk)
    with pytest.raises(MoveNotAllowed, match="A canary campaign cannot be cancelled"):
        desk.write(record.cancel, desk.deps.playbook, number, actor=MARA)


def test_a_late_click_of_a_rolled_back_campaign_is_refused(desk: Lab) -> None:
    number = desk.brief()
    desk.drain()
    request = desk.requests(number)[0]
    desk.approve(request, by=CLEO)
    with pytest.raises(AlreadyDecided):
        desk.approve(request, by=DEV)


def test_a_deadline_fires_once_with_two_relays(desk: Lab) -> None:
    number = approved(desk)
    desk.clock.tick(timedelta(seconds=1))
    relays = [Relay(desk.deps, TASKS) for _ in range(2)]
    for relay in relays:
        relay.fire_deadlines()
        relay.close()
    assert desk.events(number).count("canary_started") == 1


def test_every_mail_can_be_left_with_one_click(desk: Lab) -> None:
    in_canary(desk)
    headers = desk.esp_rows("SELECT headers, email FROM mails")
    assert headers
    for found, _email in headers:
        assert "List-Unsubscribe-Post" in found
        assert "/u/" in found


def test_every_call_to_action_names_its_campaign_and_variant(desk: Lab) -> None:
    number = in_canary(desk)
    labels = {variant.label for variant in desk.variants(number)}
    link = make_brief()["cta_url"]
    found = [
        mark
        for (body,) in desk.esp_rows("SELECT body FROM requests")
        for mark in re.findall(rf"{re.escape(link)}(\S{{0,40}})", body)
    ]
    assert found
    secret = desk.deps.settings.secret_key.get_secret_value()
    ours = {f"?cd={make_link_id(secret, number, label)}" for label in labels}
    assert all(mark.startswith(tuple(ours)) for mark in found)
