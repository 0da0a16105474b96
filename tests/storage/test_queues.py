from __future__ import annotations

from datetime import timedelta

import pytest

from domain.campaign import Campaign
from domain.errors import Overtaken, Refused
from storage.engine import Database
from storage.messages import CLAIM_FOR
from tests.clock import Clock
from tests.factories import add_campaign

SECOND = timedelta(seconds=1)
REDRIVE = timedelta(seconds=30)


def make_campaign(database: Database) -> Campaign:
    with database.begin() as store:
        return add_campaign(store)


# Inbox ---------------------------------------------------------------------------


def test_what_came_in_twice_gets_the_first_answer(database: Database) -> None:
    with database.begin() as store:
        assert store.inbox.seen("slack", "Ev1") is None
        store.inbox.put("slack", "Ev1", "first")
        with pytest.raises(Overtaken, match="received twice, and done once"):
            store.inbox.put("slack", "Ev1", "second")

        assert store.inbox.seen("slack", "Ev1") == "first"
        assert store.inbox.seen("esp", "Ev1") is None


def test_what_a_delivery_asks_for_is_done_once(database: Database) -> None:
    done = iter((7, 8))
    with database.begin() as store:
        assert store.inbox.once("slack", "Ev1", lambda: next(done)) == 7
    with database.begin() as store:
        assert store.inbox.once("slack", "Ev1", lambda: next(done)) == 7
        assert store.inbox.once("slack", "Ev2", lambda: next(done)) == 8


def test_what_is_refused_may_be_sent_again(database: Database) -> None:
    def refuse() -> int:
        raise Refused("Not yet.")

    with database.begin() as store:
        with pytest.raises(Refused):
            store.inbox.once("slack", "Ev1", refuse)
        assert store.inbox.seen("slack", "Ev1") is None


def test_old_answers_are_forgotten(database: Database, clock: Clock) -> None:
    with database.begin() as store:
        store.inbox.put("slack", "Ev1", "")
    clock.tick(SECOND)
    with database.begin() as store:
        store.inbox.put("slack", "Ev2", "")

        assert store.inbox.purge(store.now) == 1
        assert store.inbox.seen("slack", "Ev2") == ""


# Outbox ---------------------------------------------------------------------------


def test_a_job_is_queued_once_per_row_and_version(database: Database) -> None:
    campaign = make_campaign(database)
    with database.begin() as store:
        assert store.outbox.add("card", campaign.id, 1, campaign.id)
        assert not store.outbox.add("card", campaign.id, 1, campaign.id)
        assert store.outbox.add("card", campaign.id, 2, campaign.id)
        assert store.outbox.add("card", campaign.id, 1, campaign.id, suffix=":again")

        assert len(store.outbox.due(redrive_after=REDRIVE)) == 3


def test_a_job_is_published_when_due_and_rings_again_without_an_end(
    database: Database, clock: Clock
) -> None:
    campaign = make_campaign(database)
    with database.begin() as store:
        store.outbox.add("send", 7, 1, campaign.id, after=SECOND)
        assert store.outbox.due(redrive_after=REDRIVE) == ()
    clock.tick(SECOND)
    with database.begin() as store:
        (job,) = store.outbox.due(redrive_after=REDRIVE)
        assert (job.task, job.row_id, job.row_version) == ("send", 7, 1)
        store.outbox.published([job.id], looked_at=store.now)
        assert store.outbox.due(redrive_after=REDRIVE) == ()
    clock.tick(REDRIVE + SECOND)
    with database.begin() as store:
        assert store.outbox.due(redrive_after=REDRIVE) == (job,)
        store.outbox.finished(job.id)
        assert store.outbox.due(redrive_after=REDRIVE) == ()
        found = store.outbox.get(job.id)
        assert found is not None
        assert found.is_finished


def test_giving_a_job_back_counts_as_a_try_only_when_it_was_one(
    database: Database, clock: Clock
) -> None:
    campaign = make_campaign(database)
    with database.begin() as store:
        store.outbox.add("send", 7, 1, campaign.id)
        (job,) = store.outbox.due(redrive_after=REDRIVE)
        for is_try in (False, True, False):
            store.outbox.started(job.id)
            store.outbox.again(job.id, after=SECOND, is_try=is_try)
        assert store.outbox.due(redrive_after=REDRIVE) == ()
    clock.tick(SECOND)
    with database.begin() as store:
        (waiting,) = store.outbox.due(redrive_after=REDRIVE)
        assert waiting.attempts == 1


