"""The relay without a broker: deadlines, audit and jobs that wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from domain.campaign import Actor, Event, State
from pipeline import wiring
from pipeline.advance import advance
from pipeline.jobs import TASKS
from pipeline.relay import Relay
from pipeline.wiring import Deps
from storage.queue import Deadline
from tests import factories
from tests.clock import Clock
from tests.pipeline.lab import make_settings

DESK = Actor.machine("desk")


@pytest.fixture
def deps(database_url: str, clock: Clock, tmp_path: Path) -> Iterator[Deps]:
    """A desk whose broker is away: nothing listens at its address."""
    settings = make_settings(
        tmp_path,
        DATABASE_URL=database_url,
        BROKER_URL="redis://127.0.0.1:1/0",
    )
    with closing(wiring.build(settings, clock=clock)) as built:
        yield built


@pytest.fixture
def relay(deps: Deps) -> Iterator[Relay]:
    with closing(Relay(deps, TASKS)) as made:
        yield made


def scheduled(deps: Deps, *, recipients: int = 10) -> int:
    """Due now, with a plan."""
    with deps.database.begin() as store:
        campaign = factories.add_campaign(store, recipients=recipients)
        variant = factories.write_all(store, campaign)[0]
        factories.plan(store, campaign, variant)
        factories.move(store, campaign, State.APPROVED)
        advance(store, campaign.id, Event.SCHEDULED, actor=DESK, send_at=store.now)
        return campaign.id


def state(deps: Deps, number: int) -> State:
    return deps.database.look(lambda s: s.campaigns.get(number).state)  # type: ignore[arg-type]  # an id


def test_deadlines_fire_while_the_broker_is_away(deps: Deps, relay: Relay) -> None:
    number = scheduled(deps)
    assert relay.once() is False
    assert state(deps, number) is State.CANARY


def test_what_was_not_rung_stays_due(deps: Deps, relay: Relay) -> None:
    scheduled(deps)
    before = deps.database.look(
        lambda s: s.outbox.due(redrive_after=timedelta(hours=1))
    )
    assert before
    assert relay.publish() is False
    after = deps.database.look(lambda s: s.outbox.due(redrive_after=timedelta(hours=1)))
    assert after == before


def test_a_deadline_of_a_version_that_is_over_is_inert(
    deps: Deps, relay: Relay
) -> None:
    number = scheduled(deps)
    with deps.database.begin() as store:
        advance(store, number, Event.CANCELLED, actor=DESK)  # type: ignore[arg-type]  # an id
    assert relay.fire_deadlines() == 1
    assert state(deps, number) is State.CANCELLED
    assert relay.fire_deadlines() == 0


def test_a_deadline_that_breaks_does_not_keep_the_others_from_firing(
    deps: Deps, relay: Relay, clock: Clock
) -> None:
    with deps.database.begin() as store:
        broken = factories.add_campaign(
            store, audience_id=factories.add_audience(store, 5, key="other")
        )
        factories.move(store, broken, State.CANARY, decides_at=store.now, step=5)
        variant = factories.write_all(store, broken)[0]
        factories.plan(store, broken, variant, steps=((100.0, 1),), chunk_size=5)
        now = store.campaigns.get(broken.id)
        store.deadlines.set(broken.id, "judge", now.version, store.now)
    clock.tick(timedelta(seconds=1))
    number = scheduled(deps)
    relay.fire_deadlines()
    assert state(deps, number) is State.CANARY
    # it is tried again later, not in every round
    assert relay.fire_deadlines() == 0
    clock.tick(timedelta(seconds=31))
    assert relay.fire_deadlines() >= 1


def test_two_relays_claim_a_deadline_once(deps: Deps) -> None:
    scheduled(deps)
    (deadline,) = deps.database.look(lambda s: s.deadlines.due())
    assert isinstance(deadline, Deadline)
    claimed = []
    for _ in range(2):
        with deps.database.begin() as store:
            claimed.append(store.deadlines.claim(deadline))
    assert claimed == [True, False]


def test_a_window_that_ends_without_data_is_looked_at_again(
    deps: Deps, relay: Relay, clock: Clock
) -> None:
    with deps.database.begin() as store:
        campaign = factories.add_campaign(store, recipients=600)
        variant = factories.write_all(store, campaign)[0]
        ladder = ((50.0, 1), (100.0, 1))
        chunks = factories.plan(store, campaign, variant, steps=ladder, chunk_size=300)
        factories.hand_over(store, chunks[0])
        moved = factories.move(
            store,
            campaign,
            State.CANARY,
            step_started_at=store.now,
            decides_at=store.now + timedelta(minutes=1),
        )
        due_at = store.now + timedelta(minutes=1)
        store.deadlines.set(campaign.id, "judge", moved.version, due_at)
    clock.tick(timedelta(minutes=2))
    assert relay.fire_deadlines() == 1
    assert state(deps, campaign.id) is State.CANARY
    assert relay.fire_deadlines() == 0
    clock.tick(timedelta(seconds=6))
    assert relay.fire_deadlines() == 1


def test_the_audit_is_sealed_in_each_round(deps: Deps, relay: Relay) -> None:
    scheduled(deps)
    relay.once()
    with deps.database.begin() as store:
        verified = store.audit.verify()
    assert (verified.broken, verified.unsealed) == ((), 0)
    assert verified.events >= 2


def test_a_job_that_rang_long_ago_without_an_end_is_due_again(
    deps: Deps, clock: Clock
) -> None:
    scheduled(deps)
    (job, *_rest) = deps.database.look(
        lambda s: s.outbox.due(redrive_after=timedelta(seconds=150))
    )
    with deps.database.begin() as store:
        store.outbox.published([job.id], looked_at=store.now)

    def is_due() -> bool:
        due = deps.database.look(
            lambda s: s.outbox.due(redrive_after=timedelta(seconds=150))
        )
        return job.id in {each.id for each in due}

    assert not is_due()
    clock.tick(timedelta(seconds=151))
    assert is_due()
