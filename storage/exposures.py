"""Exposures: who saw a campaign's copy in its slot, and whose the slot is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.campaign import CampaignId, State
from domain.exposure import OCCUPIES, Token
from storage.repository import Repository, ignore_taken
from storage.sends import Cohort, Mails
from storage.tables import campaigns, cohorts, counters, exposures, variants

_TURNS: Final = 7_235_006
"""Key of the advisory lock that who takes a slot holds on Postgres."""

_SHOWN: Final = "delivered"
"""The counter of exposures; see `domain.exposure.COUNTED`."""

# scalar subqueries: a join would count each exposure once per step
_PLANNED: Final = (
    sa.select(sa.func.sum(cohorts.c.planned))
    .where(cohorts.c.campaign_id == campaigns.c.id)
    .scalar_subquery()
)
_OUT: Final = (
    sa.select(sa.func.coalesce(sa.func.sum(counters.c.n), 0))
    .where(counters.c.campaign_id == campaigns.c.id, counters.c.metric == _SHOWN)
    .scalar_subquery()
)
_TOTALS: Final = sa.select(
    campaigns.c.id, _PLANNED.label("planned"), _OUT.label("out")
).where(campaigns.c.id.in_(sa.bindparam("campaign_ids", expanding=True)))

_OCCUPIES: Final = sa.or_(
    campaigns.c.state.in_(sorted(OCCUPIES)),
    sa.and_(
        campaigns.c.state == State.PARKED,
        campaigns.c.paused_from.in_(sorted(OCCUPIES)),
    ),
)


def shown_of(connection: Connection, campaign_ids: Collection[int]) -> dict[int, Mails]:
    """Count the visitors of each campaign, in the words of mails: out, and to come."""
    found: dict[int, Mails] = {}
    for row in connection.execute(_TOTALS, {"campaign_ids": list(campaign_ids)}):
        out, planned = int(row.out), int(row.planned or 0)
        found[row.id] = Mails(
            out=out, left=max(planned - out, 0), accepted=out, skipped=0
        )
    return found


def slot_taken_by(
    connection: Connection, slot: str, *, but: CampaignId | None = None
) -> CampaignId | None:
    """The campaign that has the slot for itself now, or the other one that does."""
    query = (
        sa.select(campaigns.c.id)
        .where(campaigns.c.slot == slot, _OCCUPIES)
        .order_by(campaigns.c.id)
        .limit(1)
    )
    return _first(connection, query, but)


def _first(
    connection: Connection, query: sa.Select[tuple[int]], but: CampaignId | None
) -> CampaignId | None:
    if but is not None:
        query = query.where(campaigns.c.id != but)
    row = connection.execute(query).first()
    return None if row is None else CampaignId(row.id)


def live_in(
    connection: Connection, slot: str, *, but: CampaignId | None = None
) -> CampaignId | None:
    """The campaign whose copy a slot shows to everyone; None: the site's own."""
    query = (
        sa.select(campaigns.c.id)
        .where(campaigns.c.slot == slot, campaigns.c.state == State.SENT)
        .order_by(campaigns.c.updated_at.desc(), campaigns.c.id.desc())
        .limit(1)
    )
    return _first(connection, query, but)


def exposed_arms(
    connection: Connection, campaign_id: CampaignId
) -> tuple[tuple[str, int], ...]:
    """(label, visitors) of each variant that is shown, by label."""
    query = (
        sa.select(variants.c.label, sa.func.count(exposures.c.id).label("n"))
        .outerjoin(exposures, exposures.c.variant_id == variants.c.id)
        .where(variants.c.campaign_id == campaign_id, variants.c.is_arm)
        .group_by(variants.c.label)
        .order_by(variants.c.label)
    )
    rows = connection.execute(query)
    return tuple((row.label, int(row.n)) for row in rows)


class Exposures(Repository):
    def plan(self, campaign_id: CampaignId, steps: Sequence[Cohort]) -> None:
        """Write a campaign's steps; planned anew when its approval was taken back."""
        self.connection.execute(
            sa.delete(cohorts).where(cohorts.c.campaign_id == campaign_id)
        )
        self._insert_many(
            cohorts,
            [
                {
                    "campaign_id": campaign_id,
                    "step": each.step,
                    "percent": each.percent,
                    "planned": each.planned,
                    "reporting": each.reporting,
                    "expands_itself": each.expands_itself,
                }
                for each in steps
            ],
        )

    def taken_by(self, slot: str, *, but: CampaignId) -> CampaignId | None:
        """Who has the slot; nobody else takes it until we commit."""
        # on SQLite the transaction is the only writer
        if self.connection.dialect.name == "postgresql":
            self.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURNS)))
        return slot_taken_by(self.connection, slot, but=but)

    def live_in(self, slot: str, *, but: CampaignId | None = None) -> CampaignId | None:
        return live_in(self.connection, slot, but=but)

    def trying(self, slot: str) -> CampaignId | None:
        """The campaign that has the slot for itself now."""
        return slot_taken_by(self.connection, slot)

    def slots_of(self, campaign_ids: Collection[int]) -> Mapping[int, str]:
        """Slot by campaign; a campaign that does not exist is not in it."""
        rows = self._all(
            sa.select(campaigns.c.id, campaigns.c.slot).where(
                campaigns.c.id.in_(list(campaign_ids))
            )
        )
        return {row.id: row.slot for row in rows}

    def meet(self, tokens: Collection[Token]) -> dict[tuple[int, str], int]:
        """Keep who was exposed, each visitor once per campaign; their ids.

        The first answer that the site reports of decides which variant a visitor saw.
        """
        first: dict[tuple[int, str], Token] = {}
        for each in tokens:
            first.setdefault((each.campaign_id, each.visitor), each)
        if not first:
            return {}
        self.connection.execute(
            ignore_taken(self.connection, exposures),
            [
                {
                    "campaign_id": each.campaign_id,
                    "variant_id": each.variant_id,
                    "visitor": each.visitor,
                    "answered_at": each.issued_at,
                    "reported_at": self.now,
                }
                for _key, each in sorted(first.items())
            ],
        )
        rows = self._all(
            sa.select(
                exposures.c.id, exposures.c.campaign_id, exposures.c.visitor
            ).where(
                exposures.c.campaign_id.in_({campaign for campaign, _ in first}),
                exposures.c.visitor.in_({visitor for _, visitor in first}),
            )
        )
        return {(row.campaign_id, row.visitor): row.id for row in rows}

    def totals(self, campaign_id: CampaignId) -> tuple[int, int]:
        """(visitors who saw it, visitors still to see it)."""
        shown = shown_of(self.connection, [campaign_id])[campaign_id]
        return shown.out, shown.left

    def arms(self, campaign_id: CampaignId) -> tuple[tuple[str, int], ...]:
        return exposed_arms(self.connection, campaign_id)

    def reported_since(self, campaign_id: CampaignId, since: datetime) -> int:
        """Visitors who were not known of at that time."""
        row = self._one(
            sa.select(sa.func.count().label("n")).where(
                exposures.c.campaign_id == campaign_id,
                exposures.c.reported_at > since,
            )
        )
        return int(row.n) if row else 0
