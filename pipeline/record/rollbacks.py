"""Stopping: the gate shuts in one local transaction; the rest follows from its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from domain.campaign import Actor, ActorKind, Campaign, CampaignId, Event, State
from domain.rollback import BY_SHELL, Incident, StepName, StepState, Trigger
from pipeline.advance import advance, refresh_card
from pipeline.playbook import Playbook
from pipeline.record.alerts import alert_again
from pipeline.record.canary_inputs import reach
from pipeline.record.incidents import contained
from pipeline.record.roles import require_role
from storage.store import Store

MAX_BATCHES: Final = 10
"""SendGrid: batches that may be cancelled or paused at a time."""

CANCELLABLE_FOR: Final = timedelta(minutes=10)
"""What left longer ago than this is gone; asking would only cost a slot."""

_ONSET: Final = {
    Trigger.COMPLAINTS: ("complained", "complained"),
    Trigger.HARD_BOUNCES: ("bounced_hard", "bounced"),
    Trigger.UNSUBSCRIBES: ("unsubscribed", "unsubscribed"),
    Trigger.DEFERRALS: ("deferred", ""),
    Trigger.VIP_COMPLAINT: ("complained", "complained"),
}
"""By what the judge saw: the metric, and the reason its recipients are suppressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack:
    """A rollback's one incident, and whether this call opened it."""

    incident: Incident
    is_new: bool
    # where visitors saw it; empty for mails
    slot: str = ""


def roll_back(
    store: Store,
    playbook: Playbook,
    campaign_id: CampaignId,
    *,
    trigger: Trigger,
    actor: Actor,
    reason: str | None = None,
    evidence: Mapping[str, object] | None = None,
) -> RolledBack:
    """Shut the gate, take back what has not left, and queue the ESP's steps.

    Needs no broker, no Slack and no ESP. Two people pressing is one rollback.

    Args:
        actor: The judge, or anyone with a role: stopping takes one person.
        evidence: The numbers it was decided on.

    Raises:
        MoveNotAllowed: Nothing is on its way out.
        NotYourTurn: The person is not in the team.
    """
    if actor.kind is ActorKind.PERSON and trigger not in BY_SHELL:
        require_role(playbook.everyone, actor.id)
    campaign = store.campaigns.lock(campaign_id)
    if campaign.state is State.ROLLED_BACK:
        incident = store.incidents.of(campaign_id)
        _again(store, campaign, incident)
        return RolledBack(incident=incident, is_new=False, slot=campaign.slot)
    out, left = _reach(store, campaign)
    reached = {"visitors": out} if campaign.slot else {}
    moved = advance(
        store,
        campaign_id,
        Event.ROLLED_BACK,
        actor=actor,
        reason=reason,
        detail={
            "trigger": trigger,
            **(reached or {"mails_out": out, "mails_spared": left}),
            **(evidence or {}),
        },
        decides_at=None,
    )
    batches = store.sends.cancellable(
        campaign_id, since=store.now - CANCELLABLE_FOR, most=MAX_BATCHES
    )
    revoked = store.sends.revoke(campaign_id)
    metric, suppressed_for = _ONSET.get(trigger, ("", ""))
    incident = store.incidents.open(
        campaign_id,
        trigger=trigger,
        actor=actor.id,
        reason=reason,
        mails_out=out,
        mails_spared=left,
        onset_at=store.events.first_at(campaign_id, metric),
        ingested_at=store.audiences.first_suppressed_at(campaign_id, suppressed_for),
        detected_at=store.now if trigger in _ONSET else None,
        evidence=evidence or {},
    )
    if campaign.slot:
        # nothing of it is anywhere else: with this commit it is shown to nobody
        _restore(store, campaign, incident)
        contained(store, playbook, moved, incident)
        found = store.incidents.of(campaign_id)
        return RolledBack(incident=found, is_new=True, slot=campaign.slot)
    _plan_steps(store, incident, batches, revoked)
    store.deadlines.set(
        campaign_id,
        "contain",
        moved.version,
        store.now + playbook.on_call.page_after,
    )
    store.outbox.add("rollback", incident.id, moved.version, campaign_id)
    return RolledBack(incident=incident, is_new=True)


def _reach(store: Store, campaign: Campaign) -> tuple[int, int]:
    """(out, spared); of visitors nobody knows who would have come."""
    if campaign.slot:
        return reach(store, campaign)[0], 0
    out, left = reach(store, campaign)
    planned = store.sends.is_planned(campaign.id)
    return out, left if planned else campaign.audience_size


def _restore(store: Store, campaign: Campaign, incident: Incident) -> None:
    """A slot's rollback is done with the commit; only telling people is left."""
    back = store.exposures.live_in(campaign.slot)
    if back is not None:
        refresh_card(store, store.campaigns.get(back), f"slot{campaign.id}")
    shows = f"the version of #{back}" if back else "its site's own text"
    for name, detail in (
        (StepName.HALT, "gate shut"),
        (StepName.RESTORE, f"{campaign.slot} shows {shows} again"),
    ):
        store.incidents.add_step(incident.id, name, state=StepState.DONE, detail=detail)
    store.incidents.add_step(incident.id, StepName.NOTIFY)


def _again(store: Store, campaign: Campaign, incident: Incident) -> None:
    """Pressing again tries anew what was refused or broken by a bug."""
    steps = store.incidents.steps(incident.id)
    if any(step.state is StepState.FAILED for step in steps):
        store.outbox.add(
            "rollback",
            incident.id,
            campaign.version,
            campaign.id,
            suffix=f":again{int(store.now.timestamp())}",
        )
    alert_again(store, campaign, incident)


def rollback_reason(
    store: Store,
    playbook: Playbook,
    campaign_id: CampaignId,
    reason: str,
    *,
    actor: str,
) -> Incident:
    """Keep why a person pressed the button; asked after the gate was shut."""
    require_role(playbook.everyone, actor)
    incident = store.incidents.of(campaign_id)
    store.campaigns.lock(campaign_id)
    store.incidents.note(incident.id, reason=reason)
    store.audit.append(
        campaign_id, "rollback_explained", actor=actor, detail={"reason": reason}
    )
    campaign = store.campaigns.get(campaign_id)
    store.outbox.add(
        "card",
        campaign_id,
        campaign.version,
        campaign_id,
        suffix=f":reason{int(store.now.timestamp())}",
    )
    return store.incidents.of(campaign_id)


def note_leak(store: Store, campaign: Campaign) -> None:
    """Keep how much the ESP took after the gate was shut, now that more is known of it."""
    if campaign.state is not State.ROLLED_BACK:
        return
    incident = store.incidents.of(campaign.id)
    leaked = store.sends.leaked(campaign.id, incident.opened_at)
    store.incidents.note(incident.id, leaked=leaked)


def _plan_steps(
    store: Store, incident: Incident, batches: Sequence[str], revoked: int
) -> None:
    store.incidents.add_step(
        incident.id, StepName.HALT, state=StepState.DONE, detail="gate shut"
    )
    store.incidents.add_step(
        incident.id,
        StepName.REVOKE,
        state=StepState.DONE,
        detail=f"{revoked} chunks taken back",
    )
    for batch_id in batches:
        store.incidents.add_step(incident.id, StepName.CANCEL, target=batch_id)
    for name in (StepName.READ_BACK, StepName.SUPPRESS, StepName.NOTIFY):
        store.incidents.add_step(incident.id, name)
