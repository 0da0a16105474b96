"""What the judge is asked about a campaign, read from the record, and its evidence."""

from __future__ import annotations

from typing import Final

from domain.campaign import SENDING, Campaign
from domain.canary import Alarm, ArmMails, Counts, HardKill, Judgement, judge
from pipeline.playbook import Playbook
from storage.sends import Cohort
from storage.store import Store

_COUNTS: Final = {
    "delivered": "delivered",
    "complaints": "complained",
    "hard_bounces": "bounced_hard",
    "unsubscribes": "unsubscribed",
    "opens": "opened",
    "machine_opens": "machine_opened",
    "clicks": "clicked",
    "machine_clicks": "machine_clicked",
    "deferrals": "deferred",
    "dropped": "rejected",
}
"""Field of `Counts` to the counter it is read from."""


def judged(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    steps: tuple[Cohort, ...],
    alarm: HardKill | None,
) -> Judgement:
    """Ask the judge about a campaign as it stands.

    Args:
        alarm: What was just raised about it, if anything.
    """
    # until all of the step is out its window has not begun
    started = campaign.step_started_at if campaign.decides_at else None
    pulse = store.events.last_pulse()
    counts = counts_of(store, campaign, steps)
    return judge(
        counts,
        policy=playbook.canary,
        step=campaign.step,
        steps_total=len(steps),
        elapsed=store.now - (started or store.now),
        last_event_age=None if pulse is None else store.now - pulse,
        expands_alone=steps[campaign.step].expands_itself,
        window=campaign.decides_at - started
        if started is not None and campaign.decides_at is not None
        else None,
        arms=_arms(store, campaign),
        kills=_kills(store, playbook, campaign, counts, alarm),
    )


def _arms(store: Store, campaign: Campaign) -> tuple[ArmMails, ...]:
    """Each arm's mails, once they decide: counting them reads every mail that is out."""
    is_due = campaign.decides_at is not None and store.now >= campaign.decides_at
    if not is_due or campaign.state not in SENDING:
        return ()
    if len(store.variants.arms(campaign.id)) < 2:  # noqa: PLR2004 - one arm has no split
        return ()
    found = store.sends.arms(campaign.id, up_to_step=campaign.step)
    return tuple(
        ArmMails(name=label, planned=planned, delivered=delivered)
        for label, planned, delivered in found
    )


def _kills(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    counts: Counts,
    alarm: HardKill | None,
) -> tuple[HardKill, ...]:
    """The alarm that was raised, and complaints that need no count."""
    found = [] if alarm is None else [alarm]
    if playbook.watched and counts.complaints:
        watched = store.events.told_by(campaign.id, "complained", playbook.watched)
        found += [HardKill(alarm=Alarm.VIP_COMPLAINT)] * min(watched, 1)
    return tuple(found)


def counts_of(store: Store, campaign: Campaign, steps: tuple[Cohort, ...]) -> Counts:
    """Totals over this step and all before it."""
    out, before = steps[: campaign.step + 1], steps[: campaign.step]
    totals = store.events.totals(campaign.id)
    return Counts(
        planned=sum(c.planned for c in out),
        reporting=sum(c.reporting for c in out),
        planned_before=sum(c.planned for c in before),
        reporting_before=sum(c.reporting for c in before),
        sent=store.sends.totals(campaign.id)[0],
        **{field: totals.get(metric, 0) for field, metric in _COUNTS.items()},
    )


def evidence(judgement: Judgement) -> dict[str, object]:
    """The numbers a verdict rests on, for the record."""
    return {
        "complaints": judgement.complaints,
        "complaints_to_roll_back": judgement.complaints_to_roll_back,
        "of": judgement.base,
        "hard_bounces": judgement.hard_bounces,
        "hard_bounces_to_roll_back": judgement.hard_bounces_to_roll_back,
        "planned": judgement.planned,
        "false_rollback_rate": round(judgement.false_rollback_rate, 6),
        **_guardrails(judgement),
    }


def _guardrails(judgement: Judgement) -> dict[str, object]:
    """Each guardrail as counted; of a dry run it says so."""
    found: dict[str, object] = {}
    for each in judgement.guardrails:
        found[each.name] = each.count
        name = "to_roll_back" if each.decisive else "to_roll_back_in_dry_run"
        found[f"{each.name}_{name}"] = each.to_roll_back
    return found
