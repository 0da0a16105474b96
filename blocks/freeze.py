"""A freeze as people see it: on cards and Home, as a notice, and the form that makes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from slack_sdk.models.blocks import (
    Block,
    ButtonElement,
    DateTimePickerElement,
    InputBlock,
    PlainTextInputElement,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from blocks.entered import StateValues, chosen, moment, reason_from
from blocks.ids import Action, Callback, Field
from blocks.message import (
    Message,
    actions,
    button,
    context,
    message,
    modal,
    option,
    section,
)
from blocks.text import capital, date, in_words, line, plain, relative, sentence, who
from domain.freeze import REASON_MOST, Freeze, Scope, covered

# A view takes 100 blocks; a freeze takes one.
_SHOWN: Final = 10
_ALL: Final = "tenant"


def said(freeze: Freeze) -> str:
    """The words of a card: until when, who, and why."""
    return (
        f"*Frozen until {date(freeze.until)}* by {who(freeze.by)}:"
        f" {sentence(freeze.reason)}"
    )


def on_card(freeze: Freeze) -> str:
    """What the card of a campaign says that a freeze keeps here."""
    return (
        f"{said(freeze)}\nNothing leaves meanwhile; it goes on by itself when that is"
        f" over.{_asked(freeze)} Roll back stops it for good."
    )


def row(freeze: Freeze, now: datetime) -> str:
    """A freeze in a list."""
    what = capital(line(covered(freeze), 80))
    return (
        f"*{what}* is frozen until {date(freeze.until)}"
        f" ({relative(freeze.until, now)}) by {who(freeze.by)}:"
        f" {sentence(freeze.reason)}{_asked(freeze)}"
    )


def _asked(freeze: Freeze) -> str:
    if freeze.lift_asked_by is None:
        return ""
    return (
        f" {who(freeze.lift_asked_by)} asks to lift it; another person has to confirm."
    )


def listed(freezes: Sequence[Freeze], now: datetime) -> list[Block | None]:
    """What is frozen, each with the button that lifts it."""
    rows: list[Block | None] = [
        section(row(each, now), accessory=_lift(each)) for each in freezes[:_SHOWN]
    ]
    hidden = len(freezes) - _SHOWN
    return [*rows, context(f"{hidden} more not shown" if hidden > 0 else "")]


def _lift(freeze: Freeze) -> ButtonElement:
    is_asked = freeze.lift_asked_by is not None
    return button(
        "Confirm lift" if is_asked else "Lift",
        Action.LIFT_FREEZE,
        freeze.id,
        aloud=f"Lift freeze {freeze.id}: {line(covered(freeze), 40)} goes on",
    )


def notice(freeze: Freeze, *, now: datetime) -> Message:
    """The one message of a channel about a freeze, as it is at `now`."""
    what = line(covered(freeze), 80)
    if freeze.lifted_at is not None:
        by = f"{who(freeze.lift_asked_by or '')} and {who(freeze.lifted_by or '')}"
        words = (
            f"*{capital(what)} goes on:* the freeze was lifted by {by},"
            f" {date(freeze.lifted_at)}. What waited leaves by itself."
        )
        text = f"{capital(what)} goes on: freeze {freeze.id} was lifted"
    elif not freeze.is_active(now):
        words = (
            f"*{capital(what)} goes on:* the freeze ended {date(freeze.until)}."
            " What waited leaves by itself."
        )
        text = f"{capital(what)} goes on: freeze {freeze.id} has ended"
    else:
        # not relative: time alone changes no message
        words = (
            f"*{capital(what)} is frozen until {date(freeze.until)}* by"
            f" {who(freeze.by)}: {sentence(freeze.reason)}{_asked(freeze)}"
        )
        text = f"{capital(what)} is frozen: {plain(freeze.reason, 200)}"
        return message(
            text,
            [
                section(words),
                context(
                    "What was handed to the ESP before is out. What waits goes on by"
                    " itself at the end. Lifting it earlier takes two people."
                ),
                actions([_lift(freeze)]),
            ],
        )
    was = context(
        f"Frozen {date(freeze.frozen_at)} by {who(freeze.by)}:"
        f" {sentence(freeze.reason)}"
    )
    return message(text, [section(words), was])


def answer(freeze: Freeze, *, is_usual: bool, now: datetime) -> Message:
    """What who froze is told."""
    usual = (
        f" That is the usual {in_words(freeze.until - freeze.frozen_at)};"
        " say `for 6h` for another."
        if is_usual
        else ""
    )
    return message(
        f"{capital(line(covered(freeze), 80))} is frozen",
        [section(f"{row(freeze, now)}{usual}"), actions([_lift(freeze)])],
    )


def lifted(freeze: Freeze, *, is_lifted: bool) -> Message:
    """What who asked for the end of a freeze is told."""
    what = line(covered(freeze), 80)
    words = (
        f"{capital(what)} goes on; what waited leaves by itself."
        if is_lifted
        else f"Asked: another person has to confirm that {what} goes on. Until then it"
        f" stays frozen, and it ends by itself {date(freeze.until)}."
    )
    return message(words, [section(words)])


# The form ----------------------------------------------------------------------------


def form(
    freezes: Sequence[Freeze],
    *,
    teams: Mapping[str, str],
    esp: str,
    usual: timedelta,
    now: datetime,
) -> View:
    """List what is frozen, and ask what to freeze.

    Args:
        teams: Name by key of the teams of their own.
    """
    options = {_ALL: "All sending", f"{Scope.ESP}:{esp}": f"Sending by {esp}"}
    options |= {f"{Scope.TEAM}:{key}": f"Team {name}" for key, name in teams.items()}
    made = [
        # Slack: an option's value 150 characters, a menu 100 options
        option(text, value)
        for value, text in options.items()
        if len(value) <= 150  # noqa: PLR2004
    ][:100]
    until = now + usual
    return modal(
        title="Freeze sending",
        callback=Callback.FREEZE_FORM,
        submit="Freeze",
        blocks=[
            *listed(freezes, now),
            section(
                "Nothing more leaves until then. Campaigns stay as they are, are judged"
                " all the same, and go on by themselves. Lifting it earlier takes two"
                " people."
            ),
            InputBlock(
                block_id=Field.FREEZE_SCOPE,
                label="What",
                element=StaticSelectElement(
                    action_id=Field.FREEZE_SCOPE,
                    options=made,
                    initial_option=made[0],
                ),
            ),
            InputBlock(
                block_id=Field.FREEZE_UNTIL,
                label="Until",
                element=DateTimePickerElement(
                    action_id=Field.FREEZE_UNTIL,
                    initial_date_time=int(until.timestamp()),
                ),
            ),
            InputBlock(
                block_id=Field.REASON,
                label="Reason",
                hint="Everybody whose campaign waits reads it on the card.",
                element=PlainTextInputElement(
                    action_id=Field.REASON, max_length=REASON_MOST
                ),
            ),
        ],
    )


def scope_from(state: StateValues) -> tuple[Scope, str]:
    """What the form was told to freeze; what it never offered is checked later."""
    value = chosen(state, Field.FREEZE_SCOPE) or _ALL
    kind, _, target = value.partition(":")
    return (Scope(kind), target) if kind in list(Scope) else (Scope.TEAM, value)


def until_from(state: StateValues) -> datetime | None:
    return moment(state, Field.FREEZE_UNTIL)


def errors(state: StateValues, *, longest: timedelta, now: datetime) -> dict[str, str]:
    """What keeps the form from being taken, by block id."""
    found = {}
    until = until_from(state)
    if until is None or until <= now:
        found[str(Field.FREEZE_UNTIL)] = "Choose a time to come."
    elif until > now + longest:
        most = in_words(longest)
        found[str(Field.FREEZE_UNTIL)] = f"A freeze may last {most} at most."
    reason = reason_from(state)
    if not reason:
        found[str(Field.REASON)] = "Say why; everybody who waits will read it."
    elif len(reason) > REASON_MOST:
        found[str(Field.REASON)] = f"At most {REASON_MOST} characters."
    return found
