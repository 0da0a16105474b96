"""Who is asked, who could be, and who was before: what Assign shows and the thread says."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.campaign import CampaignId, State
from domain.errors import Overtaken
from domain.pool import Assignment, check_may_assign, fit_to_decide
from domain.review import RequestId, ReviewRequest, Stage, Team
from domain.views import AssignView, Facts, PoolLine
from storage.pools import assignments_of, loads_of
from storage.preferences import away, away_until
from storage.queries.edited import editors_of
from storage.queries.records import request
from storage.tables import campaigns, review_requests, variants


class Asked(NamedTuple):
    """Who is asked, and whether they are all there is, out of office."""

    users: tuple[str, ...]
    is_pool_empty: bool


def asked_of(
    connection: Connection,
    questions: Sequence[ReviewRequest],
    team: Team,
    *,
    author: str,
    but: Collection[str] = (),
) -> Asked:
    """Who is asked one stage's questions: the assigned, or else all who are in.

    When nobody is in, everybody is asked all the same.

    Args:
        but: Those who have given their answer.
    """
    if not questions:
        return Asked(users=(), is_pool_empty=False)
    pool = [user for user in team.holders(questions[0].role) if user != author]
    gone = away(connection, pool)
    left = [user for user in pool if user not in but]
    here = [user for user in left if user not in gone] or left
    users: list[str] = []
    for each in questions:
        # somebody who has left the team is nobody to ask
        users += [each.assignee] if each.assignee in left else here
    return Asked(
        users=tuple(dict.fromkeys(users)),
        is_pool_empty=gone.issuperset(pool),
    )


def assignments(
    connection: Connection, campaign_id: CampaignId
) -> tuple[Assignment, ...]:
    """Every change of who is asked about the campaign, in order."""
    return assignments_of(connection, campaign_id)


def assigning(
    connection: Connection,
    request_id: RequestId,
    user: str,
    facts: Facts,
    *,
    now: datetime,
) -> AssignView:
    """Read who could be asked instead, by what each has to do already.

    Raises:
        Unknown: There is no such question.
        Overtaken: It is answered, or its stage is over.
        NotYourTurn: The reader may not say who is asked.
    """
    asked = request(connection, request_id)
    campaign = _campaign(connection, asked.campaign_id)
    facts = facts.of(campaign.team)
    stage = _open_stage(facts, campaign, asked)
    if stage is None:
        raise Overtaken(
            "This question does not wait for an answer any more, so there is nothing to"
            " assign."
        )
    check_may_assign(user, team=facts.team, stage=stage)
    waiting = _waiting(connection, asked)
    last = [
        each
        for each in assignments_of(connection, asked.campaign_id)
        if each.stage == stage.name
    ]
    return AssignView(
        request_id=request_id,
        campaign_id=asked.campaign_id,
        title=campaign.title,
        stage=stage.name,
        role=stage.role,
        reader=user,
        labels=tuple(sorted(set(waiting.values()))),
        assignee=asked.assignee,
        due_at=asked.due_at,
        seen=last[-1].seq if last else 0,
        pool=_pool(connection, facts, campaign, stage, waiting, now=now),
    )


def _campaign(connection: Connection, campaign_id: CampaignId) -> Row[Any]:
    return connection.execute(
        sa.select(campaigns).where(campaigns.c.id == campaign_id)
    ).one()


def _open_stage(facts: Facts, campaign: Row[Any], asked: ReviewRequest) -> Stage | None:
    """The question's stage while it waits for an answer to it."""
    if asked.closed_at is not None or campaign.state != State.STAGED_REVIEW:
        return None
    if campaign.stage != asked.round:
        return None
    stages = facts.stages.get(campaign.tier, ())
    return next((each for each in stages if each.name == asked.stage), None)


def _waiting(connection: Connection, asked: ReviewRequest) -> Mapping[int, str]:
    """The label of each text that its stage waits for, by revision."""
    query = (
        sa.select(review_requests.c.revision_id, variants.c.label)
        .join(variants, variants.c.id == review_requests.c.variant_id)
        .where(
            review_requests.c.campaign_id == asked.campaign_id,
            review_requests.c.stage == asked.stage,
            review_requests.c.closed_at.is_(None),
        )
    )
    return {row.revision_id: row.label for row in connection.execute(query)}


def _pool(
    connection: Connection,
    facts: Facts,
    campaign: Row[Any],
    stage: Stage,
    waiting: Mapping[int, str],
    *,
    now: datetime,
) -> tuple[PoolLine, ...]:
    editors = set(editors_of(connection, tuple(waiting)).values())
    fit = fit_to_decide(
        facts.team,
        stage=stage,
        stages=facts.stages[campaign.tier],
        tier=campaign.tier,
        brief_author=campaign.author,
        editors=editors,
    )
    zone = facts.rules.hours.zone
    gone = {
        user: until.astimezone(zone)
        for user, until in away_until(connection, fit, now).items()
    }
    return tuple(
        PoolLine(
            user=each.user,
            name=facts.team.people[each.user].name,
            waiting=each.waiting,
            away_until=gone.get(each.user),
        )
        for each in loads_of(connection, fit)
    )
