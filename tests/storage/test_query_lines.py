from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from domain.campaign import CampaignId, State
from domain.errors import Unknown
from domain.review import RequestId
from domain.views import CampaignLine
from storage import queries
from storage.engine import Database
from storage.reader import Reader
from tests.clock import Clock
from tests.factories import (
    BRIEF,
    COPY_ONE,
    MARKETER,
    add_audience,
    add_campaign,
    hand_over,
    make_event,
    make_facts,
    move,
    open_request,
    open_review,
    plan,
    send_ids,
    write_all,
)

MINUTE = timedelta(minutes=1)
FACTS = make_facts()


def ids_of(lines: tuple[CampaignLine, ...]) -> list[int]:
    return [line.id for line in lines]


def test_campaigns_come_newest_first_by_author_and_up_to_a_limit(
    database: Database,
) -> None:
    with database.begin() as store:
        audience = add_audience(store, 3)
        for author in (MARKETER, COPY_ONE, MARKETER):
            add_campaign(store, audience_id=audience, author=author)

    assert ids_of(database.read(queries.campaigns)) == [3, 2, 1]
    assert ids_of(database.read(queries.campaigns, author=MARKETER)) == [3, 1]
    assert ids_of(database.read(queries.campaigns, limit=1)) == [3]


def test_a_line_counts_mails_and_complainers_of_its_own_campaign(
    database: Database,
) -> None:
    with database.begin() as store:
        audience = add_audience(store, 10)
        planned, other = (add_campaign(store, audience_id=audience) for _ in range(2))
        variant, *_ = write_all(store, planned)
        first, _ = plan(store, planned, variant)
        complainer = send_ids(store, [first])[0]
        hand_over(store, first, accepted=4)
        for event_id in ("1", "2"):
            event = make_event(
                planned, complainer, "complained", at=store.now, event_id=event_id
            )
            store.events.add([event], bucket=MINUTE)
        message = store.messages.claim(f"campaign:{planned.id}", planned.id, "C9")
        assert message is not None
        store.messages.settle(message, state="posted", ts="1.2")

    line = database.read(queries.line, planned.id)
    unplanned = database.read(queries.line, other.id)

    assert (line.mails_out, line.mails_left, line.complaints) == (4, 5, 1)
    assert (line.permalink_channel, line.permalink_ts) == ("C9", "1.2")
    assert (unplanned.mails_out, unplanned.mails_left) == (0, 10)
    assert (unplanned.permalink_channel, unplanned.permalink_ts) == (
        "C0CAMPAIGNS",
        None,
    )


@pytest.mark.parametrize("state", list(State))
def test_live_is_what_mails_or_would_without_another_decision(
    database: Database, state: State
) -> None:
    with database.begin() as store:
        move(store, add_campaign(store), state)

    is_live = state in {State.SCHEDULED, State.CANARY, State.EXPANDING, State.HELD}
    assert bool(database.read(queries.live)) is is_live


def test_status_counts_states_jobs_and_names_what_is_parked(
    database: Database, clock: Clock
) -> None:
    with database.begin() as store:
        audience = add_audience(store, 3)
        parked, *_ = (add_campaign(store, audience_id=audience) for _ in range(3))
        move(store, parked, State.PARKED, paused_from=State.DRAFTED)
        store.outbox.add("card", 1, 1, parked.id)
        store.outbox.add("card", 2, 1, parked.id, after=MINUTE)
        store.outbox.add("card", 3, 1, parked.id)
        store.outbox.finished(3)
        # not due yet: it waits for its time, not for a worker
        store.outbox.add("card", 4, 1, parked.id, after=MINUTE * 5)
    now = clock.tick(timedelta(seconds=90))

    status = database.read(queries.status, FACTS, now=now)

    assert status.by_state == (("briefed", 2), ("parked", 1))
    assert (status.queued_jobs, status.oldest_job_age_s) == (2, 90.0)
    assert ids_of(status.parked) == [parked.id]
    assert status.live == ()


def test_status_of_an_idle_desk_has_no_oldest_job(database: Database) -> None:
    status = database.read(queries.status, FACTS)

    assert (status.by_state, status.queued_jobs, status.oldest_job_age_s) == (
        (),
        0,
        None,
    )


def test_the_databases_own_clock_ages_jobs_when_no_time_is_given(
    database: Database,
) -> None:
    with database.begin() as store:
        store.outbox.add("card", 1, 1, add_campaign(store).id)

    age = database.read(queries.status, FACTS).oldest_job_age_s
    assert age is not None
    assert age >= 0


def test_segments_say_how_many_can_be_mailed(database: Database) -> None:
    with database.begin() as store:
        add_audience(store, 4, key="silent", consent=False)
        campaign = add_campaign(store, recipients=10)
        variant, *_ = write_all(store, campaign)
        key, *_ = send_ids(store, plan(store, campaign, variant))
        store.audiences.suppress_senders({key: "complained"}, campaign.id)

    lines = database.read(queries.audiences)

    assert [(each.key, each.mailable, each.size) for each in lines] == [
        ("calm", 9, 10),
        ("silent", 0, 4),
    ]


# The record ------------------------------------------------------------------------------


def test_the_brief_and_a_request_read_as_they_were_written(database: Database) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        variant, *_ = write_all(store, campaign)
        open_review(store, campaign, [variant])
        request = open_request(store, variant)

    assert database.read(queries.brief_of, campaign.id) == dict(BRIEF)
    assert database.read(queries.request, request.id) == request
    assert database.read(queries.incident, campaign.id) is None


def test_the_audit_trail_reads_like_a_story(database: Database, clock: Clock) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        store.audit.append(
            campaign.id,
            "approved",
            actor=COPY_ONE,
            before="staged_review",
            after="approved",
            detail={"revision": 2, "stage": "copy", "variant": "B"},
        )
        store.audit.append(campaign.id, "scheduled", actor="scheduler")

    first, second = database.read(queries.audit, campaign.id)

    assert first.detail == "stage copy, variant B, revision 2"
    assert (first.seq, first.at, first.actor) == (1, clock(), COPY_ONE)
    assert (first.from_state, first.to_state) == ("staged_review", "approved")
    assert (second.seq, second.detail) == (2, "")
    assert len({first.hash, second.hash}) == 2


def test_what_is_not_there_is_unknown_to_the_lists(database: Database) -> None:
    for look in (
        lambda: database.read(queries.line, CampaignId(9)),
        lambda: database.read(queries.brief_of, CampaignId(9)),
        lambda: database.read(queries.request, RequestId(9)),
        lambda: database.read(queries.incident, CampaignId(9)),
    ):
        with pytest.raises(Unknown, match="There is no"):
            look()


async def test_the_web_process_reads_the_same_views(
    database: Database, database_url: str, clock: Clock
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        write_all(store, campaign)
    reader = Reader(database_url)

    card = await reader.run(queries.campaign_card, campaign.id, FACTS)
    home = await reader.run(queries.home, MARKETER, FACTS, now=clock())
    await reader.close()

    # psycopg names the zone of a time differently in its two modes
    assert dataclasses.asdict(card) == dataclasses.asdict(
        database.read(queries.campaign_card, campaign.id, FACTS)
    )
    assert ids_of(home.mine) == [campaign.id]
