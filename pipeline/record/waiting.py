"""A brief waits for a brand lead: by when, and what follows when nobody decides."""

from __future__ import annotations

from datetime import datetime

from domain.campaign import Campaign
from domain.review import BY_ITSELF
from domain.sla import due_at
from domain.strategy import StrategyWait, brand_leads
from pipeline.advance import refresh_card
from pipeline.playbook import Playbook
from storage.store import Store


def await_brand_lead(store: Store, playbook: Playbook, campaign: Campaign) -> None:
    """Start the time of the brief version that waits; one that runs already goes on."""
    playbook = playbook.of(campaign.team)
    if store.strategy.decision(campaign.brief_id) is not None:
        # changes were asked for: the author's turn, which has no due time
        return
    wait = _wait(store, playbook, campaign)
    rules, strategy = playbook.rules, playbook.rules.brand_lead
    times = {
        "remind": rules.remind_at(wait, strategy),
        "overdue": rules.act_at(wait, strategy),
    }
    for kind, at in times.items():
        if at is not None:
            store.deadlines.bring_forward(campaign.id, kind, campaign.version, at)


def remind_brand_lead(
    store: Store, playbook: Playbook, campaign: Campaign
) -> datetime | None:
    """Remind the brand leads once; where there is none, others are told at once.

    Returns:
        When to look again; None when that is over.
    """
    playbook = playbook.of(campaign.team)
    if store.strategy.decision(campaign.brief_id) is not None:
        return None
    # begins here for what waited before there was an SLA
    await_brand_lead(store, playbook, campaign)
    wait = _wait(store, playbook, campaign)
    at = playbook.rules.remind_at(wait, playbook.rules.brand_lead)
    if at is None or wait.due_at <= store.now:
        return None
    if at > store.now:
        return at
    store.strategy.reminded(wait.brief_id)
    if brand_leads(playbook.team, author=campaign.author):
        _tell(store, playbook, campaign, "reminded", wait)
    else:
        _escalate(store, playbook, campaign, wait)
    return None


def brand_lead_overdue(
    store: Store, playbook: Playbook, campaign: Campaign
) -> datetime | None:
    """Ask others to step in when it is due, and then ever more rarely.

    Returns:
        When to look again; None when it is decided.
    """
    playbook = playbook.of(campaign.team)
    if store.strategy.decision(campaign.brief_id) is not None:
        return None
    wait = _wait(store, playbook, campaign)
    if playbook.rules.act_at(wait, playbook.rules.brand_lead) <= store.now:
        _escalate(store, playbook, campaign, wait)
        wait = _wait(store, playbook, campaign)
    return playbook.rules.act_at(wait, playbook.rules.brand_lead)


def _wait(store: Store, playbook: Playbook, campaign: Campaign) -> StrategyWait:
    due = due_at(store.now, playbook.rules.brand_lead.sla, playbook.rules.hours)
    return store.strategy.begin_wait(campaign, due)


def _escalate(
    store: Store, playbook: Playbook, campaign: Campaign, wait: StrategyWait
) -> None:
    """Also with nobody to tell by name: the thread says so, and its author hears."""
    escalation = playbook.rules.brand_lead.escalation
    store.strategy.escalated(wait.brief_id)
    told = escalation.to if escalation is not None else "author"
    _tell(store, playbook, campaign, "escalated", wait, told=told)


def _tell(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    event: str,
    wait: StrategyWait,
    **more: object,
) -> None:
    strategy = playbook.rules.brand_lead
    store.audit.append(
        campaign.id,
        event,
        actor=BY_ITSELF,
        detail={
            "stage": strategy.name,
            "role": strategy.role,
            "due_at": wait.due_at.isoformat(),
            **more,
        },
    )
    refresh_card(store, campaign, f"{event}{store.audit.last_seq(campaign.id)}")
