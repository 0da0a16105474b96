"""Cohorts, chunks and sends: who gets the mail, when, and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Row

from domain.campaign import CampaignId
from domain.cohort import chunks as chunks_of
from domain.errors import Unknown
from domain.send import CHUNK_SIZE, Chunk, ChunkId, ChunkState, Send
from domain.sending import WaitsFor
from storage.audiences import may_still_be_mailed, recipient_from
from storage.repository import Repository
from storage.tables import (
    Utc,
    audiences,
    campaigns,
    chunks,
    cohorts,
    firsts,
    recipients,
    sends,
    variants,
)

_COUNTS: Final = 7_235_004
"""Key of the advisory lock that one counted hand-over holds on Postgres."""

_LEFT: Final = (ChunkState.INTENT, ChunkState.UNKNOWN, ChunkState.SENT)
"""Out, or it may be."""


_NOT_OUT: Final = tuple(set(ChunkState) - {ChunkState.SENT})
"""Of a chunk that is not with the ESP, or of which that is not known."""


_INSERT_SENDS: Final = sa.insert(sends).values(is_skipped=sa.false())


@cache
def _lengthen(dialect: str) -> sqlite.Insert | postgresql.Insert:
    """Make a chunk, or add to the one that has the number."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    made = insert(chunks)
    return made.on_conflict_do_update(
        index_elements=[chunks.c.campaign_id, chunks.c.number],
        set_={"size": chunks.c.size + made.excluded.size},
    )


def _list_of(audience: sa.FromClause) -> sa.ColumnElement[int]:
    """The list that an import or a segment is of, or that it is itself."""
    return sa.func.coalesce(audience.c.list_id, audience.c.id)


