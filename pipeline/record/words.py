"""Words come in: drafts, edits, rewrites, and what lint thinks of them."""

from __future__ import annotations

from domain.campaign import Actor, Campaign, Event, State
from domain.channel import part_name
from domain.errors import NotYourTurn, Overtaken, Refused
from domain.lint import LintVerdict, Severity
from domain.review import Outcome
from domain.variant import (
    LIVE_VARIANT,
    MAX_REGENERATIONS,
    Copy,
    Origin,
    Revision,
    RevisionId,
    Variant,
    VariantState,
)
from pipeline.advance import advance, refresh_card
from pipeline.playbook import Playbook
from pipeline.record.stages import ask_again
from storage.store import Store

MACHINE = Actor.machine("desk")


def drafted(store: Store, variant: Variant, text: Copy, origin: Origin) -> Revision:
    """Keep what a writer wrote as the variant's next revision, and queue its lint.

    Raises:
        Overtaken: The variant moved on while the writer wrote.
        MoveNotAllowed: It was rejected or shelved meanwhile.
    """
    campaign = store.campaigns.lock(variant.campaign_id)
    revision = _new_revision(store, campaign, variant, text, origin)
    store.audit.append(
        campaign.id,
        "variant_drafted",
        actor=origin.model or "writer",
        detail=_named(variant, revision),
    )
    settle_writing(store, campaign)
    return revision


def write_failed(store: Store, variant: Variant, reason: str) -> None:
    """Give a variant up; the others go on, and with none left the campaign parks.

    Args:
        reason: A sentence fit for the card.
    """
    campaign = store.campaigns.lock(variant.campaign_id)
    if variant.revision_id is not None:
        # an older text exists: keep it, say why the rewrite did not come
        swapped = store.variants.swap(
            variant, VariantState.DRAFTED, instruction=None, reason=reason
        )
        store.outbox.add("lint", swapped.id, swapped.version, campaign.id)
    else:
        swapped = store.variants.swap(variant, VariantState.FAILED, reason=reason)
    store.audit.append(
        campaign.id,
        "variant_failed",
        actor="writer",
        detail={"variant": variant.label, "reason": reason},
    )
    refresh_card(store, campaign, f"v{swapped.id}.{swapped.version}")
    settle_writing(store, campaign)


def edit(
    store: Store,
    playbook: Playbook,
    revision_id: RevisionId,
    text: Copy,
    *,
    actor: str,
    suggested_by: str | None = None,
) -> Revision:
    """Keep a person's edit as a new revision.

    Approvals of the old text are void, but for stages whose scope it leaves alone.

    Args:
        revision_id: The revision the person saw and changed.
        suggested_by: Whose words they are, when `actor` accepted a suggestion; the
            revision is theirs.

    Raises:
        Overtaken: A newer revision exists.
        NotYourTurn: Neither the brief's author nor asked in this stage.
        Refused: Nothing was changed, or the campaign is not in review.
    """
    seen = store.variants.revision(revision_id)
    campaign, variant = check_changeable(store, playbook, seen, actor)
    if text == seen.text:
        raise Refused("Nothing was changed, so there is nothing to keep.")
    _supersede(store, campaign, variant)
    origin = Origin(editor=suggested_by or actor)
    revision = _new_revision(store, campaign, variant, text, origin)
    store.audit.append(
        campaign.id,
        "suggestion_accepted" if suggested_by else "variant_edited",
        actor=actor,
        detail={
            **_named(variant, revision),
            **({"suggested_by": suggested_by} if suggested_by else {}),
        },
    )
    _say_effects(store, playbook, campaign, variant, revision)
    return revision


