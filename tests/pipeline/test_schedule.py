"""A long list is planned in batches: whatever happens between two, the plan is right."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from domain.brief import parse_brief
from domain.campaign import Actor, CampaignId, Event, State
from domain.cohort import Ranked, divide, rank_of
from domain.errors import Overtaken, TryLater
from domain.rollback import Trigger
from domain.send import ChunkState
from pipeline import record
from pipeline.advance import advance, open_gate
from pipeline.schedule import TURN, schedule
from pipeline.send import send
from pipeline.wiring import Deps
from storage import queries
from storage.audiences import Mailable
from storage.engine import Database
from tests.clock import Clock
from tests.pipeline.lab import CLEO, DEV, MARA, OMAR, Lab, make_brief
from tests.pipeline.test_audiences import bring_in
from tests.pipeline.test_audiences import planned as addresses
from tests.pipeline.test_record_reviews import ask, in_review
from tests.pipeline.test_record_undo import undo

READERS = 300
BATCH = 40
BATCHES = 8


class Killed(BaseException):
    """As kill -9: nothing of ours catches it."""


class Between:
    """A clock that does something when it is asked the time after a batch."""

    def __init__(self, clock: Clock, acts: Mapping[int, Callable[[], object]]) -> None:
        self._clock, self._acts = clock, acts
        # the first time is asked at the start
        self.batches = -1

    def __call__(self) -> datetime:
        self.batches += 1
        self._acts.get(self.batches, lambda: None)()
        return self._clock()


def between(desk: Lab, acts: Mapping[int, Callable[[], object]]) -> Deps:
    return dataclasses.replace(desk.deps, clock=Between(desk.clock, acts))


def approved_only(desk: Lab, **brief: object) -> CampaignId:
    """Approved, and nothing planned yet."""
    number = in_review(desk, **brief)
    desk.approve_all(number, CLEO)
    for label in "AC":
        desk.approve(ask(desk, number, label), by=DEV)
    assert desk.state(number) is State.APPROVED
    return number


def plan(
    desk: Lab,
    number: CampaignId,
    deps: Deps | None = None,
    *,
    batch: int = BATCH,
) -> None:
    schedule(deps or desk.deps, number, desk.campaign(number).version, batch=batch)


def die() -> None:
    raise Killed


def step_of(desk: Lab, number: CampaignId) -> dict[str, int]:
    """Who is planned in which step, by address hash."""
    rows = desk.rows(
        "SELECT r.address_hash, c.step FROM sends s"  # noqa: S608  # a test's own number
        " JOIN recipients r ON r.id = s.recipient_id JOIN chunks c ON c.id = s.chunk_id"
        f" WHERE s.campaign_id = {number}"
    )
    assert len(rows) == len({key for key, _step in rows})
    return {str(key): int(step) for key, step in rows}


def should_be(desk: Lab, number: CampaignId) -> dict[str, int]:
    """The same as the list stands, without any batch."""
    ranked = [
        Ranked(
            who.provider,
            rank_of(who.address_hash, f"campaign-{number}"),
            who.address_hash,
        )
        for who in people(desk, number)
    ]
    division = divide(lambda: ranked, desk.deps.playbook.ladder)
    return {who.key: division.step_of(who) for who in ranked}


def people(desk: Lab, number: CampaignId) -> list[Mailable]:
    audience_id = desk.campaign(number).audience_id
    return desk.look(lambda store: store.audiences.mailable_keys(audience_id))


def check_whole(desk: Lab, number: CampaignId) -> None:
    """Scheduled, with everybody planned once where the hash puts them."""
    assert desk.state(number) is State.SCHEDULED
    found = step_of(desk, number)
    assert found == should_be(desk, number)
    steps = Counter(found.values())
    cohorts = desk.look(lambda s: s.sends.cohorts(number))
    assert [each.planned for each in cohorts] == [steps[each.step] for each in cohorts]
    chunks = desk.chunks(number)
    assert {chunk.state for chunk in chunks} == {ChunkState.PLANNED}
    assert [chunk.number for chunk in chunks] == list(range(1, len(chunks) + 1))
    assert [chunk.step for chunk in chunks] == sorted(chunk.step for chunk in chunks)
    sizes = desk.rows("SELECT chunk_id, count(*) FROM sends GROUP BY chunk_id")
    assert {chunk.id: chunk.size for chunk in chunks} == dict(sizes)
    assert desk.rows("SELECT * FROM half_plans") == []


def check_half(desk: Lab, number: CampaignId) -> None:
    """Approved as before, and nobody can see, or mail from, what is planned."""
    assert desk.state(number) is State.APPROVED
    assert desk.look(lambda s: s.sends.cohorts(number)) == ()
    assert desk.look(lambda s: s.sends.totals(number)) == (0, 0)
    view = desk.deps.database.read(
        queries.campaign_card, number, desk.deps.playbook.view_facts
    )
    assert (view.mails_left, view.mails_out, view.canary) == (READERS, 0, None)


def test_a_plan_of_many_batches_is_the_plan_of_one(desk: Lab) -> None:
    number = approved_only(desk)
    passing = between(desk, {})
    plan(desk, number, passing)
    assert isinstance(passing.clock, Between)
    assert passing.clock.batches == BATCHES
    check_whole(desk, number)
    # the open chunks are filled on: no batch leaves a remainder of its own
    slots = desk.rows(
        "SELECT DISTINCT c.step, s.variant_id FROM sends s"
        " JOIN chunks c ON c.id = s.chunk_id"
    )
    assert len(desk.chunks(number)) == len(slots)


@pytest.mark.parametrize("batch", [1, 2, BATCHES])
def test_a_kill_between_two_batches_loses_nobody_and_plans_nobody_twice(
    desk: Lab, batch: int
) -> None:
    number = approved_only(desk)
    with pytest.raises(Killed):
        plan(desk, number, between(desk, {batch: die}))
    check_half(desk, number)
    before = step_of(desk, number)
    assert len(before) == min(batch * BATCH, READERS)
    plan(desk, number)
    check_whole(desk, number)
    # it went on: who had a place keeps it
    assert before.items() <= step_of(desk, number).items()


def test_a_plan_survives_a_kill_after_every_batch(desk: Lab) -> None:
    number = approved_only(desk)
    for batch in range(1, BATCHES + 1):
        with pytest.raises(Killed):
            plan(desk, number, between(desk, {1: die}))
        check_half(desk, number)
        assert len(step_of(desk, number)) == min(batch * BATCH, READERS)
    plan(desk, number)
    check_whole(desk, number)


def test_nothing_can_be_sent_from_a_half_plan(desk: Lab) -> None:
    number = approved_only(desk)
    with pytest.raises(Killed):
        plan(desk, number, between(desk, {3: die}))
    for chunk in desk.chunks(number):
        with pytest.raises(Overtaken, match="half_planned already"):
            send(desk.deps, chunk.id, chunk.version)
    desk.write(lambda store: open_gate(store, store.campaigns.lock(number)))
    assert desk.rows("SELECT * FROM outbox WHERE task = 'send'") == []
    assert desk.mailed() == []


def test_a_click_commits_between_any_two_batches(desk: Lab, database_url: str) -> None:
    number = approved_only(desk)
    with impatient(database_url, desk.clock) as web:

        def click() -> None:
            body = parse_brief(make_brief(title="Another brief"))
            with web.begin() as store:
                record.brief(
                    store, desk.deps.playbook, body, author=MARA, source="modal"
                )
            assert desk.state(number) is State.APPROVED

        plan(desk, number, between(desk, dict.fromkeys(range(1, BATCHES), click)))
    check_whole(desk, number)
    assert desk.rows("SELECT count(*) FROM campaigns") == [(BATCHES,)]


@contextmanager
def impatient(url: str, clock: Clock) -> Iterator[Database]:
    """A web process that does not wait for a lock at all."""
    made = Database(url, clock, lock_timeout=timedelta(0))
    yield made
    made.close()


def test_an_undo_while_it_is_planned_ends_the_plan_and_the_next_begins_anew(
    desk: Lab,
) -> None:
    number = approved_only(desk)
    with pytest.raises(Overtaken, match="has moved on"):
        plan(desk, number, between(desk, {3: lambda: undo(desk, by=DEV)}))
    assert desk.state(number) is State.STAGED_REVIEW
    assert len(step_of(desk, number)) == 3 * BATCH
    desk.approve(ask(desk, number, "B"), by=DEV)
    assert desk.state(number) is State.APPROVED
    # killed while the old plan is discarded, too
    with pytest.raises(Killed):
        plan(desk, number, between(desk, {1: die}))
    plan(desk, number)
    check_whole(desk, number)
    arms = {v.id for v in desk.look(lambda s: s.variants.arms(number))}
    assert {
        key for (key,) in desk.rows("SELECT DISTINCT variant_id FROM sends")
    } == arms


@pytest.mark.parametrize("batch", [1, BATCHES])
def test_a_campaign_that_is_cancelled_while_it_is_planned_stays_cancelled(
    desk: Lab, batch: int
) -> None:
    number = approved_only(desk)

    def cancel() -> None:
        desk.write(
            advance, number, Event.CANCELLED, actor=Actor(id=MARA), reason="Not now."
        )

    with pytest.raises(Overtaken, match="has moved on"):
        plan(desk, number, between(desk, {batch: cancel}))
    desk.drain()
    desk.tick(60)
    assert desk.state(number) is State.CANCELLED
    assert desk.look(lambda s: s.sends.cohorts(number)) == ()
    assert desk.mailed() == []


def test_a_rollback_while_it_is_planned_spares_the_whole_list(desk: Lab) -> None:
    number = approved_only(desk)

    def roll_back() -> None:
        desk.write(
            record.roll_back,
            desk.deps.playbook,
            number,
            trigger=Trigger.BUTTON,
            actor=Actor(id=OMAR),
        )

    with pytest.raises(Overtaken, match="has moved on"):
        plan(desk, number, between(desk, {2: roll_back}))
    desk.drain()
    assert desk.state(number) is State.ROLLED_BACK
    incident = desk.look(lambda s: s.incidents.of(number))
    assert (incident.mails_out, incident.mails_spared) == (0, READERS)
    assert desk.mailed() == []


@pytest.mark.parametrize("batch", [1, 3, 4])
def test_a_list_that_is_imported_anew_between_two_batches_is_planned_from_the_start(
    desk: Lab, tmp_path: Path, batch: int
) -> None:
    bring_in(desk, tmp_path, range(40))
    number = approved_only(desk, audience="crew")

    def import_again() -> None:
        bring_in(desk, tmp_path, range(5, 50))

    with pytest.raises(TryLater, match="imported anew while it was read"):
        plan(desk, number, between(desk, {batch: import_again}), batch=10)
    assert desk.state(number) is State.APPROVED
    desk.drain()
    check_whole(desk, number)
    assert addresses(desk, number) == {
        f"sailor.{n}@cedar.calm.example" for n in range(5, 50)
    }


def test_two_jobs_that_plan_the_same_campaign_plan_everybody_once(desk: Lab) -> None:
    number = approved_only(desk)

    def another_plans_some() -> None:
        with pytest.raises(Killed):
            plan(desk, number, between(desk, {2: die}))

    with pytest.raises(TryLater, match="Another job is planning"):
        plan(desk, number, between(desk, {3: another_plans_some}))
    assert len(step_of(desk, number)) == 5 * BATCH
    # and one that is slower finds the plan whole
    with pytest.raises(Overtaken, match="has moved on"):
        plan(desk, number, between(desk, {1: lambda: plan(desk, number)}))
    check_whole(desk, number)


def test_a_long_list_is_planned_in_turns(desk: Lab) -> None:
    number = approved_only(desk)
    slow = {2: lambda: desk.clock.tick(TURN)}
    for turn in range(1, BATCHES // 2 + 1):
        with pytest.raises(TryLater, match="planned in turns") as raised:
            plan(desk, number, between(desk, slow))
        assert raised.value.retry_after == timedelta(0)
        assert len(step_of(desk, number)) == min(2 * turn * BATCH, READERS)
    plan(desk, number, between(desk, slow))
    check_whole(desk, number)


def test_who_is_forgotten_while_it_is_planned_is_counted_nowhere(desk: Lab) -> None:
    number = approved_only(desk)
    last = people(desk, number)[-1]

    def forget() -> None:
        desk.write(lambda store: store.erasure.forget(last.address_hash))

    plan(desk, number, between(desk, {1: forget}))
    found = Counter(step_of(desk, number).values())
    planned = [each.planned for each in desk.look(lambda s: s.sends.cohorts(number))]
    assert planned == [found[step] for step in range(len(planned))]
    assert sum(planned) == READERS - 1
    assert last.address_hash not in step_of(desk, number)


def test_a_list_is_divided_anew_when_a_step_has_lost_everybody(
    desk: Lab, tmp_path: Path
) -> None:
    bring_in(desk, tmp_path, range(20))
    number = approved_only(desk, audience="crew")
    (canary,) = [key for key, step in should_be(desk, number).items() if step == 0]
    with pytest.raises(Killed):
        plan(desk, number, between(desk, {1: die}), batch=1)
    assert canary not in step_of(desk, number)
    desk.write(lambda store: store.erasure.forget(canary))
    # a canary of nobody would never be out
    with pytest.raises(TryLater, match="divided anew"):
        plan(desk, number)
    assert desk.state(number) is State.APPROVED
    plan(desk, number)
    check_whole(desk, number)
