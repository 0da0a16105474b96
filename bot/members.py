"""What Slack tells of people, user groups and channels: who may decide, and who not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.context.async_context import AsyncBoltContext

from bot.context import Web
from bot.errors import guarded
from domain.errors import TryLater
from pipeline import record
from pipeline.slack import person_from
from storage import queries
from storage.migrate import is_current

log = structlog.get_logger()

READ_EVERY: Final = timedelta(seconds=1)
"""Somebody taken out through another process is out here after this, at most."""

WAITING_MOST: Final = 100
"""With more listeners than this under way, what Slack said is asked for again later.

A workspace of thousands changes its people several times a second, so that an outage
would else fill memory.
"""


def register(app: AsyncApp) -> None:
    app.event("user_change")(user_change)
    app.event("subteam_members_changed")(subteam_members_changed)
    app.event("subteam_updated")(subteam_updated)
    app.event("member_joined_channel")(member_joined_channel)
    app.event("member_left_channel")(member_left_channel)


@guarded
async def user_change(
    event: dict[str, Any], body: dict[str, Any], context: AsyncBoltContext, web: Web
) -> None:
    person = person_from(event["user"], home=_home(body, context))
    await _hear(web, person.id, record.person_changed, web.written, person)


@guarded
async def subteam_members_changed(event: dict[str, Any], web: Web) -> None:
    group = str(event["subteam_id"])
    gone = frozenset(map(str, event.get("removed_users") or ()))
    await _hear(web, group, record.members_left, web.written, group, gone)


@guarded
async def subteam_updated(event: dict[str, Any], web: Web) -> None:
    """A group was renamed, disabled or enabled; its list of users may be cut short."""
    group = str(event["subteam"]["id"])
    if event["subteam"].get("date_delete"):
        await _hear(web, group, record.group_closed, web.written, group)
    else:
        await _hear(web, group, record.group_changed, group)


@guarded
async def member_joined_channel(
    event: dict[str, Any], context: AsyncBoltContext, web: Web
) -> None:
    """Ask who is there now; the bot posts what it could not before it was."""
    channel = str(event["channel"])
    if event["user"] == context.bot_user_id:
        queued = await web.write(record.channel_joined, channel)
        log.info("slack.channel_joined", channel=channel, queued=queued)
    await _hear(web, channel, record.group_changed, channel)


@guarded
async def member_left_channel(event: dict[str, Any], web: Web) -> None:
    channel, gone = str(event["channel"]), frozenset((str(event["user"]),))
    await _hear(web, channel, record.members_left, web.written, channel, gone)


async def _hear(
    web: Web, slack_id: str, fn: Callable[..., None], *args: object
) -> None:
    """Write what Slack will not say again, however busy the desk is.

    Most of what it says is about people and channels that decide nothing here. When
    too many wait already, all are asked about once the desk is back.
    """
    while True:
        try:
            if await web.read(queries.is_concerned, slack_id):
                await web.write(fn, *args)
                await web.look_around()
        except TryLater as later:
            log.warning("members.put_off", why=str(later))
            if len(web.running) > WAITING_MOST:
                web.missed.set()
                return
            await asyncio.sleep(later.retry_after.total_seconds())
        else:
            return


def _home(body: Mapping[str, Any], context: AsyncBoltContext) -> str:
    """The workspace whose token the desk has; another, with the app too, may speak.

    While Slack has not said which that is, it is the one the event was sent to.
    """
    known = context.authorize_result
    installed = body.get("authorizations") or [{}]
    said = installed[0].get("team_id") or body.get("team_id")
    return str((known.team_id if known is not None else None) or said)


async def look_first(web: Web) -> None:
    """Know who may decide before the first click; a database that is away may not say.

    Until it has said, everybody in the team file is trusted, who has left as well.
    """
    try:
        async with asyncio.timeout(READ_EVERY.total_seconds()):
            if await _is_current(web):
                await web.look_around()
    except (TryLater, TimeoutError) as error:
        log.warning("members.not_read", why=str(error))


async def follow(web: Web) -> None:
    """Read who may decide, once a second; an outage is waited out.

    Events may have been missed while this process was away, so all are asked about.
    """
    has_asked = False
    is_away = False
    while True:
        try:
            if web.missed.is_set():
                has_asked = False
                web.missed.clear()
            if not has_asked:
                has_asked = await _ask_everyone_again(web)
            if has_asked:
                await web.look_around()
            is_away = False
        except TryLater as later:
            if not is_away:
                log.warning("members.not_read", why=str(later))
            is_away = True
        await asyncio.sleep(READ_EVERY.total_seconds())


async def _ask_everyone_again(web: Web) -> bool:
    """False while the database waits to be brought to this version."""
    if not await _is_current(web):
        return False
    database = web.deps.database
    # without anybody to ask about, no click has to wait for this write
    if await asyncio.to_thread(database.look, lambda store: store.members.is_any()):
        await web.write(record.ask_everyone_again)
    return True


async def _is_current(web: Web) -> bool:
    database = web.deps.database
    return await asyncio.to_thread(database.look, lambda _store: is_current(database))
