"""The brief as a form: one input per field of the brief's table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from slack_sdk.models.blocks import (
    Block,
    CheckboxesElement,
    DateTimePickerElement,
    DividerBlock,
    InputBlock,
    InputInteractiveElement,
    NumberInputElement,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    StaticSelectElement,
    UrlInputElement,
)
from slack_sdk.models.views import View

from blocks.ids import Action, Callback, brief_block
from blocks.message import modal, section
from blocks.text import count, line, plain, quoted, sentence, truncate, who
from domain.brief_fields import BY_NAME, FIELDS, Field
from domain.campaign import State, first_state
from domain.channel import (
    NAMES,
    PARTS,
    Channel,
    Slot,
    channel_of,
    left_out,
    shown_in,
)
from domain.strategy import BriefVersion, StrategyDecision
from domain.views import AudienceLine

FIRST: Final = (
    "channel",
    "slot",
    "title",
    "objective",
    "audience",
    "tier",
    "key_message",
    "offer",
    "cta_url",
    "send_at",
)
"""What the first screen asks: what, goal, who, offer and link, send time."""

ACTS_AT_ONCE: Final = frozenset({Action.BRIEF_TIER, Action.BRIEF_CHANNEL})
"""Choices after which the form is another: its inputs, or where it goes."""

# Slack: text input 3,000 characters, placeholder 150, select menu 100 options
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
_TO_BRAND_LEAD: Final = "Send to brand lead"
_LIST_KINDS: Final = frozenset({"texts", "urls"})

Values = Mapping[str, object]
StateValues = Mapping[str, Mapping[str, Mapping[str, Any]]]


def form(
    audiences: Sequence[AudienceLine],
    *,
    values: Values | None = None,
    errors: Mapping[str, str] | None = None,
    fields: Sequence[Field] = FIELDS,
    slots: Sequence[Slot] = (),
) -> View:
    """The modal that `/brief` opens.

    Args:
        values: What to fill in, by field name, as `parse_brief` takes it.
        errors: What was wrong with `values`, by field name, shown above the inputs.
        fields: The table of fields.
        slots: Every slot; those that take the chosen channel's copy are offered.
    """
    offered = _Offered(audiences=audiences, slots=slots)
    return modal(
        title="New brief",
        blocks=_blocks(offered, values or {}, errors or {}, fields),
        callback=Callback.BRIEF_FORM,
        submit=submit_label(values or {}),
    )


def change_form(
    audiences: Sequence[AudienceLine],
    version: BriefVersion,
    asked: StrategyDecision | None = None,
    *,
    values: Values | None = None,
    slots: Sequence[Slot] = (),
) -> View:
    """The same form with a brief that waits; submitted, it is the next version.

    Args:
        asked: The brand lead's wish, shown above the inputs.
        values: What has been typed since; else the brief is filled in as it is.
    """
    offered = _Offered(audiences=audiences, slots=slots)
    filled = _to_fill_in(version.body) if values is None else values
    wish = (
        section(f"{who(asked.actor)} asks: {quoted(asked.reason or '', 1000)}")
        if asked is not None and not asked.is_approval
        else None
    )
    return modal(
        title=f"Change brief {version.campaign_id}",
        blocks=[wish, *_blocks(offered, filled, {}, FIELDS)],
        callback=Callback.CHANGE_BRIEF_FORM,
        submit=_TO_BRAND_LEAD,
        target=version.id,
    )


def _to_fill_in(body: Values) -> Values:
    """A brief as it was typed: the call to action is no other link."""
    links = body.get("allowed_links")
    others = links if isinstance(links, list) else []
    kept = [each for each in others if each != body.get("cta_url")]
    return {**body, "allowed_links": kept}


def submit_label(values: Values) -> str:
    """What submitting a new brief of this tier sets going."""
    waits = first_state(_words(values.get("tier"))) is State.AWAITING_BRAND_LEAD
    return _TO_BRAND_LEAD if waits else "Write variants"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offered:
    """What the form's menus choose from."""

    audiences: Sequence[AudienceLine]
    slots: Sequence[Slot]
    channel: Channel = Channel.EMAIL


def asked_for(channel: Channel, fields: Sequence[Field] = FIELDS) -> list[Field]:
    """The fields that say something about a channel's copy."""
    others = left_out(channel)
    return [each for each in fields if each.name not in others]


