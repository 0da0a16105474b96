"""The brief as a form: what it asks, in which order, and what was answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from slack_sdk.models.blocks import Block, DividerBlock
from slack_sdk.models.views import View

from blocks.brief_inputs import Offered, brief_input
from blocks.entered import StateValues
from blocks.ids import Callback, brief_block
from blocks.message import modal, section
from blocks.text import quoted, who
from domain.brief_fields import FIELDS, Field
from domain.campaign import State, first_state
from domain.channel import Slot, channel_of, left_out
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

_TO_BRAND_LEAD: Final = "Send to brand lead"

Values = Mapping[str, object]


def form(
    audiences: Sequence[AudienceLine],
    *,
    values: Values | None = None,
    slots: Sequence[Slot] = (),
) -> View:
    """The modal that `/brief` opens.

    Args:
        values: What to fill in, by field name, as `parse_brief` takes it.
        slots: Every slot; those that take the chosen channel's copy are offered.
    """
    return modal(
        title="New brief",
        blocks=_blocks(audiences, slots, values or {}),
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
    filled = _to_fill_in(version.body) if values is None else values
    wish = (
        section(f"{who(asked.actor)} asks: {quoted(asked.reason or '', 1000)}")
        if asked is not None and not asked.is_approval
        else None
    )
    return modal(
        title=f"Change brief {version.campaign_id}",
        blocks=[wish, *_blocks(audiences, slots, filled)],
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
    waits = first_state(str(values.get("tier"))) is State.AWAITING_BRAND_LEAD
    return _TO_BRAND_LEAD if waits else "Write variants"


def _blocks(
    audiences: Sequence[AudienceLine], slots: Sequence[Slot], values: Values
) -> list[Block]:
    given = {**{each.name: each.default for each in FIELDS}, **values}
    channel = channel_of(given)
    offered = Offered(audiences=audiences, slots=slots, channel=channel)
    inputs = {
        each.name: brief_input(each, given[each.name], offered)
        for each in FIELDS
        if each.name not in left_out(channel)
    }
    first = [inputs.pop(name) for name in FIRST if name in inputs]
    more = section("*More*\nNothing here has to be changed.")
    return [*first, DividerBlock(), more, *inputs.values()]


def values_from(state_values: StateValues) -> dict[str, object]:
    """Read a submitted form as the raw mapping that `parse_brief` checks.

    What was left empty is left out, except a box that was unticked.
    """
    values: dict[str, object] = {}
    for spec in FIELDS:
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