def chunk_from(row: Row[Any]) -> Chunk:
    return Chunk(
        id=ChunkId(row.id),
        campaign_id=CampaignId(row.campaign_id),
        version=row.version,
        step=row.step,
        number=row.number,
        size=row.size,
        state=ChunkState(row.state),
        batch_id=row.batch_id,
        intent_at=row.intent_at,
        accepted_at=row.accepted_at,
        accepted=row.accepted,
        skipped=row.skipped,
        reason=row.reason,
        capped=row.capped,
        unmerged=row.unmerged,
        put_off_at=row.put_off_at,
        given_up=row.given_up,
        time_zone=row.time_zone,
        provider=row.provider,
        not_before=row.not_before,
        waits_for=None if row.waits_for is None else WaitsFor(row.waits_for),
        may_duplicate=row.may_duplicate,
        esp=row.esp,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """One ladder step's share of the list, without whom the cadence cap left out."""

    step: int
    percent: float
    planned: int
    reporting: int
    expands_itself: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a chunk's recipients are, and with which mailbox provider."""

    time_zone: str = ""
    provider: str = ""


_ANYWHERE: Final = Place()


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Mails of one variant that are put into a chunk, be they its first or not.

    Attributes:
        number: The chunk's in the half plan, from 1.
    """

    number: int
    step: int
    variant_id: int
    revision_id: int
    recipient_ids: Sequence[int]
    place: Place = _ANYWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Of the mails of a campaign that were tried, who will not get theirs, and why."""

    tried: int
    unmerged: int
    given_up: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mails:
    """Where a campaign's mails are.

    Attributes:
        out: Accepted by the ESP, or handed over without an answer yet.
        left: Still on our side; also those that a rollback took back.
        accepted: Those that the ESP's answer said it took.
        skipped: Left out at the last moment: suppressed, not to be rendered, capped, or
            refused or given up at the hand-over.
        capped: Of those, who have had as many mails as they may.
        given_up: Of those, whom the ESP has put off for too long.
    """

    out: int
    left: int
    accepted: int
    skipped: int
    capped: int = 0
    given_up: int = 0


def mails_of(connection: Connection, campaign_ids: Collection[int]) -> dict[int, Mails]:
    """Count the mails of each campaign that is planned; the others are not in it."""
    found: dict[int, Mails] = {}
    for row in connection.execute(_MAILS, {"campaign_ids": list(campaign_ids)}):
        before = found.get(row.campaign_id, _NO_MAILS)
        out, left = _out_and_left(
            ChunkState(row.state), row.accepted, row.size, row.skipped
        )
        found[row.campaign_id] = Mails(
            out=before.out + out,
            left=before.left + left,
            accepted=before.accepted + int(row.accepted),
            skipped=before.skipped + int(row.skipped),
            capped=before.capped + int(row.capped),
            given_up=before.given_up + int(row.given_up),
        )
    return found


_MAILS: Final = (
    sa.select(
        chunks.c.campaign_id,
        chunks.c.state,
        sa.func.sum(chunks.c.accepted).label("accepted"),
        sa.func.sum(chunks.c.skipped).label("skipped"),
        sa.func.sum(chunks.c.capped).label("capped"),
        sa.func.sum(chunks.c.given_up).label("given_up"),
        sa.func.sum(chunks.c.size).label("size"),
    )
    .where(
        chunks.c.campaign_id.in_(sa.bindparam("campaign_ids", expanding=True)),
        chunks.c.state != ChunkState.HALF_PLANNED,
    )
    .group_by(chunks.c.campaign_id, chunks.c.state)
)
_NO_MAILS: Final = Mails(out=0, left=0, accepted=0, skipped=0)


def _out_and_left(
    state: ChunkState, accepted: int, size: int, skipped: int
) -> tuple[int, int]:
    match state:
        case ChunkState.SENT:
            return int(accepted), 0
        case ChunkState.INTENT | ChunkState.UNKNOWN:
            return int(size) - int(skipped), 0
        case _:
            return 0, int(size)


def cohorts_of(connection: Connection, campaign_id: int) -> tuple[Cohort, ...]:
    """The campaign's ladder, in order; empty before it is planned."""
    return tuple(
        Cohort(
            step=row.step,
            percent=row.percent,
            planned=row.planned - int(row.capped or 0),
            reporting=row.reporting - int(row.capped_reporting or 0),
            expands_itself=row.expands_itself,
        )
        for row in connection.execute(_COHORTS, {"campaign_id": campaign_id})
    )


_CAPPED: Final = (
    sa.select(
        chunks.c.step,
        sa.func.sum(chunks.c.capped).label("capped"),
        sa.func.sum(chunks.c.capped_reporting).label("capped_reporting"),
    )
    .where(chunks.c.campaign_id == sa.bindparam("campaign_id"), chunks.c.capped > 0)
    .group_by(chunks.c.step)
    .subquery("left_out")
)
_SENT_AT: Final = (
    sa.select(sends.c.id, chunks.c.intent_at)
    .join(chunks, chunks.c.id == sends.c.chunk_id)
    .where(
        sends.c.id.in_(sa.bindparam("send_ids", expanding=True)),
        chunks.c.intent_at.is_not(None),
    )
)
_COHORTS: Final = (
    sa.select(cohorts, _CAPPED.c.capped, _CAPPED.c.capped_reporting)
    .outerjoin(_CAPPED, _CAPPED.c.step == cohorts.c.step)
    .where(cohorts.c.campaign_id == sa.bindparam("campaign_id"))
    .order_by(cohorts.c.step)
)


def events_seen(connection: Connection, chunk_ids: Collection[int]) -> dict[int, int]:
    """Mails of each chunk that the ESP has reported anything about; none: absent."""
    query = (
        sa.select(sends.c.chunk_id, sa.func.count(sa.distinct(sends.c.id)).label("n"))
        .join(
            firsts,
            sa.and_(
                firsts.c.campaign_id == sends.c.campaign_id,
                firsts.c.send_id == sends.c.id,
            ),
        )
        .where(sends.c.chunk_id.in_(chunk_ids))
        .group_by(sends.c.chunk_id)
    )
    return {row.chunk_id: int(row.n) for row in connection.execute(query)}


def arm_mails(
    connection: Connection, campaign_id: int, *, up_to_step: int | None = None
) -> tuple[tuple[str, int, int], ...]:
    """(label, mails planned, of them delivered) of each variant so far, by label.

    A mail left out at the last moment was not to be delivered.
    """
    query = (
        sa.select(
            variants.c.label,
            sa.func.count().label("planned"),
            sa.func.count(firsts.c.send_id).label("delivered"),
        )
        .select_from(sends)
        .join(chunks, chunks.c.id == sends.c.chunk_id)
        .join(variants, variants.c.id == sends.c.variant_id)
        .outerjoin(
            firsts,
            sa.and_(
                firsts.c.campaign_id == sends.c.campaign_id,
                firsts.c.metric == "delivered",
                firsts.c.send_id == sends.c.id,
            ),
        )
        .where(sends.c.campaign_id == campaign_id, ~sends.c.is_skipped)
        .group_by(variants.c.label)
        .order_by(variants.c.label)
    )
    if up_to_step is not None:
        query = query.where(chunks.c.step <= up_to_step)
    return tuple(
        (row.label, int(row.planned), int(row.delivered))
        for row in connection.execute(query)
    )


class Sends(Repository):
    def plan(
        self,
        campaign_id: CampaignId,
        plan: Sequence[Cohort],
        chunked: Sequence[tuple[int, Sequence[Mapping[str, int]]]],
    ) -> None:
        """Write a short list's plan at once.

        Args:
            plan: One cohort per ladder step.
            chunked: (step, rows) per chunk; a row has recipient_id, variant_id
                and revision_id.
        """
        for number, (step, rows) in enumerate(chunked, start=1):
            self.lay(
                campaign_id,
                [
                    Piece(
                        number=number,
                        step=step,
                        variant_id=row["variant_id"],
                        revision_id=row["revision_id"],
                        recipient_ids=[row["recipient_id"]],
                    )
                    for row in rows
                ],
            )
        self.settle_plan(campaign_id, plan)

    def lay(self, campaign_id: CampaignId, pieces: Sequence[Piece]) -> None:
        """Add mails to a plan that is not whole yet, and to its chunks."""
        if not pieces:
            return
        self.connection.execute(
            _lengthen(self.connection.dialect.name),
            [
                {
                    "campaign_id": campaign_id,
                    "version": 1,
                    "step": piece.step,
                    # the plan numbers its chunks by step when it is whole
                    "number": -piece.number,
                    "size": len(piece.recipient_ids),
                    "state": ChunkState.HALF_PLANNED,
                    "accepted": 0,
                    "skipped": 0,
                    "time_zone": piece.place.time_zone,
                    "provider": piece.place.provider,
                }
                for piece in pieces
            ],
        )
        ids = {
            -row.number: row.id
            for row in self._all(
                sa.select(chunks.c.id, chunks.c.number).where(
                    chunks.c.campaign_id == campaign_id,
                    chunks.c.number.in_([-piece.number for piece in pieces]),
                )
            )
        }
        self.connection.execute(
            _INSERT_SENDS,
            [
                {
                    "campaign_id": campaign_id,
                    "recipient_id": recipient_id,
                    "chunk_id": ids[piece.number],
                    "variant_id": piece.variant_id,
                    "revision_id": piece.revision_id,
                }
                for piece in pieces
                for recipient_id in piece.recipient_ids
            ],
        )

    def settle_plan(self, campaign_id: CampaignId, plan: Sequence[Cohort]) -> None:
        """Make a plan whole: from now on it is seen, and may be sent from."""
        before = self._last_number(campaign_id)
        self._insert_many(
            cohorts,
            [
                {
                    "campaign_id": campaign_id,
                    "step": c.step,
                    "percent": c.percent,
                    "planned": c.planned,
                    "reporting": c.reporting,
                    "expands_itself": c.expands_itself,
                }
                for c in plan
            ],
        )
        in_turn = (
            sa.select(
                chunks.c.id,
                sa.func.row_number()
                .over(order_by=(chunks.c.step, chunks.c.number.desc()))
                .label("number"),
            )
            .where(
                chunks.c.campaign_id == campaign_id,
                chunks.c.state == ChunkState.HALF_PLANNED,
            )
            .subquery("in_turn")
        )
        self.connection.execute(
            sa.update(chunks)
            .where(chunks.c.id == in_turn.c.id)
            .values(state=ChunkState.PLANNED, number=before + in_turn.c.number)
        )

    def discard_plan(self, campaign_id: CampaignId, *, most: int) -> bool:
        """Forget some chunks of a plan, whole or half, of which nothing has left.

        Its approval was taken back, or its list imported anew.

        Returns:
            Whether there were any.
        """
        self.connection.execute(
            sa.delete(cohorts).where(cohorts.c.campaign_id == campaign_id)
        )
        some = [
            row.id
            for row in self._all(
                sa.select(chunks.c.id)
                .where(
                    chunks.c.campaign_id == campaign_id,
                    chunks.c.state.in_((ChunkState.PLANNED, ChunkState.HALF_PLANNED)),
                )
                .limit(most)
            )
        ]
        self.connection.execute(sa.delete(sends).where(sends.c.chunk_id.in_(some)))
        self.connection.execute(sa.delete(chunks).where(chunks.c.id.in_(some)))
        return bool(some)

    def laid(self, campaign_id: CampaignId) -> int:
        """How many chunks a half plan has so far."""
        row = self._one(
            sa.select(sa.func.count().label("n")).where(
                chunks.c.campaign_id == campaign_id,
                chunks.c.state == ChunkState.HALF_PLANNED,
            )
        )
        return int(row.n) if row else 0

    def _last_number(self, campaign_id: CampaignId) -> int:
        """The highest number that a chunk of the campaign has; 0 without one."""
        row = self._one(
            sa.select(sa.func.max(chunks.c.number).label("n")).where(
                chunks.c.campaign_id == campaign_id, chunks.c.number > 0
            )
        )
        return (row.n if row else None) or 0

    def is_planned(self, campaign_id: CampaignId) -> bool:
        return bool(self.cohorts(campaign_id))

    def cohorts(self, campaign_id: CampaignId) -> tuple[Cohort, ...]:
        return cohorts_of(self.connection, campaign_id)

    def chunk(self, chunk_id: ChunkId) -> Chunk:
        """Read a chunk.

        Raises:
            Unknown: There is none with that id.
        """
        row = self._one(sa.select(chunks).where(chunks.c.id == chunk_id))
        if row is None:
            raise Unknown("There is no such chunk.")
        return chunk_from(row)

    def chunks(
        self,
        campaign_id: CampaignId,
        *,
        state: ChunkState | None = None,
        up_to_step: int | None = None,
    ) -> tuple[Chunk, ...]:
        query = (
            sa.select(chunks)
            .where(chunks.c.campaign_id == campaign_id)
            .order_by(chunks.c.number)
        )
        if state is not None:
            query = query.where(chunks.c.state == state)
        if up_to_step is not None:
            query = query.where(chunks.c.step <= up_to_step)
        return tuple(chunk_from(row) for row in self._all(query))

    def is_out(self, campaign_id: CampaignId, *, up_to_step: int) -> bool:
        """Whether every chunk of the steps so far is with the ESP."""
        return not self._has(campaign_id, _NOT_OUT, chunks.c.step <= up_to_step)

    def is_in_hand(self, campaign_id: CampaignId) -> bool:
        """Whether the sender has a chunk of it in hand."""
        return self._has(campaign_id, (ChunkState.INTENT,))

    def _has(
        self,
        campaign_id: CampaignId,
        states: Collection[ChunkState],
        *which: sa.ColumnElement[bool],
    ) -> bool:
        query = sa.select(chunks.c.id).where(
            chunks.c.campaign_id == campaign_id, chunks.c.state.in_(states), *which
        )
        return self._one(query.limit(1)) is not None

    def cancellable(
        self, campaign_id: CampaignId, *, since: datetime, most: int
    ) -> tuple[str, ...]:
        """Batches that the ESP may still hold, the newest ones, in order.

        Unanswered, or accepted since then.
        """
        query = (
            sa.select(chunks.c.batch_id)
            .where(
                chunks.c.campaign_id == campaign_id,
                chunks.c.batch_id.is_not(None),
                sa.or_(
                    chunks.c.state.in_((ChunkState.INTENT, ChunkState.UNKNOWN)),
                    chunks.c.accepted_at > since,
                ),
            )
            .order_by(chunks.c.intent_at.desc(), chunks.c.number.desc())
            .limit(most)
        )
        return tuple(row.batch_id for row in reversed(self._all(query)))

    def swap(self, chunk: Chunk, state: ChunkState, **changes: object) -> Chunk:
        """Compare-and-swap on the chunk's own version; the loser gets `Overtaken`."""
        return chunk_from(
            self._swap(chunks, chunk.id, chunk.version, state=state, **changes)
        )

    def revoke(self, campaign_id: CampaignId) -> int:
        """Take back every chunk that was not handed over; returns how many."""
        return self.connection.execute(
            sa.update(chunks)
            .where(
                chunks.c.campaign_id == campaign_id,
                chunks.c.state == ChunkState.PLANNED,
            )
            .values(state=ChunkState.REVOKED, version=chunks.c.version + 1)
        ).rowcount

    def mails(self, chunk_id: ChunkId) -> tuple[Send, ...]:
        """The mails of a chunk whose recipients may still be mailed.

        Of a chunk that is sent again, without those the ESP has reported of since.
        """
        reported = sa.select(firsts.c.send_id).where(
            firsts.c.campaign_id == sends.c.campaign_id, firsts.c.send_id == sends.c.id
        )
        is_first_time = sa.select(chunks.c.id).where(
            chunks.c.id == chunk_id, ~chunks.c.may_duplicate
        )
        query = (
            sa.select(
                recipients,
                sends.c.id.label("send_id"),
                sends.c.variant_id,
                sends.c.revision_id,
            )
            .join(sends, sends.c.recipient_id == recipients.c.id)
            .where(
                sends.c.chunk_id == chunk_id,
                may_still_be_mailed(),
                sa.or_(is_first_time.exists(), ~reported.exists()),
            )
            .order_by(sends.c.id)
        )
        return tuple(
            Send(
                id=row.send_id,
                recipient=recipient_from(row),
                variant_id=row.variant_id,
                revision_id=row.revision_id,
            )
            for row in self._all(query)
        )

    def barred(self, chunk_id: ChunkId) -> frozenset[int]:
        """Mails of a chunk that must not leave: suppressed, gone, no consent any more."""
        query = (
            sa.select(sends.c.id)
            .join(recipients, recipients.c.id == sends.c.recipient_id)
            .where(sends.c.chunk_id == chunk_id, ~may_still_be_mailed())
        )
        return frozenset(row.id for row in self._all(query))

    def skip_others(self, chunk_id: ChunkId, sent_ids: Sequence[int]) -> None:
        """Mark whom the chunk leaves out; who is let in after all is not marked.

        Suppressed, not to be rendered, or mailed often enough: the last may change
        before a chunk that the ESP did not take goes again.
        """
        self.connection.execute(
            sa.update(sends)
            .where(sends.c.chunk_id == chunk_id)
            .values(is_skipped=sends.c.id.not_in(sent_ids))
        )

    def skip(self, send_ids: Collection[int]) -> None:
        """Mark mails that the ESP will not take as they stand."""
        self.connection.execute(
            sa.update(sends).where(sends.c.id.in_(send_ids)).values(is_skipped=True)
        )

    def note_unmerged(self, chunk_id: ChunkId, count: int) -> None:
        """Keep how many mails of a chunk could not be merged; who works on it goes on."""
        self.connection.execute(
            sa.update(chunks).where(chunks.c.id == chunk_id).values(unmerged=count)
        )

    def left_out(self, campaign_id: CampaignId, *, besides: ChunkId) -> LeftOut:
        """Of the other chunks that were tried, who is left out of them."""
        was_tried = sa.or_(chunks.c.state.in_(_LEFT), chunks.c.unmerged > 0)
        row = self._one(
            sa.select(
                *(
                    sa.func.coalesce(sa.func.sum(column), 0).label(name)
                    for name, column in (
                        ("tried", chunks.c.size),
                        ("unmerged", chunks.c.unmerged),
                        ("given_up", chunks.c.given_up),
                    )
                )
            ).where(
                chunks.c.campaign_id == campaign_id, chunks.c.id != besides, was_tried
            )
        )
        if row is None:
            return LeftOut(tried=0, unmerged=0, given_up=0)
        return LeftOut(
            tried=int(row.tried),
            unmerged=int(row.unmerged),
            given_up=int(row.given_up),
        )

    def split(
        self, chunk: Chunk, send_ids: Collection[int]
    ) -> tuple[Chunk | None, Chunk | None]:
        """Give some of a chunk's mails a chunk of their own, so that each has one fate.

        The campaign is locked by the caller.

        Returns:
            What is left of the chunk, and the part, both in the chunk's state; None
            for either that would be empty.
        """
        if not send_ids:
            return chunk, None
        if len(send_ids) >= chunk.size:
            return None, chunk
        part_id = self._insert(
            chunks,
            campaign_id=chunk.campaign_id,
            version=1,
            step=chunk.step,
            number=self._last_number(chunk.campaign_id) + 1,
            size=len(send_ids),
            state=chunk.state,
            batch_id=chunk.batch_id,
            intent_at=chunk.intent_at,
            accepted=0,
            skipped=0,
            reason=chunk.reason,
            # what it may wait for is the same for its parts
            time_zone=chunk.time_zone,
            provider=chunk.provider,
            not_before=chunk.not_before,
            waits_for=chunk.waits_for,
            may_duplicate=chunk.may_duplicate,
            esp=chunk.esp,
            put_off_at=chunk.put_off_at,
        )
        self.connection.execute(
            sa.update(sends)
            .where(sends.c.chunk_id == chunk.id, sends.c.id.in_(send_ids))
            .values(chunk_id=part_id)
        )
        rest = self.swap(chunk, chunk.state, size=chunk.size - len(send_ids))
        return rest, self.chunk(ChunkId(part_id))

    def addresses(self, chunk_id: ChunkId) -> dict[int, str]:
        """Address by send id of a chunk's mails, for the ESP's look-up only."""
        query = (
            sa.select(sends.c.id, recipients.c.address)
            .join(recipients, recipients.c.id == sends.c.recipient_id)
            .where(
                sends.c.chunk_id == chunk_id,
                ~sends.c.is_skipped,
                # who was forgotten since has none
                recipients.c.address != "",
            )
        )
        return {row.id: row.address for row in self._all(query)}

    def events_seen(self, chunk: Chunk) -> int:
        """Mails of the chunk that the ESP has reported anything about."""
        return events_seen(self.connection, [chunk.id]).get(chunk.id, 0)

    # How many have left ---------------------------------------------------------------

    def hold_counts(self) -> None:
        """Keep others from handing anything over until we commit.

        What is counted for a limit is then still so when our chunk is counted too.
        """
        # on SQLite the transaction is the only writer
        if self.connection.dialect.name == "postgresql":
            self.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_COUNTS)))

    def first_intent_at(self) -> datetime | None:
        """When the desk's first mail was handed over."""
        row = self._one(
            sa.select(sa.func.min(chunks.c.intent_at, type_=Utc).label("at"))
        )
        return None if row is None else row.at

    def left_since(self, since: datetime, *, provider: str) -> int:
        """Mails handed over from then on, to one provider or, empty, to all."""
        query = sa.select(
            sa.func.coalesce(sa.func.sum(chunks.c.size - chunks.c.skipped), 0).label(
                "n"
            )
        ).where(chunks.c.intent_at >= since, chunks.c.state.in_(_LEFT))
        if provider:
            query = query.where(chunks.c.provider == provider)
        row = self._one(query)
        return int(row.n) if row else 0

    def had(self, chunk_id: ChunkId, *, since: datetime) -> dict[int, int]:
        """Mails that a chunk's people have had since then, by send id; none: absent.

        By address, whatever list it is on. Campaign by campaign, each by its keys: in
        one statement SQLite walks through every mail there ever was.
        """
        mine = {
            row.address_hash: row.id
            for row in self._all(
                sa.select(sends.c.id, recipients.c.address_hash)
                .join(recipients, recipients.c.id == sends.c.recipient_id)
                .where(sends.c.chunk_id == chunk_id)
            )
        }
        recent = self._all(
            sa.select(campaigns.c.id, campaigns.c.audience_id)
            .join(chunks, chunks.c.campaign_id == campaigns.c.id)
            .where(chunks.c.intent_at > since, chunks.c.state.in_(_LEFT))
            .distinct()
        )
        lists: dict[int, dict[int, int]] = {}
        counts: Counter[int] = Counter()
        for campaign in recent:
            if campaign.audience_id not in lists:
                lists[campaign.audience_id] = self._on_list(campaign.audience_id, mine)
            people = lists[campaign.audience_id]
            # a person has a row per import, and a statement so many values
            for some in chunks_of(people, CHUNK_SIZE):
                left = (
                    sa.select(sends.c.recipient_id)
                    .join(chunks, chunks.c.id == sends.c.chunk_id)
                    .where(
                        sends.c.campaign_id == campaign.id,
                        sends.c.recipient_id.in_(some),
                        ~sends.c.is_skipped,
                        chunks.c.intent_at > since,
                        chunks.c.state.in_(_LEFT),
                    )
                )
                counts.update(people[row.recipient_id] for row in self._all(left))
        return dict(counts)

    def _on_list(self, audience_id: int, mine: Mapping[str, int]) -> dict[int, int]:
        """Recipient id to send id of the people who are on another list too.

        In any of its imports: a plan keeps the rows of the one it was made from.
        """
        mailed, same = audiences.alias("mailed"), audiences.alias("same")
        imports = [
            row.id
            for row in self._all(
                sa.select(same.c.id)
                .join(mailed, _list_of(mailed) == _list_of(same))
                .where(mailed.c.id == audience_id)
            )
        ]
        query = sa.select(recipients.c.id, recipients.c.address_hash).where(
            recipients.c.audience_id.in_(imports),
            recipients.c.address_hash.in_(list(mine)),
        )
        return {row.id: mine[row.address_hash] for row in self._all(query)}

    def providers(
        self, chunk_id: ChunkId, send_ids: Collection[int]
    ) -> tuple[str, ...]:
        """The mailbox provider behind each of some mails of a chunk that may leave."""
        query = (
            sa.select(recipients.c.provider)
            .join(sends, sends.c.recipient_id == recipients.c.id)
            .where(
                sends.c.chunk_id == chunk_id,
                sends.c.id.in_(list(send_ids)),
                may_still_be_mailed(),
            )
        )
        return tuple(row.provider for row in self._all(query))

    def time_zones(self, campaign_id: CampaignId, *, step: int) -> tuple[str, ...]:
        """Where the recipients of a step are."""
        rows = self._all(
            sa.select(chunks.c.time_zone)
            .where(chunks.c.campaign_id == campaign_id, chunks.c.step == step)
            .distinct()
            .order_by(chunks.c.time_zone)
        )
        return tuple(row.time_zone for row in rows)

    def reported(self, chunk_id: ChunkId) -> frozenset[int]:
        """Send ids of the chunk that the ESP has reported anything about."""
        query = (
            sa.select(sends.c.id)
            .distinct()
            .join(
                firsts,
                sa.and_(
                    firsts.c.campaign_id == sends.c.campaign_id,
                    firsts.c.send_id == sends.c.id,
                ),
            )
            .where(sends.c.chunk_id == chunk_id)
        )
        return frozenset(row.id for row in self._all(query))

    def sent_at(self, send_ids: Collection[int]) -> dict[int, datetime]:
        """When each of these mails was handed to the ESP; a mail that was not: absent."""
        rows = self._all(_SENT_AT, send_ids=list(send_ids))
        return {row.id: row.intent_at for row in rows}

    def campaign_of(self, send_id: int) -> tuple[CampaignId, int]:
        """(campaign, recipient) of a mail.

        Raises:
            Unknown: There was no such mail.
        """
        row = self._one(
            sa.select(sends.c.campaign_id, sends.c.recipient_id).where(
                sends.c.id == send_id
            )
        )
        if row is None:
            raise Unknown("There is no such mail.")
        return CampaignId(row.campaign_id), int(row.recipient_id)

    def totals(self, campaign_id: CampaignId) -> tuple[int, int]:
        """(mails the ESP accepted or may have, mails still on our side)."""
        mails = mails_of(self.connection, [campaign_id]).get(campaign_id, _NO_MAILS)
        return mails.out, mails.left

    def arms(
        self, campaign_id: CampaignId, *, up_to_step: int
    ) -> tuple[tuple[str, int, int], ...]:
        return arm_mails(self.connection, campaign_id, up_to_step=up_to_step)

    def leaked(self, campaign_id: CampaignId, since: datetime) -> int:
        """Mails the ESP accepted after the gate was shut."""
        row = self._one(
            sa.select(
                sa.func.coalesce(sa.func.sum(chunks.c.accepted), 0).label("n")
            ).where(chunks.c.campaign_id == campaign_id, chunks.c.accepted_at > since)
        )
        return int(row.n) if row else 0
