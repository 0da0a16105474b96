"""The Home tab: what waits for this person, what is live, what they wrote."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block, DividerBlock, HeaderBlock, PlainTextObject
from slack_sdk.models.views import View

from blocks import campaign_lists, freeze
from blocks.ids import Action, Callback
from blocks.message import actions, button, context, section
from blocks.text import (
    capital,
    clock,
    count,
    date,
    due,
    joined,
    line,
    plain,
    plural,
    relative,
)
from domain.channel import people
from domain.rejection import REASON_WORDS
from domain.views import (
    CampaignLine,
    DecidedLine,
    HomeView,
    WaitingLine,
    WeekView,
)

# A view takes 100 blocks; these leave room for the rest.
_WAITING_SHOWN: Final = 15
_LINES_SHOWN: Final = 10
_OVERDUE_SHOWN: Final = 5
_LABELS_SHOWN: Final = 6


def render(view: HomeView, *, now: datetime) -> View:
    """Draw Home for one person as the record says it is at `now` (aware)."""
    if not view.is_known:
        blocks = _first_visit(view)
    elif not any(
        (
            view.waiting,
            view.strategies,
            view.live,
            view.mine,
            view.overdue,
            view.late_strategies,
        )
    ):
        blocks = _nothing_to_do(view, now)
    else:
        blocks = _desk(view, now)
    if view.is_known and view.freezes:
        blocks = [
            _heading("Frozen now"),
            *freeze.listed(view.freezes, now),
            DividerBlock(),
            *blocks,
        ]
    kept = [each for each in blocks if each is not None]
    return View(type="home", callback_id=Callback.HOME, blocks=kept)


def _commands() -> Block | None:
    return actions(
        [
            button("New brief", Action.NEW_BRIEF, style="primary"),
            button("Settings", Action.SETTINGS),
        ]
    )


def _heading(text: str) -> HeaderBlock:
    return HeaderBlock(text=PlainTextObject(text=text, emoji=False))


def _practice(view: HomeView) -> Block | None:
    return context(" · ".join(line(each, 120) for each in view.practice[:5]))


def _first_visit(view: HomeView) -> list[Block | None]:
    return [
        _heading("Welcome to Copydesk"),
        section(
            "Copydesk turns a brief into copy that people approve stage by stage,"
            " sends a small canary first, and stops by itself when it draws complaints."
        ),
        section(
            "You are not in this team's list yet, so nothing is asked of you and you"
            " cannot decide. You can watch every campaign in its channel. Whoever runs"
            " Copydesk can add you to the team file."
        ),
        _practice(view),
    ]


def _nothing_to_do(view: HomeView, now: datetime) -> list[Block | None]:
    return [
        _heading("Nothing waits for you"),
        section("No campaign is sending. Write a brief to start one."),
        _commands(),
        *_decided(view.decided, now),
        _roles(view, now),
        _practice(view),
    ]


def _roles(view: HomeView, now: datetime) -> Block | None:
    if view.roles:
        named = joined(line(each.replace("_", " "), 40) for each in view.roles)
        said = f"Your roles: {named}"
    else:
        said = "You have no review role, so you are never asked to decide"
    until = view.preferences.away_until
    is_away = until is not None and view.preferences.is_away(now)
    away = f"You are out of office until {date(until)}" if until and is_away else ""
    return context(said, away)


def _desk(view: HomeView, now: datetime) -> list[Block | None]:
    waiting = count(len(view.waiting) + len(view.strategies))
    if "waiting" in view.cut:
        waiting += "+"
    return [
        _heading(f"Waiting on you ({waiting})"),
        *(strategy(each, now) for each in view.strategies),
        *_waiting(view, now),
        _commands(),
        DividerBlock(),
        _heading("Live now"),
        *_live(view, now),
        DividerBlock(),
        _heading("Your briefs"),
        *_mine(view, now),
        *_overdue(view, now),
        *_decided(view.decided, now),
        DividerBlock(),
        _week(view.week),
        _roles(view, now),
        _practice(view),
    ]


# Lists -----------------------------------------------------------------------------


def _waiting(view: HomeView, now: datetime) -> list[Block | None]:
    lines = view.waiting
    if not lines and not view.strategies:
        return [section("Nothing waits for your decision.")]
    rows: list[Block | None] = [question(each, now) for each in lines[:_WAITING_SHOWN]]
    is_cut = "waiting" in view.cut
    return [
        *rows,
        rest(len(lines) - _WAITING_SHOWN, is_cut=is_cut),
        _in_one_go(view.passing),
    ]


def strategy(each: CampaignLine, now: datetime) -> Block:
    """A brief that waits for the reader, a brand lead."""
    where = campaign_lists.place(each.permalink_channel, each.permalink_ts)
    when = f", {due(each.due_at, now)}" if each.due_at else ""
    return section(
        f"{campaign_lists.title(each)}, strategy\n"
        f"Nothing is written before you approve it{when} · tier {line(each.tier, 5)} ·"
        f" {people(each.channel, each.recipients)} · asked"
        f" {relative(each.updated_at, now)} on its card · {where}"
    )


def question(each: WaitingLine, now: datetime) -> Block:
    """A question that waits for the reader, with its text one click away."""
    label = line(each.variant_label, 5)
    mine = ", assigned to you" if each.is_assigned else ""
    return section(
        f"*#{each.campaign_id} {line(each.title, 100)}*, variant {label}{mine}\n"
        f"{_stage(each.stage)} review, {due(each.due_at, now)} · tier"
        f" {line(each.tier, 5)} · {people(each.channel, each.recipients)} · asked"
        f" {relative(each.asked_at, now)} ·"
        f" {campaign_lists.place(each.slack_channel, each.slack_ts)}",
        accessory=button(
            "Open",
            Action.OPEN_VARIANT,
            each.variant_id,
            aloud=f"Open variant {plain(each.variant_label, 5)} of campaign"
            f" {each.campaign_id}",
        ),
    )


def _stage(name: str) -> str:
    return capital(line(name.replace("_", " "), 40))


def _in_one_go(passing: int) -> Block | None:
    if passing < 2:  # noqa: PLR2004  # one is decided as quickly by itself
        return None
    return actions(
        [
            button(
                "Approve all passing of tier C",
                Action.BULK_APPROVE,
                aloud=f"See {passing} passing texts of tier C, to approve them at once",
            )
        ]
    )


def _live(view: HomeView, now: datetime) -> list[Block | None]:
    if not view.live:
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
        for each in view.live[:_LINES_SHOWN]
    ]
    hidden = len(view.live) - _LINES_SHOWN
    return [*rows, rest(hidden, is_cut="live" in view.cut)]


def _mine(view: HomeView, now: datetime) -> list[Block | None]:
    if not view.mine:
        return [section("You have not written a brief yet.")]
    shown: Sequence[CampaignLine] = view.mine[:_LINES_SHOWN]
    rows: list[Block | None] = [
        section(campaign_lists.row(each, now)) for each in shown
    ]
    hidden = len(view.mine) - _LINES_SHOWN
    return [*rows, rest(hidden, is_cut="mine" in view.cut)]


def _overdue(view: HomeView, now: datetime) -> list[Block | None]:
    """What the rest of the team is late with."""
    rows: list[Block | None] = [
        section(_late_strategy(each, now))
        for each in view.late_strategies[:_OVERDUE_SHOWN]
    ]
    rows += late(view.overdue, now, is_cut="overdue" in view.cut)
    return [DividerBlock(), _heading("Overdue on the team"), *rows] if rows else []


def late(
    overdue: Iterable[WaitingLine], now: datetime, *, is_cut: bool
) -> list[Block | None]:
    """What is overdue, one line per campaign and stage."""
    grouped: dict[tuple[int, str], list[WaitingLine]] = {}
    for each in overdue:
        grouped.setdefault((each.campaign_id, each.stage), []).append(each)
    groups = list(grouped.values())
    if not groups:
        return []
    return [
        *(section(_late(group, now)) for group in groups[:_OVERDUE_SHOWN]),
        rest(len(groups) - _OVERDUE_SHOWN, is_cut=is_cut),
    ]


def _late_strategy(each: CampaignLine, now: datetime) -> str:
    """A brief that brand leads are late with."""
    when = due(each.due_at, now) if each.due_at else relative(each.updated_at, now)
    return (
        f"{campaign_lists.title(each)}, strategy\n"
        f"Waits for a brand lead, {when} · tier {line(each.tier, 5)} ·"
        f" {campaign_lists.place(each.permalink_channel, each.permalink_ts)}"
    )


def _late(group: Sequence[WaitingLine], now: datetime) -> str:
    first = group[0]
    some = "variant" if len(group) == 1 else "variants"
    labels = joined(line(each.variant_label, 5) for each in group[:_LABELS_SHOWN])
    return (
        f"*#{first.campaign_id} {line(first.title, 100)}*, {some} {labels}\n"
        f"{_stage(first.stage)} review waits for {line(first.role.replace('_', ' '), 40)}"
        f", {due(first.due_at, now)} · tier {line(first.tier, 5)} ·"
        f" {campaign_lists.place(first.slack_channel, first.slack_ts)}"
    )


def _decided(lines: Iterable[DecidedLine], now: datetime) -> list[Block | None]:
    rows = [_verdict(each, now) for each in lines]
    if not rows:
        return []
    return [DividerBlock(), _heading("Your last decisions"), section("\n".join(rows))]


def _verdict(each: DecidedLine, now: datetime) -> str:
    given = each.decision
    verb = "approved" if given.is_approval else "rejected"
    return (
        f"#{each.campaign_id} {line(each.title, 80)}, variant"
        f" {line(given.variant_label, 5)}: {verb} in {_stage(given.stage).lower()}"
        f" review, {clock(given.decided_at)} ({relative(given.decided_at, now)})"
        + (f", {REASON_WORDS[given.code]}" if given.code else "")
    )


def _week(week: WeekView) -> Block | None:
    ended = (
        f"{plural(week.sent, 'campaign')} sent, {count(week.rolled_back)} rolled back,"
        f" {count(week.rejected)} rejected"
    )
    return context(
        f"The last 7 days: {ended} · you decided {plural(week.decided, 'time')}"
    )


def rest(hidden: int, *, is_cut: bool = False) -> Block | None:
    """What a list had no room for."""
    if hidden > 0:
        more = "+" if is_cut else ""
        return context(f"{count(hidden)}{more} more not shown")
    return context("More not shown") if is_cut else None
