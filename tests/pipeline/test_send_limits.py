"""When mails leave, how many, and how often one person is mailed: with real jobs."""

from __future__ import annotations

import dataclasses
import sqlite3
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from domain.cadence import Cap
from domain.campaign import CampaignId, State
from domain.send import ChunkState
from domain.send_window import SendWindow
from domain.sending import Sending, WaitsFor
from domain.warm_up import ALL, Ramp, WarmUp
from pipeline import record
from pipeline.record.departures import leaves
from practice.esp.faults import Fault
from storage import queries
from storage.tables import recipients
from tests.pipeline.lab import ANA, CLEO, DEV, Lab
from tests.pipeline.test_freeze import card

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
DAY = timedelta(days=1)


def limit(desk: Lab, **limits: Any) -> None:
    playbook = dataclasses.replace(desk.deps.playbook, sending=Sending(**limits))
    desk.deps = dataclasses.replace(desk.deps, playbook_now=lambda: playbook)


def window(*, opens: int = 8, closes: int = 20) -> SendWindow:
    return SendWindow(default_zone=BERLIN, opens=time(opens), closes=time(closes))


def at(desk: Lab, text: str, zone: ZoneInfo = BERLIN) -> None:
    """Move the clock to a moment that is still to come."""
    moment = datetime.fromisoformat(text).replace(tzinfo=zone)
    assert moment >= desk.clock()
    desk.tick((moment - desk.clock()).total_seconds())


def split(
    desk: Lab, zones: tuple[str, ...] = ("Europe/Berlin", "America/New_York")
) -> None:
    """The readers of every list live in these zones in turn."""
    with desk.deps.database.begin() as store:
        for number, zone in enumerate(zones):
            store.connection.execute(
                sa.update(recipients)
                .where(recipients.c.id % len(zones) == number)
                .values(time_zone=zone)
            )


def approved(desk: Lab, **brief: object) -> CampaignId:
    number = desk.brief(**brief)
    desk.drain()
    desk.approve_all(number, CLEO, DEV)
    return number


def zones_out(desk: Lab, number: CampaignId) -> dict[str, set[ChunkState]]:
    found: dict[str, set[ChunkState]] = {}
    for chunk in desk.chunks(number):
        if chunk.step <= desk.campaign(number).step:
            found.setdefault(chunk.time_zone, set()).add(chunk.state)
    return found


# Windows -----------------------------------------------------------------------------


def test_at_night_a_canary_waits_and_leaves_as_one_burst_when_all_are_awake(
    desk: Lab,
) -> None:
    limit(desk, window=window())
    split(desk)
    at(desk, "2026-11-24T23:00")
    number = approved(desk)
    desk.tick(1)
    assert desk.state(number) is State.CANARY
    assert desk.mailed() == []
    assert "wait for 14:00 their time in Berlin" in card(desk, number)
    assert "wait for 08:00 their time in New York" in card(desk, number)
    at(desk, "2026-11-25T08:30")
    # Berlin is awake, but half a canary tells little
    assert desk.mailed() == []
    at(desk, "2026-11-25T08:00", NEW_YORK)
    assert zones_out(desk, number) == {
        "Europe/Berlin": {ChunkState.SENT},
        "America/New_York": {ChunkState.SENT},
    }
    campaign = desk.campaign(number)
    assert campaign.step_started_at == desk.clock()
    assert "their time" not in card(desk, number)


def test_later_steps_leave_zone_by_zone(desk: Lab) -> None:
    limit(desk, window=window())
    split(desk)
    at(desk, "2026-11-25T15:30")
    number = approved(desk)
    desk.tick(1)
    at(desk, "2026-11-26T08:30")
    desk.write(record.expand, desk.deps.playbook, number, actor=ANA)
    desk.drain()
    assert zones_out(desk, number)["Europe/Berlin"] == {ChunkState.SENT}
    assert ChunkState.PLANNED in zones_out(desk, number)["America/New_York"]
    # the step is watched from its last mail
    assert desk.campaign(number).decides_at is None
    at(desk, "2026-11-26T08:00", NEW_YORK)
    assert zones_out(desk, number)["America/New_York"] == {ChunkState.SENT}
    assert desk.campaign(number).decides_at is not None
    mailed = desk.mailed()
    assert len(mailed) == len(set(mailed))


