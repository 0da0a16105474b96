"""Approved copy that is no mail, put into its thread as files."""

from __future__ import annotations

from slack_bolt.kwargs_injection.async_args import AsyncArgs

from bot.context import Web
from bot.payloads import Click
from domain.campaign import CampaignId
from pipeline import record


async def export(click: Click, web: Web, slack: AsyncArgs) -> None:
    await web.write(
        record.export, web.playbook, CampaignId(click.target), actor=click.user
    )
    await slack.ack()
