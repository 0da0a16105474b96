"""People decide: requests are opened, approved, rejected, and stages pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from domain.campaign import Actor, Campaign, CampaignId, Event, State
from domain.errors import AlreadyDecided, Overtaken, Refused
from domain.lint import Severity
from domain.review import (
    Approval,
    Outcome,
    RequestId,
    ReviewRequest,
    Stage,
    check_may_decide,
    next_stage,
    quota,
)
from domain.variant import Revision, RevisionId, Variant, VariantState
from pipeline.advance import advance, refresh_card
from pipeline.playbook import Playbook
from storage.store import Store

DESK = Actor.machine("desk")

_NO_TEXT: Final = RevisionId(0)
"""Stands for the text of a variant that waits for its writer; nobody approved it."""


def open_review(store: Store, playbook: Playbook, campaign_id: CampaignId) -> Campaign:
    """Open the first stage and ask its role about every variant."""
    campaign = store.campaigns.get(campaign_id)
    stage = playbook.stages[campaign.tier][0]
    campaign = advance(
        store,
        campaign_id,
        Event.REVIEW_OPENED,
        actor=DESK,
        stage=stage.name,
        detail={"stage": stage.name, "role": stage.role},
    )
    _ask(store, campaign, stage, _standing(store, campaign))
    return campaign


def approve(
    store: Store, playbook: Playbook, request_id: RequestId, *, actor: str
) -> Campaign:
    """Approve exactly the text that the request asks about.

    Raises:
        AlreadyDecided: Says who was faster, and when.
        Overtaken: The text or the stage has moved on since the card was drawn.
        NotYourTurn: Role or separation of duties forbids it.
        Refused: The text fails lint, or is sample copy that may not be sent.
    """
    campaign, request, variant, revision = _decidable(
        store, playbook, request_id, actor
    )
    _check_sendable(store, playbook, campaign, variant, revision)
    _decide(store, playbook, request, variant, revision, actor=actor, reason=None)
    store.variants.swap(variant, VariantState.APPROVED)
    return _settle_stage(store, playbook, campaign, Actor(id=actor))


def reject(
    store: Store, playbook: Playbook, request_id: RequestId, *, actor: str, reason: str
) -> Campaign:
    """Reject a variant for good; with none left the campaign is rejected.

    Raises:
        AlreadyDecided, Overtaken, NotYourTurn: As for `approve`.
    """
    campaign, request, variant, revision = _decidable(
        store, playbook, request_id, actor
    )
    _decide(store, playbook, request, variant, revision, actor=actor, reason=reason)
    store.variants.swap(variant, VariantState.REJECTED, reason=reason)
    if not store.variants.live(campaign.id):
        return advance(
            store, campaign.id, Event.REJECTED, actor=Actor(id=actor), reason=reason
        )
    return _settle_stage(store, playbook, campaign, Actor(id=actor))


def ask_again(store: Store, playbook: Playbook, campaign: Campaign) -> None:
    """After an edit or a rewrite: ask about the new text, from the first stage."""
    stages = playbook.stages[campaign.tier]
    standing = _standing(store, campaign)
    stage = standing.open_stage(stages)
    if stage is None:
        # a rewrite that did not come left a text that every stage has approved
        _settle_stage(store, playbook, campaign, DESK)
        return
    if stage.name != campaign.stage:
        campaign = advance(
            store,
            campaign.id,
            Event.REVIEW_REOPENED,
            actor=DESK,
            stage=stage.name,
            detail={"stage": stage.name, "role": stage.role},
        )
    _ask(store, campaign, stage, standing)


def _decidable(
    store: Store, playbook: Playbook, request_id: RequestId, actor: str
) -> tuple[Campaign, ReviewRequest, Variant, Revision]:
    """Lock, re-read, and check that this person may decide this question now."""
    campaign = store.campaigns.lock_for(request_id)
    request = store.reviews.get(request_id)
    variant = store.variants.get(request.variant_id)
    if request.closed_at is not None:
        raise _closed(request, variant)
    if campaign.state is not State.STAGED_REVIEW or campaign.stage != request.stage:
        raise Overtaken(
            f"The {request.stage} stage of #{campaign.id} is not open any more;"
            f" the campaign is {campaign.state.replace('_', ' ')} now."
        )
    revision = store.variants.revision(request.revision_id)
    check_may_decide(
        actor,
        team=playbook.team,
        stage=playbook.stage(campaign.tier, request.stage),
        stages=playbook.stages[campaign.tier],
        tier=campaign.tier,
        brief_author=campaign.author,
        editor=store.variants.last_editor(revision),
    )
    return campaign, request, variant, revision


def _closed(request: ReviewRequest, variant: Variant) -> Refused:
    if request.outcome in (Outcome.APPROVED, Outcome.REJECTED):
        when = request.closed_at
        stamp = (
            f"<!date^{int(when.timestamp())}^{{time}}|{when:%H:%M} UTC>" if when else ""
        )
        return AlreadyDecided(
            f"Variant {variant.label} was already {request.outcome} in the"
            f" {request.stage} stage by <@{request.decided_by}> at {stamp}."
        )
    if request.outcome is Outcome.SUPERSEDED:
        return Overtaken(
            f"Variant {variant.label} has been changed since this card was drawn;"
            " its message in the thread shows the newest text."
        )
    return Overtaken(
        f"Variant {variant.label} is not asked about any more: it is {variant.state}."
    )


def _check_sendable(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    variant: Variant,
    revision: Revision,
) -> None:
    outcome = store.variants.lint_outcome(revision.id)
    if outcome is None:
        raise Refused(f"Variant {variant.label} is still being linted.")
    if outcome == Severity.HARD:
        raise Refused(
            f"Variant {variant.label} fails lint, so it cannot be approved."
            " Edit it, or have it regenerated."
        )
    is_barred = revision.origin.is_sample and campaign.tier in ("A", "B")
    if is_barred and not playbook.allow_sample_copy:
        raise Refused(
            f"Variant {variant.label} is sample copy, written without an AI model."
            " At tiers A and B it can be sent only in practice."
        )


def _decide(
    store: Store,
    playbook: Playbook,
    request: ReviewRequest,
    variant: Variant,
    revision: Revision,
    *,
    actor: str,
    reason: str | None,
) -> None:
    """Append the decision; the request's closing is what makes it the only one."""
    is_approval = reason is None
    outcome = Outcome.APPROVED if is_approval else Outcome.REJECTED
    if not store.reviews.close(request, outcome, decided_by=actor):
        raise AlreadyDecided(f"Variant {variant.label} was decided a moment ago.")
    store.reviews.decide(
        request,
        actor=actor,
        is_approval=is_approval,
        reason=reason,
        policy_hash=playbook.policy.hash,
    )
    store.audit.append(
        request.campaign_id,
        f"variant_{outcome}",
        actor=actor,
        detail={
            "stage": request.stage,
            "variant": variant.label,
            "revision": revision.number,
            "sha256": revision.text.sha256,
            "policy": playbook.policy.hash,
            **({"reason": reason} if reason else {}),
        },
    )


