"""Who of a role is asked: assignments, how much each person has, and who is away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.campaign import CampaignId, State
from domain.pool import Assignment, Load
from domain.review import RequestId, ReviewRequest
from storage.audit import detail_from
from storage.repository import Repository
from storage.reviews import REQUESTS, request_from
from storage.tables import audit_events, campaigns, review_requests

ASSIGNED: Final = "request_assigned"
"""The audit event of a change of who is asked."""

_QUESTIONS: Final = REQUESTS.where(
    review_requests.c.campaign_id == sa.bindparam("campaign_id"),
    review_requests.c.stage == sa.bindparam("stage"),
).order_by(review_requests.c.id)
_WAITING: Final = (
    sa.select(review_requests.c.assignee, sa.func.count().label("n"))
    .join(campaigns, campaigns.c.id == review_requests.c.campaign_id)
    .where(
        review_requests.c.assignee.in_(sa.bindparam("users", expanding=True)),
        review_requests.c.closed_at.is_(None),
        # what rests is no work: parked, or reopened at an earlier stage
        campaigns.c.state == State.STAGED_REVIEW,
        campaigns.c.stage == review_requests.c.round,
    )
    .group_by(review_requests.c.assignee)
)
_LAST_ASKED: Final = (
    sa.select(
        review_requests.c.assignee,
        sa.func.max(review_requests.c.asked_at).label("asked_at"),
    )
    .where(review_requests.c.assignee.in_(sa.bindparam("users", expanding=True)))
    .group_by(review_requests.c.assignee)
)
_HELD: Final = (
    sa.select(review_requests.c.campaign_id, review_requests.c.stage)
    .where(
        review_requests.c.assignee == sa.bindparam("user"),
        review_requests.c.closed_at.is_(None),
    )
    .distinct()
    .order_by(review_requests.c.campaign_id, review_requests.c.stage)
)
_ASKED_OF: Final = (
    sa.select(review_requests.c.campaign_id, review_requests.c.stage)
    .join(campaigns, campaigns.c.id == review_requests.c.campaign_id)
    .where(
        review_requests.c.role == sa.bindparam("role"),
        review_requests.c.closed_at.is_(None),
        campaigns.c.state == State.STAGED_REVIEW,
        campaigns.c.stage == review_requests.c.round,
    )
    .distinct()
    .order_by(review_requests.c.campaign_id, review_requests.c.stage)
)
_ASSIGNMENTS: Final = (
    sa.select(audit_events)
    .where(
        audit_events.c.campaign_id == sa.bindparam("campaign_id"),
        audit_events.c.event == ASSIGNED,
    )
    .order_by(audit_events.c.seq)
)


def loads_of(connection: Connection, users: Sequence[str]) -> tuple[Load, ...]:
    """What each of them has been asked, in the order given."""
    if not users:
        return ()
    given = {"users": list(users)}
    waiting = {row.assignee: row.n for row in connection.execute(_WAITING, given)}
    last = {
        row.assignee: row.asked_at for row in connection.execute(_LAST_ASKED, given)
    }
    return tuple(
        Load(user=user, waiting=waiting.get(user, 0), last_asked=last.get(user))
        for user in users
    )


def assignments_of(
    connection: Connection, campaign_id: CampaignId
) -> tuple[Assignment, ...]:
    """Every change of who is asked about a campaign, in order."""
    found: list[Assignment] = []
    for row in connection.execute(_ASSIGNMENTS, {"campaign_id": campaign_id}):
        detail = detail_from(row.detail)
        if not isinstance(detail, dict):
            continue
        role = detail.get("role")
        before, after = detail.get("from"), detail.get("to")
        found.append(
            Assignment(
                seq=row.seq,
                stage=str(detail.get("stage")),
                before=None if before in (None, role) else str(before),
                after=None if after in (None, role) else str(after),
                actor=row.actor,
                at=row.at,
                is_first=before is None,
                reason=None if "reason" not in detail else str(detail["reason"]),
            )
        )
    return tuple(found)


class Pools(Repository):
    def questions(
        self, campaign_id: CampaignId, stage: str
    ) -> tuple[ReviewRequest, ...]:
        """All questions of one stage about a campaign, open and closed, in order."""
        rows = self._all(_QUESTIONS, campaign_id=campaign_id, stage=stage)
        return tuple(request_from(row) for row in rows)

    def assign(self, request_ids: Collection[RequestId], user: str | None) -> None:
        """Ask one person; None asks everyone of the role."""
        self.connection.execute(
            sa.update(review_requests)
            .where(review_requests.c.id.in_(request_ids))
            .values(assignee=user)
        )

    def held_by(self, user: str) -> tuple[tuple[CampaignId, str], ...]:
        """Campaigns and stages with open questions that are assigned to a person."""
        return tuple(
            (CampaignId(row.campaign_id), row.stage)
            for row in self._all(_HELD, user=user)
        )

    def asked_of(self, role: str) -> tuple[tuple[CampaignId, str], ...]:
        """Campaigns and stages that wait for an answer from a role."""
        return tuple(
            (CampaignId(row.campaign_id), row.stage)
            for row in self._all(_ASKED_OF, role=role)
        )

    def loads(self, users: Sequence[str]) -> tuple[Load, ...]:
        return loads_of(self.connection, users)

    def last_assignment(self, campaign_id: CampaignId, stage: str) -> Assignment | None:
        """The last change of who is asked in a stage; None: there was none."""
        made = assignments_of(self.connection, campaign_id)
        about = [each for each in made if each.stage == stage]
        return about[-1] if about else None
