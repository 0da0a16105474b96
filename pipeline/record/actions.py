"""Action items of an incident: who does what until when, and one reminder at due."""

from __future__ import annotations

from datetime import datetime

from domain.campaign import CampaignId
from domain.errors import Refused
from domain.incident import ACTIONS_MOST, ActionItem
from pipeline.advance import refresh_card
from pipeline.playbook import Playbook
from pipeline.record.roles import require_role
from storage.store import Store


def add_action(
    store: Store,
    playbook: Playbook,
    campaign_id: CampaignId,
    text: str,
    *,
    owner: str,
    due_at: datetime,
    actor: str,
) -> ActionItem:
    """Note what somebody is to do; they are reminded when it is due.

    Raises:
        NotYourTurn: The person has no role.
        Refused: The owner has none, the time has passed, or there are too many.
        Unknown: The campaign has no incident.
    """
    require_role(playbook.everyone, actor)
    if not playbook.everyone.has_any_role(owner):
        raise Refused(f"<@{owner}> has no role on this desk, so they are not reminded.")
    if due_at <= store.now:
        raise Refused("Choose a day that is still to come.")
    campaign = store.campaigns.lock(campaign_id)
    incident = store.incidents.of(campaign_id)
    if len(store.actions.of(incident.id)) >= ACTIONS_MOST:
        raise Refused(f"An incident holds {ACTIONS_MOST} action items at most.")
    key = store.actions.add(incident.id, text, owner=owner, due_at=due_at, by=actor)
    # rolled back is final: the campaign's version stays
    store.deadlines.bring_forward(campaign_id, "action", campaign.version, due_at)
    store.audit.append(
        campaign_id,
        "action_added",
        actor=actor,
        detail={"action": text, "owner": owner, "due_at": due_at.isoformat()},
    )
    refresh_card(store, campaign, f"action{key}")
    return store.actions.get(key)


def action_done(
    store: Store, playbook: Playbook, action_id: int, *, actor: str
) -> ActionItem:
    """Tick an action item off; a second press changes nothing.

    Raises:
        NotYourTurn: The person has no role.
        Unknown: There is no such item.
    """
    require_role(playbook.everyone, actor)
    incident = store.incidents.get(store.actions.get(action_id).incident_id)
    campaign = store.campaigns.lock(incident.campaign_id)
    found = store.actions.get(action_id)
    if found.done_at is not None:
        return found
    store.actions.done(action_id, by=actor)
    store.audit.append(
        campaign.id, "action_done", actor=actor, detail={"action": found.text}
    )
    refresh_card(store, campaign, f"done{action_id}")
    return store.actions.get(action_id)


def remind_of_actions(
    store: Store, _playbook: Playbook, campaign_id: CampaignId
) -> datetime | None:
    """Remind the owners of what is due and not done, once each.

    Returns:
        When the next is due; None when none is.
    """
    campaign = store.campaigns.lock(campaign_id)
    incident = store.incidents.of(campaign_id)
    waiting = [
        each
        for each in store.actions.of(incident.id)
        if each.done_at is None and each.reminded_at is None
    ]
    due = [each for each in waiting if each.due_at <= store.now]
    if due:
        store.actions.reminded([each.id for each in due])
        for each in due:
            store.audit.append(
                campaign_id,
                "action_reminded",
                actor="desk",
                detail={"action": each.text, "owner": each.owner},
            )
        refresh_card(store, campaign, f"actions{store.audit.last_seq(campaign_id)}")
    return min((e.due_at for e in waiting if e.due_at > store.now), default=None)