def _settle_stage(
    store: Store, playbook: Playbook, campaign: Campaign, actor: Actor
) -> Campaign:
    """Shelve what the stage has no room for, and pass the stage when all is decided."""
    stages = playbook.stages[campaign.tier]
    stage = playbook.stage(campaign.tier, campaign.stage or stages[0].name)
    standing = _standing(store, campaign)
    through = standing.through(stage)
    arms = int(str(store.campaigns.brief(campaign.id).get("arms") or 1))
    room = quota(stage.name, stages, arms=arms)
    if room is not None and len(through) >= room:
        _shelve(store, campaign, standing.live, keep=through, room=room, stage=stage)
        standing = replace(standing, live=through)
    open_stage = standing.open_stage(stages)
    if open_stage is None:
        why = _arms_reason(stage, arms)
        return _approve_campaign(store, campaign, actor, standing.live, why)
    if open_stage.name == stage.name:
        refresh_card(store, campaign, f"d{store.audit.last_seq(campaign.id)}")
        return campaign
    names = [each.name for each in stages]
    is_back = names.index(open_stage.name) < names.index(stage.name)
    campaign = advance(
        store,
        campaign.id,
        Event.REVIEW_REOPENED if is_back else Event.STAGE_PASSED,
        actor=actor,
        stage=open_stage.name,
        detail={
            **({} if is_back else {"passed": stage.name}),
            "stage": open_stage.name,
            "role": open_stage.role,
            "variants": [v.label for v in standing.live],
        },
    )
    _ask(store, campaign, open_stage, standing)
    return campaign


