"""What somebody entered in a window, by field; what no element of Slack's sends is nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from blocks.ids import Field

StateValues = Mapping[str, Mapping[str, Mapping[str, Any]]]

# the year 2242: what lies beyond is no time that anybody picked
_SECONDS_MOST: Final = 2**33


def entered(state: StateValues, field: str, what: str) -> object:
    """What the one element of a field holds under that name; None: nothing."""
    at: object = state
    for name in (field, field, what):
        at = at.get(name) if isinstance(at, Mapping) else None
    return at


def typed(state: StateValues, field: str) -> str:
    """The words, as they were typed; empty when there are none."""
    value = entered(state, field, "value")
    return value if isinstance(value, str) else ""


def chosen(state: StateValues, field: str) -> str:
    """The value of a menu's choice; empty when nothing is chosen."""
    option = entered(state, field, "selected_option")
    value = option.get("value") if isinstance(option, Mapping) else None
    return value if isinstance(value, str) else ""


def ticked(state: StateValues, field: str) -> list[Mapping[str, Any]]:
    """The choices of an element that takes several."""
    options = entered(state, field, "selected_options")
    given = options if isinstance(options, list) else []
    return [each for each in given if isinstance(each, Mapping)]


def moment(state: StateValues, field: str) -> datetime | None:
    """The time that was picked."""
    seconds = entered(state, field, "selected_date_time")
    if not isinstance(seconds, int) or not 0 < seconds < _SECONDS_MOST:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def reason_from(state: StateValues) -> str:
    """The reason typed into a form that asks for one."""
    return typed(state, Field.REASON).strip()


def missing(state: StateValues, field: Field) -> dict[str, str]:
    """The error for a reason or an instruction of nothing but spaces."""
    if typed(state, field).strip():
        return {}
    return {field: "Write a few words, so that the others know what is meant."}