def test_jobs_that_were_given_up_start_over(database: Database) -> None:
    campaign = make_campaign(database)
    with database.begin() as store:
        store.outbox.add("send", 7, 1, campaign.id)
        (job,) = store.outbox.due(redrive_after=REDRIVE)
        store.outbox.published([job.id], looked_at=store.now)
        store.outbox.started(job.id)

        assert store.outbox.revive(campaign.id) == 1
        assert [each.attempts for each in store.outbox.due(redrive_after=REDRIVE)] == [
            0
        ]


def test_only_finished_jobs_are_purged(database: Database, clock: Clock) -> None:
    campaign = make_campaign(database)
    with database.begin() as store:
        store.outbox.add("send", 1, 1, campaign.id)
        store.outbox.add("send", 2, 1, campaign.id)
        done, left = store.outbox.due(redrive_after=REDRIVE)
        store.outbox.finished(done.id)
    later = clock.tick(SECOND)
    with database.begin() as store:
        assert store.outbox.purge(later) == 1
        assert store.outbox.due(redrive_after=REDRIVE) == (left,)


# Deadlines ------------------------------------------------------------------------


def test_a_deadline_is_claimed_by_one_relay(database: Database, clock: Clock) -> None:
    campaign = make_campaign(database)
    with database.begin() as store:
        assert store.deadlines.set(campaign.id, "judge", 1, store.now + SECOND)
        assert not store.deadlines.set(campaign.id, "judge", 1, store.now)
        assert store.deadlines.due() == ()
    clock.tick(SECOND)
    with database.begin() as store:
        (seen_by_both,) = store.deadlines.due()
        assert store.deadlines.claim(seen_by_both)
    with database.begin() as store:
        assert not store.deadlines.claim(seen_by_both)
        assert store.deadlines.due() == ()


def test_a_deadline_can_be_set_again(database: Database, clock: Clock) -> None:
    campaign = make_campaign(database)
    with database.begin() as store:
        store.deadlines.set(campaign.id, "judge", 1, store.now)
        (deadline,) = store.deadlines.due()
        store.deadlines.claim(deadline)
        store.deadlines.rearm(deadline, store.now + SECOND)
    clock.tick(SECOND)
    with database.begin() as store:
        assert store.deadlines.due() == (deadline,)


# Slack messages ----------------------------------------------------------------------


def test_a_surface_is_claimed_by_one_job(database: Database) -> None:
    campaign = make_campaign(database)
    key = f"campaign:{campaign.id}"
    with database.begin() as store:
        claimed = store.messages.claim(key, campaign.id, "C1")
        assert claimed is not None
        assert (claimed.state, claimed.ts) == ("intent", None)
        assert store.messages.claim(key, campaign.id, "C1") is None

        store.messages.settle(claimed, state="posted", ts="1.2")
        again = store.messages.claim(key, campaign.id, "C1")
        assert again is not None
        assert (again.state, again.ts) == ("posted", "1.2")


def test_a_job_that_died_lets_go_of_its_surface(
    database: Database, clock: Clock
) -> None:
    campaign = make_campaign(database)
    with database.begin() as store:
        dead = store.messages.claim("campaign:1", campaign.id, "C1")
    clock.tick(CLAIM_FOR + SECOND)
    with database.begin() as store:
        alive = store.messages.claim("campaign:1", campaign.id, "C1")
        assert alive is not None
        assert dead is not None
        store.messages.settle(dead, state="posted", ts="9.9")
        found = store.messages.get("campaign:1")

        assert found is not None
        assert (found.ts, found.version) == (None, alive.version)


def test_cards_that_wait_for_an_invitation_are_found_by_channel(
    database: Database,
) -> None:
    campaign = make_campaign(database)
    with database.begin() as store:
        for key in ("campaign:1", "variant:1"):
            message = store.messages.claim(key, campaign.id, "C1")
            assert message is not None
            store.messages.settle(message, state="blocked", error="not_in_channel")

        assert store.messages.blocked_in("C1") == (campaign.id,)
        assert store.messages.blocked_in("C2") == ()
