"""Home and its settings, and clicks nobody answers for."""

from __future__ import annotations

import re
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.kwargs_injection.async_args import AsyncArgs
from slack_sdk.web.async_client import AsyncWebClient

from blocks import home_tab, settings_form
from blocks.ids import Action, Callback
from bot.context import Web
from bot.errors import guarded
from bot.listeners import SLACK_AWAY, on_click, on_submit, open_window
from bot.payloads import Click, Submission
from domain.errors import Refused, TryLater
from pipeline import record
from storage import queries

log = structlog.get_logger()


def register(app: AsyncApp) -> None:
    app.event("app_home_opened")(app_home_opened)
    app.action(Action.SETTINGS)(on_click(open_settings))
    app.view(Callback.SETTINGS_FORM)(on_submit(save_settings))
    # last: what no other listener knows, such as a button of an older version
    app.action(re.compile(".*"))(stale)
    app.view(re.compile(".*"))(stale)


@guarded
async def app_home_opened(
    event: dict[str, Any], client: AsyncWebClient, web: Web
) -> None:
    if event.get("tab") != "home":
        return
    await _show(str(event["user"]), web, client)


async def _show(user: str, web: Web, client: AsyncWebClient) -> None:
    now = web.now()
    view = await web.read(queries.home, user, web.facts, now=now)
    await client.views_publish(user_id=user, view=home_tab.render(view, now=now))


async def publish(user: str, web: Web, client: AsyncWebClient) -> None:
    """Draw a person's Home anew after they did something there.

    What they did is done; a Home that could not be drawn is drawn when they come back.
    """
    try:
        await _show(user, web, client)
    except (*SLACK_AWAY, TryLater) as error:
        log.info("home.not_drawn", why=type(error).__name__)


async def open_settings(click: Click, web: Web, slack: AsyncArgs) -> None:
    await slack.ack()
    given = await web.read(queries.preferences_of, click.user)
    await open_window(slack, settings_form.form(given))
    await _learn_zone(click.user, web, slack.client)


async def _learn_zone(user: str, web: Web, client: AsyncWebClient) -> None:
    """Ask Slack where the person is, for the hour of a digest.

    Without an answer it is the desk's own zone, until the first digest asks again.
    """
    try:
        answer = await client.users_info(user=user)
    except SLACK_AWAY as error:
        log.info("settings.zone_unknown", why=type(error).__name__)
        return
    name = str((answer.get("user") or {}).get("tz") or "")
    await web.write(record.learn_zone, web.playbook, user, name=name)


async def save_settings(submission: Submission, web: Web, slack: AsyncArgs) -> None:
    given = settings_form.preferences_from(submission.state)
    errors = settings_form.errors(given, web.now())
    if errors:
        await slack.ack(response_action="errors", errors=errors)
        return
    await web.write(record.set_preferences, web.playbook, given, actor=submission.user)
    await slack.ack()
    await publish(submission.user, web, slack.client)


@guarded
async def stale() -> None:
    raise Refused("This belongs to an older card; open the newest one.")
