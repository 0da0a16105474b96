"""A rollback: before it (which, how far it reaches), while it runs, and its story."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    RadioButtonsElement,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from blocks import aftermath
from blocks.entered import StateValues, chosen
from blocks.ids import Action, Callback, Field, row_id
from blocks.message import Message, actions, button, context, message, modal, section
from blocks.text import (
    clock_to_the_second,
    count,
    everyone,
    in_words,
    line,
    plain,
    plural,
    relative,
    sentence,
    who,
)
from domain.rollback import BY_SHELL, SETTLED, StepName, StepState, Trigger
from domain.views import CampaignLine, IncidentView, StepLine

_BY_HAND: Final = BY_SHELL | {Trigger.BUTTON, Trigger.COMMAND}
IS_AUTOMATIC: Final = frozenset(Trigger) - _BY_HAND
# Slack: radio buttons 10 options, a select menu 100
_RADIO_MOST: Final = 10
_SELECT_MOST: Final = 100
_STEPS_SHOWN: Final = 12
_REASON_MOST: Final = 1000
_AT_ONCE: Final = timedelta(milliseconds=50)
"""What would be printed as 0 s."""

_DONE: Final = {
    StepName.HALT: "gate closed",
    StepName.REVOKE: "unsent mails revoked",
    StepName.RESTORE: "version before restored",
    StepName.CANCEL: "ESP told to cancel",
    StepName.READ_BACK: "ESP confirmed",
    StepName.SUPPRESS: "suppressed",
    StepName.NOTIFY: "people told",
}
_DOING: Final = {
    StepName.HALT: "closing the gate",
    StepName.REVOKE: "revoking unsent mails",
    StepName.RESTORE: "restoring the version before",
    StepName.CANCEL: "telling the ESP to cancel",
    StepName.READ_BACK: "asking the ESP to confirm",
    StepName.SUPPRESS: "suppressing recipients",
    StepName.NOTIFY: "telling people",
}
_IMPOSSIBLE: Final = {
    StepName.CANCEL: "the ESP cannot take back what it accepted",
    StepName.READ_BACK: "nothing for the ESP to confirm",
    StepName.SUPPRESS: "suppressed here, as the ESP keeps no list",
}
_NOT_DONE: Final = {
    StepState.PENDING: "under way",
    StepState.FAILED: "failed, a person has to look",
    StepState.UNKNOWN: "no answer yet, asking again",
}


def headline(view: IncidentView) -> str:
    """How it was rolled back, and when, to the second."""
    at = clock_to_the_second(view.opened_at)
    if view.trigger in IS_AUTOMATIC:
        return f"Rolled back automatically at {at}"
    if view.trigger == Trigger.DRILL:
        return f"Drill: rolled back by {who(view.actor)} at {at}"
    return f"Rolled back by {who(view.actor)} at {at}"


def outcome(view: IncidentView) -> tuple[str, ...]:
    """Why, how fast, how many, and whether it was late: the lines under the headline."""
    reason = (
        sentence(view.reason)
        if view.reason
        else "No reason was given yet."
        if view.trigger not in IS_AUTOMATIC
        else ""
    )
    said = (f"{reason} {_speed(view)}".strip(), _reach(view))
    return (*said, aftermath.late(view)) if view.late_at else said


def _speed(view: IncidentView) -> str:
    onset = view.onset_at
    stopped = (
        f"Stopped {in_words(view.opened_at - onset)} after the first sign"
        if onset is not None and view.opened_at >= onset
        else "The gate closed at once"
    )
    if view.slot:
        return f"{stopped}; every visitor sees what was there before."
    if _cannot_stop(view):
        return f"{stopped}; the ESP cannot take back what it had accepted."
    if view.contained_at is None:
        return f"{stopped}; the ESP has not confirmed yet."
    confirmed = in_words(view.contained_at - view.opened_at)
    return f"{stopped}; ESP confirmed {confirmed} later."


def _cannot_stop(view: IncidentView) -> bool:
    return any(
        each.name == StepName.CANCEL and each.state == StepState.IMPOSSIBLE
        for each in view.steps
    )


def _reach(view: IncidentView) -> str:
    if view.slot:
        said = f"{plural(view.mails_out, 'visitor')} had seen it."
        if view.leaked:
            told = plural(view.leaked, "visitor was", "visitors were")
            said += f" {told} reported afterwards."
        return said + (f" {everyone(view.told)} told." if view.told else "")
    # complaints, unsubscribes and hard bounces; never the whole cohort
    suppressed = plural(view.suppressed, "recipient")
    said = (
        f"{plural(view.mails_out, 'mail')} had left; {count(view.mails_spared)} spared;"
        f" {suppressed} suppressed."
    )
    if view.leaked:
        leaked = plural(view.leaked, "mail was", "mails were")
        said += f" {leaked} accepted by the ESP after the gate was shut."
    if view.told:
        said += f" {everyone(view.told)} told."
    return said


def notice(view: IncidentView) -> Message:
    """What the on-call channel and the thread get."""
    title = f"*#{view.campaign_id} {line(view.title, 150)}*"
    how = "automatically" if view.trigger in IS_AUTOMATIC else "by hand"
    if view.trigger == Trigger.DRILL:
        how = "in a drill"
    text = (
        f"#{view.campaign_id} {plain(view.title, 120)} was rolled back {how}:"
        f" {gone(view)}."
    )
    blocks = [
        section(f"{title}\n*{headline(view)}*"),
        section("\n".join(outcome(view))),
        context(timeline(view)),
        actions([button("Open incident", Action.OPEN_INCIDENT, view.campaign_id)]),
    ]
    return message(text, blocks)


def gone(view: IncidentView) -> str:
    """How far it had got, in a few words."""
    if view.slot:
        return f"{plural(view.mails_out, 'visitor')} had seen it"
    mails = plural(view.mails_out, "mail")
    return f"{mails} had left, {count(view.mails_spared)} spared"


def timeline(view: IncidentView) -> str:
    """The steps that are done, each with its time from the start, in one line."""
    steps = _together(view)
    said = [_step(view, each) for each in steps[:_STEPS_SHOWN]]
    return " · ".join([*said, "incident opened"])


def _together(view: IncidentView) -> list[tuple[str, list[StepLine]]]:
    """Steps of one name in one row, since a rollback cancels many batches.

    What is done comes first, in the order in which it was.
    """
    rows: dict[str, list[StepLine]] = {}
    for each in view.steps:
        rows.setdefault(each.name, []).append(each)

    def order(row: tuple[str, list[StepLine]]) -> tuple[bool, datetime]:
        is_behind = any(each.state not in SETTLED for each in row[1])
        return is_behind, view.opened_at if is_behind else _last(view, row[1])

    return sorted(rows.items(), key=order)


def _last(view: IncidentView, steps: Sequence[StepLine]) -> datetime:
    return max((s.done_at for s in steps if s.done_at), default=view.opened_at)


def _step(view: IncidentView, row: tuple[str, list[StepLine]]) -> str:
    name, steps = row
    is_known = name in list(StepName)
    behind = [each for each in steps if each.state not in SETTLED]
    if behind:
        worst = behind[0].state
        state = StepState(worst) if worst in list(StepState) else StepState.PENDING
        several = f" ({len(steps) - len(behind)} of {len(steps)} done)"
        words = _DOING[StepName(name)] if is_known else line(name)
        return f"{words}: {_NOT_DONE[state]}{several if len(steps) > 1 else ''}"
    if any(each.state == StepState.IMPOSSIBLE for each in steps) and is_known:
        return _IMPOSSIBLE.get(StepName(name), line(name))
    words = _DONE[StepName(name)] if is_known else line(name)
    if name == StepName.SUPPRESS and view.suppressed:
        words = f"{count(view.suppressed)} suppressed"
    return f"{words} {_after(view, _last(view, steps))}"


def _after(view: IncidentView, at: datetime) -> str:
    since = _since_start(view, at)
    return "at once" if since < _AT_ONCE else in_words(since)


def _since_start(view: IncidentView, at: datetime) -> timedelta:
    start = view.opened_at if view.onset_at is None else view.onset_at
    return max(at - start, timedelta(0))


def progress(view: IncidentView, *, is_new: bool = True) -> View:
    """The view that opens on Roll back: what is done, and why it was done, afterwards.

    Args:
        is_new: False tells whoever asked for it that somebody else was first.
    """
    rows = [f"• {_step(view, each)}" for each in _together(view)[:_STEPS_SHOWN]]
    said = headline(view) if is_new else f"Already {_lower(headline(view))}"
    blocks: list[Block | None] = [
        section(
            f"*#{view.campaign_id} {line(view.title, 150)}*\n*{said}*\n{_reach(view)}"
        ),
        section("\n".join([*rows, "• incident opened"])),
    ]
    if view.trigger in IS_AUTOMATIC or view.reason:
        blocks.append(section(f"Reason: {sentence(view.reason or 'none given yet')}"))
        return modal(
            title="Rolled back",
            blocks=[*blocks, *aftermath.rows(view)],
            callback=Callback.INCIDENT_WINDOW,
            target=view.campaign_id,
        )
    return modal(
        title="Rolled back",
        blocks=[*blocks, _reason(), *aftermath.rows(view)],
        callback=Callback.ROLLBACK_REASON,
        submit="Save reason",
        close="Later",
        target=view.campaign_id,
    )


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _reason() -> InputBlock:
    return InputBlock(
        block_id=Field.REASON,
        label="Why was it stopped?",
        hint="It has stopped already. This goes into the incident's record.",
        element=PlainTextInputElement(
            action_id=Field.REASON, multiline=True, max_length=_REASON_MOST
        ),
    )


def blast_radius(campaign: CampaignLine) -> str:
    """What stopping does and what it cannot undo."""
    if campaign.slot:
        return (
            f"Stop #{campaign.id} now: every visitor of {line(campaign.slot, 40)} sees"
            f" what was there before. {plural(campaign.mails_out, 'visitor')} saw it."
        )
    left = f"{plural(campaign.mails_left, 'mail')} will not go out."
    if not campaign.mails_out:
        return f"Stop #{campaign.id} now: {left} None has left yet."
    return (
        f"Stop #{campaign.id} now: {left} {count(campaign.mails_out)} already left and"
        " cannot be recalled."
    )


def confirm(campaign: CampaignLine) -> View:
    """Ask once, with the blast radius."""
    blocks = [
        section(f"*#{campaign.id} {line(campaign.title, 150)}*"),
        section(blast_radius(campaign)),
        context(_counts(campaign)),
    ]
    return modal(
        title="Roll back",
        blocks=blocks,
        callback=Callback.ROLLBACK_CONFIRM,
        submit="Roll back",
        target=campaign.id,
    )


def pick(lines: Sequence[CampaignLine], *, now: datetime) -> View:
    """Which live campaign to stop, newest first."""
    if not lines:
        nothing = section(
            "No campaign is live, so there is nothing to roll back."
            " A campaign can be stopped from its approval until it is sent."
        )
        return modal(title="Roll back", blocks=[nothing])
    newest = sorted(lines, key=lambda each: each.updated_at, reverse=True)
    blocks = [_choice(newest, now)]
    hidden = len(newest) - _SELECT_MOST
    return modal(
        title="Roll back",
        blocks=[
            *blocks,
            context(
                f"{plural(hidden, 'older campaign')} not shown; use /rollback with its"
                " number."
                if hidden > 0
                else ""
            ),
        ],
        callback=Callback.ROLLBACK_PICK,
        submit="Roll back",
    )


def _choice(newest: Sequence[CampaignLine], now: datetime) -> InputBlock:
    is_short = len(newest) <= _RADIO_MOST
    options = [_option(each, now) for each in newest[:_SELECT_MOST]]
    element = (
        RadioButtonsElement(action_id=Field.CAMPAIGN, options=options)
        if is_short
        else StaticSelectElement(
            action_id=Field.CAMPAIGN,
            options=options,
            placeholder=PlainTextObject(text="Choose a campaign", emoji=False),
        )
    )
    return InputBlock(
        block_id=Field.CAMPAIGN,
        label="Stop which campaign?",
        hint="Mails that have left cannot be recalled. You are asked for the reason"
        " afterwards.",
        element=element,
    )


def _option(campaign: CampaignLine, now: datetime) -> Option:
    moved = relative(campaign.updated_at, now)
    state = campaign.state.replace("_", " ")
    return Option(
        value=str(campaign.id),
        text=PlainTextObject(text=plain(f"#{campaign.id} {campaign.title}", 75)),
        description=PlainTextObject(
            text=plain(f"{state} {moved}: {_counts(campaign)}", 75)
        ),
    )


def _counts(campaign: CampaignLine) -> str:
    if campaign.slot:
        return (
            f"seen by {plural(campaign.mails_out, 'visitor')},"
            f" {plural(campaign.complaints, 'complaint')}"
        )
    return (
        f"{plural(campaign.mails_out, 'mail')} out, {count(campaign.mails_left)} left,"
        f" {plural(campaign.complaints, 'complaint')}"
    )


def campaign_from(state_values: StateValues) -> int | None:
    """The campaign chosen in `pick`, or None when nothing was."""
    return row_id(chosen(state_values, Field.CAMPAIGN))