def _say_effects(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    variant: Variant,
    revision: Revision,
) -> None:
    """Put on the trail whose approval a new revision voids, and whose holds."""
    stages = playbook.of(campaign.team).stages[campaign.tier]
    for each in store.holding.effects(campaign, revision, stages):
        store.audit.append(
            campaign.id,
            "approval_holds" if each.holds else "approval_voided",
            actor=MACHINE.id,
            detail={
                "variant": variant.label,
                "revision": revision.number,
                "stage": each.approval.stage,
                "approver": each.approval.actor,
                "given_for": each.number,
                "parts": [
                    part_name(campaign.brief_channel, part).lower()
                    for part in each.parts
                ],
                "reason": each.why,
            },
        )


def check_changeable(
    store: Store, playbook: Playbook, seen: Revision, actor: str
) -> tuple[Campaign, Variant]:
    """Lock the campaign and check that this person may change this text now.

    Raises:
        Overtaken, NotYourTurn, Refused: As for `edit`.
    """
    campaign, variant = check_in_review(store, seen)
    playbook = playbook.of(campaign.team)
    stages = playbook.round(campaign.tier, campaign.stage or "")
    roles = dict.fromkeys(stage.role for stage in stages)
    playbook.team.check_not_barred(actor)
    if actor != campaign.author and not any(
        playbook.team.has_role(actor, role) for role in roles
    ):
        named = ", ".join(role.replace("_", " ") for role in roles)
        raise NotYourTurn(
            f"In {campaign.stage} review the text can be changed by {named} or by"
            f" <@{campaign.author}>, who wrote the brief."
        )
    return campaign, variant


def check_in_review(store: Store, seen: Revision) -> tuple[Campaign, Variant]:
    """Lock the campaign and check that this text is the newest, and in review.

    Raises:
        Overtaken: A newer revision exists.
        Refused: The campaign is not in review, or the variant has left it.
    """
    variant = store.variants.get(seen.variant_id)
    campaign = store.campaigns.lock(variant.campaign_id)
    variant = store.variants.get(seen.variant_id)
    if variant.revision_id != seen.id:
        raise Overtaken(
            f"Variant {variant.label} has a newer revision than the one you saw."
        )
    if campaign.state is not State.STAGED_REVIEW or campaign.stage is None:
        words = campaign.state.replace("_", " ")
        raise Refused(
            f"The text can be changed while it is in review;"
            f" campaign #{campaign.id} is {words}."
        )
    if variant.state not in LIVE_VARIANT:
        raise Refused(f"Variant {variant.label} is {variant.state} and stays as it is.")
    return campaign, variant


def regenerate(
    store: Store,
    playbook: Playbook,
    revision_id: RevisionId,
    *,
    actor: str,
    instruction: str,
) -> Variant:
    """Send a variant back to the writer with a person's instruction.

    Raises:
        Overtaken: A newer revision exists.
        NotYourTurn: Neither the brief's author nor asked in this stage.
        Refused: The campaign is not in review.
    """
    seen = store.variants.revision(revision_id)
    campaign, variant = check_changeable(store, playbook, seen, actor)
    _supersede(store, campaign, variant)
    swapped = store.variants.swap(
        variant,
        VariantState.BRIEFED,
        instruction=instruction,
        instructed_by=actor,
        regenerations=0,
        reason=None,
    )
    store.outbox.add("write", swapped.id, swapped.version, campaign.id)
    store.audit.append(
        campaign.id,
        "variant_sent_back",
        actor=actor,
        detail={**_named(variant, seen), "instruction": instruction},
    )
    refresh_card(store, campaign, f"v{swapped.id}.{swapped.version}")
    return swapped