def test_zones_without_a_common_hour_leave_at_their_own(desk: Lab) -> None:
    limit(desk, window=window(opens=9, closes=17))
    split(desk, ("Asia/Tokyo", "America/New_York"))
    at(desk, "2026-11-25T12:00", NEW_YORK)
    number = approved(desk)
    desk.tick(1)
    assert zones_out(desk, number) == {
        "America/New_York": {ChunkState.SENT},
        "Asia/Tokyo": {ChunkState.PLANNED},
    }
    at(desk, "2026-11-26T09:00", ZoneInfo("Asia/Tokyo"))
    assert zones_out(desk, number)["Asia/Tokyo"] == {ChunkState.SENT}


def test_a_zone_nobody_knows_goes_by_the_desk_s(desk: Lab) -> None:
    limit(desk, window=window())
    split(desk, ("Mars/Phobos", ""))
    at(desk, "2026-11-24T23:00")
    number = approved(desk)
    desk.tick(1)
    assert desk.mailed() == []
    at(desk, "2026-11-25T08:00")
    assert desk.state(number) is State.CANARY
    assert len(desk.mailed()) > 0


def test_a_brief_s_send_time_comes_before_the_window(desk: Lab) -> None:
    limit(desk, window=window())
    number = approved(desk, send_at="2026-11-26T22:00:00+01:00")
    at(desk, "2026-11-26T12:00")
    assert desk.state(number) is State.SCHEDULED
    at(desk, "2026-11-26T22:00")
    assert desk.state(number) is State.CANARY
    assert desk.mailed() == []
    at(desk, "2026-11-27T08:00")
    assert len(desk.mailed()) > 0


def test_waiting_for_a_window_is_no_busy_loop(desk: Lab) -> None:
    limit(desk, window=window())
    at(desk, "2026-11-24T22:00")
    number = approved(desk)
    desk.tick(1)
    versions = {c.id: c.version for c in desk.chunks(number)}
    for _ in range(20):
        desk.tick(60)
    assert {c.id: c.version for c in desk.chunks(number)} == versions


def test_without_a_window_the_list_is_not_divided(desk: Lab) -> None:
    split(desk)
    number = approved(desk)
    assert {c.time_zone for c in desk.chunks(number)} == {""}
    desk.tick(1)
    assert len(desk.mailed()) > 0


# The cadence cap ---------------------------------------------------------------------


def sent_to_all(desk: Lab, number: CampaignId) -> None:
    for _ in range(8):
        if desk.state(number) is State.SENT:
            return
        steps = desk.look(lambda s: s.sends.cohorts(number))
        if desk.campaign(number).step < len(steps) - 1:
            desk.write(record.expand, desk.deps.playbook, number, actor=ANA)
        desk.drain()
        desk.tick(10)
    assert desk.state(number) is State.SENT


def test_who_has_had_enough_is_left_out_counted_and_not_mailed_later(
    desk: Lab,
) -> None:
    limit(desk, cap=Cap(mails=1, span=7 * DAY))
    first = approved(desk)
    desk.tick(1)
    # only its canary is out
    mailed = len(desk.mailed())
    assert 0 < mailed < 300
    second = approved(desk, title="Another")
    desk.tick(1)
    sent_to_all(desk, second)
    assert len(desk.mailed()) == len(set(desk.mailed())) == 300
    capped = sum(c.capped for c in desk.chunks(second))
    assert capped == mailed
    assert f"{mailed} skipped ({mailed} have had as many mails" in card(desk, second)
    story = [line.detail for line in desk.deps.database.read(queries.audit, second)]
    assert any("at the cadence cap" in detail for detail in story)
    # the first had the others still to come: they have had the second's
    sent_to_all(desk, first)
    assert len(desk.mailed()) == 300
    desk.tick((8 * DAY).total_seconds())
    assert len(desk.mailed()) == 300