def _arms_reason(stage: Stage, arms: int) -> str:
    role = stage.role.replace("_", " ")
    return f"approved in every stage, last by {role}; the brief asked for {arms}"


def _approve_campaign(
    store: Store,
    campaign: Campaign,
    actor: Actor,
    chosen: Sequence[Variant],
    why: str,
) -> Campaign:
    """The last stage is through: what it approved are the arms."""
    store.variants.set_arms([variant.id for variant in chosen])
    return advance(
        store,
        campaign.id,
        Event.APPROVED,
        actor=actor,
        stage=None,
        arms_reason=why,
        detail={"passed": campaign.stage, "arms": [v.label for v in chosen]},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """Where a review stands: the variants still in it and every approval so far."""

    live: tuple[Variant, ...]
    approvals: tuple[Approval, ...]

    def through(self, stage: Stage) -> tuple[Variant, ...]:
        """Live variants whose present text the stage has approved."""
        given = {
            (a.variant_id, a.revision_id)
            for a in self.approvals
            if a.stage == stage.name
        }
        return tuple(
            v
            for v in self.live
            if (v.id, v.revision_id) in given and v.state is not VariantState.BRIEFED
        )

    def open_stage(self, stages: Sequence[Stage]) -> Stage | None:
        """The first stage with a text it has not approved; None when all are through.

        Approvals of a text that is being rewritten do not carry the campaign on.
        """
        current = {
            v.id: _NO_TEXT
            if v.revision_id is None or v.state is VariantState.BRIEFED
            else v.revision_id
            for v in self.live
        }
        return next_stage(stages, current, self.approvals)


def _standing(store: Store, campaign: Campaign) -> _Standing:
    return _Standing(
        live=store.variants.live(campaign.id),
        approvals=store.reviews.approvals(campaign.id),
    )


def _shelve(
    store: Store,
    campaign: Campaign,
    live: Sequence[Variant],
    *,
    keep: Sequence[Variant],
    room: int,
    stage: Stage,
) -> None:
    kept = {variant.id for variant in keep}
    for variant in live:
        if variant.id in kept:
            continue
        reason = f"The {stage.name} stage lets {room} through, and others were chosen."
        for request in store.reviews.open_requests(campaign.id, variant_id=variant.id):
            store.reviews.close(request, Outcome.WITHDRAWN)
        store.variants.swap(variant, VariantState.SHELVED, reason=reason)
        store.audit.append(
            campaign.id,
            "variant_shelved",
            actor=DESK.id,
            detail={"variant": variant.label, "stage": stage.name, "reason": reason},
        )


def _ask(store: Store, campaign: Campaign, stage: Stage, standing: _Standing) -> None:
    """Ask the stage's role about each live text it has not approved yet."""
    through = {variant.id for variant in standing.through(stage)}
    askable = (VariantState.LINTED, VariantState.APPROVED, VariantState.IN_REVIEW)
    for variant in standing.live:
        if (
            variant.id in through
            or variant.state not in askable
            or variant.revision_id is None
        ):
            continue
        store.reviews.ask(
            campaign.id,
            variant.id,
            variant.revision_id,
            stage=stage.name,
            role=stage.role,
            due_at=store.now + stage.sla,
        )
        if variant.state is not VariantState.IN_REVIEW:
            store.variants.swap(variant, VariantState.IN_REVIEW)


__all__ = ["approve", "ask_again", "open_review", "reject"]