def linted(
    store: Store, playbook: Playbook, variant: Variant, verdict: LintVerdict
) -> None:
    """Keep a verdict; a hard failure goes back to the writer, at most twice.

    Raises:
        Overtaken: The variant moved on while lint ran.
    """
    campaign = store.campaigns.lock(variant.campaign_id)
    if variant.revision_id is None:
        raise Overtaken("This variant has no text to lint.")
    revision = store.variants.revision(variant.revision_id)
    is_new = store.variants.add_lint_run(
        revision.id,
        outcome=verdict.outcome,
        policy_version=str(verdict.policy_version),
        policy_hash=verdict.policy_hash,
        found=[
            {
                "rule": found.rule,
                "severity": severity,
                "field": found.field,
                "message": found.message,
                "quote": found.quote,
                "start": found.start,
                "end": found.end,
            }
            for severity, group in (("hard", verdict.hard), ("soft", verdict.soft))
            for found in group
        ],
    )
    store.audit.append(
        campaign.id,
        "variant_linted",
        actor="lint",
        detail={
            **_named(variant, revision),
            "outcome": verdict.outcome,
            "hard": sorted({found.rule for found in verdict.hard}),
            "notes": len(verdict.soft),
            "policy": verdict.policy_hash,
        },
    )
    if is_new and revision.origin.editor is None and revision.parent_id is not None:
        # said now: what a writer writes anew may be gone again before it is linted
        _say_effects(store, playbook, campaign, variant, revision)
    swapped = _after_lint(store, variant, revision, verdict)
    refresh_card(store, campaign, f"v{swapped.id}.{swapped.version}")
    if swapped.state is VariantState.LINTED and campaign.state is State.STAGED_REVIEW:
        ask_again(store, playbook, campaign)
    settle_writing(store, campaign)


def _after_lint(
    store: Store, variant: Variant, revision: Revision, verdict: LintVerdict
) -> Variant:
    is_hard = verdict.outcome is Severity.HARD
    # a champion's copy is sent as it was or not at all
    is_machine_made = (
        revision.origin.editor is None and revision.origin.champion_of is None
    )
    if not (is_hard and is_machine_made) or variant.regenerations >= MAX_REGENERATIONS:
        return store.variants.swap(variant, VariantState.LINTED, instruction=None)
    rules = sorted({found.rule for found in verdict.hard})
    swapped = store.variants.swap(
        variant,
        VariantState.BRIEFED,
        regenerations=variant.regenerations + 1,
        regenerated_for=rules,
    )
    store.outbox.add("write", swapped.id, swapped.version, variant.campaign_id)
    return swapped


def settle_writing(store: Store, campaign: Campaign) -> None:
    """Move the campaign on once every variant is written, and once all are linted."""
    variants = store.variants.of(campaign.id)
    if campaign.state is State.BRIEFED and all(
        v.revision_id is not None or v.state not in LIVE_VARIANT for v in variants
    ):
        if not any(v.state in LIVE_VARIANT for v in variants):
            reasons = sorted({v.reason for v in variants if v.reason})
            advance(
                store,
                campaign.id,
                Event.PARKED,
                actor=MACHINE,
                reason=" ".join(reasons) or "No variant could be written.",
            )
            return
        campaign = advance(store, campaign.id, Event.DRAFTED, actor=MACHINE)
    if campaign.state is State.DRAFTED and all(
        v.state is VariantState.LINTED for v in variants if v.state in LIVE_VARIANT
    ):
        advance(store, campaign.id, Event.LINTED, actor=MACHINE)


def _new_revision(
    store: Store, campaign: Campaign, variant: Variant, text: Copy, origin: Origin
) -> Revision:
    revision = store.variants.add_revision(variant, text, origin)
    swapped = store.variants.swap(
        variant, VariantState.DRAFTED, revision_id=revision.id, reason=None
    )
    store.comments.overtake(variant.id)
    store.outbox.add("lint", swapped.id, swapped.version, campaign.id)
    refresh_card(store, campaign, f"v{swapped.id}.{swapped.version}")
    return revision


def _supersede(store: Store, campaign: Campaign, variant: Variant) -> None:
    for request in store.reviews.open_requests(campaign.id, variant_id=variant.id):
        store.reviews.close(request, Outcome.SUPERSEDED)


def _named(variant: Variant, revision: Revision) -> dict[str, object]:
    return {
        "variant": variant.label,
        "revision": revision.number,
        "sha256": revision.text.sha256,
    }
