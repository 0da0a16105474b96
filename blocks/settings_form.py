"""The settings of one person: direct messages, a digest, time away."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import (
    Block,
    DateTimePickerElement,
    InputBlock,
    RadioButtonsElement,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from blocks.entered import StateValues, chosen, moment
from blocks.ids import Callback, Field
from blocks.message import modal, option
from domain.preferences import HOURS, Preferences

_YES: Final = "yes"
_NO: Final = "no"
_DIRECT: Final = {
    _YES: "Send me direct messages",
    _NO: "Only mention me in the thread",
}
_OFF: Final = "off"
_AT: Final = {_OFF: "Off", **{str(hour): f"{hour:02}:00" for hour in HOURS}}
_NO_HOUR: Final = -1
"""What the form never offered; `errors` refuses it at its field."""


def form(given: Preferences) -> View:
    """Ask for all settings, filled in as they are."""
    blocks: list[Block | None] = [
        _direct(is_on=given.wants_dm),
        _digest(given.digest_hour),
        _time(Field.AWAY_FROM, "Out of office from", given.away_from),
        _time(
            Field.AWAY_UNTIL,
            "Out of office until",
            given.away_until,
            hint="Meanwhile cards ask the others of your role; you can still decide.",
        ),
    ]
    return modal(
        title="Settings", blocks=blocks, callback=Callback.SETTINGS_FORM, submit="Save"
    )


def _direct(*, is_on: bool) -> InputBlock:
    made = {value: option(text, value) for value, text in _DIRECT.items()}
    return InputBlock(
        block_id=Field.DIRECT,
        label="Direct messages",
        hint="When something is overdue and you are asked to step in.",
        element=RadioButtonsElement(
            action_id=Field.DIRECT,
            options=list(made.values()),
            initial_option=made[_YES if is_on else _NO],
        ),
    )


def _digest(hour: int | None) -> InputBlock:
    made = {value: option(text, value) for value, text in _AT.items()}
    return InputBlock(
        block_id=Field.DIGEST,
        label="Daily digest",
        hint=(
            "One direct message at that hour where you are, on working days, with what"
            " waits for you. Reminders then come in it and not in threads. What is"
            " overdue still mentions whoever is asked to step in."
        ),
        element=StaticSelectElement(
            action_id=Field.DIGEST,
            options=list(made.values()),
            initial_option=made[_OFF if hour is None else str(hour)],
        ),
    )


def _time(
    field: Field, label: str, given: datetime | None, *, hint: str | None = None
) -> InputBlock:
    return InputBlock(
        block_id=field,
        label=label,
        hint=hint,
        optional=True,
        element=DateTimePickerElement(
            action_id=field,
            initial_date_time=None if given is None else int(given.timestamp()),
        ),
    )


def preferences_from(state: StateValues) -> Preferences:
    """Read the submitted form; what it does not hold is as nobody had set it."""
    return Preferences(
        wants_dm=chosen(state, Field.DIRECT) != _NO,
        digest_hour=_hour(state),
        away_from=moment(state, Field.AWAY_FROM),
        away_until=moment(state, Field.AWAY_UNTIL),
    )


def errors(given: Preferences, now: datetime) -> dict[str, str]:
    """What keeps the settings from being kept, by block id."""
    if given.digest_hour is not None and given.digest_hour not in HOURS:
        return {Field.DIGEST: "Choose off, or an hour from 00:00 to 23:00."}
    begins, ends = given.away_from, given.away_until
    if begins is None and ends is None:
        return {}
    if begins is None:
        return {Field.AWAY_FROM: "Say from when, or clear the end."}
    if ends is None:
        return {Field.AWAY_UNTIL: "Say until when, or clear the start."}
    if ends <= begins:
        return {Field.AWAY_UNTIL: "The end has to be after the start."}
    if ends <= now:
        return {Field.AWAY_UNTIL: "This time has passed already."}
    return {}


def _hour(state: StateValues) -> int | None:
    hour = chosen(state, Field.DIGEST)
    if hour in ("", _OFF):
        return None
    return int(hour) if re.fullmatch("[0-9]{1,2}", hour) else _NO_HOUR
