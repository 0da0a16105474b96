"""What the judge is asked about a campaign, read from the record, and its evidence."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from domain.campaign import SENDING, Campaign
from domain.canary import Alarm, ArmMails, Counts, HardKill, Judgement, judge
from domain.canary_limits import Limits
from domain.canary_words import MAILS, VISITORS
from domain.control import worse_than
from domain.exposure import policy_of
from pipeline.playbook import Playbook
from storage.queries.arms import arms
from storage.queries.control import champion_of
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
    pulse = _last_heard(store, campaign)
    mute_esp = "" if campaign.slot else playbook.mute_esp
    counts = counts_of(store, campaign, steps, is_mute=bool(mute_esp))
    return judge(
        counts,
        policy=policy_of(limits_for(store, playbook, campaign).policy, campaign.slot),
        step=campaign.step,
        steps_total=len(steps),
        elapsed=store.now - (started or store.now),
        last_event_age=None if pulse is None else store.now - pulse,
        expands_alone=steps[campaign.step].expands_itself,
        window=campaign.decides_at - started
        if started is not None and campaign.decides_at is not None
        else None,
        arms=_arms(store, campaign),
        worse=_worse(store, playbook, campaign),
        kills=_kills(store, playbook, campaign, counts, alarm),
        mute_esp=mute_esp,
        words=VISITORS if campaign.slot else MAILS,
    )


def limits_for(store: Store, playbook: Playbook, campaign: Campaign) -> Limits:
    return store.canary_pins.limits(campaign.id, playbook.canary)


def _last_heard(store: Store, campaign: Campaign) -> datetime | None:
    """When the ESP spoke last, of whatever campaign; or the slot's site."""
    if campaign.slot:
        return store.events.pulse(campaign.id)
    return store.events.last_pulse()


def reach(store: Store, campaign: Campaign) -> tuple[int, int]:
    """(out, left): mails, or the visitors who have seen it and are still to."""
    if campaign.slot:
        return store.exposures.totals(campaign.id)
    return store.sends.totals(campaign.id)


def _is_due(store: Store, campaign: Campaign) -> bool:
    """Whether arms decide now: reading them reads every mail that is out."""
    is_due = campaign.decides_at is not None and store.now >= campaign.decides_at
    return is_due and campaign.state in SENDING


def _worse(store: Store, playbook: Playbook, campaign: Campaign) -> str:
    """Say that people clearly click the champion more; empty without one, or if not."""
    if not _is_due(store, campaign):
        return ""
    champion = champion_of(store.connection, campaign.id)
    if champion is None:
        return ""
    found = arms(store.connection, campaign.id, today=playbook.canary, now=store.now)
    if found is None or not worse_than(champion[0], found.finding):
        return ""
    return found.sentence


def _arms(store: Store, campaign: Campaign) -> tuple[ArmMails, ...]:
    """Each arm's mails, once they decide."""
    if not _is_due(store, campaign):
        return ()
    if len(store.variants.arms(campaign.id)) < 2:  # noqa: PLR2004 - one arm has no split
        return ()
    if campaign.slot:
        # each visitor is as likely to see either
        return tuple(
            ArmMails(name=label, planned=1, delivered=seen)
            for label, seen in store.exposures.arms(campaign.id)
        )
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
    if playbook.watched and counts.complaints and not campaign.slot:
        watched = store.events.told_by(campaign.id, "complained", playbook.watched)
        found += [HardKill(alarm=Alarm.VIP_COMPLAINT)] * min(watched, 1)
    return tuple(found)


def counts_of(
    store: Store, campaign: Campaign, steps: tuple[Cohort, ...], *, is_mute: bool
) -> Counts:
    """Totals over this step and all before it.

    Args:
        is_mute: Nobody's complaints are reported, whoever their provider is.
    """
    out, before = steps[: campaign.step + 1], steps[: campaign.step]
    totals = store.events.totals(campaign.id)
    return Counts(
        planned=sum(c.planned for c in out),
        reporting=0 if is_mute else sum(c.reporting for c in out),
        planned_before=sum(c.planned for c in before),
        reporting_before=0 if is_mute else sum(c.reporting for c in before),
        sent=reach(store, campaign)[0],
        **{field: totals.get(metric, 0) for field, metric in _COUNTS.items()},
    )


def evidence(judgement: Judgement, limits: Limits) -> dict[str, object]:
    """The numbers a verdict rests on, for the record."""
    return {
        "limits": limits.sha256,
        "limits_are": limits.origin,
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
