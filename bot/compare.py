"""Comparing two revisions of a campaign in a window."""

from __future__ import annotations

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.kwargs_injection.async_args import AsyncArgs
from slack_sdk.errors import SlackApiError

from blocks import side_by_side
from blocks.ids import Action, compared_of
from bot.context import Web
from bot.errors import guarded, slack_code
from bot.listeners import SLACK_AWAY, on_click, open_window
from bot.payloads import Click, Columns
from domain.campaign import CampaignId
from domain.errors import Refused
from domain.variant import RevisionId, VariantId
from pipeline import record
from storage import queries

log = structlog.get_logger()


def register(app: AsyncApp) -> None:
    app.action(Action.COMPARE)(on_click(compare_campaign))
    app.action(Action.POST_COMPARISON)(on_click(post))
    app.action(Action.LEFT)(choose)
    app.action(Action.RIGHT)(choose)


async def compare_campaign(click: Click, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    view = await web.read(queries.comparison, CampaignId(click.target))
    await open_window(slack, side_by_side.window(view))


async def compare_variant(click: Click, web: Web, slack: AsyncArgs) -> None:
    """Begin with this variant on the left."""
    await slack.ack()
    variant = VariantId(click.target)
    campaign = await web.read(queries.campaign_of, variant)
    view = await web.read(queries.comparison, campaign, variant=variant)
    await open_window(slack, side_by_side.window(view))


async def post(click: Click, web: Web, slack: AsyncArgs) -> None:
    """Have what the window shows posted in the thread as a picture."""
    seen = compared_of(click.block)
    if seen is None:
        raise Refused("This window is of an older version; open Compare again.")
    left, right = (RevisionId(each) for each in seen)
    campaign = CampaignId(click.target)
    await web.write(
        record.post_comparison, web.playbook, campaign, left, right, actor=click.user
    )
    await slack.ack()
    view = await web.read(queries.comparison, campaign, left=left, right=right)
    try:
        await slack.client.views_update(
            view_id=slack.body["view"]["id"], view=side_by_side.window(view)
        )
    except SLACK_AWAY as error:
        # it is kept, also when the window has been closed meanwhile
        log.info("window.not_redrawn", why=type(error).__name__)


@guarded
async def choose(args: AsyncArgs, web: Web) -> None:
    await args.ack()
    columns = Columns.of(args.body)
    try:
        await redraw(columns, web, args, seen=columns.seen)
    except SlackApiError as error:
        if slack_code(error) != "hash_conflict":
            raise
        # of two quick choices the later one knows both
        await redraw(columns, web, args)


async def redraw(
    columns: Columns, web: Web, slack: AsyncArgs, *, seen: str | None = None
) -> None:
    """Draw the comparison with the columns that are chosen in it."""
    view = await web.read(
        queries.comparison,
        CampaignId(columns.campaign),
        left=RevisionId(columns.left) if columns.left else None,
        right=RevisionId(columns.right) if columns.right else None,
    )
    await slack.client.views_update(
        view_id=columns.view_id, hash=seen, view=side_by_side.window(view)
    )
