"""What is learnt of an incident after the stop: late, contained, caused by, closed."""

from __future__ import annotations

from domain.campaign import Campaign, CampaignId
from domain.incident import (
    PIN_LONGEST,
    AlertKind,
    Cause,
    check_may_close,
    without_addresses,
)
from domain.rollback import Incident
from pipeline.advance import refresh_card
from pipeline.playbook import Playbook
from pipeline.record.alerts import raise_alert
from pipeline.record.roles import require_role
from storage.store import Store


def contained(
    store: Store, playbook: Playbook, campaign: Campaign, incident: Incident
) -> None:
    """The ESP has confirmed; ticket and document can say what it came to."""
    store.incidents.note(incident.id, contained_at=store.now)
    for kind in (AlertKind.TICKET, AlertKind.DOCUMENT):
        raise_alert(store, playbook, campaign, incident, kind)


def page_if_late(store: Store, playbook: Playbook, campaign_id: CampaignId) -> None:
    """Say loudly that a rollback is not contained in time: once, in Slack and outside."""
    campaign = store.campaigns.lock(campaign_id)
    incident = store.incidents.of(campaign_id)
    if incident.contained_at is not None or incident.late_at is not None:
        return
    store.incidents.note(incident.id, late_at=store.now)
    host = raise_alert(store, playbook, campaign, incident, AlertKind.PAGE)
    raise_alert(store, playbook, campaign, incident, AlertKind.TICKET)
    store.audit.append(
        campaign_id,
        "containment_late",
        actor="desk",
        detail={"paged": host or "nobody outside Slack: no address is set"},
    )
    refresh_card(store, campaign, f"late{incident.id}")


def say_cause(
    store: Store,
    playbook: Playbook,
    campaign_id: CampaignId,
    cause: Cause,
    *,
    missed_by: str,
    missed_why: str,
    actor: str,
) -> Incident:
    """Keep what an incident was, and which stage should have caught it.

    Args:
        missed_by: A stage by name, "canary", "lint" or "none".
        missed_why: What it would have needed to see; may be empty.

    Raises:
        NotYourTurn: The person has no role.
        Unknown: The campaign has no incident.
    """
    require_role(playbook.everyone, actor)
    campaign = store.campaigns.lock(campaign_id)
    incident = store.incidents.of(campaign_id)
    store.incidents.note(
        incident.id, cause=cause, missed_by=missed_by, missed_why=missed_why or None
    )
    store.audit.append(
        campaign_id,
        "incident_explained",
        actor=actor,
        detail={
            "cause": cause,
            "missed_by": missed_by,
            **({"missed_why": missed_why} if missed_why else {}),
        },
    )
    refresh_card(store, campaign, f"cause{store.audit.last_seq(campaign_id)}")
    return store.incidents.of(campaign_id)


def close_incident(
    store: Store, playbook: Playbook, campaign_id: CampaignId, *, actor: str
) -> Incident:
    """End an incident that is contained and explained; its actions go on reminding.

    Raises:
        NotYourTurn: The person has no role.
        Refused: Something is missing, or it is closed already.
        Unknown: The campaign has no incident.
    """
    require_role(playbook.everyone, actor)
    campaign = store.campaigns.lock(campaign_id)
    incident = store.incidents.of(campaign_id)
    check_may_close(
        contained_at=incident.contained_at,
        cause=incident.cause,
        missed_by=incident.missed_by,
        closed_at=incident.closed_at,
    )
    store.incidents.note(incident.id, closed_at=store.now, closed_by=actor)
    store.audit.append(campaign_id, "incident_closed", actor=actor, detail={})
    refresh_card(store, campaign, f"closed{incident.id}")
    return store.incidents.of(campaign_id)


def pinned(
    store: Store,
    playbook: Playbook,
    *,
    channel: str,
    thread_ts: str,
    ts: str,
    said: str,
    said_by: str,
    actor: str,
) -> CampaignId | None:
    """A message pinned in a campaign's thread becomes an entry of its timeline, once.

    Returns:
        The campaign; None when the thread is none's, or the person has no role.
    """
    campaign_id = store.messages.campaign_in(channel, thread_ts)
    if campaign_id is None or not playbook.everyone.has_any_role(actor):
        return None
    store.campaigns.lock(campaign_id)
    about = f"{channel}:{ts}"
    if store.inbox.seen("pin", about) is not None:
        return campaign_id
    store.inbox.put("pin", about, str(campaign_id))
    words = " ".join(without_addresses(said).split())[:PIN_LONGEST]
    store.audit.append(
        campaign_id,
        "message_pinned",
        actor=actor,
        detail={"said": words, "said_by": said_by},
    )
    return campaign_id
