"""What ESPs report and recipients ask: counted once, suppressed and judged at once."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from domain.campaign import CampaignId, State
from domain.errors import Unknown
from domain.send import DeliveryEvent
from pipeline import record
from pipeline.esp.port import BadSignature
from pipeline.record import Ingested
from tests.pipeline.lab import CLEO, DEV, OMAR, Lab


def in_canary(desk: Lab, **changes: object) -> CampaignId:
    number = desk.brief(**changes)
    desk.drain()
    desk.approve_all(number, CLEO, DEV)
    desk.tick(1)
    assert desk.state(number) is State.CANARY
    return number


def sent(desk: Lab) -> list[int]:
    """Ids of the mails that are out."""
    rows = desk.rows(
        "SELECT s.id FROM sends s JOIN chunks c ON c.id = s.chunk_id"
        " WHERE c.step = 0 ORDER BY s.id"
    )
    return [int(row[0]) for row in rows]


def event(desk: Lab, number: int, send_id: int, kind: str, **facts: object) -> object:
    return DeliveryEvent(
        event_id=str(facts.pop("event_id", f"{kind}-{send_id}")),
        type=kind,
        at=desk.clock(),
        send_id=send_id,
        campaign_id=CampaignId(number),
        **facts,  # type: ignore[arg-type]  # as the test says
    )


def take_in(desk: Lab, *events: object) -> Ingested:
    return desk.write(record.esp_events, desk.deps.playbook, list(events))


def totals(desk: Lab, number: CampaignId) -> dict[str, int]:
    return desk.look(lambda s: s.events.totals(number))


def test_the_same_batch_three_times_counts_once(desk: Lab) -> None:
    number = in_canary(desk)
    batch = [event(desk, number, send_id, "delivered") for send_id in sent(desk)]
    taken = [take_in(desk, *batch) for _ in range(3)]
    assert [each.new for each in taken] == [6, 0, 0]
    assert totals(desk, number) == {"delivered": 6}


def test_a_repeat_under_a_new_id_counts_once_too(desk: Lab) -> None:
    number = in_canary(desk)
    first = sent(desk)[0]
    for name in ("a", "b"):
        take_in(desk, event(desk, number, first, "complained", event_id=name))
    assert totals(desk, number) == {"complained": 1}


def test_events_about_mails_that_are_not_ours_are_ignored(desk: Lab) -> None:
    number = in_canary(desk)
    mine = sent(desk)[0]
    taken = take_in(
        desk,
        event(desk, number, 999_999, "complained"),
        event(desk, 77, mine, "complained"),
    )
    assert taken == Ingested(new=0, ignored=2, halted=())
    assert totals(desk, number) == {}


def test_a_breach_shuts_the_gate_in_the_transaction_that_brought_it(
    desk: Lab,
) -> None:
    number = in_canary(desk)
    batch = [event(desk, number, send_id, "complained") for send_id in sent(desk)]
    with desk.deps.database.begin() as store:
        taken = record.esp_events(store, desk.deps.playbook, batch)  # type: ignore[arg-type]  # events
        assert taken.halted == (number,)
        assert store.campaigns.get(number).state is State.ROLLED_BACK
    incident = desk.look(lambda s: s.incidents.of(number))
    assert "complaints" in str(incident.reason)


def test_hard_bounces_roll_back_as_well(desk: Lab) -> None:
    number = in_canary(desk)
    batch = [
        event(desk, number, send_id, "bounced", is_hard=True) for send_id in sent(desk)
    ]
    assert take_in(desk, *batch).halted == (number,)
    incident = desk.look(lambda s: s.incidents.of(number))
    assert incident.trigger == "hard_bounces"


def test_soft_bounces_and_machine_opens_stop_and_suppress_nobody(desk: Lab) -> None:
    number = in_canary(desk)
    for send_id in sent(desk):
        take_in(
            desk,
            event(desk, number, send_id, "bounced"),
            event(desk, number, send_id, "opened", is_machine=True),
        )
    assert desk.state(number) is State.CANARY
    assert desk.rows("SELECT count(*) FROM suppressions") == [(0,)]
    assert totals(desk, number) == {"bounced": 6, "machine_opened": 6}


def test_a_click_sooner_than_anybody_reads_is_a_machines(desk: Lab) -> None:
    number = in_canary(desk)
    first, second, *_ = sent(desk)
    policy = dataclasses.replace(
        desk.deps.playbook.canary, human_after=timedelta(seconds=60)
    )
    playbook = dataclasses.replace(desk.deps.playbook, canary=policy)
    soon = event(desk, number, first, "clicked")
    desk.clock.tick(timedelta(seconds=61))
    late = event(desk, number, first, "clicked", event_id="late")
    other = event(desk, number, second, "clicked")
    for _ in range(2):
        desk.write(record.esp_events, playbook, [soon, late, other])
    assert totals(desk, number) == {"machine_clicked": 1, "clicked": 2}


def test_practice_time_is_too_coarse_to_tell_a_scanner_by_its_haste(desk: Lab) -> None:
    number = in_canary(desk)
    take_in(desk, event(desk, number, sent(desk)[0], "clicked"))
    assert totals(desk, number) == {"clicked": 1}


def test_who_complains_is_suppressed_for_every_later_campaign(desk: Lab) -> None:
    number = in_canary(desk)
    take_in(desk, event(desk, number, sent(desk)[0], "complained"))
    assert desk.rows("SELECT reason FROM suppressions") == [("complained",)]
    later = desk.brief()
    assert desk.campaign(later).audience_size == 299


def test_an_unsubscribe_counts_once_and_is_for_good(desk: Lab) -> None:
    number = in_canary(desk)
    first = sent(desk)[0]
    for _ in range(2):
        assert desk.write(record.unsubscribe, first) == number
    assert totals(desk, number) == {"unsubscribed": 1}
    assert desk.rows("SELECT reason FROM suppressions") == [("unsubscribed",)]


def test_an_unsubscribe_of_no_mail_is_unknown(desk: Lab) -> None:
    with pytest.raises(Unknown, match="There is no such mail"):
        desk.write(record.unsubscribe, 12_345)


def test_news_after_a_rollback_is_counted_and_moves_nothing(desk: Lab) -> None:
    number = in_canary(desk)
    ids = sent(desk)
    take_in(desk, *[event(desk, number, send_id, "complained") for send_id in ids])
    version = desk.campaign(number).version
    taken = take_in(desk, event(desk, number, ids[0], "unsubscribed"))
    assert (taken.new, taken.halted) == (1, ())
    assert desk.campaign(number).version == version
    assert totals(desk, number)["unsubscribed"] == 1


def test_events_of_a_held_campaign_never_open_its_gate(desk: Lab) -> None:
    number = in_canary(desk)
    desk.write(record.hold, desk.deps.playbook, number, actor=OMAR)
    desk.clock.tick(timedelta(hours=1))
    batch = [event(desk, number, send_id, "delivered") for send_id in sent(desk)]
    take_in(desk, *batch)
    assert desk.state(number) is State.HELD


def test_a_burst_of_events_draws_one_card_per_interval(desk: Lab) -> None:
    number = in_canary(desk)
    for send_id in sent(desk):
        take_in(desk, event(desk, number, send_id, "delivered"))
    keys = [key for (key,) in desk.rows("SELECT dedup_key FROM outbox")]
    assert len([key for key in keys if ":t" in key]) == 1


def test_a_body_that_was_changed_on_its_way_is_not_taken(desk: Lab) -> None:
    in_canary(desk)
    desk.clock.tick(timedelta(seconds=5))
    desk.run(desk.post_events())
    headers, body = desk.webhook.pop(0)
    with pytest.raises(BadSignature):
        desk.take_in(headers, body.replace(b"delivered", b"delivereD") + b" ")
    assert desk.take_in(headers, body).new > 0


def test_a_batch_of_last_week_is_not_taken(desk: Lab) -> None:
    in_canary(desk)
    desk.clock.tick(timedelta(seconds=5))
    desk.run(desk.post_events())
    headers, body = desk.webhook.pop(0)
    desk.clock.tick(timedelta(days=7))
    with pytest.raises(BadSignature):
        desk.take_in(headers, body)
