"""A word to an address outside Slack is committed before anybody calls."""

from __future__ import annotations

from urllib.parse import urlsplit

from domain.campaign import Campaign, CampaignId
from domain.errors import Refused
from domain.incident import Alert, AlertKind, AlertState
from domain.rollback import Incident
from pipeline.playbook import Playbook
from pipeline.record.roles import require_role
from storage.store import Store


def raise_alert(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    incident: Incident,
    kind: AlertKind,
) -> str:
    """Queue one alert of a kind per incident.

    Returns:
        The host that is told; empty when the playbook names no address.
    """
    host = _host(playbook, kind)
    if host and store.alerts.open(incident.id, kind, host):
        (alert,) = [a for a in store.alerts.of(incident.id) if a.kind is kind]
        store.outbox.add("alert", alert.id, alert.version, campaign.id)
    return host


def _host(playbook: Playbook, kind: AlertKind) -> str:
    match kind:
        case AlertKind.PAGE:
            return urlsplit(playbook.on_call.page_url).hostname or ""
        case AlertKind.TICKET:
            return urlsplit(playbook.on_call.ticket_url).hostname or ""
        case AlertKind.DOCUMENT:
            return "the thread"


def post_document(
    store: Store, playbook: Playbook, campaign_id: CampaignId, *, actor: str
) -> None:
    """Put the postmortem into the thread as the record has it now, once more if asked.

    Raises:
        NotYourTurn: The person has no role.
        Refused: It is on its way there.
        Unknown: The campaign has no incident.
    """
    require_role(playbook.everyone, actor)
    campaign = store.campaigns.lock(campaign_id)
    incident = store.incidents.of(campaign_id)
    kind = AlertKind.DOCUMENT
    before = [a for a in store.alerts.of(incident.id) if a.kind is kind]
    if any(each.state is AlertState.INTENT for each in before):
        raise Refused("The postmortem is on its way into the thread.")
    for each in before:
        _again(store, campaign, each)
    raise_alert(store, playbook, campaign, incident, kind)


def _again(store: Store, campaign: Campaign, alert: Alert) -> None:
    again = store.alerts.again(alert)
    store.outbox.add("alert", again.id, again.version, campaign.id)


def alert_again(store: Store, campaign: Campaign, incident: Incident) -> None:
    """Have those tried again that the receiver refused."""
    for alert in store.alerts.of(incident.id):
        if alert.state is AlertState.FAILED:
            _again(store, campaign, alert)
