"""The inputs of the brief form: one per field of the brief's table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import (
    CheckboxesElement,
    DateTimePickerElement,
    InputBlock,
    InputInteractiveElement,
    NumberInputElement,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    StaticSelectElement,
    UrlInputElement,
)

from blocks.ids import Action, brief_block
from blocks.message import option
from blocks.text import count, plain, truncate
from domain.brief_fields import BY_NAME, Field
from domain.channel import NAMES, PARTS, Channel, Slot, shown_in
from domain.views import AudienceLine

ACTS_AT_ONCE: Final = frozenset({Action.BRIEF_TIER, Action.BRIEF_CHANNEL})
"""Choices after which the form is another: its inputs, or where it goes."""

# Slack: text input 3,000 characters, select menu 100 options
_INPUT_MOST: Final = 3000
_SELECT_MOST: Final = 100
_WORDS: Final[Mapping[str, str]] = {
    **{str(each): name for each, name in NAMES.items()},
    "none": "No test: one text for everybody",
    "A": "A: high risk, every review stage",
    "B": "B: customer-facing",
    "C": "C: low risk",
}
_HINTS: Final = {
    "tier": "The tier decides which stages review the copy. At tier A a brand lead"
    " approves the brief before anything is written.",
    "send_at": "In your time zone. Empty sends as soon as the copy is approved.",
}
_AUDIENCE_HINT: Final = (
    "The number counts recipients with consent who are not suppressed."
)
_SHOWN_LABELS: Final = {"audience": "Written for", "send_at": "Start time"}
_SHOWN_HINTS: Final = {
    **_HINTS,
    "send_at": "In your time zone. Empty shows it as soon as the copy is approved.",
    "audience": "Whom the words are for. Nobody in it is mailed, so none has to have"
    " given consent; the number counts everybody.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What the form's menus choose from."""

    audiences: Sequence[AudienceLine]
    slots: Sequence[Slot]
    channel: Channel


def brief_input(spec: Field, value: object, offered: Offered) -> InputBlock:
    """The input of one field, filled in with `value`."""
    block_id = brief_block(spec.name)
    is_mailed = offered.channel.is_mailed
    hints = _HINTS if is_mailed else _SHOWN_HINTS
    hint = hints.get(spec.name, spec.help)
    element: InputInteractiveElement
    if spec.name == "audience" and offered.audiences:
        element = _audience(block_id, value, offered)
        hint = _AUDIENCE_HINT if is_mailed else hint
    elif spec.name == "slot":
        element, hint = _slot(value, offered)
    elif spec.kind == "choice":
        element = _choice(block_id, spec, value, offered.channel)
    else:
        element = _ELEMENTS[spec.kind](block_id, spec, value)
    return InputBlock(
        block_id=block_id,
        label=spec.label if is_mailed else _SHOWN_LABELS.get(spec.name, spec.label),
        hint=hint,
        # the form asks for a slot only where one is needed
        optional=not spec.required and spec.kind != "choice" and spec.name != "slot",
        dispatch_action=True if block_id in ACTS_AT_ONCE else None,
        element=element,
    )


def _slot(value: object, offered: Offered) -> tuple[InputInteractiveElement, str]:
    """The slots that take this channel's copy, or a box when none does yet.

    The action names the channel: Slack keeps what was chosen in an element of the same
    name, and the slots of two channels are not the same.
    """
    name = NAMES[offered.channel].lower()
    action = f"{brief_block('slot')}.{offered.channel}"
    fitting = shown_in(offered.channel, offered.slots)[:_SELECT_MOST]
    if not fitting:
        hint = f"slots.yaml has no slot for {name} copy yet; one has to be there first."
        return _text(action, BY_NAME["slot"], value), hint
    options = [
        option(f"{plain(each.title, 50)} ({plain(each.key, 20)})", each.key)
        for each in fitting
    ]
    element = StaticSelectElement(
        action_id=action,
        options=options,
        initial_option=_chosen(options, value) or options[0],
    )
    return element, f"Where {name} copy is shown. slots.yaml names the slots."


