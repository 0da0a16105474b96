"""What each column of a given list is: a menu for each, and what the menus say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from slack_sdk.models.blocks import Block, InputBlock, StaticSelectElement
from slack_sdk.models.views import View

from blocks.entered import StateValues, chosen
from blocks.ids import Callback, column_block
from blocks.message import context, modal, option, section
from blocks.text import plain, plural
from domain.attributes import Kind, attribute_name
from domain.columns import Known, Wanted
from domain.upload import Upload

# Slack: blocks of a view 100
_COLUMNS_MOST: Final = 95
_LEFT_OUT: Final = "left_out"
_KINDS: Final[Mapping[Kind, str]] = {
    Kind.TEXT: "Keep as text",
    Kind.NUMBER: "Keep as numbers",
    Kind.DATE: "Keep as dates",
    Kind.YES_NO: "Keep as yes or no",
}


def form(upload: Upload, known: Known) -> View:
    """A menu for each column of the file."""
    now = _now(upload, known)
    shown = [
        (place, column)
        for place, column in enumerate(upload.found.header)
        if column.strip()
    ]
    hidden = len(shown) - _COLUMNS_MOST
    return modal(
        title="Columns of the file",
        callback=Callback.COLUMNS_FORM,
        submit="Read it again",
        target=upload.id,
        blocks=[
            section("What each column is. A list needs email and consent."),
            *(
                _column(place, column, now.get(column, _LEFT_OUT), known)
                for place, column in shown[:_COLUMNS_MOST]
            ),
            context(
                f"{plural(hidden, 'column')} more cannot be shown here, and"
                f" {'is' if hidden == 1 else 'are'} left out."
                if hidden > 0
                else ""
            ),
        ],
    )


def _now(upload: Upload, known: Known) -> dict[str, str]:
    """What each column is taken for, as the menus have it; by the column's name."""
    found, kinds = upload.found, upload.wanted.kind_of
    now = {
        column: name if name in known.names else str(kinds.get(name, Kind.TEXT))
        for name, column in found.columns.items()
    }
    # also when something else kept the columns from being told apart
    by_name = {each: each.strip().lower() for each in found.header}
    return {
        column: name
        for column, name in by_name.items()
        if name in known.names and name not in found.columns
    } | now


def _column(place: int, column: str, now: str, known: Known) -> Block:
    options = {
        value: option(text, value)
        for value, text in {
            _LEFT_OUT: "Leave out",
            **{name: name for name in known.names},
            **{str(kind): text for kind, text in _KINDS.items()},
        }.items()
    }
    block_id = column_block(place)
    return InputBlock(
        block_id=block_id,
        label=plain(column, 150),
        element=StaticSelectElement(
            action_id=block_id,
            options=list(options.values()),
            initial_option=options[now],
        ),
    )


def wanted_from(
    state: StateValues, header: Sequence[str], known: Known
) -> tuple[Wanted, dict[str, str]]:
    """What the menus say, and what is wrong with it by block id."""
    column_of: dict[str, str] = {}
    kind_of: dict[str, Kind] = {}
    errors: dict[str, str] = {}
    for place, column in enumerate(header):
        block_id = column_block(place)
        value = chosen(state, block_id)
        if value in column_of:
            errors[block_id] = f"Another column is {value} already."
        elif value in known.names:
            column_of[value] = column.strip()
        elif value in list(Kind):
            kind_of[attribute_name(column)] = Kind(value)
    for place, column in enumerate(header):
        name = column.strip().lower()
        is_free = name in known.names and name not in column_of
        if is_free and column_block(place) in state:
            errors.setdefault(
                column_block(place),
                f"A column of this name is read as {name}; rename it in the file to"
                " leave it out.",
            )
    return Wanted(column_of=column_of, kind_of=kind_of), errors