def _blocks(
    offered: _Offered,
    values: Values,
    errors: Mapping[str, str],
    fields: Sequence[Field],
) -> list[Block | None]:
    given = {**{each.name: each.default for each in fields}, **values}
    offered = replace(offered, channel=channel_of(given))
    fields = asked_for(offered.channel, fields)
    first = sorted(
        (each for each in fields if each.name in FIRST),
        key=lambda each: FIRST.index(each.name),
    )
    rest = [each for each in fields if each.name not in FIRST]
    return [
        _mistakes(errors, fields),
        *(_input(each, given.get(each.name), offered) for each in first),
        DividerBlock() if rest else None,
        section("*More*\nNothing here has to be changed.") if rest else None,
        *(_input(each, given.get(each.name), offered) for each in rest),
    ]


def _mistakes(errors: Mapping[str, str], fields: Sequence[Field]) -> Block | None:
    if not errors:
        return None
    labels = {each.name: each.label for each in fields}
    rows = [
        f"• {_named(labels.get(name, name), text)}{sentence(text, 250)}"
        for name, text in list(errors.items())[:8]
    ]
    need = "field needs" if len(errors) == 1 else "fields need"
    return section(f"*{count(len(errors))} {need} another look*\n" + "\n".join(rows))


def _named(label: str, text: str) -> str:
    """The field's label, unless the sentence begins with it."""
    return "" if text.startswith(label) else f"*{line(label, 60)}:* "


def _input(spec: Field, value: object, offered: _Offered) -> InputBlock:
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


def _slot(value: object, offered: _Offered) -> tuple[InputInteractiveElement, str]:
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
        _option(f"{plain(each.title, 50)} ({plain(each.key, 20)})", each.key)
        for each in fitting
    ]
    element = StaticSelectElement(
        action_id=action,
        options=options,
        initial_option=_chosen(options, value) or options[0],
    )
    return element, f"Where {name} copy is shown. slots.yaml names the slots."


def _option(text: str, value: str) -> Option:
    shown = PlainTextObject(text=plain(text, 75), emoji=False)
    return Option(text=shown, value=value)


def _chosen(options: Sequence[Option], value: object) -> Option | None:
    return next((each for each in options if each.value == value), None)


def _audience(block_id: str, value: object, offered: _Offered) -> StaticSelectElement:
    is_mailed = offered.channel.is_mailed
    options = [
        _option(
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
    options = [_option(words.get(each, each), each) for each in spec.choices]
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
    option = Option(text=PlainTextObject(text="Yes", emoji=False), value="true")
    is_on = value is True or _words(value).lower() in ("true", "yes")
    return CheckboxesElement(
        action_id=block_id,
        options=[option],
        initial_options=[option] if is_on else None,
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


def values_from(
    state_values: StateValues, *, fields: Sequence[Field] = FIELDS
) -> dict[str, object]:
    """Read a submitted form as the raw mapping that `parse_brief` checks.

    What was left empty is left out, except a box that was unticked.
    """
    values: dict[str, object] = {}
    for spec in fields:
        # one element in a block; the slot's is named by the channel as well
        element = next(
            iter(state_values.get(brief_block(spec.name), {}).values()), None
        )
        value = None if element is None else _given(element)
        if value is not None:
            values[spec.name] = value
    return values


def _given(element: Mapping[str, Any]) -> object:
    """The value of one element in a view's state, or None when it is empty."""
    if "selected_options" in element:
        return bool(element["selected_options"])
    if "selected_date_time" in element:
        return element["selected_date_time"]
    if "selected_option" in element:
        return (element["selected_option"] or {}).get("value")
    return element.get("value")


def field_errors(
    errors: Mapping[str, str], *, fields: Sequence[Field] = FIELDS
) -> dict[str, str]:
    """Errors by block id, as a view submission answers them.

    Slack drops an error for a block that the view does not have, so the error of an
    unknown field goes to the title.

    Args:
        fields: Those the view asks for.
    """
    known = {each.name for each in fields}
    found: dict[str, str] = {}
    for name, text in errors.items():
        at = brief_block(name if name in known else "title")
        said = text if name in known else f"{name}: {text}"
        found[at] = f"{found[at]} {said}" if at in found else said
    return found
