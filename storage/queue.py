"""Inbox, outbox and deadlines: what came in, what must run, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from domain.campaign import CampaignId
from domain.errors import Overtaken
from domain.send import ChunkState
from storage.repository import Repository, ignore_taken
from storage.tables import Utc, chunks, deadlines, inbox, outbox


class Inbox(Repository):
    """Deduplication of what outside parties may send twice."""

    def once(self, source: str, external_id: str, work: Callable[[], int]) -> int:
        """Do what a delivery asks for the first time, and only then.

        Args:
            external_id: The sender's own name for the delivery.
            work: Runs in this transaction; returns the id of the row it made.

        Returns:
            The id that the first delivery made.

        Raises:
            Overtaken: Another delivery of the same was quicker; all of this
                transaction's work is undone with it.
        """
        before = self.seen(source, external_id)
        if before is not None:
            return int(before)
        made = work()
        self.put(source, external_id, str(made))
        return made

    def seen(self, source: str, external_id: str) -> str | None:
        """The answer given the first time, or None when this is the first."""
        row = self._one(
            sa.select(inbox.c.response).where(
                inbox.c.source == source, inbox.c.external_id == external_id
            )
        )
        return None if row is None else str(row.response)

    def put(self, source: str, external_id: str, response: str) -> None:
        """Keep the answer in the transaction that does the work.

        Raises:
            Overtaken: Another delivery of the same was quicker; all of this
                transaction's work is undone with it.
        """
        is_first = self._insert_new(
            inbox,
            source=source,
            external_id=external_id,
            response=response,
            created_at=self.now,
        )
        if not is_first:
            raise Overtaken("This was received twice, and done once.")

    def purge(self, older_than: datetime) -> int:
        return self.connection.execute(
            sa.delete(inbox).where(inbox.c.created_at < older_than)
        ).rowcount


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A row of the outbox: one launch of a task on one row at one version."""

    id: int
    task: str
    row_id: int
    row_version: int
    # None: it is about a person, not a campaign
    campaign_id: CampaignId | None
    attempts: int
    is_finished: bool


class Outbox(Repository):
    """Jobs. The broker only rings; these rows say what there is to do."""

    def add(
        self,
        task: str,
        row_id: int,
        row_version: int,
        campaign_id: CampaignId | None,
        *,
        after: timedelta = timedelta(0),
        suffix: str = "",
    ) -> bool:
        """Queue a job once per (task, row, version, suffix)."""
        return self._insert_new(
            outbox,
            dedup_key=f"{task}:{row_id}:{row_version}{suffix}",
            task=task,
            row_id=row_id,
            row_version=row_version,
            campaign_id=campaign_id,
            available_at=self.now + after,
            attempts=0,
            created_at=self.now,
        )

    def add_sends(
        self, campaign_id: CampaignId, *, up_to_step: int, suffix: str
    ) -> None:
        """Queue every planned chunk of the steps so far, as `add` does one."""
        ready = (
            sa.select(
                sa.literal("send:")
                + sa.cast(chunks.c.id, sa.Text)
                + ":"
                + sa.cast(chunks.c.version, sa.Text)
                + suffix,
                sa.literal("send"),
                chunks.c.id,
                chunks.c.version,
                chunks.c.campaign_id,
                sa.literal(self.now, Utc),
                sa.literal(0),
                sa.literal(self.now, Utc),
            )
            .where(
                chunks.c.campaign_id == campaign_id,
                chunks.c.state == ChunkState.PLANNED,
                chunks.c.step <= up_to_step,
            )
            .order_by(chunks.c.number)
        )
        self.connection.execute(
            ignore_taken(self.connection, outbox).from_select(
                (
                    "dedup_key",
                    "task",
                    "row_id",
                    "row_version",
                    "campaign_id",
                    "available_at",
                    "attempts",
                    "created_at",
                ),
                ready,
            )
        )

    def due(self, *, redrive_after: timedelta, limit: int = 200) -> tuple[Job, ...]:
        """Jobs to publish: new ones, and ones that rang long ago without an end."""
        stale = self.now - redrive_after
        query = (
            sa.select(outbox)
            .where(
                outbox.c.finished_at.is_(None),
                outbox.c.available_at <= self.now,
                sa.or_(outbox.c.published_at.is_(None), outbox.c.published_at < stale),
            )
            .order_by(outbox.c.id)
            .limit(limit)
        )
        return tuple(
            Job(
                id=row.id,
                task=row.task,
                row_id=row.row_id,
                row_version=row.row_version,
                campaign_id=row.campaign_id,
                attempts=row.attempts,
                is_finished=False,
            )
            for row in self._all(query)
        )

    def get(self, job_id: int) -> Job | None:
        row = self._one(sa.select(outbox).where(outbox.c.id == job_id))
        if row is None:
            return None
        return Job(
            id=row.id,
            task=row.task,
            row_id=row.row_id,
            row_version=row.row_version,
            campaign_id=row.campaign_id,
            attempts=row.attempts,
            is_finished=row.finished_at is not None,
        )

    def is_superseded(self, job: Job) -> bool:
        """Whether a newer job of the same task and row is due as well."""
        newer = sa.select(outbox.c.id).where(
            outbox.c.task == job.task,
            outbox.c.row_id == job.row_id,
            outbox.c.id > job.id,
            outbox.c.finished_at.is_(None),
            outbox.c.available_at <= self.now,
        )
        return self._one(newer.limit(1)) is not None

    def published(self, job_ids: Sequence[int], *, looked_at: datetime) -> None:
        """Mark jobs as rung, but for those that were put off meanwhile."""
        self.connection.execute(
            sa.update(outbox)
            .where(outbox.c.id.in_(job_ids), outbox.c.available_at <= looked_at)
            .values(published_at=self.now)
        )

    def started(self, job_id: int) -> None:
        """Count an attempt; a job that kills its worker is parked after a few."""
        self.connection.execute(
            sa.update(outbox)
            .where(outbox.c.id == job_id)
            .values(attempts=outbox.c.attempts + 1)
        )

    def finished(self, job_id: int) -> None:
        self.connection.execute(
            sa.update(outbox).where(outbox.c.id == job_id).values(finished_at=self.now)
        )

    def again(self, job_id: int, *, after: timedelta, is_try: bool) -> None:
        """Give a job back to the relay for later.

        Args:
            is_try: Whether the wait counts towards giving up.
        """
        self.connection.execute(
            sa.update(outbox)
            .where(outbox.c.id == job_id)
            .values(
                published_at=None,
                available_at=self.now + after,
                # a second delivery may have taken the job for done
                finished_at=None,
                attempts=outbox.c.attempts - (0 if is_try else 1),
            )
        )

    def revive(self, campaign_id: CampaignId) -> int:
        """Queue a campaign's given-up jobs again, from their first attempt."""
        return self.connection.execute(
            sa.update(outbox)
            .where(outbox.c.campaign_id == campaign_id, outbox.c.finished_at.is_(None))
            .values(published_at=None, available_at=self.now, attempts=0)
        ).rowcount

    def purge(self, older_than: datetime) -> int:
        return self.connection.execute(
            sa.delete(outbox).where(outbox.c.finished_at < older_than)
        ).rowcount


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    id: int
    campaign_id: CampaignId
    kind: str
    version: int


