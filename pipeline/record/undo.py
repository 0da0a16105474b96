"""A decision is taken back, with all that followed from it."""

from __future__ import annotations

from collections.abc import Mapping

from domain.campaign import Actor, Campaign, Event, State
from domain.errors import Refused
from domain.review import Outcome
from domain.undo import Decision, DecisionId, check_may_undo, text_decided_about
from domain.variant import VariantState
from pipeline.advance import advance, refresh_card
from pipeline.playbook import Playbook
from pipeline.record.roles import require_role
from pipeline.record.stages import ask_again, has_room
from storage.store import Store

_S = VariantState


def undo(
    store: Store, playbook: Playbook, decision_id: DecisionId, *, actor: str
) -> Campaign:
    """Take one's own decision back; its question is open again, as before.

    What the decision had set going goes back with it: a stage that passed, the
    questions to the next stage, variants that were shelved, the arms, the start.

    Raises:
        NotYourTurn: Another person decided.
        AlreadyDecided: Somebody else has decided on the campaign since.
        Overtaken: It is undone already, the text has changed, or the campaign has
            gone on.
        Refused: The minute is over, or no room is left for a rejected variant.
    """
    require_role(playbook.everyone, actor)
    decision = store.decisions.get(decision_id)
    campaign = store.campaigns.lock(decision.campaign_id)
    store.decisions.take_back(decision)
    variant = store.variants.get(decision.variant_id)
    check_may_undo(
        actor,
        decision,
        since=store.decisions.since(decision),
        state=campaign.state,
        revision_id=text_decided_about(variant),
        now=store.now,
    )
    round_name = store.reviews.get(decision.request_id).round
    if not decision.is_approval and not has_room(store, playbook, campaign, round_name):
        raise Refused(
            f"The {decision.stage} stage has let as many variants through as it may,"
            f" without variant {variant.label}. Take one of those approvals back first."
        )
    detail = {
        "variant": variant.label,
        "stage": decision.stage,
        "taken_back": "approval" if decision.is_approval else "rejection",
        "brought_back": _bring_back_shelved(store, campaign, decision),
        "withdrawn": _withdraw_what_followed(store, campaign, decision, round_name),
    }
    _open_again(store, decision)
    campaign = _move_back(store, campaign, decision, detail, round_name)
    ask_again(store, playbook, campaign)
    return store.campaigns.lock(campaign.id)


def _bring_back_shelved(
    store: Store, campaign: Campaign, decision: Decision
) -> list[str]:
    """Variants that had to make way come back to where they were; their labels."""
    labels = store.decisions.shelved_since(campaign.id, decision.decided_at)
    brought_back: list[str] = []
    for variant in store.variants.of(campaign.id):
        if variant.state is not _S.SHELVED or variant.label not in labels:
            continue
        brought_back.append(variant.label)
        if variant.revision_id is None or variant.instruction is not None:
            # what its writer was at was lost with the shelving
            back = store.variants.bring_back(variant, _S.BRIEFED)
            store.outbox.add("write", back.id, back.version, campaign.id)
        elif store.variants.lint_outcome(variant.revision_id) is None:
            back = store.variants.bring_back(variant, _S.DRAFTED)
            store.outbox.add("lint", back.id, back.version, campaign.id)
        else:
            store.variants.bring_back(variant, _S.LINTED)
    return brought_back


def _withdraw_what_followed(
    store: Store, campaign: Campaign, decision: Decision, round_name: str
) -> list[str]:
    """Close the questions that later stages were asked; returns the stages.

    Those asked at the same time keep theirs.
    """
    stages: list[str] = []
    for request in store.reviews.open_requests(campaign.id):
        if request.round == round_name or request.asked_at < decision.decided_at:
            continue
        store.reviews.close(request, Outcome.TAKEN_BACK, decided_by=decision.actor)
        stages.append(request.stage)
        variant = store.variants.get(request.variant_id)
        is_asked = store.reviews.open_requests(campaign.id, variant_id=variant.id)
        if variant.state is _S.IN_REVIEW and not is_asked:
            store.variants.swap(variant, _S.APPROVED)
    return list(dict.fromkeys(stages))


def _open_again(store: Store, decision: Decision) -> None:
    variant = store.variants.get(decision.variant_id)
    if variant.state is _S.REJECTED:
        store.variants.bring_back(variant, _S.IN_REVIEW)
    elif variant.state is not _S.IN_REVIEW:
        store.variants.swap(variant, _S.IN_REVIEW)
    store.reviews.reopen(decision.request_id)


def _move_back(
    store: Store,
    campaign: Campaign,
    decision: Decision,
    detail: Mapping[str, object],
    round_name: str,
) -> Campaign:
    """Put the campaign back into the decision's round, when it has left it."""
    has_left = campaign.state is not State.STAGED_REVIEW
    if not has_left and campaign.stage == round_name:
        store.audit.append(
            campaign.id, Event.DECISION_UNDONE, actor=decision.actor, detail=detail
        )
        seq = store.audit.last_seq(campaign.id)
        refresh_card(store, campaign, f"undone{seq}")
        return campaign
    store.variants.clear_arms(campaign.id)
    is_later = campaign.send_at is not None and campaign.send_at > store.now
    return advance(
        store,
        campaign.id,
        Event.DECISION_UNDONE,
        actor=Actor(id=decision.actor),
        detail=detail,
        stage=round_name,
        arms_reason=None,
        # a time that has come was set by the scheduler; it sets it anew
        send_at=campaign.send_at if is_later else None,
    )
