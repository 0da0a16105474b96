"""What people decide about a campaign that sends, or that waits to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.kwargs_injection.async_args import AsyncArgs

from blocks import canary_report, history
from blocks.ids import Action, Verb
from bot import brief, export, rollback, strategy
from bot.context import Web
from bot.listeners import SLACK_AWAY, OnClick, on_choice, on_click, open_window
from bot.payloads import Click
from domain.campaign import Actor, CampaignId
from domain.send import ChunkId
from pipeline import record
from storage import queries

log = structlog.get_logger(__name__)


def register(app: AsyncApp) -> None:
    for action, act in BUTTONS.items():
        app.action(action)(on_click(act))
    for menu in (Action.CAMPAIGN_MORE, Action.CHUNK_MORE):
        app.action(menu)(on_choice(MENU))


def _decides(decide: Callable[..., Any]) -> OnClick:
    """A click that is one decision of `record` about one campaign."""

    async def act(click: Click, web: Web, slack: AsyncArgs) -> None:
        campaign = CampaignId(click.target)
        await web.write(decide, web.playbook, campaign, actor=click.user)
        await slack.ack()

    act.__name__ = decide.__name__
    return act


async def retry(click: Click, web: Web, slack: AsyncArgs) -> None:
    await web.write(
        record.retry,
        web.playbook,
        CampaignId(click.target),
        actor=Actor(id=click.user),
    )
    await slack.ack()


async def look_up_chunk(click: Click, web: Web, slack: AsyncArgs) -> None:
    await _resolve(click, web, "look_up")
    await slack.ack()


async def mark_chunk_sent(click: Click, web: Web, slack: AsyncArgs) -> None:
    await _resolve(click, web, "mark_sent")
    await slack.ack()


async def send_again(click: Click, web: Web, slack: AsyncArgs) -> None:
    await web.write(
        record.send_again, web.playbook, ChunkId(click.target), actor=click.user
    )
    await slack.ack()


async def _resolve(click: Click, web: Web, choice: str) -> None:
    await web.write(
        record.resolve_chunk,
        web.playbook,
        ChunkId(click.target),
        choice,
        actor=click.user,
    )


async def evidence(click: Click, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    number, facts = CampaignId(click.target), web.facts
    card = await web.read(queries.campaign_card, number, facts)
    beside = await web.read(
        queries.control, number, look=web.playbook.control, now=web.now()
    )
    opened = await open_window(slack, canary_report.evidence(card, control=beside))
    # clicks of a long list take longer to read than Slack waits for a window
    arms = await web.read(queries.arms, number, today=facts.canary, now=web.now())
    if opened is None or arms is None:
        return
    try:
        await slack.client.views_update(
            view_id=opened, view=canary_report.evidence(card, arms, beside)
        )
    except SLACK_AWAY as error:
        # the window has been closed meanwhile
        log.info("window.not_redrawn", why=type(error).__name__)


async def campaign_history(click: Click, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    lines = await web.read(queries.audit, CampaignId(click.target))
    await open_window(slack, history.campaign_history(lines))


BUTTONS: Final[Mapping[Action, OnClick]] = {
    Action.EXPAND: _decides(record.expand),
    Action.EXTEND: _decides(record.extend),
    Action.HOLD: _decides(record.hold),
    Action.CANCEL_CAMPAIGN: _decides(record.cancel),
    Action.RETRY_CAMPAIGN: retry,
    Action.EVIDENCE: evidence,
    Action.SHOW_BRIEF: brief.show,
    Action.EXPORT: export.export,
    Action.LOOK_UP_CHUNK: look_up_chunk,
    Action.MARK_CHUNK_SENT: mark_chunk_sent,
}
MENU: Final[Mapping[Verb, OnClick]] = {
    Verb.SHOW_BRIEF: brief.show,
    Verb.CLONE_BRIEF: brief.clone,
    Verb.CHANGE_BRIEF: strategy.change,
    Verb.CAMPAIGN_HISTORY: campaign_history,
    Verb.EVIDENCE: evidence,
    Verb.EXPAND: BUTTONS[Action.EXPAND],
    Verb.EXTEND: BUTTONS[Action.EXTEND],
    Verb.HOLD: BUTTONS[Action.HOLD],
    Verb.CANCEL_CAMPAIGN: BUTTONS[Action.CANCEL_CAMPAIGN],
    Verb.ROLL_BACK: rollback.roll_back,
    Verb.MARK_CHUNK_SENT: mark_chunk_sent,
    Verb.SEND_AGAIN: send_again,
}
