"""One function changes state: with a version, an audit event, jobs and deadlines."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.campaign import Actor, CampaignId, Event, State
from domain.errors import MoveNotAllowed, Unknown
from domain.review import Outcome
from domain.send import ChunkState
from pipeline.advance import JOBS, advance, refresh_card
from pipeline.jobs import TASKS
from storage.engine import Database
from storage.store import Store
from tests import factories
from tests.clock import Clock

DESK = Actor.machine("desk")


def jobs(store: Store) -> list[tuple[str, int, int]]:
    due = store.outbox.due(redrive_after=timedelta(days=1))
    return [(job.task, job.row_id, job.row_version) for job in due]


def test_every_state_says_what_it_queues_and_begins_with_the_card() -> None:
    assert set(JOBS) == set(State)
    assert {tasks[0] for tasks in JOBS.values()} == {"card"}
    assert {task for tasks in JOBS.values() for task in tasks} <= set(TASKS)


def test_a_move_raises_the_version_writes_the_audit_and_queues_the_jobs(
    database: Database,
) -> None:
    with database.begin() as store:
        campaign = factories.add_campaign(store)
        moved = advance(
            store,
            campaign.id,
            Event.DRAFTED,
            actor=DESK,
            reason="All are written.",
            detail={"variants": 3},
        )
        assert (moved.state, moved.version) == (State.DRAFTED, campaign.version + 1)
        assert jobs(store) == [("card", campaign.id, moved.version)]
    with database.engine.connect() as connection:
        (row,) = connection.exec_driver_sql(
            "SELECT actor, event, from_state, to_state, detail FROM audit_events"
        )
    assert tuple(row)[:4] == ("desk", "drafted", "briefed", "drafted")
    assert '"reason":"All are written."' in row[4]
    assert '"variants":3' in row[4]


def test_a_refused_move_leaves_no_trace(database: Database) -> None:
    with database.begin() as store:
        campaign = factories.add_campaign(store)
    with (
        pytest.raises(MoveNotAllowed, match="A briefed campaign cannot be sent"),
        database.begin() as store,
    ):
        advance(store, campaign.id, Event.SENT, actor=DESK)
    with database.begin() as store:
        assert store.campaigns.get(campaign.id) == campaign
        assert jobs(store) == []
        assert store.audit.verify().events == 0


def test_a_campaign_that_does_not_exist_is_unknown(database: Database) -> None:
    with pytest.raises(Unknown, match="no campaign"), database.begin() as store:
        advance(store, CampaignId(99), Event.DRAFTED, actor=DESK)


def test_a_pause_remembers_where_it_came_from_until_it_ends(
    database: Database,
) -> None:
    with database.begin() as store:
        campaign = factories.add_campaign(store)
        parked = advance(
            store, campaign.id, Event.PARKED, actor=DESK, reason="A job failed."
        )
        assert (parked.paused_from, parked.reason) == (State.BRIEFED, "A job failed.")
        back = advance(store, campaign.id, Event.RETRIED, actor=DESK)
        assert (back.state, back.paused_from, back.reason) == (
            State.BRIEFED,
            None,
            None,
        )


def test_an_end_withdraws_what_people_were_asked(database: Database) -> None:
    with database.begin() as store:
        campaign = factories.add_campaign(store)
        variants = factories.write_all(store, campaign)
        factories.open_review(store, campaign, variants)
        advance(store, campaign.id, Event.CANCELLED, actor=DESK)
        assert store.reviews.open_requests(campaign.id) == ()
    with database.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT outcome FROM review_requests")
        assert {row[0] for row in found} == {Outcome.WITHDRAWN}


def test_scheduling_sets_the_start_also_after_a_pause(
    database: Database, clock: Clock
) -> None:
    at = clock() + timedelta(hours=1)
    with database.begin() as store:
        campaign = factories.add_campaign(store)
        factories.move(store, campaign, State.APPROVED)
        advance(store, campaign.id, Event.SCHEDULED, actor=DESK, send_at=at)
        advance(store, campaign.id, Event.PARKED, actor=DESK)
        back = advance(store, campaign.id, Event.RETRIED, actor=DESK)
    clock.tick(timedelta(hours=1))
    with database.begin() as store:
        due = {(d.kind, d.version) for d in store.deadlines.due()}
    assert ("start", back.version) in due


def test_opening_the_gate_queues_only_the_chunks_of_the_steps_so_far(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        campaign = factories.add_campaign(store)
        variant = factories.write_all(store, campaign)[0]
        first, second = factories.plan(store, campaign, variant)
        factories.move(store, campaign, State.SCHEDULED)
        moved = advance(
            store,
            campaign.id,
            Event.CANARY_STARTED,
            actor=DESK,
            step=0,
            decides_at=clock() + timedelta(minutes=1),
        )
        assert [job for job in jobs(store) if job[0] == "send"] == [
            ("send", first.id, first.version)
        ]
        assert second.state is ChunkState.PLANNED
    clock.tick(timedelta(minutes=1))
    with database.begin() as store:
        assert [(d.kind, d.version) for d in store.deadlines.due()] == [
            ("judge", moved.version)
        ]


def test_a_campaign_that_goes_on_queues_its_planned_chunks_again(
    database: Database,
) -> None:
    with database.begin() as store:
        campaign = factories.add_campaign(store)
        variant = factories.write_all(store, campaign)[0]
        first, _ = factories.plan(store, campaign, variant)
        factories.move(store, campaign, State.SCHEDULED)
        for event in (Event.CANARY_STARTED, Event.HELD, Event.EXTENDED):
            advance(store, campaign.id, event, actor=DESK)
        sends = [job for job in jobs(store) if job[0] == "send"]
    assert sends == [("send", first.id, first.version)] * 2


def test_a_fact_is_shown_once_however_often_it_is_told(database: Database) -> None:
    with database.begin() as store:
        campaign = factories.add_campaign(store)
        for _ in range(3):
            refresh_card(store, campaign, "reason")
        assert jobs(store) == [("card", campaign.id, campaign.version)]
