"""Where a campaign stands in review: who is asked, by when, and who was told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from domain.campaign import Campaign, State
from domain.review import (
    EscalateBy,
    ReviewRequest,
    Round,
    Stage,
    fully_approved,
    quota,
    round_named,
)
from domain.variant import LIVE_VARIANT, Variant, VariantId, VariantState
from domain.views import Facts, Nudge, ReviewView
from storage.holding import holding_of
from storage.queries.pools import asked_of
from storage.reviews import REQUESTS, request_from
from storage.tables import review_requests


def review_views(
    connection: Connection,
    campaign: Campaign,
    brief: Mapping[str, Any],
    variants: Collection[Variant],
    facts: Facts,
) -> tuple[ReviewView, ...]:
    """Read the stages of the open round, in order.

    Empty when none is open, or the playbook has dropped it.
    """
    stages = facts.stages.get(campaign.tier, ())
    if campaign.state is not State.STAGED_REVIEW:
        return ()
    now_open = round_named(stages, campaign.stage)
    if not now_open:
        return ()
    requests = _open_requests(connection, campaign)
    live = [
        each
        for each in variants
        if each.revision_id is not None and each.state in LIVE_VARIANT
    ]
    through = _through(connection, campaign, now_open, stages, live)
    labels = {each.id: each.label for each in variants}
    room = quota(now_open[0].round, stages, arms=int(brief.get("arms", 1)))
    if room is not None:
        # no more than there are
        room = min(room, sum(each.state in LIVE_VARIANT for each in variants))
    return tuple(
        replace(
            _review(
                connection,
                campaign,
                stage,
                [each for each in requests if each.stage == stage.name],
                labels=labels,
                facts=facts,
            ),
            number=stages.index(stage) + 1,
            total=len(stages),
            quota=room,
            approved=len(frozenset.intersection(*through.values())),
            is_through=bool(live) and through[stage.name] >= {each.id for each in live},
        )
        for stage in now_open
    )


def _review(
    connection: Connection,
    campaign: Campaign,
    stage: Stage,
    asked: Sequence[ReviewRequest],
    *,
    labels: Mapping[Any, str],
    facts: Facts,
) -> ReviewView:
    escalation, rules = stage.escalation, facts.rules
    pool = asked_of(connection, asked, facts.team, author=campaign.author)
    return ReviewView(
        stage=stage.name,
        beside=tuple(name for name in stage.beside if name != stage.name),
        role=stage.role,
        asked=pool.users,
        is_pool_empty=pool.is_pool_empty,
        due_at=min((request.due_at for request in asked), default=None),
        approvals_needed=max((each.approvals_needed for each in asked), default=1),
        reminded=_nudge(asked, labels, lambda request: request.reminded_at),
        escalated=_nudge(asked, labels, lambda request: request.escalated_at),
        escalated_to=facts.team.named(escalation.to) if escalation else (),
        escalated_by=escalation.by if escalation else EscalateBy.THREAD,
        passes_by_itself=rules.may_pass_by_itself(campaign.tier, campaign.id),
        is_spot_checked=rules.is_spot_checked(campaign.tier, campaign.id),
    )


def _through(
    connection: Connection,
    campaign: Campaign,
    now_open: Round,
    stages: Sequence[Stage],
    live: Collection[Variant],
) -> Mapping[str, frozenset[VariantId]]:
    """By stage of the round, the variants whose present text it has approved."""
    given = fully_approved(holding_of(connection, campaign.id, live, stages))
    return {
        stage.name: frozenset(
            each.id
            for each in live
            # what is being rewritten has no present text
            if each.state is not VariantState.BRIEFED
            and (each.id, each.revision_id, stage.name) in given
        )
        for stage in now_open
    }


def _open_requests(connection: Connection, campaign: Campaign) -> list[ReviewRequest]:
    query = REQUESTS.where(
        review_requests.c.campaign_id == campaign.id,
        review_requests.c.closed_at.is_(None),
        # reopened at an earlier stage, a later stage's question rests
        review_requests.c.round == campaign.stage,
    ).order_by(review_requests.c.id)
    return [request_from(row) for row in connection.execute(query)]


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
