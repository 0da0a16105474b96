"""Where a campaign stands in review: who is asked, by when, and who was told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from domain.campaign import Campaign, State
from domain.review import ReviewRequest, Stage, fully_approved, quota
from domain.variant import LIVE_VARIANT, Variant
from domain.views import Facts, Nudge, ReviewView
from storage.holding import holding_of
from storage.queries.pools import asked_of
from storage.reviews import REQUESTS, request_from
from storage.tables import review_requests


def review_view(
    connection: Connection,
    campaign: Campaign,
    brief: Mapping[str, Any],
    variants: Collection[Variant],
    facts: Facts,
) -> ReviewView | None:
    """Read the open stage; None when none is open or the playbook has dropped it."""
    stages = facts.stages.get(campaign.tier, ())
    names = [stage.name for stage in stages]
    if campaign.state is not State.STAGED_REVIEW or campaign.stage not in names:
        return None
    stage = stages[names.index(campaign.stage)]
    asked = _open_requests(connection, campaign, stage)
    labels = {each.id: each.label for each in variants}
    escalation = stage.escalation
    pool = asked_of(connection, asked, facts.team, author=campaign.author)
    return ReviewView(
        stage=stage.name,
        number=names.index(stage.name) + 1,
        total=len(stages),
        role=stage.role,
        asked=pool.users,
        is_pool_empty=pool.is_pool_empty,
        due_at=min((request.due_at for request in asked), default=None),
        quota=quota(stage.name, stages, arms=int(brief.get("arms", 1))),
        approved=_approved(connection, campaign, stage, stages, variants),
        approvals_needed=max((each.approvals_needed for each in asked), default=1),
        reminded=_nudge(asked, labels, lambda request: request.reminded_at),
        escalated=_nudge(asked, labels, lambda request: request.escalated_at),
        escalated_to=facts.team.named(escalation.to) if escalation else (),
        **({"escalated_by": escalation.by} if escalation else {}),
        passes_by_itself=facts.rules.may_pass_by_itself(campaign.tier, campaign.id),
        is_spot_checked=facts.rules.is_spot_checked(campaign.tier, campaign.id),
    )


def _open_requests(
    connection: Connection, campaign: Campaign, stage: Stage
) -> list[ReviewRequest]:
    query = REQUESTS.where(
        review_requests.c.campaign_id == campaign.id,
        review_requests.c.closed_at.is_(None),
        # reopened at an earlier stage, a later stage's question rests
        review_requests.c.stage == stage.name,
    ).order_by(review_requests.c.id)
    return [request_from(row) for row in connection.execute(query)]


def _approved(
    connection: Connection,
    campaign: Campaign,
    stage: Stage,
    stages: Sequence[Stage],
    variants: Collection[Variant],
) -> int:
    """How many live texts the stage has let through."""
    given = fully_approved(holding_of(connection, campaign.id, variants, stages))
    return sum(
        each.revision_id is not None
        and each.state in LIVE_VARIANT
        and (each.id, each.revision_id, stage.name) in given
        for each in variants
    )


def _nudge(
    asked: Sequence[ReviewRequest],
    labels: Mapping[Any, str],
    when: Callable[[ReviewRequest], datetime | None],
) -> Nudge | None:
    """The last one about what is still open."""
    at = max((found for each in asked if (found := when(each))), default=None)
    if at is None:
        return None
    about = [each for each in asked if when(each) == at]
    return Nudge(
        at=at,
        labels=tuple(sorted(labels[each.variant_id] for each in about)),
        due_at=min(each.due_at for each in about),
    )
