"""ESP events and their counters, written together so that they always agree."""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, CursorResult

from domain.campaign import CampaignId
from domain.send import DeliveryEvent
from storage.repository import Repository
from storage.tables import campaigns, counters, firsts, pulses, recipients, sends

# The hot path: many rows to a statement. The driver lets other threads run at every
# statement and every row it is given or gives back, so one for each row would hand the
# interpreter to the event loop five hundred times a batch.
_ROWS_AT_ONCE: Final = 1000
_MARKS: Final = {"sqlite": "?", "postgresql": "%s"}
_ADD_EVENTS: Final = """
    INSERT INTO delivery_events
        (campaign_id, at, event_id, type, send_id, is_hard, is_machine, url)
    VALUES {rows}
    ON CONFLICT DO NOTHING
"""
_ADD_FIRSTS: Final = """
    INSERT INTO firsts (campaign_id, metric, send_id)
    VALUES {rows}
    ON CONFLICT DO NOTHING
    RETURNING campaign_id, metric, send_id
"""
_ADD_COUNTS: Final = sa.text("""
    INSERT INTO counters (campaign_id, metric, bucket, n)
    VALUES (:campaign_id, :metric, :bucket, :n)
    ON CONFLICT (campaign_id, metric, bucket) DO UPDATE SET n = counters.n + excluded.n
""")
_PULSE: Final = sa.text("""
    INSERT INTO pulses (campaign_id, last_event_at, last_ingest_at)
    VALUES (:campaign_id, :event_at, :ingest_at)
    ON CONFLICT (campaign_id) DO UPDATE SET
        last_event_at = CASE WHEN excluded.last_event_at > pulses.last_event_at
            THEN excluded.last_event_at ELSE pulses.last_event_at END,
        last_ingest_at = excluded.last_ingest_at
""").bindparams(
    sa.bindparam("event_at", type_=pulses.c.last_event_at.type),
    sa.bindparam("ingest_at", type_=pulses.c.last_ingest_at.type),
)
_STRANGERS: Final = {
    "sqlite": sa.text("""
        SELECT value FROM json_each(:send_ids)
        WHERE NOT EXISTS (SELECT 1 FROM sends s
            WHERE s.id = value AND s.campaign_id = :campaign_id)
    """),
    "postgresql": sa.text("""
        SELECT v::bigint FROM jsonb_array_elements_text(CAST(:send_ids AS jsonb)) v
        WHERE NOT EXISTS (SELECT 1 FROM sends s
            WHERE s.id = v::bigint AND s.campaign_id = :campaign_id)
    """),
}
"""Of send ids, those that are no mail of that campaign: mostly none."""