def test_after_its_span_a_person_may_be_mailed_again(desk: Lab) -> None:
    limit(desk, cap=Cap(mails=1, span=DAY))
    sent_to_all(desk, started(desk))
    desk.tick(DAY.total_seconds())
    sent_to_all(desk, started(desk, title="Another"))
    assert len(desk.mailed()) == 600


def started(desk: Lab, **brief: object) -> CampaignId:
    number = approved(desk, **brief)
    desk.tick(1)
    return number


def test_a_list_that_was_imported_often_is_counted_too(desk: Lab) -> None:
    """People keep a row per import they were mailed from: a statement holds only so many."""
    number = approved(desk)
    largest = max(desk.chunks(number), key=lambda chunk: chunk.size)
    desk.tick(1)
    (list_id,) = {a for (a,) in desk.rows("SELECT audience_id FROM recipients")}
    with desk.deps.database.begin() as store:
        for past in range(1, 12):
            store.connection.exec_driver_sql(
                "INSERT INTO audiences (key, title, kind, size, source_sha256,"  # noqa: S608  # a test's own numbers
                " imported_at, list_id, attributes, filter)"
                f" SELECT 'small#{past}', title, 'swept', 0, '', imported_at, id,"
                f" attributes, filter FROM audiences WHERE id = {list_id}"
            )
            store.connection.exec_driver_sql(
                "INSERT INTO recipients (audience_id, address, address_hash,"  # noqa: S608  # a test's own numbers
                " first_name, last_name, company, region, time_zone, locale, provider,"
                " has_consent) SELECT (SELECT MAX(id) FROM audiences), address,"
                " address_hash, first_name, last_name, company, region, time_zone,"
                f" locale, provider, has_consent FROM recipients"
                f" WHERE audience_id = {list_id}"
            )
    assert largest.size * 12 > 1_100
    with desk.deps.database.begin() as store:
        if desk.deps.database.is_sqlite:
            raw: Any = store.connection.connection.driver_connection
            raw.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 1_100)
        had = store.sends.had(largest.id, since=desk.clock() - DAY)
    assert had == {}


def test_the_same_address_on_another_list_is_the_same_person(desk: Lab) -> None:
    limit(desk, cap=Cap(mails=1, span=7 * DAY))
    with desk.deps.database.begin() as store:
        key = store.audiences.replace("copy", "A copy", source_sha256="copy")
        store.connection.exec_driver_sql(
            "INSERT INTO recipients (audience_id, address, address_hash, first_name,"  # noqa: S608  # a test's own number
            " last_name, company, region, time_zone, locale, provider, has_consent)"
            f" SELECT {key}, address, address_hash, first_name, last_name, company,"
            " region, time_zone, locale, provider, has_consent FROM recipients"
        )
        store.audiences.settle_size(key)
    sent_to_all(desk, started(desk))
    number = started(desk, title="Another", audience="copy")
    sent_to_all(desk, number)
    assert len(desk.mailed()) == 300
    assert sum(c.capped for c in desk.chunks(number)) == 300


def test_the_canary_is_judged_without_those_left_out(desk: Lab) -> None:
    limit(desk, cap=Cap(mails=1, span=7 * DAY))
    sent_to_all(desk, started(desk))
    number = started(desk, title="Another")
    (first, *_) = desk.look(lambda s: s.sends.cohorts(number))
    assert (first.planned, first.reporting) == (0, 0)
    # nothing can be seen in it, so a person has to decide
    desk.pass_time(120, until=lambda: desk.state(number) is State.HELD)
    assert desk.state(number) is not State.EXPANDING
    assert "0 mails" in card(desk, number)


def test_only_who_would_have_left_is_counted_as_capped(desk: Lab) -> None:
    """Who cannot be merged is skipped for that, and stays among the planned."""
    limit(desk, cap=Cap(mails=1, span=7 * DAY))
    sent_to_all(desk, started(desk))
    number = approved(desk, title="Another")
    (chunk, *_others) = [c for c in desk.chunks(number) if c.size > 1]
    (merged, *_rest) = desk.look(lambda s: s.sends.addresses(chunk.id))
    with desk.deps.database.begin() as store:
        campaign = store.campaigns.lock(number)
        left_out = leaves(store, desk.deps.playbook, campaign, chunk, ready=[merged])
    assert left_out is not None
    assert left_out.send_ids == {merged}
    assert left_out.reporting == 1


