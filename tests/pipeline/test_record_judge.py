"""What the judge is asked by the running desk: alarms, guardrails and the arms' mails."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta

import pytest

from domain.campaign import Actor, CampaignId, State
from domain.canary import Alarm, HardKill
from domain.canary_policy import Decides, Guardrail, Sending
from domain.errors import Refused
from domain.rollback import Incident, Trigger
from pipeline import record
from pipeline.record.canary_inputs import counts_of
from tests.pipeline.lab import OMAR, Lab
from tests.pipeline.test_record_events import event, in_canary, sent, take_in

MONITOR = Actor(id="shell:monitor")
PROBE = HardKill(alarm=Alarm.FAILED_PROBE, said="The link leads to 404")


def with_playbook(desk: Lab, **changed: object) -> None:
    playbook = dataclasses.replace(desk.deps.playbook, **changed)  # type: ignore[arg-type]  # as the test says
    desk.deps = dataclasses.replace(desk.deps, playbook_now=lambda: playbook)


def with_policy(desk: Lab, **changed: object) -> None:
    policy = dataclasses.replace(desk.deps.playbook.canary, **changed)  # type: ignore[arg-type]  # as the test says
    with_playbook(desk, canary=policy)


def incident(desk: Lab, number: CampaignId) -> Incident:
    return desk.look(lambda store: store.incidents.of(number))


def judgement(desk: Lab) -> str:
    ((said,),) = desk.rows("SELECT judgement FROM campaigns")
    return str(said)


def address_of(desk: Lab, send_id: int) -> str:
    ((address,),) = desk.rows(
        "SELECT r.address FROM sends s JOIN recipients r ON r.id = s.recipient_id"  # noqa: S608  # a test's own number
        f" WHERE s.id = {send_id}"
    )
    return str(address)


# Alarms


def test_one_complaint_of_a_watched_address_rolls_back(desk: Lab) -> None:
    number = in_canary(desk)
    first, *_ = sent(desk)
    address = address_of(desk, first)
    with_playbook(desk, watched=frozenset({address}))
    taken = take_in(desk, event(desk, number, first, "complained"))
    assert taken.halted == (number,)
    found = incident(desk, number)
    assert found.trigger is Trigger.VIP_COMPLAINT
    assert "a seed or VIP address complained, at 1 complaint of 6" in str(found.reason)
    assert address not in str(found.reason)
    assert found.onset_at is not None


def test_a_watched_address_that_clicks_stops_nothing(desk: Lab) -> None:
    number = in_canary(desk)
    first, *_ = sent(desk)
    with_playbook(desk, watched=frozenset({address_of(desk, first)}))
    take_in(desk, event(desk, number, first, "clicked"))
    assert desk.state(number) is State.CANARY


def test_an_alarm_shuts_the_gate_and_the_record_says_who_raised_it(desk: Lab) -> None:
    number = in_canary(desk)
    judged = desk.write(
        record.raise_alarm, desk.deps.playbook, number, PROBE, actor=MONITOR
    )
    assert judged.reason.startswith("Rolled back at once, whatever the rate: a probe")
    assert desk.state(number) is State.ROLLED_BACK
    found = incident(desk, number)
    assert (found.trigger, found.actor) == (Trigger.FAILED_PROBE, "judge")
    assert desk.events(number)[-2:] == ["alarm_raised", "rolled_back"]
    desk.drain()
    (card,) = desk.cards(number)
    assert "Rolled back automatically" in str(card.blocks)


def test_an_alarm_stops_a_held_campaign_too(desk: Lab) -> None:
    number = in_canary(desk)
    desk.write(record.hold, desk.deps.playbook, number, actor=OMAR)
    desk.write(record.raise_alarm, desk.deps.playbook, number, PROBE, actor=MONITOR)
    assert desk.state(number) is State.ROLLED_BACK


def test_an_alarm_about_what_is_not_out_or_over_is_refused(desk: Lab) -> None:
    waiting = desk.brief()
    with pytest.raises(Refused, match="is briefed; an alarm stops only a campaign"):
        desk.write(
            record.raise_alarm, desk.deps.playbook, waiting, PROBE, actor=MONITOR
        )
    assert "alarm_raised" not in desk.events(waiting)
    number = in_canary(desk)
    desk.write(record.raise_alarm, desk.deps.playbook, number, PROBE, actor=MONITOR)
    with pytest.raises(Refused, match="is rolled back; an alarm stops only"):
        desk.write(record.raise_alarm, desk.deps.playbook, number, PROBE, actor=MONITOR)


# Guardrails


def rails(decides: Decides) -> dict[str, Guardrail]:
    return {"unsubscribes": Guardrail(ok=0.01, limit=0.02, decides=decides)}


@pytest.mark.parametrize("decides", list(Decides))
def test_unsubscribes_roll_back_only_when_they_decide(
    desk: Lab, decides: Decides
) -> None:
    number = in_canary(desk)
    with_policy(desk, guardrails=rails(decides))
    batch = [event(desk, number, send_id, "unsubscribed") for send_id in sent(desk)]
    taken = take_in(desk, *batch)
    if decides is Decides.YES:
        assert taken.halted == (number,)
        assert incident(desk, number).trigger is Trigger.UNSUBSCRIBES
        return
    assert taken.halted == ()
    said = judgement(desk)
    assert "in dry run, 6 unsubscribes of 6 would have rolled it back (at 2)" in said


def test_what_a_guardrail_counted_is_evidence(desk: Lab) -> None:
    number = in_canary(desk)
    with_policy(desk, guardrails=rails(Decides.DRY_RUN))
    ids = sent(desk)
    take_in(desk, event(desk, number, ids[0], "unsubscribed"))
    take_in(desk, *[event(desk, number, send_id, "complained") for send_id in ids])
    ((detail,),) = desk.rows("SELECT evidence FROM incidents")
    # SQLite gives text, PostgreSQL what it says
    found = json.loads(detail) if isinstance(detail, str) else detail
    assert found["unsubscribes"] == 1
    assert found["unsubscribes_to_roll_back_in_dry_run"] == 2


# Arms and drips


def test_arms_that_did_not_arrive_as_planned_hold_the_campaign(desk: Lab) -> None:
    desk.add_list("calm", 9_000)
    number = in_canary(desk, audience="calm")
    ids = {
        int(send_id): str(label)
        for send_id, label in desk.rows(
            "SELECT s.id, v.label FROM sends s JOIN chunks c ON c.id = s.chunk_id"
            " JOIN variants v ON v.id = s.variant_id WHERE c.step = 0"
        )
    }
    arms = sorted(set(ids.values()))
    assert len(ids) == 180
    first_only = [send_id for send_id, label in ids.items() if label == arms[0]]
    desk.tick(1)
    desk.clock.tick(timedelta(minutes=2))
    take_in(desk, *[event(desk, number, each, "delivered") for each in first_only])
    assert desk.state(number) is State.HELD
    said = judgement(desk)
    assert said.startswith(f"Metrics void: {arms[0]} {len(first_only)} of ")


def test_arms_are_counted_once_the_window_is_over(desk: Lab) -> None:
    number = in_canary(desk)
    take_in(desk, event(desk, number, sent(desk)[0], "delivered"))
    found = desk.look(lambda store: store.sends.arms(number, up_to_step=0))
    assert [label for label, *_ in found] == sorted(label for label, *_ in found)
    assert (sum(n for _, n, _ in found), sum(n for *_, n in found)) == (6, 1)


def test_a_drip_is_told_how_much_of_the_step_is_out(desk: Lab) -> None:
    number = in_canary(desk)
    with_policy(desk, sending=Sending.DRIP)
    campaign = desk.campaign(number)
    steps = desk.look(lambda store: store.sends.cohorts(number))
    later = dataclasses.replace(campaign, step=1)
    counts = desk.look(lambda store: counts_of(store, later, steps))
    assert (counts.planned_before, counts.planned) == (6, 6 + steps[1].planned)
    assert counts.sent == 6


def test_a_complaint_of_anybody_else_is_counted_and_no_alarm(desk: Lab) -> None:
    number = in_canary(desk)
    first, second, *_ = sent(desk)
    with_playbook(desk, watched=frozenset({address_of(desk, second)}))
    take_in(desk, event(desk, number, first, "complained"))
    assert incident(desk, number).trigger is Trigger.COMPLAINTS
