"""Review requests and the decisions that close them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.campaign import CampaignId
from domain.errors import Unknown
from domain.rejection import RejectReason
from domain.review import Approval, Outcome, RequestId, ReviewRequest
from domain.variant import RevisionId, VariantId
from storage.decisions import STANDS
from storage.repository import Repository
from storage.tables import decisions, review_requests, revisions

REQUESTS: Final = sa.select(
    review_requests, revisions.c.sha256.label("revision_sha256")
).join(revisions, revisions.c.id == review_requests.c.revision_id)
"""Review requests with the hash of the text they ask about."""

_REQUEST: Final = REQUESTS.where(review_requests.c.id == sa.bindparam("request_id"))
_CLOSE: Final = sa.update(review_requests).where(
    review_requests.c.id == sa.bindparam("request_id"),
    review_requests.c.closed_at.is_(None),
)


_OPEN: Final = REQUESTS.where(
    review_requests.c.campaign_id == sa.bindparam("campaign_id"),
    review_requests.c.closed_at.is_(None),
).order_by(review_requests.c.id)
_APPROVALS: Final = (
    sa.select(decisions, review_requests.c.approvals_needed)
    .join(review_requests, review_requests.c.id == decisions.c.request_id)
    .where(
        decisions.c.campaign_id == sa.bindparam("campaign_id"),
        decisions.c.is_approval,
        STANDS,
    )
    .order_by(decisions.c.id)
)
_APPROVERS: Final = (
    sa.select(decisions.c.actor)
    .where(
        decisions.c.request_id == sa.bindparam("request_id"),
        decisions.c.is_approval,
        STANDS,
    )
    .order_by(decisions.c.id)
)


_ASKED_ANEW: Final = (Outcome.SUPERSEDED, Outcome.WITHDRAWN, Outcome.TAKEN_BACK)


def request_from(row: Row[Any]) -> ReviewRequest:
    return ReviewRequest(
        id=RequestId(row.id),
        campaign_id=CampaignId(row.campaign_id),
        variant_id=VariantId(row.variant_id),
        revision_id=RevisionId(row.revision_id),
        revision_sha256=row.revision_sha256,
        stage=row.stage,
        round=row.round,
        role=row.role,
        asked_at=row.asked_at,
        due_at=row.due_at,
        closed_at=row.closed_at,
        outcome=Outcome(row.outcome) if row.outcome else None,
        decided_by=row.decided_by,
        approvals_needed=row.approvals_needed,
        reminded_at=row.reminded_at,
        escalated_at=row.escalated_at,
        assignee=row.assignee,
    )


def approvals_of(
    connection: Connection, campaign_id: CampaignId
) -> tuple[Approval, ...]:
    """Every approval that was not undone, in order."""
    return tuple(
        Approval(
            variant_id=VariantId(row.variant_id),
            revision_id=RevisionId(row.revision_id),
            stage=row.stage,
            actor=row.actor,
            needed=row.approvals_needed,
        )
        for row in connection.execute(_APPROVALS, {"campaign_id": campaign_id})
    )


class Reviews(Repository):
    def ask(
        self,
        campaign_id: CampaignId,
        variant_id: VariantId,
        revision_id: RevisionId,
        *,
        stage: str,
        round_name: str,
        role: str,
        due_at: datetime,
        approvals_needed: int = 1,
    ) -> bool:
        """Open the one question about this text in this stage; False if it stands.

        A question that was superseded is asked anew: the rewrite it made way for
        never came, so the text is the variant's present one again. So is one that
        was withdrawn by a decision that has been undone.
        """
        is_new = self._insert_new(
            review_requests,
            campaign_id=campaign_id,
            variant_id=variant_id,
            revision_id=revision_id,
            stage=stage,
            round=round_name,
            role=role,
            approvals_needed=approvals_needed,
            asked_at=self.now,
            due_at=due_at,
        )
        if is_new:
            return True
        again = self.connection.execute(
            sa.update(review_requests)
            .where(
                review_requests.c.revision_id == revision_id,
                review_requests.c.stage == stage,
                review_requests.c.outcome.in_(_ASKED_ANEW),
            )
            .values(
                closed_at=None,
                outcome=None,
                decided_by=None,
                round=round_name,
                asked_at=self.now,
                due_at=due_at,
                reminded_at=None,
                escalated_at=None,
            )
        )
        if again.rowcount:
            return True
        # open since before the playbook put its rounds together otherwise
        self.connection.execute(
            sa.update(review_requests)
            .where(
                review_requests.c.revision_id == revision_id,
                review_requests.c.stage == stage,
                review_requests.c.closed_at.is_(None),
                review_requests.c.round != round_name,
            )
            .values(round=round_name)
        )
        return False

    def get(self, request_id: RequestId) -> ReviewRequest:
        """Read a request.

        Raises:
            Unknown: There is none with that id.
        """
        row = self._one(_REQUEST, request_id=request_id)
        if row is None:
            raise Unknown("There is no such review request.")
        return request_from(row)

    def open_requests(
        self, campaign_id: CampaignId, *, variant_id: VariantId | None = None
    ) -> tuple[ReviewRequest, ...]:
        rows = self._all(_OPEN, campaign_id=campaign_id)
        return tuple(
            request_from(row) for row in rows if variant_id in (None, row.variant_id)
        )

    def close(
        self, request: ReviewRequest, outcome: Outcome, *, decided_by: str | None = None
    ) -> bool:
        """Close an open request; False when somebody else closed it first."""
        result = self.connection.execute(
            _CLOSE,
            {
                "request_id": request.id,
                "closed_at": self.now,
                "outcome": outcome,
                "decided_by": decided_by,
            },
        )
        return result.rowcount == 1

    def reopen(self, request_id: RequestId) -> None:
        """Ask a question again whose answer was taken back; its deadline stays."""
        self.connection.execute(
            sa.update(review_requests)
            .where(review_requests.c.id == request_id)
            .values(closed_at=None, outcome=None, decided_by=None)
        )

    def decide(
        self,
        request: ReviewRequest,
        *,
        actor: str,
        is_approval: bool,
        reason: str | None,
        policy_hash: str,
        answers: Mapping[str, str],
        code: RejectReason | None = None,
    ) -> None:
        """Append the decision; it binds to the revision's hash."""
        self._insert(
            decisions,
            request_id=request.id,
            campaign_id=request.campaign_id,
            variant_id=request.variant_id,
            revision_id=request.revision_id,
            revision_sha256=request.revision_sha256,
            stage=request.stage,
            actor=actor,
            is_approval=is_approval,
            reason_code=code,
            reason=reason,
            policy_hash=policy_hash,
            answers=dict(answers),
            decided_at=self.now,
        )

    def approvals(self, campaign_id: CampaignId) -> tuple[Approval, ...]:
        return approvals_of(self.connection, campaign_id)

    def approvers(self, request_id: RequestId) -> tuple[str, ...]:
        """Who has approved, in order; a decision that was undone does not count."""
        rows = self._all(_APPROVERS, request_id=request_id)
        return tuple(dict.fromkeys(row.actor for row in rows))

    def reminded(self, request_ids: Sequence[RequestId]) -> None:
        """Note that the asked are reminded now."""
        self._note(request_ids, reminded_at=self.now)

    def escalated(self, request_ids: Sequence[RequestId]) -> None:
        """Note that somebody is asked now to step in."""
        self._note(request_ids, escalated_at=self.now)

    def _note(self, request_ids: Sequence[RequestId], **facts: object) -> None:
        self.connection.execute(
            sa.update(review_requests)
            .where(review_requests.c.id.in_(request_ids))
            .values(**facts)
        )
