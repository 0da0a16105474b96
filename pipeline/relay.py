"""The relay: publishes the outbox, fires deadlines, seals the audit; safe to run twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog

from domain.campaign import CampaignId, State
from domain.canary import Verdict
from domain.errors import TryLater
from domain.upload import KEPT_FOR
from pipeline import failpoint
from pipeline.broker import Doorbell
from pipeline.playbook import Playbook
from pipeline.record import ask_due, ask_everyone_again, digest_due, go_on
from pipeline.record.actions import remind_of_actions
from pipeline.record.audiences import let_go
from pipeline.record.canary import REJUDGE_EVERY, judge_due, start
from pipeline.record.incidents import page_if_late
from pipeline.record.overdue import overdue, remind
from pipeline.tasks import Task, put_off, run_job
from pipeline.wiring import Deps
from storage.queue import Deadline
from storage.store import Store

log = structlog.get_logger(__name__)

POLL_EVERY: Final = timedelta(milliseconds=100)
REST_AFTER_OUTAGE: Final = timedelta(seconds=1)
BROKEN_AGAIN_AFTER: Final = timedelta(seconds=30)
"""A deadline that met a bug is tried again after this."""

SWEEP_EVERY: Final = timedelta(minutes=10)
LOOK_EVERY: Final = timedelta(seconds=1)
"""How often it is looked whether Slack is to be asked, or anybody told, about people."""

_ASKS_MOST: Final = 10
"""At a time, so that cards need not wait behind a long team."""

_LOOKS: Final[
    Mapping[str, Callable[[Store, Playbook, CampaignId], datetime | None]]
] = {
    "remind": remind,
    "overdue": overdue,
    "contain": page_if_late,
    "action": remind_of_actions,
}
"""Deadlines that look whether anybody has acted; each says when to look again."""

_KEEP_INBOX: Final = timedelta(days=7)
_KEEP_OUTBOX: Final = timedelta(days=7)
_LET_GO_AT_ONCE: Final = 2_000


class Relay:
    """Turns rows into messages and due times into moves."""

    def __init__(
        self,
        deps: Deps,
        tasks: Mapping[str, Task],
        *,
        redrive_after: timedelta | None = None,
    ) -> None:
        self._deps, self._tasks = deps, tasks
        self._doorbell = Doorbell(deps.settings.broker_url, tasks)
        self._redrive_after = redrive_after or deps.settings.redrive_after
        self._stopped = threading.Event()
        self._swept_at = deps.clock()
        self._looked_at: datetime | None = None
        self._began_at: datetime | None = None
        self._asked: Playbook | None = None

    def run(self) -> None:
        """Work until `stop`; an outage of database or broker is waited out."""
        while not self._stopped.is_set():
            pause = POLL_EVERY
            try:
                if not self.once():
                    pause = REST_AFTER_OUTAGE
            except TryLater as later:
                log.warning("relay.waits", reason=str(later))
                pause = later.retry_after
            self._stopped.wait(pause.total_seconds())

    def stop(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        self._doorbell.close()

    def once(self) -> bool:
        """One round; False when the broker is away. Deadlines never wait for it."""
        self.fire_deadlines()
        self.fire_digests()
        self.ask_about_members()
        is_up = self.publish()
        if not is_up:
            self.run_without_broker()
        if self._deps.database.look(lambda store: store.audit.has_unsealed()):
            with self._deps.database.begin() as store:
                store.audit.seal()
        self._sweep()
        return is_up

    def ask_about_members(self) -> None:
        """Queue asking Slack who is in which group; about all at start."""
        now, written = self._deps.clock(), self._deps.written
        if self._looked_at is not None and now - self._looked_at < LOOK_EVERY:
            return
        self._looked_at = now
        is_same = self._asked is written
        if is_same and not self._deps.database.look(lambda s: s.members.due(1)):
            return
        with self._deps.database.begin() as store:
            if self._asked is None:
                ask_everyone_again(store)
            ask_due(store, written, most=_ASKS_MOST)
        self._asked = written

    def publish(self) -> bool:
        """Ring for every due job, then mark it; a crash between rings twice."""
        looked_at = self._deps.clock()
        due = self._deps.database.look(
            lambda store: store.outbox.due(redrive_after=self._redrive_after)
        )
        rung = []
        is_up = True
        for job in due:
            failpoint.hit("relay.before_publish")
            if not self._doorbell.ring(job.task, job.id):
                is_up = False
                break
            failpoint.hit("relay.after_publish")
            rung.append(job.id)
        if rung:
            with self._deps.database.begin() as store:
                store.outbox.published(rung, looked_at=looked_at)
        return is_up

    def run_without_broker(self) -> None:
        """Run what must not wait for a broker: a page says that stopping is late."""
        due = self._deps.database.look(
            lambda store: store.outbox.due(redrive_after=self._redrive_after)
        )
        for job in due:
            task = self._tasks[job.task]
            if not task.needs_no_broker:
                continue
            try:
                run_job(self._deps, task, job.id)
            except TryLater:
                raise
            except Exception:
                # as with deadlines: one that breaks must not stop the relay
                log.exception("job.broke", task=job.task, job=job.id)
                put_off(self._deps, job.id)

    def fire_deadlines(self) -> int:
        """Fire what is due, each in its own transaction; returns how many."""
        due = self._deps.database.look(lambda store: store.deadlines.due())
        if due:
            self._deps.look_around()
        for deadline in due:
            try:
                with self._deps.database.begin() as store:
                    # the campaign first, as everybody else locks
                    store.campaigns.lock(deadline.campaign_id)
                    if store.deadlines.claim(deadline):
                        fire(store, self._deps, deadline)
            except TryLater:
                raise
            except Exception:
                # one of the three edges: a campaign that breaks must not keep the
                # others' deadlines from firing
                log.exception("deadline.broke", campaign=deadline.campaign_id)
                with self._deps.database.begin() as store:
                    store.deadlines.rearm(deadline, store.now + BROKEN_AGAIN_AFTER)
        return len(due)

    def fire_digests(self) -> int:
        """Begin the digests that are due, each in its own transaction; how many."""
        now = self._deps.clock()
        if self._began_at is not None and now - self._began_at < LOOK_EVERY:
            return 0
        self._began_at = now
        due = self._deps.database.look(lambda store: store.digests.due())
        if due:
            self._deps.look_around()
        for timer in due:
            try:
                with self._deps.database.begin() as store:
                    digest_due(store, self._deps.playbook, timer)
            except TryLater:
                raise
            except Exception:
                # as with deadlines: one person's must not keep the relay from the rest
                log.exception("digest.broke", user=timer.user)
                with self._deps.database.begin() as store:
                    store.digests.claim(timer, store.now + BROKEN_AGAIN_AFTER)
        return len(due)

    def _sweep(self) -> None:
        now = self._deps.clock()
        if now - self._swept_at < SWEEP_EVERY:
            return
        self._swept_at = now
        with self._deps.database.begin() as store:
            store.inbox.purge(now - _KEEP_INBOX)
            store.outbox.purge(now - _KEEP_OUTBOX)
            store.uploads.purge(now - KEPT_FOR)
        self._let_go(now - self._deps.settings.keep_replaced)

    def _let_go(self, before: datetime) -> None:
        """Blank a batch of each import that was replaced long ago; the next, next time.

        A kill between two batches leaves the rest to the next sweep.
        """
        database = self._deps.database
        for import_id in database.look(lambda s: s.imports.replaced(before)):
            with database.begin() as store:
                let_go(store, import_id, limit=_LET_GO_AT_ONCE)


def fire(store: Store, deps: Deps, deadline: Deadline) -> None:
    """Act on one deadline; one whose campaign has moved on is inert."""
    kind = deadline.kind
    if kind == "thaw":
        # whatever has become of it meanwhile
        go_on(store, deps.playbook, deadline.campaign_id)
        return
    campaign = store.campaigns.get(deadline.campaign_id)
    if campaign.version != deadline.version:
        return
    log.info("deadline.fired", kind=kind, campaign=campaign.id)
    if kind == "start" and campaign.state is State.SCHEDULED:
        start(store, deps.playbook, campaign.id)
    elif kind == "judge":
        judgement = judge_due(store, deps.playbook, campaign.id)
        waits = (Verdict.WAIT, Verdict.NO_DATA)
        if judgement is not None and judgement.verdict in waits:
            store.deadlines.rearm(deadline, store.now + REJUDGE_EVERY)
    elif kind in _LOOKS:
        again = _LOOKS[kind](store, deps.playbook, campaign.id)
        if again is not None:
            store.deadlines.rearm(deadline, again)
