"""Two revisions of one campaign beside each other, and all that could be there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.campaign import CampaignId, State
from domain.comparison import PostedComparison
from domain.errors import Refused, Unknown
from domain.lint import Severity
from domain.review import RequestId
from domain.variant import LIVE_VARIANT, RevisionId, VariantId
from domain.views import ColumnView, ComparisonView, RevisionOption
from storage.comparisons import posted_comparisons
from storage.queries.copies import revision
from storage.tables import (
    campaigns,
    lint_runs,
    review_requests,
    revisions,
    slack_messages,
    variants,
)

_TEXTS: Final = (
    sa.select(
        revisions.c.id,
        revisions.c.variant_id,
        revisions.c.number,
        variants.c.label,
        variants.c.state,
        variants.c.revision_id.label("current"),
        campaigns.c.title,
    )
    .join(variants, variants.c.id == revisions.c.variant_id)
    .join(campaigns, campaigns.c.id == variants.c.campaign_id)
    .where(variants.c.campaign_id == sa.bindparam("campaign_id"))
    .order_by(variants.c.label, revisions.c.number.desc())
)
_ASKED: Final = (
    sa.select(review_requests.c.id, review_requests.c.stage)
    .join(campaigns, campaigns.c.id == review_requests.c.campaign_id)
    .where(
        review_requests.c.revision_id == sa.bindparam("revision_id"),
        review_requests.c.closed_at.is_(None),
        campaigns.c.state == State.STAGED_REVIEW,
        # reopened at an earlier stage, a later stage's question rests
        campaigns.c.stage == review_requests.c.round,
    )
    .order_by(review_requests.c.id)
)
_LINTED: Final = sa.select(lint_runs.c.outcome).where(
    lint_runs.c.revision_id == sa.bindparam("revision_id")
)


def comparison(
    connection: Connection,
    campaign_id: CampaignId,
    *,
    left: RevisionId | None = None,
    right: RevisionId | None = None,
    variant: VariantId | None = None,
) -> ComparisonView:
    """Read two columns of a campaign's texts.

    Args:
        left: The revision on the left; None to begin with the first variant in play.
        right: The revision on the right; None to begin with the next one.
        variant: The variant to begin with, instead of the first.

    Raises:
        Refused: The campaign has fewer than two texts.
        Unknown: A revision is not of this campaign, or there is no such campaign.
    """
    rows = list[Row[Any]](connection.execute(_TEXTS, {"campaign_id": campaign_id}))
    if len(rows) < 2:  # noqa: PLR2004  # two columns
        raise Refused("There is only one text so far, so there is nothing to compare.")
    first = _chosen(rows, left) if left else _first(rows, variant)
    second = _chosen(rows, right) if right else _next(rows, first)
    return ComparisonView(
        campaign_id=campaign_id,
        title=rows[0].title,
        left=_column(connection, first),
        posted=next(
            (
                each
                for each in posted_comparisons(connection, campaign_id)
                if (each.left, each.right) == (first.id, second.id)
            ),
            None,
        ),
        right=_column(connection, second),
        options=tuple(
            RevisionOption(
                revision_id=RevisionId(row.id),
                variant_label=row.label,
                number=row.number,
                is_current=row.id == row.current,
            )
            for row in rows
        ),
    )


def comparisons_to_post(
    connection: Connection, campaign_id: CampaignId
) -> tuple[PostedComparison, ...]:
    """Comparisons that are wanted in the thread and are not there yet, in order."""
    wanted = {each.key: each for each in posted_comparisons(connection, campaign_id)}
    if not wanted:
        return ()
    query = sa.select(slack_messages.c.key).where(
        slack_messages.c.key.in_(wanted), slack_messages.c.state == "posted"
    )
    there = set(connection.execute(query).scalars())
    return tuple(each for key, each in wanted.items() if key not in there)


def campaign_of(connection: Connection, variant_id: VariantId) -> CampaignId:
    """The campaign that a variant is of.

    Raises:
        Unknown: There is no such variant.
    """
    query = sa.select(variants.c.campaign_id).where(variants.c.id == variant_id)
    found = connection.execute(query).scalar()
    if found is None:
        raise Unknown("There is no such variant.")
    return CampaignId(found)


def _chosen(rows: Sequence[Row[Any]], revision_id: RevisionId) -> Row[Any]:
    for row in rows:
        if row.id == revision_id:
            return row
    raise Unknown("This campaign has no such revision.")


def _first(rows: Sequence[Row[Any]], variant: VariantId | None) -> Row[Any]:
    """The present text of the variant asked for, else of the first one in play."""
    wanted = [row for row in rows if variant in (None, row.variant_id)]
    return min(wanted or rows, key=_rank)


def _next(rows: Sequence[Row[Any]], first: Row[Any]) -> Row[Any]:
    """Another variant's present text; with no other, the revision before."""
    others = [row for row in rows if row.variant_id != first.variant_id]
    rest = others or [row for row in rows if row.id != first.id]
    return min(rest, key=_rank)


def _rank(row: Row[Any]) -> tuple[bool, bool, str, int]:
    is_in_play = row.state in LIVE_VARIANT
    return row.id != row.current, not is_in_play, row.label, -row.number


def _column(connection: Connection, row: Row[Any]) -> ColumnView:
    given = {"revision_id": row.id}
    linted = connection.execute(_LINTED, given).scalar()
    asked = list[Row[Any]](connection.execute(_ASKED, given))
    may_be_approved = linted not in (None, Severity.HARD)
    return ColumnView(
        revision=revision(connection, RevisionId(row.id)),
        is_linted=linted is not None,
        questions=tuple(
            (RequestId(each.id), each.stage) for each in asked if may_be_approved
        ),
    )
