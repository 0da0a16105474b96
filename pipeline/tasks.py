"""What a task is: a function on one row at one version, and what its end means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from domain.campaign import Actor, Event
from domain.errors import MoveNotAllowed, Refused, TryLater
from pipeline.advance import advance
from pipeline.wiring import Deps
from storage.queue import Job

log = structlog.get_logger(__name__)

MAX_ATTEMPTS: Final = 5
"""Starts of one job, crashes included, before a person has to look."""

MAX_WAIT: Final = timedelta(minutes=1)

SHELVED_FOR: Final = timedelta(days=3650)
"""How long a given-up job waits unless a person presses Retry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One kind of job.

    Attributes:
        name: As written in the outbox.
        queue: Which worker runs it; rollback never waits behind a send.
        run: Does the work for (row id, expected version).
        is_projection: Shows the row as it is now, so the newest job does for all.
        is_patient: Whether an outside service being away never uses up attempts.
        give_up: What to do with the row when attempts are used up; parks the
            campaign when None.
        needs_no_broker: The relay runs it itself while the broker is away.
        load: Loads once, before its worker forks, what every child would else load
            for itself.
    """

    name: str
    queue: str
    run: Callable[[Deps, int, int], None]
    is_projection: bool = False
    is_patient: bool = True
    give_up: Callable[[Deps, int, str], None] | None = None
    needs_no_broker: bool = False
    load: Callable[[], None] | None = None


def run_job(deps: Deps, task: Task, job_id: int) -> None:
    """Run one job and keep what became of it; safe to call twice for the same job.

    A job whose row moved on is finished: somebody else did or undid the work.
    """
    with deps.database.begin() as store:
        job = store.outbox.get(job_id)
        if job is None or job.is_finished:
            return
        if task.is_projection and store.outbox.is_superseded(job):
            store.outbox.finished(job_id)
            return
        store.outbox.started(job_id)
    started = deps.clock()
    bound = log.bind(task=task.name, campaign=job.campaign_id, job=job_id)
    if job.attempts >= MAX_ATTEMPTS:
        _give_up(deps, task, job, f"job-{job_id}")
        bound.error("job.gave_up", attempts=job.attempts)
        return
    try:
        deps.look_around()
        task.run(deps, job.row_id, job.row_version)
    except TryLater as later:
        wait = min(later.retry_after * 2 ** min(job.attempts, 4), MAX_WAIT)
        with deps.database.begin() as store:
            store.outbox.again(job_id, after=wait, is_try=not task.is_patient)
        bound.info("job.put_off", wait_s=wait.total_seconds(), reason=str(later))
        return
    except Refused as refused:
        bound.info("job.refused", reason=type(refused).__name__)
    with deps.database.begin() as store:
        store.outbox.finished(job_id)
    elapsed_s = round((deps.clock() - started).total_seconds(), 3)
    bound.info("job.finished", elapsed_s=elapsed_s)


def put_off(deps: Deps, job_id: int) -> None:
    """After a bug: the job stays in the outbox, its attempt counted."""
    with deps.database.begin() as store:
        store.outbox.again(job_id, after=timedelta(seconds=2), is_try=True)


def _give_up(deps: Deps, task: Task, job: Job, reference: str) -> None:
    words = (
        f"The {task.name} job failed {MAX_ATTEMPTS} times"
        f" (reference {reference}). Nothing was lost."
    )
    if task.give_up is not None:
        task.give_up(deps, job.row_id, words)
        with deps.database.begin() as store:
            store.outbox.finished(job.id)
        return
    _park(deps, job, words)
    with deps.database.begin() as store:
        # Retry revives it
        store.outbox.again(job.id, after=SHELVED_FOR, is_try=True)


def _park(deps: Deps, job: Job, words: str) -> None:
    if job.campaign_id is None:
        # nothing to park: it was about a person
        return
    try:
        with deps.database.begin() as store:
            advance(
                store,
                job.campaign_id,
                Event.PARKED,
                actor=Actor.machine("desk"),
                reason=words,
            )
    except MoveNotAllowed as error:
        # it has ended or is parked already; the job's end is all there is to keep
        log.info("job.not_parked", campaign=job.campaign_id, reason=str(error))