class Deadlines(Repository):
    """Timers as rows; claimed by compare-and-swap, so two relays are harmless."""

    def set(
        self, campaign_id: CampaignId, kind: str, version: int, due_at: datetime
    ) -> bool:
        return self._insert_new(
            deadlines,
            campaign_id=campaign_id,
            kind=kind,
            version=version,
            due_at=due_at,
        )

    def bring_forward(
        self, campaign_id: CampaignId, kind: str, version: int, due_at: datetime
    ) -> None:
        """Set a deadline, or set it again if it has fired or would fire later."""
        if self.set(campaign_id, kind, version, due_at):
            return
        self.connection.execute(
            sa.update(deadlines)
            .where(
                deadlines.c.campaign_id == campaign_id,
                deadlines.c.kind == kind,
                deadlines.c.version == version,
                sa.or_(deadlines.c.fired_at.is_not(None), deadlines.c.due_at > due_at),
            )
            .values(due_at=due_at, fired_at=None)
        )

    def rearm(self, deadline: Deadline, due_at: datetime) -> None:
        """Set a fired deadline again: what it waited for has not come."""
        self.connection.execute(
            sa.update(deadlines)
            .where(deadlines.c.id == deadline.id)
            .values(due_at=due_at, fired_at=None)
        )

    def due(self, limit: int = 50) -> tuple[Deadline, ...]:
        query = (
            sa.select(deadlines)
            .where(deadlines.c.fired_at.is_(None), deadlines.c.due_at <= self.now)
            .order_by(deadlines.c.due_at)
            .limit(limit)
        )
        return tuple(
            Deadline(
                id=row.id,
                campaign_id=CampaignId(row.campaign_id),
                kind=row.kind,
                version=row.version,
            )
            for row in self._all(query)
        )

    def claim(self, deadline: Deadline) -> bool:
        """Mark it fired; False when another relay was faster."""
        result = self.connection.execute(
            sa.update(deadlines)
            .where(deadlines.c.id == deadline.id, deadlines.c.fired_at.is_(None))
            .values(fired_at=self.now)
        )
        return result.rowcount == 1
