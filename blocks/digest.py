"""A person's digest: Home's lists in one message, for whoever wants no pings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block, HeaderBlock, PlainTextObject

from blocks import campaign_lists, home_tab
from blocks.ids import Action
from blocks.message import Message, actions, button, context, message, section
from blocks.text import plural
from domain.views import CampaignLine, DigestView

# a message takes 50 blocks; these leave room for headings and what is hidden
_WAITING_SHOWN: Final = 10
_STRATEGIES_SHOWN: Final = 5
_LINES_SHOWN: Final = 8
_FOOT: Final = (
    "Your daily digest. Reminders come here and not in threads. Copydesk's Home, in the"
    " sidebar, has all of it as it is now."
)


def render(view: DigestView, *, now: datetime) -> Message:
    """Draw a digest as the record says it is at `now` (aware)."""
    return message(
        _aloud(view, now),
        [
            *_waiting(view, now),
            *_overdue(view, now),
            *_campaigns("Your campaigns that are out", view.live, now),
            *_campaigns("Your briefs", view.mine, now, is_cut="mine" in view.cut),
            actions([button("Settings", Action.SETTINGS)]),
            context(_FOOT),
        ],
    )


def _aloud(view: DigestView, now: datetime) -> str:
    waiting = len(view.waiting) + len(view.strategies)
    more = "+" if "waiting" in view.cut else ""
    late = sum(each.due_at < now for each in view.waiting) + sum(
        each.due_at is not None and each.due_at < now for each in view.strategies
    )
    said = [f"{waiting}{more} waiting on you" if waiting else "nothing waits for you"]
    if late:
        said.append(f"{late} of them overdue")
    if view.overdue:
        said.append(f"{len(view.overdue)} overdue in your pools")
    if view.live:
        said.append(f"{plural(len(view.live), 'campaign')} of yours out")
    return f"Your digest: {', '.join(said)}"


def _heading(text: str) -> HeaderBlock:
    return HeaderBlock(text=PlainTextObject(text=text, emoji=False))


def _waiting(view: DigestView, now: datetime) -> list[Block | None]:
    total = len(view.waiting) + len(view.strategies)
    if not total:
        return [_heading("Nothing waits for you")]
    is_cut = "waiting" in view.cut
    shown = view.strategies[:_STRATEGIES_SHOWN]
    questions = view.waiting[:_WAITING_SHOWN]
    return [
        _heading(f"Waiting on you ({total}{'+' if is_cut else ''})"),
        *(home_tab.strategy(each, now) for each in shown),
        *(home_tab.question(each, now) for each in questions),
        home_tab.rest(total - len(shown) - len(questions), is_cut=is_cut),
    ]


def _overdue(view: DigestView, now: datetime) -> list[Block | None]:
    rows = home_tab.late(view.overdue, now, is_cut="overdue" in view.cut)
    return [_heading("Overdue in your pools"), *rows] if rows else []


def _campaigns(
    heading: str, lines: Sequence[CampaignLine], now: datetime, *, is_cut: bool = False
) -> list[Block | None]:
    if not lines:
        return []
    return [
        _heading(heading),
        *(section(campaign_lists.row(each, now)) for each in lines[:_LINES_SHOWN]),
        home_tab.rest(len(lines) - _LINES_SHOWN, is_cut=is_cut),
    ]
