"""People decide: a text is approved or rejected, and the decision is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from domain.campaign import Actor, Campaign, Event, State
from domain.errors import AlreadyDecided, Overtaken, Refused
from domain.lint import Severity
from domain.rejection import RejectReason, worded
from domain.review import (
    BY_ITSELF,
    Outcome,
    RequestId,
    ReviewRequest,
    check_may_decide,
)
from domain.undo import UNDO_FOR
from domain.variant import Revision, Variant, VariantState
from pipeline.advance import advance, refresh_card
from pipeline.playbook import Playbook
from pipeline.record.checklist import answers_to
from pipeline.record.stages import settle_round
from pipeline.record.standing import approvers, to_be_asked
from storage.store import Store


def approve(
    store: Store,
    playbook: Playbook,
    request_id: RequestId,
    *,
    actor: str,
    answered: Collection[str] = (),
    comment: str = "",
) -> Campaign:
    """Approve exactly the text that the request asks about.

    A request that needs several people stays open until as many have approved.

    Args:
        answered: Questions of the stage's checklist that the person ticked.

    Raises:
        AlreadyDecided: Says who was faster, and when; or the person has approved.
        Overtaken: The text or the stage has moved on since the card was drawn.
        NotYourTurn: Role or separation of duties forbids it.
        Refused: The text fails lint, or is sample copy that may not be sent.
        QuestionsOpen: The stage asks something that is not answered yet.
    """
    campaign, request, variant, revision = _decidable(
        store, playbook, request_id, actor
    )
    playbook = playbook.of(campaign.team)
    check_sendable(store, playbook, campaign, variant, revision)
    given_answers = answers_to(
        store, playbook, campaign, request, label=variant.label, answered=answered
    )
    is_shared = request.approvals_needed > 1
    before = (
        approvers(store, playbook, campaign, request, revision) if is_shared else ()
    )
    if actor in before:
        raise AlreadyDecided(
            f"You have approved variant {variant.label} in the {request.stage} stage;"
            f" it needs {request.approvals_needed} different people."
        )
    given = len(before) + 1
    is_last = given >= request.approvals_needed
    if is_last:
        close(store, request, variant, Outcome.APPROVED, actor=actor)
    decide(
        store,
        playbook,
        request,
        variant,
        revision,
        actor=actor,
        outcome=Outcome.APPROVED,
        given=given,
        answers=given_answers,
        reason=comment or None,
    )
    if not is_last:
        if request.assignee == actor:
            # the others are asked for what it still needs
            store.pools.assign([request.id], None)
        refresh_card(store, campaign, f"d{store.audit.last_seq(campaign.id)}")
        return campaign
    passed(store, request, variant)
    return settle_round(store, playbook, campaign, Actor(id=actor))


def reject(
    store: Store,
    playbook: Playbook,
    request_id: RequestId,
    *,
    actor: str,
    code: RejectReason,
    reason: str,
) -> Campaign:
    """Reject a variant for good; with none left the campaign is rejected.

    Of stages that are asked at the same time, it is the actor's own that rejects.

    Args:
        code: What it is rejected for; counted, and told to the next writer.
        reason: The same in the person's own words.

    Raises:
        AlreadyDecided, Overtaken, NotYourTurn: As for `approve`.
    """
    campaign, request, variant, revision = _decidable(
        store, playbook, request_id, actor, may_be_beside=True
    )
    for other in _beside(store, request):
        store.reviews.close(other, Outcome.WITHDRAWN)
    close(store, request, variant, Outcome.REJECTED, actor=actor)
    decide(
        store,
        playbook,
        request,
        variant,
        revision,
        actor=actor,
        outcome=Outcome.REJECTED,
        code=code,
        reason=reason,
    )
    why = worded(code, reason)
    store.variants.swap(variant, VariantState.REJECTED, reason=why)
    if not store.variants.live(campaign.id):
        return advance(
            store, campaign.id, Event.REJECTED, actor=Actor(id=actor), reason=why
        )
    return settle_round(store, playbook, campaign, Actor(id=actor))


def passed(store: Store, request: ReviewRequest, variant: Variant) -> None:
    """A stage has approved the text; those asked beside it may have to answer yet."""
    if not _beside(store, request):
        store.variants.swap(variant, VariantState.APPROVED)


def _beside(store: Store, request: ReviewRequest) -> list[ReviewRequest]:
    """Open questions about the same text to stages that are asked at the same time."""
    if request.round == request.stage:
        return []
    return [
        each
        for each in store.reviews.open_requests(
            request.campaign_id, variant_id=request.variant_id
        )
        if each.revision_id == request.revision_id
        and each.round == request.round
        and each.stage != request.stage
    ]


def _decidable(
    store: Store,
    playbook: Playbook,
    request_id: RequestId,
    actor: str,
    *,
    may_be_beside: bool = False,
) -> tuple[Campaign, ReviewRequest, Variant, Revision]:
    """Lock, re-read, and check that this person may decide this question now.

    Args:
        may_be_beside: Or a question about the same text that is asked beside it and
            is theirs, while this one is not.
    """
    campaign = store.campaigns.lock_for(request_id)
    playbook = playbook.of(campaign.team)
    request = store.reviews.get(request_id)
    if may_be_beside and not playbook.team.has_role(actor, request.role):
        theirs = (
            each
            for each in _beside(store, request)
            if playbook.team.has_role(actor, each.role)
        )
        request = next(theirs, request)
    variant = store.variants.get(request.variant_id)
    if request.closed_at is not None:
        raise _closed(request, variant)
    if campaign.state is not State.STAGED_REVIEW or campaign.stage != request.round:
        raise Overtaken(
            f"The {request.stage} stage of #{campaign.id} is not open any more;"
            f" the campaign is {campaign.state.replace('_', ' ')} now."
        )
    revision = store.variants.revision(request.revision_id)
    editor = store.variants.last_editor(revision)
    stages = playbook.stages[campaign.tier]
    if editor == actor:
        stages = to_be_asked(store, playbook, campaign, request)
    check_may_decide(
        actor,
        team=playbook.team,
        stage=playbook.stage(campaign.tier, request.stage),
        stages=stages,
        tier=campaign.tier,
        brief_author=campaign.author,
        editor=editor,
    )
    return campaign, request, variant, revision


def _closed(request: ReviewRequest, variant: Variant) -> Refused:
    if request.outcome in (Outcome.APPROVED, Outcome.REJECTED):
        when = request.closed_at
        stamp = (
            f"<!date^{int(when.timestamp())}^{{time}}|{when:%H:%M} UTC>" if when else ""
        )
        is_person = request.decided_by != BY_ITSELF
        by = f"by <@{request.decided_by}>" if is_person else "by itself"
        return AlreadyDecided(
            f"Variant {variant.label} was already {request.outcome} in the"
            f" {request.stage} stage {by} at {stamp}."
        )
    if request.outcome is Outcome.SUPERSEDED:
        return Overtaken(
            f"Variant {variant.label} has been changed since this card was drawn;"
            " its message in the thread shows the newest text."
        )
    if request.outcome is Outcome.TAKEN_BACK:
        return Overtaken(
            f"The {request.stage} review of variant {variant.label} was withdrawn:"
            f" <@{request.decided_by}> took their decision in an earlier stage back."
        )
    return Overtaken(
        f"Variant {variant.label} is not asked about any more: it is {variant.state}."
    )


def check_sendable(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    variant: Variant,
    revision: Revision,
) -> None:
    """Refuse a text that nobody may approve.

    Raises:
        Refused: It fails lint, or is sample copy that may not be sent.
    """
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


def close(
    store: Store,
    request: ReviewRequest,
    variant: Variant,
    outcome: Outcome,
    *,
    actor: str,
) -> None:
    """Close a request by the decision that completes it; only one can.

    Raises:
        AlreadyDecided: Another decision closed it.
    """
    if not store.reviews.close(request, outcome, decided_by=actor):
        raise AlreadyDecided(f"Variant {variant.label} was decided a moment ago.")


def decide(
    store: Store,
    playbook: Playbook,
    request: ReviewRequest,
    variant: Variant,
    revision: Revision,
    *,
    actor: str,
    outcome: Outcome,
    given: int = 1,
    answers: Mapping[str, str] = MappingProxyType({}),
    code: RejectReason | None = None,
    reason: str | None = None,
) -> None:
    """Append a decision, and say it on the audit trail.

    Args:
        given: Which of the approvals needed this is.
        answers: By question, the evidence or a person's yes.
        code: What it is rejected for; an approval has none.
        reason: Why, or what an approver remarked.
    """
    needed = request.approvals_needed
    channel = store.campaigns.get(request.campaign_id).brief_channel
    policy_hash = playbook.policy(channel).hash
    store.reviews.decide(
        request,
        actor=actor,
        is_approval=outcome is Outcome.APPROVED,
        code=code,
        reason=reason,
        policy_hash=policy_hash,
        answers=answers,
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
            "policy": policy_hash,
            **({"approval": f"{given} of {needed}"} if needed > 1 else {}),
            **({"answers": dict(answers)} if answers else {}),
            **({"reason_code": code} if code else {}),
            **({"reason": reason} if reason else {}),
        },
    )
    # its Undo goes when the minute is over
    refresh_card(
        store,
        store.campaigns.lock(request.campaign_id),
        f"undo{store.audit.last_seq(request.campaign_id)}",
        after=UNDO_FOR,
    )
