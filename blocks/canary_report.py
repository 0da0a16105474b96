"""A canary in words: the live line, the evidence, and the plot for those who hear it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block, ImageBlock
from slack_sdk.models.blocks.basic_components import SlackFile
from slack_sdk.models.views import View

from blocks.incident import IS_AUTOMATIC
from blocks.message import Message, context, fields, message, modal, section
from blocks.text import (
    capital,
    clock,
    count,
    date,
    joined,
    line,
    percent,
    plain,
    plural,
    relative,
    sentence,
    truncate,
)
from domain.arms import ArmCount, ArmsResult
from domain.campaign import State
from domain.canary_words import RATE_FROM
from domain.views import CampaignCard, CanaryView


def allowed(canary: CanaryView) -> str:
    """Complaints against the count that rolls back by itself."""
    if canary.breach_at is None:
        return f"complaints {canary.complaints}, which this canary cannot judge"
    return f"complaints {canary.complaints} of {canary.breach_at} allowed"


_NOT_BEGUN: Final = {False: "being handed over", True: "no visitor yet"}
_NOT_OUT: Final = {
    False: "the window begins when all of this step is out",
    True: "the window begins when the step's visitors have come",
}


def standing(canary: CanaryView, now: datetime) -> tuple[str, ...]:
    """Since when, how many complaints, and when it is decided."""
    since = (
        relative(canary.started_at, now)
        if canary.started_at is not None
        else _NOT_BEGUN[bool(canary.slot)]
    )
    if canary.decides_at is None and canary.breach_at is None:
        decision = "a person decides"
    elif canary.decides_at is None:
        decision = _NOT_OUT[bool(canary.slot)]
    elif canary.decides_at > now:
        decision = f"decides at {clock(canary.decides_at)}"
    else:
        decision = "deciding now"
    return since, allowed(canary), decision


def numbers(canary: CanaryView) -> str:
    """What came back so far; a rate only when there is enough to take it of."""
    share = (
        f" ({percent(canary.clicks, canary.delivered)})"
        if canary.delivered >= RATE_FROM
        else ""
    )
    if canary.slot:
        return (
            f"seen by {count(canary.delivered)} · clicks {count(canary.clicks)}{share}"
            f" · closed by {count(canary.unsubscribes)} · failed for"
            f" {count(canary.hard_bounces)}"
        )
    reported = (
        f"delivered {count(canary.delivered)}/{count(canary.accepted)}",
        f"clicks {count(canary.clicks)}{share}",
    )
    opens = f"opens {count(canary.opens)}, machine opens {count(canary.machine_opens)}"
    unreported = (f"accepted {count(canary.accepted)}, and no more is reported",)
    parts = [
        *(unreported if canary.mute_esp else reported),
        f"unsubscribes {count(canary.unsubscribes)}",
        f"hard bounces {count(canary.hard_bounces)}",
    ]
    if not canary.mute_esp:
        parts.append(opens)
    if canary.deferred:
        parts.append(f"deferred {count(canary.deferred)}")
    return " · ".join(parts)


def plot_alt(canary: CanaryView) -> str:
    """Say what the plot shows, for its alt text and for those who do not see it."""
    limit = (
        f"; it rolls back at {canary.breach_at}" if canary.breach_at is not None else ""
    )
    if canary.slot:
        return (
            f"Counts over time, up to now: seen by"
            f" {plural(canary.delivered, 'visitor')}, {plural(canary.clicks, 'click')},"
            f" {plural(canary.complaints, 'complaint')}{limit}, closed by"
            f" {count(canary.unsubscribes)}."
        )
    said = (
        f"Counts over time, up to now: {count(canary.delivered)} of"
        f" {count(canary.accepted)} mails delivered,"
        f" {plural(canary.clicks, 'click')},"
        f" {plural(canary.complaints, 'complaint')}{limit},"
        f" {plural(canary.unsubscribes, 'unsubscribe')}."
    )
    return truncate(said, 2000)


def evidence(
    view: CampaignCard, arms: ArmsResult | None = None, control: str = ""
) -> View:
    """Everything the decision about a canary rests on, and what its arms came to.

    Args:
        control: What it is held beside, in words.
    """
    title = section(f"*#{view.id} {line(view.title, 150)}*")
    canary = view.canary
    if canary is None:
        nothing = section(
            "Nobody has seen it yet, so there is nothing to judge."
            if view.slot
            else "No mail has left yet, so there is nothing to judge."
        )
        return modal(title="Evidence", blocks=[title, nothing])
    judged = _judged(view) or "The judge has not spoken yet."
    blocks = [
        title,
        section(f"*{allowed(canary).capitalize()}*\n{sentence(judged)}"),
        *(
            [fields(*_slot_rows(canary))]
            if canary.slot
            else [fields(*_rows(canary)), fields(*_more_rows(canary))]
        ),
        section(sentence(canary.foresight, 800)) if canary.foresight else None,
        section(_guarded(canary)) if canary.guardrails else None,
        section(sentence(control, 1500)) if control else None,
        *(_compared(arms) if arms is not None else ()),
        context(_arms(view), _freshness(canary), sentence(canary.limits)),
    ]
    return modal(title="Evidence", blocks=blocks)


def _judged(view: CampaignCard) -> str | None:
    """The judge's last sentence; what it rolled back for is the incident's reason."""
    incident = view.incident
    if incident is not None and incident.trigger in IS_AUTOMATIC and incident.reason:
        return incident.reason
    if view.state is State.SENT:
        # its last sentence is of a window that was open then
        out = f"It is live in {view.slot}" if view.slot else "All of it is out"
        return f"{out}, so nothing is left to decide."
    return view.canary.judgement if view.canary is not None else None


def _rows(canary: CanaryView) -> tuple[str, ...]:
    return (
        f"*Step*\n{canary.step + 1} of {canary.steps_total} ({canary.percent:g} %)",
        f"*Planned*\n{plural(canary.planned, 'mail')}",
        f"*Accepted by the ESP*\n{count(canary.accepted)} of {count(canary.planned)}",
        f"*Delivered*\n{count(canary.delivered)} of {count(canary.accepted)}",
        f"*Complaints can be seen from*\n{count(canary.reporting)} of {count(canary.planned)}",
        f"*Complaints*\n{count(canary.complaints)} of {count(canary.reporting)}",
    )


def _slot_rows(canary: CanaryView) -> tuple[str, ...]:
    seen = count(canary.delivered)
    return (
        f"*Step*\n{canary.step + 1} of {canary.steps_total} ({canary.percent:g} %)",
        f"*Seen by*\n{seen} of {plural(canary.planned, 'visitor')}",
        f"*Complaints*\n{count(canary.complaints)} of {seen}",
        f"*Failed for*\n{count(canary.hard_bounces)} of {seen}",
        f"*Closed by*\n{count(canary.unsubscribes)} of {seen}",
        f"*Clicks*\n{count(canary.clicks)} of {seen}",
    )


def _more_rows(canary: CanaryView) -> tuple[str, ...]:
    delivered = count(canary.delivered)
    return (
        f"*Clicks*\n{count(canary.clicks)} of {delivered}",
        f"*Clicks by machines*\n{count(canary.machine_clicks)}",
        f"*Opens, shown but never judged*\n{count(canary.opens)} of {delivered}",
        f"*Opens by machines*\n{count(canary.machine_opens)}",
        f"*Unsubscribes*\n{count(canary.unsubscribes)} of {delivered}",
        f"*Hard bounces*\n{count(canary.hard_bounces)} of {count(canary.accepted)}",
        f"*Deferred*\n{count(canary.deferred)} of {count(canary.accepted)}",
    )


_SITE_SAYS: Final = {"unsubscribes": "Closed by"}
"""Guardrails that a site can tell of, in words of a page."""


def _guarded(canary: CanaryView) -> str:
    """Each further count against the one that is too many, and whether it decides."""
    names = _SITE_SAYS if canary.slot else {}
    rows = [
        f"{names.get(each.name, capital(each.name))} {count(each.count)};"
        f" {count(each.to_roll_back)} of"
        f" {count(each.of)} "
        + ("roll it back" if each.decisive else "would roll it back (dry run)")
        for each in canary.guardrails
        if not canary.slot or each.name in _SITE_SAYS
    ]
    return "\n".join(["*Guardrails*", *rows])


def _compared(arms: ArmsResult) -> tuple[Block, ...]:
    """Which arm people clicked more, or that it cannot be told, and each in numbers."""
    return (
        section(f"*Which variant did better*\n{sentence(arms.sentence, 1000)}"),
        fields(*(_arm(each) for each in arms.arms)),
    )


def _arm(arm: ArmCount) -> str:
    share = (
        f" ({percent(arm.clicked, arm.delivered)})"
        if arm.delivered >= RATE_FROM
        else ""
    )
    machines = (
        ""
        if arm.machine_only is None
        else f"; by machines alone {count(arm.machine_only)}"
    )
    return (
        f"*{plain(arm.label, 5)}, clicked by people*\n"
        f"{count(arm.clicked)} of {count(arm.delivered)}{share}{machines}"
    )


def _arms(view: CampaignCard) -> str:
    if not view.arms:
        return ""
    what = "shown" if view.slot else "sent"
    return f"Variants {what}: {joined(plain(each, 5) for each in view.arms)}"


def _freshness(canary: CanaryView) -> str:
    if canary.mute_esp:
        return f"{plain(canary.mute_esp, 40)} reports no events"
    source = "site" if canary.slot else "ESP"
    if canary.last_event_at is None:
        return f"Nothing has been heard from the {source} yet"
    return f"Last heard from the {source} {date(canary.last_event_at)}"


def plot(view: CampaignCard, file_id: str) -> Message:
    """The thread's picture of the canary, with its words for who cannot see it."""
    if view.canary is None:
        raise LookupError("There is no canary to plot.")
    alt = plot_alt(view.canary)
    picture = ImageBlock(alt_text=alt, slack_file=SlackFile(id=file_id))
    return message(f"Plot of #{view.id} {plain(view.title, 100)}", [picture])
