"""The Home tab: what waits for this person, what is live, what they wrote."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block, DividerBlock, HeaderBlock, PlainTextObject
from slack_sdk.models.views import View

from blocks import campaign_lists
from blocks.ids import Action, Callback
from blocks.message import actions, button, context, section
from blocks.text import count, due, joined, line, plural
from domain.views import CampaignLine, HomeView, WaitingLine

# A view takes 100 blocks; these leave room for the rest.
_WAITING_SHOWN: Final = 15
_LINES_SHOWN: Final = 10


def render(view: HomeView, *, now: datetime) -> View:
    """Draw Home for one person as the record says it is at `now` (aware)."""
    if not view.is_known:
        blocks = _first_visit(view)
    elif not (view.waiting or view.live or view.mine):
        blocks = _nothing_to_do(view)
    else:
        blocks = _desk(view, now)
    kept = [each for each in blocks if each is not None]
    return View(type="home", callback_id=Callback.HOME, blocks=kept)


def _new_brief() -> Block | None:
    return actions([button("New brief", Action.NEW_BRIEF, style="primary")])


def _heading(text: str) -> HeaderBlock:
    return HeaderBlock(text=PlainTextObject(text=text, emoji=False))


def _practice(view: HomeView) -> Block | None:
    return context(" · ".join(line(each, 120) for each in view.practice[:5]))


def _first_visit(view: HomeView) -> list[Block | None]:
    return [
        _heading("Welcome to Copydesk"),
        section(
            "Copydesk turns a brief into mail copy that people approve stage by stage,"
            " sends a small canary first, and stops by itself when it draws complaints."
        ),
        section(
            "You are not in this team's list yet, so nothing is asked of you and you"
            " cannot decide. You can watch every campaign in its channel. Whoever runs"
            " Copydesk can add you to the team file."
        ),
        _practice(view),
    ]


def _nothing_to_do(view: HomeView) -> list[Block | None]:
    return [
        _heading("Nothing waits for you"),
        section("No campaign is under way. Write a brief to start one."),
        _new_brief(),
        _roles(view),
        _practice(view),
    ]


def _roles(view: HomeView) -> Block | None:
    if not view.roles:
        return context("You have no review role, so you are never asked to decide")
    named = joined(line(each.replace("_", " "), 40) for each in view.roles)
    return context(f"Your roles: {named}")


def _desk(view: HomeView, now: datetime) -> list[Block | None]:
    return [
        _heading(f"Waiting on you ({count(len(view.waiting))})"),
        *_waiting(view.waiting, now),
        DividerBlock(),
        _heading("Live now"),
        *_live(view.live, now),
        DividerBlock(),
        _heading("Your briefs"),
        *_mine(view.mine, now),
        _new_brief(),
        DividerBlock(),
        _roles(view),
        _practice(view),
    ]


def _waiting(lines: Sequence[WaitingLine], now: datetime) -> list[Block | None]:
    if not lines:
        return [section("Nothing waits for your decision.")]
    soonest = sorted(lines, key=lambda each: each.due_at)
    rows: list[Block | None] = [
        section(
            f"*#{each.campaign_id} {line(each.title, 100)}*, variant"
            f" {line(each.variant_label, 5)}\n{line(each.stage, 40).capitalize()} review,"
            f" {due(each.due_at, now)} · tier {line(each.tier, 5)} ·"
            f" {plural(each.recipients, 'recipient')} · decide in the thread in"
            f" {campaign_lists.place(each.slack_channel, each.slack_ts)}"
        )
        for each in soonest[:_WAITING_SHOWN]
    ]
    return [*rows, _rest(len(lines) - _WAITING_SHOWN)]


def _live(lines: Sequence[CampaignLine], now: datetime) -> list[Block | None]:
    if not lines:
        return [section("No campaign is sending or scheduled.")]
    rows: list[Block | None] = [
        section(
            campaign_lists.row(each, now),
            accessory=button(
                "Roll back",
                Action.ROLL_BACK,
                each.id,
                style="danger",
                aloud=f"Roll back campaign {each.id}: stop it now",
            ),
        )
        for each in lines[:_LINES_SHOWN]
    ]
    return [*rows, _rest(len(lines) - _LINES_SHOWN)]


def _mine(lines: Sequence[CampaignLine], now: datetime) -> list[Block | None]:
    if not lines:
        return [section("You have not written a brief yet.")]
    rows: list[Block | None] = [
        section(campaign_lists.row(each, now)) for each in lines[:_LINES_SHOWN]
    ]
    return [*rows, _rest(len(lines) - _LINES_SHOWN)]


def _rest(hidden: int) -> Block | None:
    return context(f"{count(hidden)} more not shown" if hidden > 0 else "")
