"""Say who is asked: the people of the role with what each has to do, or all of them."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    Option,
    PlainTextObject,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from blocks.entered import StateValues, chosen
from blocks.ids import Callback, assignee_block, seen_of
from blocks.message import context, modal, option, section
from blocks.text import capital, clock, due, joined, line, plain, who
from domain.pool import Assignment
from domain.review import BY_ITSELF
from domain.views import AssignView, PoolLine

EVERYONE: Final = "everyone"
"""The choice that asks all of the role again; no user id is spelled so."""

# Slack: 100 options in a menu, 75 characters in one; two choices are no people's
_PEOPLE_MOST: Final = 98
_NAME_MOST: Final = 25


def form(view: AssignView, *, now: datetime) -> View:
    """Ask whom to ask, the reader first where they may be asked."""
    people = {each.user: each for each in view.pool[:_PEOPLE_MOST]}
    mine = people.pop(view.reader, None)
    options = [
        *([_option(mine, name="Me")] if mine else []),
        *(_option(each, name=each.name) for each in people.values()),
        option("Everyone of the role", EVERYONE),
    ]
    is_claim = mine is not None and view.assignee != view.reader
    block = assignee_block(view.seen)
    role = line(view.role.replace("_", " "), 40)
    noun = "variant" if len(view.labels) == 1 else "variants"
    labels = joined(line(each, 5) for each in view.labels)
    asked = who(view.assignee) if view.assignee else f"everyone who holds {role}"
    blocks: list[Block | None] = [
        section(
            f"*#{view.campaign_id} {line(view.title, 150)}*\n"
            f"{capital(line(view.stage, 40))} review of {noun} {labels},"
            f" {due(view.due_at, now)} · asked: {asked}"
        ),
        InputBlock(
            block_id=block,
            label=PlainTextObject(text="Ask", emoji=False),
            element=StaticSelectElement(
                action_id=block,
                placeholder=PlainTextObject(text="Choose a person", emoji=False),
                options=options,
                initial_option=options[0] if is_claim else None,
            ),
        ),
        context(
            f"Whoever holds the role {role} may decide all the same. Cards and"
            " reminders mention only those who are asked."
        ),
    ]
    return modal(
        title="Assign",
        blocks=blocks,
        callback=Callback.ASSIGN_FORM,
        submit="Assign",
        target=view.request_id,
    )


def _option(each: PoolLine, *, name: str) -> Option:
    until = each.away_until
    away = f", out of office until {until:%-d %b %H:%M %Z}" if until else ""
    return option(f"{plain(name, _NAME_MOST)}: {each.waiting} open{away}", each.user)


def chosen_from(state: StateValues) -> str | None:
    """Return the choice as it was sent, a user id or `EVERYONE`; None: there is none."""
    block = next((each for each in state if seen_of(each) is not None), None)
    return None if block is None else chosen(state, block) or None


def seen_from(state: StateValues) -> int:
    """The last assignment that the form was drawn from."""
    found = (seen_of(block) for block in state)
    return next((each for each in found if each is not None), 0)


def missing(state: StateValues) -> dict[str, str]:
    """What keeps the form from being taken, by block id."""
    if chosen_from(state) is not None:
        return {}
    block = next((each for each in state if seen_of(each) is not None), None)
    return {block or assignee_block(0): "Choose whom to ask."}


def overtook(to: str | None, before: Assignment) -> View:
    """Tell the later of two people what the earlier one had done."""
    asked = who(to) if to else "everyone of the role"
    words = (
        f"Asked now: {asked}.\n{_had_done(before)} at {clock(before.at)}, after you"
        " opened this window; your choice came later, so it holds. Nothing was lost:"
        " both are in the History, and decisions stand as they are."
    )
    return modal(title="Assign", blocks=[section(words)])


def _had_done(change: Assignment) -> str:
    if change.after is not None and change.after == change.actor:
        return f"{who(change.actor)} had taken it"
    by = "The desk" if change.actor == BY_ITSELF else who(change.actor)
    asked = who(change.after) if change.after else "everyone of the role"
    return f"{by} had asked {asked}"