def _chosen(options: Sequence[Option], value: object) -> Option | None:
    return next((each for each in options if each.value == value), None)


def _audience(block_id: str, value: object, offered: Offered) -> StaticSelectElement:
    is_mailed = offered.channel.is_mailed
    options = [
        option(
            f"{plain(each.title, 55)} ({count(each.mailable if is_mailed else each.size)})",
            each.key,
        )
        for each in offered.audiences[:_SELECT_MOST]
    ]
    return StaticSelectElement(
        action_id=block_id,
        options=options,
        initial_option=_chosen(options, value),
        placeholder=PlainTextObject(text="Choose a segment", emoji=False),
    )


def _choice(
    block_id: str, spec: Field, value: object, channel: Channel
) -> StaticSelectElement:
    parts = {part: f"The {name.lower()}" for part, name in PARTS[channel].items()}
    words = {**_WORDS, **parts}
    options = [option(words.get(each, each), each) for each in spec.choices]
    return StaticSelectElement(
        action_id=block_id,
        options=options,
        initial_option=_chosen(options, value) or _chosen(options, spec.default),
    )


def _text(block_id: str, spec: Field, value: object) -> PlainTextInputElement:
    most = min(spec.max_length or _INPUT_MOST, _INPUT_MOST)
    return PlainTextInputElement(
        action_id=block_id,
        multiline=spec.kind == "long_text",
        max_length=most,
        initial_value=truncate(_words(value), most) or None,
    )


def _texts(block_id: str, spec: Field, value: object) -> PlainTextInputElement:
    each = spec.max_length + 1
    return PlainTextInputElement(
        action_id=block_id,
        multiline=True,
        max_length=min(spec.max_items * each, _INPUT_MOST),
        initial_value=_rows(value) or None,
    )


def _rows(value: object) -> str:
    """A list as lines, as many whole ones as an input takes."""
    given = value if isinstance(value, list | tuple) else _words(value).splitlines()
    rows = ""
    for each in given:
        longer = f"{rows}\n{_words(each)}" if rows else _words(each)
        if len(longer) > _INPUT_MOST:
            break
        rows = longer
    return rows


def _words(value: object) -> str:
    return "" if value is None else str(value)


def _url(block_id: str, spec: Field, value: object) -> UrlInputElement:
    address = _words(value)
    fits = len(address) <= min(spec.max_length or _INPUT_MOST, _INPUT_MOST)
    return UrlInputElement(
        action_id=block_id,
        initial_value=(address if fits else "") or None,
        placeholder=PlainTextObject(text="https://", emoji=False),
    )


def _number(block_id: str, spec: Field, value: object) -> NumberInputElement:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_allowed = is_number and spec.low <= float(_words(value)) <= spec.high
    return NumberInputElement(
        action_id=block_id,
        is_decimal_allowed=spec.kind == "number",
        min_value=str(spec.low),
        max_value=str(spec.high),
        initial_value=_words(value) if is_allowed else None,
    )


def _bool(block_id: str, _spec: Field, value: object) -> CheckboxesElement:
    yes = option("Yes", "true")
    is_on = value is True or _words(value).lower() in ("true", "yes")
    return CheckboxesElement(
        action_id=block_id,
        options=[yes],
        initial_options=[yes] if is_on else None,
    )


def _time(block_id: str, _spec: Field, value: object) -> DateTimePickerElement:
    return DateTimePickerElement(action_id=block_id, initial_date_time=_seconds(value))


def _seconds(value: object) -> int | None:
    """Unix seconds of a time given as such, as a datetime or as ISO 8601."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value <= 9_999_999_999 else None  # noqa: PLR2004  # Slack: ten digits
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime) and value.tzinfo is not None:
        return int(value.timestamp())
    return None


_ELEMENTS: Final[
    Mapping[str, Callable[[str, Field, object], InputInteractiveElement]]
] = {
    "text": _text,
    "long_text": _text,
    "texts": _texts,
    "url": _url,
    "urls": _texts,
    "int": _number,
    "number": _number,
    "bool": _bool,
    "time": _time,
}
