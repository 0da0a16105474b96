"""Moments between two lines: late sends, second deliveries, news while it rests."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from domain.campaign import CampaignId, State
from domain.errors import Refused, TryLater
from domain.rollback import StepState
from pipeline import record
from pipeline.jobs import TASKS
from pipeline.tasks import run_job
from pipeline.wiring import Deps
from tests.factories import make_event
from tests.pipeline.lab import CASPAR, CLEO, OMAR, Lab
from tests.pipeline.test_jobs_story import BIG, approved, in_canary, roll_back


class Detour:
    """The real adapter, but for the calls a test sends another way."""

    def __init__(self, real: Any, **calls: Callable[..., Any]) -> None:
        self._real, self._calls = real, calls

    def __getattr__(self, name: str) -> Any:
        return self._calls.get(name) or getattr(self._real, name)


def with_esp(deps: Deps, **calls: Callable[..., Any]) -> Deps:
    return dataclasses.replace(deps, esp=Detour(deps.esp, **calls))


def step_states(desk: Lab, incident_id: int) -> list[tuple[str, str]]:
    steps = desk.look(lambda store: store.incidents.steps(incident_id))
    return [(step.name.value, step.state.value) for step in steps]


def test_a_canary_that_leaves_late_still_gets_its_whole_window(desk: Lab) -> None:
    desk.add_list("calm", BIG)
    number = approved(desk, audience="calm")
    real, is_away = desk.deps.esp, [True]

    def new_batch() -> str:
        if is_away[0]:
            raise TryLater("The ESP is away.", retry_after=timedelta(seconds=5))
        return str(real.new_batch())

    desk.deps = with_esp(desk.deps, new_batch=new_batch)
    desk.tick(1)
    desk.pass_time(70)
    assert desk.campaign(number).decides_at is None
    is_away[0] = False
    desk.pass_time(90, until=lambda: bool(desk.mailed()))
    left_at = desk.clock()
    window = desk.deps.playbook.canary.window
    desk.pass_time(window.total_seconds() - 5)
    assert desk.state(number) is State.CANARY
    assert desk.campaign(number).decides_at is not None
    desk.pass_time(200, until=lambda: desk.campaign(number).step > 0)
    assert desk.clock() - left_at >= window - timedelta(seconds=2)


def test_a_breach_while_it_is_held_rolls_it_back(desk: Lab) -> None:
    desk.add_list("calm", BIG)
    number = in_canary(desk, audience="calm")
    desk.write(record.hold, desk.deps.playbook, number, actor=OMAR)
    chunk = desk.chunks(number)[0]
    out = desk.look(lambda store: sorted(store.sends.addresses(chunk.id)))[:20]
    events = [make_event(number, each, "complained", at=desk.clock()) for each in out]
    ingested = desk.write(record.esp_events, desk.deps.playbook, events)
    assert ingested.halted == (number,)
    assert desk.state(number) is State.ROLLED_BACK


@pytest.mark.usefixtures("cards_at_once")
def test_a_step_that_the_esp_refuses_fails_alone_and_can_be_tried_again(
    desk: Lab,
) -> None:
    number = in_canary(desk)
    whole = desk.deps

    def refuse(*_given: object) -> None:
        raise Refused("The key lacks a permission that this call needs.")

    desk.deps = with_esp(whole, cancel=refuse, batch_state=refuse)
    incident = roll_back(desk, number).incident
    desk.drain()
    states = dict(step_states(desk, incident.id))
    assert (states["cancel"], states["read_back"]) == ("failed", "failed")
    assert (states["suppress"], states["notify"]) == ("done", "done")
    desk.deps = whole
    desk.tick(1)
    assert not roll_back(desk, number).is_new
    desk.drain()
    assert {state for _name, state in step_states(desk, incident.id)} == {"done"}


@pytest.mark.usefixtures("cards_at_once")
def test_a_second_delivery_of_a_rollback_loses_no_step(desk: Lab) -> None:
    number = in_canary(desk)
    incident = roll_back(desk, number).incident
    due = desk.look(lambda store: store.outbox.due(redrive_after=timedelta(days=1)))
    job = next(each for each in due if each.task == "rollback")
    deliveries: list[int] = []
    real = desk.deps.esp

    def busy(*_given: object) -> None:
        raise TryLater("The ESP is busy.")

    def cancel(batch_id: str) -> object:
        if not deliveries:
            deliveries.append(1)
            # the same job rings again while the first is in its call
            run_job(with_esp(desk.deps, batch_state=busy), TASKS["rollback"], job.id)
        return real.cancel(batch_id)

    run_job(with_esp(desk.deps, cancel=cancel), TASKS["rollback"], job.id)
    desk.pass_time(60)
    assert all(
        state == StepState.DONE for _name, state in step_states(desk, incident.id)
    )


def test_a_list_of_one_is_sent_to_the_end(desk: Lab) -> None:
    desk.add_list("solo", 1)
    number = approved(desk, audience="solo")
    desk.tick(1)
    desk.drain()
    assert desk.state(number) is State.SENT
    assert len(desk.mailed()) == 1


def test_a_rewrite_that_does_not_come_leaves_no_review_without_a_question(
    desk: Lab,
) -> None:
    number = desk.brief(variants=2, arms=2, ab_variable="subject", tier="C")
    desk.drain()
    first, second = desk.requests(number)
    desk.approve(first, by=CLEO)
    desk.drain()

    def away(*_given: object, **_named: object) -> None:
        raise TryLater("The endpoint is away.", retry_after=timedelta(seconds=1))

    desk.deps = dataclasses.replace(
        desk.deps, writer=Detour(desk.deps.writer, call=away)
    )
    variant = desk.variants(number)[0]
    desk.write(
        record.regenerate,
        desk.deps.playbook,
        variant.revision_id,
        actor=CASPAR,
        instruction="shorter",
    )
    desk.approve(second, by=CLEO)
    desk.pass_time(400, until=lambda: desk.state(number) is not State.STAGED_REVIEW)
    assert desk.state(number) not in (State.STAGED_REVIEW, State.PARKED)


def test_a_job_put_off_while_it_was_ringing_waits_no_longer_than_it_said(
    desk: Lab,
) -> None:
    number: CampaignId = desk.brief()
    looked_at = desk.clock()
    job = desk.look(lambda store: store.outbox.due(redrive_after=timedelta(days=1)))[0]

    def put_off(store: Any) -> None:
        store.outbox.again(job.id, after=timedelta(seconds=5), is_try=False)

    desk.write(put_off)
    desk.write(lambda store: store.outbox.published([job.id], looked_at=looked_at))
    desk.clock.tick(timedelta(seconds=6))
    due = desk.look(lambda store: store.outbox.due(redrive_after=timedelta(days=1)))
    assert job.id in {each.id for each in due}, number