def metric_of(event: DeliveryEvent) -> str:
    """The counter an event belongs to; machine and human acts are kept apart."""
    if event.is_machine and event.type in ("opened", "clicked"):
        return f"machine_{event.type}"
    if event.type == "bounced" and event.is_hard:
        return "bounced_hard"
    return event.type


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What a batch changed.

    Attributes:
        new: Events not seen before.
        firsts: (campaign, metric, send id) that had not happened to that mail yet.
        campaigns: Campaigns the batch touched, also by duplicates.
    """

    new: int
    firsts: frozenset[tuple[int, str, int]]
    campaigns: frozenset[CampaignId]


def totals_of(
    connection: Connection, campaign_ids: Collection[int]
) -> dict[int, dict[str, int]]:
    """Per campaign and metric, the mails that had at least one such event."""
    found: dict[int, dict[str, int]] = {}
    for row in connection.execute(_TOTALS, {"campaign_ids": list(campaign_ids)}):
        found.setdefault(row.campaign_id, {})[row.metric] = int(row.n)
    return found


_TOTALS: Final = (
    sa.select(
        counters.c.campaign_id,
        counters.c.metric,
        sa.func.sum(counters.c.n).label("n"),
    )
    .where(counters.c.campaign_id.in_(sa.bindparam("campaign_ids", expanding=True)))
    .group_by(counters.c.campaign_id, counters.c.metric)
)
_PULSE_OF: Final = sa.select(pulses.c.last_ingest_at).where(
    pulses.c.campaign_id == sa.bindparam("campaign_id")
)
# a slot's site says nothing about the ESP
_LAST_PULSE: Final = (
    sa.select(sa.func.max(pulses.c.last_ingest_at).label("at"))
    .join(campaigns, campaigns.c.id == pulses.c.campaign_id)
    .where(campaigns.c.slot == "")
)


class Events(Repository):
    def add(
        self,
        events: Sequence[DeliveryEvent],
        *,
        bucket: timedelta,
        is_report: bool = True,
    ) -> Added:
        """Store a batch, count what happened for the first time, drop the rest.

        Safe under repeats and disorder: the log is keyed by (campaign, time, event
        id), and rates count the first event of a kind per mail, so that an ESP that
        re-sends with a new id or time changes no number.

        Args:
            events: Normalised events of campaigns and mails that exist; see `known`.
            bucket: Width of a plot bucket.
            is_report: They came from the ESP's webhook, so it is not silent.
        """
        seconds = [int(e.at.timestamp()) for e in events]
        rows = [
            (
                e.campaign_id,
                at,
                e.event_id,
                e.type,
                e.send_id,
                e.is_hard,
                e.is_machine,
                e.url,
            )
            for e, at in zip(events, seconds, strict=True)
        ]
        new = sum(part.rowcount for part in self._add(_ADD_EVENTS, rows))
        # backwards: of several the first in the batch counts
        first_at: dict[tuple[int, str, int], int] = {
            (e.campaign_id, metric_of(e), e.send_id): at
            for e, at in zip(reversed(events), reversed(seconds), strict=True)
        }
        fresh = frozenset(
            (row[0], row[1], row[2])
            for part in self._add(_ADD_FIRSTS, list(first_at))
            for row in part.all()
        )
        self._count(fresh, first_at, bucket)
        campaigns = frozenset(e.campaign_id for e in events)
        if is_report:
            self._pulse(events, campaigns)
        return Added(new=max(new, 0), firsts=fresh, campaigns=campaigns)

    def _add(
        self, statement: str, rows: Sequence[Sequence[object]]
    ) -> Iterator[CursorResult[*tuple[Any, ...]]]:
        mark = _MARKS[self.connection.dialect.name]
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            part = rows[start : start + _ROWS_AT_ONCE]
            marks = f"({', '.join([mark] * len(part[0]))})"
            yield self.connection.exec_driver_sql(
                statement.format(rows=", ".join([marks] * len(part))),
                tuple(itertools.chain.from_iterable(part)),
            )

    def _count(
        self,
        fresh: Collection[tuple[int, str, int]],
        first_at: Mapping[tuple[int, str, int], int],
        bucket: timedelta,
    ) -> None:
        width = max(int(bucket.total_seconds()), 1)
        tally = Counter(
            (key[0], key[1], first_at[key] // width * width) for key in fresh
        )
        if tally:
            self.connection.execute(
                _ADD_COUNTS,
                [
                    {"campaign_id": c, "metric": m, "bucket": b, "n": n}
                    for (c, m, b), n in sorted(tally.items())
                ],
            )

    def _pulse(
        self, events: Sequence[DeliveryEvent], campaigns: frozenset[CampaignId]
    ) -> None:
        for campaign in sorted(campaigns):
            newest = max(e.at for e in events if e.campaign_id == campaign)
            self.connection.execute(
                _PULSE,
                {"campaign_id": campaign, "event_at": newest, "ingest_at": self.now},
            )

    def known(self, events: Sequence[DeliveryEvent]) -> list[DeliveryEvent]:
        """Only the events about mails that we sent, for the campaign they name."""
        named: defaultdict[CampaignId, set[int]] = defaultdict(set)
        for e in events:
            named[e.campaign_id].add(e.send_id)
        query = _STRANGERS[self.connection.dialect.name]
        strangers = {
            (int(row[0]), campaign_id)
            for campaign_id, send_ids in named.items()
            for row in self.connection.execute(
                query,
                {"send_ids": json.dumps(list(send_ids)), "campaign_id": campaign_id},
            )
        }
        if not strangers:
            return list(events)
        return [e for e in events if (e.send_id, e.campaign_id) not in strangers]

    def totals(self, campaign_id: CampaignId) -> dict[str, int]:
        """Mails per metric: how many had at least one such event."""
        return totals_of(self.connection, [campaign_id]).get(campaign_id, {})

    def told_by(
        self, campaign_id: CampaignId, metric: str, addresses: Collection[str]
    ) -> int:
        """How many of these addresses had such an event."""
        row = self._one(
            sa.select(sa.func.count().label("n"))
            .select_from(firsts)
            .join(sends, sends.c.id == firsts.c.send_id)
            .join(recipients, recipients.c.id == sends.c.recipient_id)
            .where(
                firsts.c.campaign_id == campaign_id,
                firsts.c.metric == metric,
                recipients.c.address.in_(addresses),
            )
        )
        return int(row.n) if row else 0

    def pulse(self, campaign_id: CampaignId) -> datetime | None:
        """When events of this campaign last reached us."""
        row = self._one(_PULSE_OF, campaign_id=campaign_id)
        return None if row is None else row.last_ingest_at

    def hear(self, campaign_id: CampaignId) -> None:
        """Its site is there, whatever it had to say."""
        self.connection.execute(
            _PULSE,
            {
                "campaign_id": campaign_id,
                "event_at": self.now,
                "ingest_at": self.now,
            },
        )

    def last_pulse(self) -> datetime | None:
        """When the ESP was last heard from, about whatever campaign."""
        row = self._one(_LAST_PULSE)
        return None if row is None else row.at

    def count_one(self, campaign_id: CampaignId, metric: str, send_id: int) -> None:
        """Count what a recipient told us directly, once per mail."""
        if self._insert_new(
            firsts, campaign_id=campaign_id, metric=metric, send_id=send_id
        ):
            self.connection.execute(
                _ADD_COUNTS,
                {
                    "campaign_id": campaign_id,
                    "metric": metric,
                    "bucket": int(self.now.timestamp()),
                    "n": 1,
                },
            )

    def first_at(self, campaign_id: CampaignId, metric: str) -> datetime | None:
        """Start of the first bucket in which the metric happened."""
        row = self._one(
            sa.select(sa.func.min(counters.c.bucket).label("at")).where(
                counters.c.campaign_id == campaign_id, counters.c.metric == metric
            )
        )
        if row is None or row.at is None:
            return None
        return datetime.fromtimestamp(row.at, UTC)
