"""Approve many texts of the lowest tier: a list, one confirmation, one answer a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from slack_sdk.models.blocks import Block, InputBlock, StaticMultiSelectElement
from slack_sdk.models.views import View

from blocks import notices
from blocks.entered import StateValues, ticked
from blocks.ids import Callback, Field, row_id
from blocks.message import context, modal, option, section
from blocks.text import capital, due, line, plain, plural, quoted
from domain.channel import people
from domain.errors import CampaignError
from domain.review import RequestId
from domain.views import PassingLine, WaitingLine

_ROWS_OF_A_SECTION: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one question; no error when it was approved."""

    request_id: RequestId
    error: CampaignError | None


def form(passing: Sequence[PassingLine], *, now: datetime) -> View:
    """List what would be approved; the choice binds to the very texts listed."""
    if not passing:
        nothing = section("No text of tier C that passes lint waits for you.")
        return modal(title="Approve tier C", blocks=[nothing])
    rows = [_row(each, now) for each in passing]
    blocks: list[Block | None] = [
        section(
            f"{_passing(len(passing))} for you. Each is approved as it stands now; one"
            " that changes meanwhile is left out."
        ),
        *(
            section("\n\n".join(rows[at : at + _ROWS_OF_A_SECTION]))
            for at in range(0, len(rows), _ROWS_OF_A_SECTION)
        ),
        _chosen(passing),
    ]
    return modal(
        title="Approve tier C",
        blocks=blocks,
        callback=Callback.BULK_FORM,
        submit="Approve all",
    )


def _passing(number: int) -> str:
    if number == 1:
        return "1 text of tier C passes lint and waits"
    return f"{number} texts of tier C pass lint and wait"


def _row(each: PassingLine, now: datetime) -> str:
    notes = "passes lint with notes" if each.has_notes else "passes lint"
    return (
        f"{_name(each.waiting)} · {quoted(each.subject, 120)}\n"
        f"{_stage(each.waiting)} review, {due(each.waiting.due_at, now)} · {notes}"
        f" · {people(each.waiting.channel, each.waiting.recipients)}"
    )


def _name(waiting: WaitingLine) -> str:
    label = line(waiting.variant_label, 5)
    return f"*#{waiting.campaign_id} {line(waiting.title, 100)}*, variant {label}"


def _stage(waiting: WaitingLine) -> str:
    return capital(line(waiting.stage.replace("_", " "), 40))


def _chosen(passing: Sequence[PassingLine]) -> InputBlock:
    options = [
        option(_short(each.waiting), str(each.waiting.request_id)) for each in passing
    ]
    return InputBlock(
        block_id=Field.REQUESTS,
        label="These are approved",
        hint="Take out what you would rather look at by itself.",
        element=StaticMultiSelectElement(
            action_id=Field.REQUESTS, options=options, initial_options=options
        ),
    )


def _short(waiting: WaitingLine) -> str:
    label = plain(waiting.variant_label, 5)
    return f"#{waiting.campaign_id} {plain(waiting.title, 50)}, {label}"


def requests_from(state: StateValues) -> tuple[RequestId, ...]:
    """The questions that were left in the choice, each once, in its order."""
    return tuple(names_from(state))


def names_from(state: StateValues) -> Mapping[RequestId, str]:
    """What each chosen question was called on the list, in the order of the choice."""
    found: dict[RequestId, str] = {}
    for each in ticked(state, Field.REQUESTS):
        number = row_id(each.get("value"))
        if number is not None:
            found.setdefault(RequestId(number), _text_of(each))
    return found


def _text_of(option: Mapping[str, Any]) -> str:
    text = option.get("text")
    shown = text.get("text") if isinstance(text, Mapping) else None
    return shown if isinstance(shown, str) else ""


def answers(
    given: Sequence[Answer],
    names: Mapping[RequestId, WaitingLine],
    *,
    called: Mapping[RequestId, str] = MappingProxyType({}),
    unreached: int = 0,
) -> View:
    """Say what came of each question.

    Args:
        names: What is known about the questions that still waited.
        called: What the others were called on the list; one that is in neither has a
            number.
        unreached: How many were not got to in the time a window has.
    """
    approved = sum(each.error is None for each in given)
    said = f"*{approved} of {plural(len(given) + unreached, 'text')} approved.*"
    late = (
        f"{plural(unreached, 'text')} could not be got to in time and"
        f" {'waits' if unreached == 1 else 'wait'} as before."
        " Open the list again from Home to go on."
        if unreached
        else ""
    )
    rows = [
        _answer(each, names.get(each.request_id), called.get(each.request_id, ""))
        for each in given
    ]
    blocks: list[Block | None] = [
        section(said),
        *(
            section("\n".join(rows[at : at + _ROWS_OF_A_SECTION]))
            for at in range(0, len(rows), _ROWS_OF_A_SECTION)
        ),
        context(late),
    ]
    return modal(title="Approve tier C", blocks=blocks)


def _answer(each: Answer, waiting: WaitingLine | None, called: str) -> str:
    if waiting is not None:
        name = _name(waiting)
    else:
        name = f"*{line(called, 75)}*" if called else f"Question {each.request_id}"
    if each.error is None:
        return f"{name}: approved"
    return f"{name}: not approved. {notices.refused(each.error).text}"