def test_a_chunk_the_esp_gave_back_is_counted_anew(desk: Lab) -> None:
    """Capped at the first hand-over, free at the second: mailed, and not marked skipped."""
    limit(desk, cap=Cap(mails=1, span=timedelta(minutes=10)))
    sent_to_all(desk, started(desk))
    number = approved(desk, title="Another")
    desk.tick(1)
    skipped = [c for c in desk.chunks(number) if c.capped]
    assert skipped
    with desk.deps.database.begin() as store:
        # as when the ESP says that it has none of them
        for chunk in skipped:
            again = store.sends.swap(
                chunk, ChunkState.PLANNED, batch_id=None, intent_at=None
            )
            store.outbox.add("send", again.id, again.version, number)
    desk.tick(700)
    for chunk in desk.chunks(number):
        if chunk.step == 0:
            assert (chunk.capped, chunk.skipped) == (0, 0)
            addresses = desk.look(lambda s, key=chunk.id: s.sends.addresses(key))
            assert len(addresses) == chunk.size


# The warm-up -------------------------------------------------------------------------


def test_no_day_lets_out_more_than_its_allowance(desk: Lab) -> None:
    limit(desk, warm_up=WarmUp(ramps={ALL: Ramp(a_day=(40, 80), then=100)}))
    number = started(desk)
    first = desk.clock()
    assert max(c.size for c in desk.chunks(number)) <= 40
    out = []
    for _ in range(12):
        if desk.state(number) is State.SENT:
            break
        if (
            desk.campaign(number).step < 2
            and not desk.deps.database.read(
                queries.campaign_card, number, desk.deps.playbook.view_facts
            ).waits
        ):
            desk.write(record.expand, desk.deps.playbook, number, actor=ANA)
            desk.drain()
            continue
        out.append(len(desk.mailed()))
        assert "for the next day of the warm-up" in card(desk, number)
        desk.tick(DAY.total_seconds())
    assert desk.state(number) is State.SENT
    assert len(desk.mailed()) == len(set(desk.mailed())) == 300
    days = [0, *out, 300]
    a_day = [later - earlier for earlier, later in pairwise(days)]
    assert a_day[0] <= 40
    assert a_day[1] <= 80
    assert all(each <= 100 for each in a_day[2:])
    assert desk.clock() - first < 6 * DAY


def test_a_provider_has_an_allowance_of_its_own(desk: Lab) -> None:
    limit(desk, warm_up=WarmUp(ramps={"yahoo": Ramp(then=20)}))
    number = started(desk)
    for _ in range(2):
        desk.write(record.expand, desk.deps.playbook, number, actor=ANA)
        desk.drain()
    yahoo = [a for a in desk.mailed() if "yahoo" in a]
    assert len(yahoo) <= 20
    waiting = [c for c in desk.chunks(number) if c.waits_for is WaitsFor.WARM_UP]
    assert {c.provider for c in waiting} == {"yahoo"}
    for _ in range(8):
        desk.tick(DAY.total_seconds())
    assert desk.state(number) is State.SENT
    assert len(desk.mailed()) == len(set(desk.mailed())) == 300


def test_what_the_esp_did_not_take_uses_nothing_up(desk: Lab) -> None:
    limit(desk, warm_up=WarmUp(ramps={ALL: Ramp(then=10)}))
    number = approved(desk)
    desk.esp_fault(Fault.TOO_MANY, 2)
    desk.tick(1)
    assert "chunk_put_off" in desk.events(number)
    desk.tick(61)
    hour_ago = desk.clock() - timedelta(hours=1)
    used = desk.look(lambda s: s.sends.left_since(hour_ago, provider=""))
    assert used == len(desk.mailed()) == 6
    assert used == sum(c.size for c in desk.chunks(number) if c.step == 0)
