"""Where a review stands, as its stages see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from domain.campaign import Campaign
from domain.review import (
    Approval,
    ReviewRequest,
    Round,
    Stage,
    fully_approved,
    open_round,
)
from domain.variant import Revision, RevisionId, Variant, VariantState
from pipeline.playbook import Playbook
from storage.store import Store

_NO_TEXT: Final = RevisionId(0)
"""Stands for the text of a variant that waits for its writer; nobody approved it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a review stands: the variants still in it and every approval so far.

    Attributes:
        approvals: As they count now: for the present text, when they hold for it.
    """

    live: tuple[Variant, ...]
    approvals: tuple[Approval, ...]

    def through(self, stage: Stage) -> tuple[Variant, ...]:
        """Live variants whose present text the stage has approved."""
        given = fully_approved(self.approvals)
        return tuple(
            v
            for v in self.live
            if v.revision_id is not None
            and (v.id, v.revision_id, stage.name) in given
            and v.state is not VariantState.BRIEFED
        )

    def through_all(self, stages: Sequence[Stage]) -> tuple[Variant, ...]:
        """Live variants whose present text every one of these stages has approved."""
        through = [{each.id for each in self.through(stage)} for stage in stages]
        return tuple(v for v in self.live if all(v.id in each for each in through))

    def open_round(self, stages: Sequence[Stage]) -> Round:
        """The first round with a text it has not approved; empty: all are through.

        Approvals of a text that is being rewritten do not carry the campaign on.
        """
        current = {
            v.id: _NO_TEXT
            if v.revision_id is None or v.state is VariantState.BRIEFED
            else v.revision_id
            for v in self.live
        }
        return open_round(stages, current, self.approvals)

    def is_full(self, stages: Round, room: int | None) -> bool:
        """Whether a round has let through what it has room for."""
        return room is not None and len(self.through_all(stages)) >= room

    def approvers(self, request: ReviewRequest) -> tuple[str, ...]:
        """Who has approved this text in this stage, also as an earlier revision."""
        return tuple(
            dict.fromkeys(
                each.actor
                for each in self.approvals
                if each.revision_id == request.revision_id
                and each.stage == request.stage
            )
        )


def standing_of(store: Store, playbook: Playbook, campaign: Campaign) -> Standing:
    live = store.variants.live(campaign.id)
    stages = playbook.stages[campaign.tier]
    return Standing(
        live=live, approvals=store.holding.approvals(campaign.id, live, stages)
    )


def approvers(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    request: ReviewRequest,
    revision: Revision,
) -> tuple[str, ...]:
    """Who has approved already; only a changed text can have an older approval."""
    if revision.parent_id is None:
        return store.reviews.approvers(request.id)
    return standing_of(store, playbook, campaign).approvers(request)


def to_be_asked(
    store: Store, playbook: Playbook, campaign: Campaign, request: ReviewRequest
) -> tuple[Stage, ...]:
    """The stages in which people have yet to read this very text.

    One whose earlier approval holds is no other pair of eyes on an edit.
    """
    standing = standing_of(store, playbook, campaign)
    return tuple(
        stage
        for stage in playbook.stages[campaign.tier]
        if stage.name == request.stage
        or request.variant_id not in {each.id for each in standing.through(stage)}
    )
