"""What the judge is asked by the running desk: alarms, guardrails and the arms' mails."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from domain.campaign import Actor, CampaignId, State
from domain.canary import Alarm, HardKill
from domain.canary_limits import policy_hash, unpacked
from domain.canary_policy import Decides, Guardrail, Sending
from domain.errors import Refused
from domain.rollback import Incident, Trigger
from domain.sending import Sending as WhenToSend
from domain.warm_up import ALL, Ramp, WarmUp
from pipeline import record
from pipeline.record.canary_inputs import counts_of
from storage import queries
from storage.tables import canary_pins
from tests.pipeline.lab import DEV, OMAR, Lab
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


# The limits it was approved with


def complain(desk: Lab, number: CampaignId, many: int) -> None:
    ids = sent(desk)[:many]
    take_in(desk, *[event(desk, number, each, "complained") for each in ids])


def limits(desk: Lab, number: CampaignId) -> str:
    facts = desk.deps.playbook.view_facts
    canary = desk.deps.database.read(queries.campaign_card, number, facts).canary
    assert canary is not None
    return canary.limits


def approved_with(desk: Lab, number: CampaignId) -> dict[str, object]:
    """What the record of the approval says."""
    ((detail,),) = desk.rows(
        "SELECT detail FROM audit_events WHERE event = 'approved'"  # noqa: S608  # a test's own number
        f" AND campaign_id = {number}"
    )
    found: dict[str, object] = json.loads(detail)
    return found


def test_an_approval_pins_the_limits_with_their_hash(desk: Lab) -> None:
    number = in_canary(desk)
    policy = desk.deps.playbook.canary
    ((body, sha256),) = desk.rows("SELECT body, sha256 FROM canary_pins")
    assert unpacked(body) == policy
    assert sha256 == policy_hash(policy) == approved_with(desk, number)["limits"]
    assert limits(desk, number) == (
        f"Judged by limits {sha256[:12]}, pinned when it was approved."
    )


def test_a_limit_loosened_while_a_campaign_is_out_does_not_hold_for_it(
    desk: Lab,
) -> None:
    number = in_canary(desk)
    with_policy(desk, ok_rate=0.2, limit_rate=0.5, disaster_rate=0.6)
    complain(desk, number, 2)
    assert desk.state(number) is State.ROLLED_BACK
    ((raw,),) = desk.rows("SELECT evidence FROM incidents")
    found = json.loads(raw) if isinstance(raw, str) else raw
    assert found["limits"] == approved_with(desk, number)["limits"]
    assert found["limits_are"] == "pinned when it was approved"


def test_a_limit_tightened_while_a_campaign_is_out_holds_at_once(desk: Lab) -> None:
    loose = {"ok_rate": 0.2, "limit_rate": 0.5, "disaster_rate": 0.6}
    before = desk.deps.playbook.canary
    with_policy(desk, **loose)
    number = in_canary(desk)
    complain(desk, number, 2)
    assert desk.state(number) is State.CANARY
    with_playbook(desk, canary=before)
    assert "and tightened by canary.yaml since" in limits(desk, number)
    complain(desk, number, 3)
    assert desk.state(number) is State.ROLLED_BACK


def test_a_window_shortened_while_a_campaign_is_out_is_watched_to_its_end(
    desk: Lab,
) -> None:
    window = desk.deps.playbook.canary.window
    number = in_canary(desk)
    desk.write(record.hold, desk.deps.playbook, number, actor=OMAR)
    with_policy(desk, window=window / 4)
    desk.write(record.extend, desk.deps.playbook, number, actor=OMAR)
    desk.write(record.extend, desk.deps.playbook, number, actor=DEV)
    assert desk.campaign(number).decides_at == desk.clock() + window


def test_a_campaign_approved_before_limits_were_pinned_goes_by_the_file(
    desk: Lab,
) -> None:
    number = in_canary(desk)
    with desk.deps.database.begin() as store:
        store.connection.execute(sa.delete(canary_pins))
    with_policy(desk, ok_rate=0.2, limit_rate=0.5, disaster_rate=0.6)
    complain(desk, number, 2)
    assert desk.state(number) is State.CANARY
    assert "of canary.yaml, as none were pinned" in limits(desk, number)


def test_an_approval_given_again_pins_what_holds_then(desk: Lab) -> None:
    number = in_canary(desk)
    other = dataclasses.replace(desk.deps.playbook.canary, ok_rate=0.0015)
    pinned = desk.write(lambda store: store.canary_pins.pin(number, other))
    ((sha256,),) = desk.rows("SELECT sha256 FROM canary_pins")
    assert pinned == sha256 == policy_hash(other)


def test_a_warm_up_that_spreads_a_list_makes_it_a_drip(desk: Lab) -> None:
    warm_up = WarmUp(ramps={ALL: Ramp(then=200)})
    with_playbook(desk, sending=WhenToSend(warm_up=warm_up))
    number = in_canary(desk)
    ((body,),) = desk.rows("SELECT body FROM canary_pins")
    assert unpacked(body).sending is Sending.DRIP
    assert desk.campaign(number).audience_size > 200


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
    # the first word after the window decides nothing yet
    assert desk.state(number) is State.CANARY
    desk.clock.tick(timedelta(minutes=1))
    take_in(desk, event(desk, number, first_only[0], "opened"))
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
    with_policy(desk, sending=Sending.DRIP)
    number = in_canary(desk)
    campaign = desk.campaign(number)
    steps = desk.look(lambda store: store.sends.cohorts(number))
    later = dataclasses.replace(campaign, step=1)
    counts = desk.look(lambda store: counts_of(store, later, steps, is_mute=False))
    assert (counts.planned_before, counts.planned) == (6, 6 + steps[1].planned)
    assert counts.sent == 6


def test_a_complaint_of_anybody_else_is_counted_and_no_alarm(desk: Lab) -> None:
    number = in_canary(desk)
    first, second, *_ = sent(desk)
    with_playbook(desk, watched=frozenset({address_of(desk, second)}))
    take_in(desk, event(desk, number, first, "complained"))
    assert incident(desk, number).trigger is Trigger.COMPLAINTS
