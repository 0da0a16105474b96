"""Cards are projections: post each surface of a campaign once, then update it in place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import structlog

from blocks import campaign_card, notices
from domain.campaign import CampaignId
from domain.errors import TryLater
from domain.views import (
    CampaignCard,
)
from pipeline import failpoint
from pipeline.slack import MessageGone, NotInChannel, OutOfTurns, Posted, SlackRefused
from pipeline.surfaces import Surface, said, surfaces
from pipeline.tasks import Task
from pipeline.wiring import Deps
from storage import queries
from storage.messages import SlackMessage, card_key

log = structlog.get_logger(__name__)

_BUSY: Final = timedelta(seconds=1)


def card(deps: Deps, campaign_id: int, _version: int) -> None:
    """Bring every message of the campaign up to the record.

    Raises:
        TryLater: Slack is away or busy, or another job holds a message.
    """
    number = CampaignId(campaign_id)
    seen = deps.database.look(lambda store: store.messages.versions(number))
    view = deps.database.read(queries.campaign_card, number, deps.playbook.view_facts)
    put_off: OutOfTurns | None = None
    for surface in surfaces(deps, view):
        try:
            _show(deps, number, surface, seen)
        except OutOfTurns as later:
            if view.slack_ts is None:
                # the thread needs its first message
                raise
            # updates have run out; what has to be posted anew need not wait for them
            put_off = later
        except NotInChannel as error:
            if surface.channel == view.slack_channel:
                _tell_author(deps, view, error, seen)
                return
            # another channel's trouble: the campaign's own messages go on
            log.warning("card.blocked", key=surface.key, code=error.code)
    if put_off is not None:
        raise put_off


def give_up(deps: Deps, campaign_id: int, reason: str) -> None:
    """A card that cannot be drawn never stops its campaign; the next news draws it."""
    with deps.database.begin() as store:
        campaign = store.campaigns.lock(CampaignId(campaign_id))
        store.audit.append(
            campaign.id, "card_failed", actor="desk", detail={"reason": reason}
        )


def _show(
    deps: Deps,
    campaign_id: CampaignId,
    surface: Surface,
    seen: Mapping[str, int],
) -> None:
    """Post or update one message.

    Args:
        seen: Each message's version before the view was read. A message that another
            job has drawn since may be newer than our view, so we look again.

    Raises:
        TryLater: Another job has the message, or had it meanwhile.
    """
    known = deps.database.look(lambda store: store.messages.get(surface.key))
    sha256 = surface.sha256
    is_posted = known is not None and known.state == "posted"
    is_same = known is not None and known.rendered_sha256 == sha256
    if is_posted and (is_same or not surface.is_live):
        return
    with deps.database.begin() as store:
        claimed = store.messages.claim(surface.key, campaign_id, surface.channel)
        parent = store.messages.get(card_key(campaign_id))
    if claimed is None:
        raise TryLater("Another job is posting this message.", retry_after=_BUSY)
    if claimed.version != seen.get(surface.key, 1) + 1:
        _settle(deps, claimed)
        raise TryLater("Another job has drawn this message.", retry_after=timedelta(0))
    failpoint.hit("card.after_claim")
    thread_ts = parent.ts if surface.in_thread and parent is not None else None
    posted = _try(deps, claimed, surface, parent, thread_ts)
    failpoint.hit("card.after_call")
    with deps.database.begin() as store:
        store.messages.settle(
            claimed,
            state="posted",
            channel=posted.channel,
            ts=posted.ts,
            thread_ts=thread_ts,
            rendered_sha256=sha256,
            behind_since=None,
            error=None,
        )
        if surface.posted is not None:
            surface.posted(store)


def _try(
    deps: Deps,
    claimed: SlackMessage,
    surface: Surface,
    parent: SlackMessage | None,
    thread_ts: str | None,
) -> Posted:
    """Make the call; when it fails, let go of the message with the reason."""
    try:
        return _call(deps, claimed, surface, thread_ts)
    except NotInChannel as error:
        _settle(deps, claimed, state="blocked", error=error.code)
        raise
    except MessageGone as error:
        _settle(deps, claimed)
        raise _without_parent(deps, parent) from error
    except SlackRefused as error:
        _settle(deps, claimed, error=error.code)
        raise
    except OutOfTurns:
        # Slack took nothing, so there is no intent to remember
        with deps.database.begin() as store:
            store.messages.let_go(claimed)
        raise
    except TryLater:
        _settle(deps, claimed, behind_since=claimed.behind_since or deps.clock())
        raise


def _without_parent(deps: Deps, parent: SlackMessage | None) -> TryLater:
    """The thread's card was deleted: forget where it was, so that it is posted anew."""
    if parent is not None:
        _settle(deps, parent, state="intent", ts=None, rendered_sha256="")
    return TryLater("The card of this thread is gone.", retry_after=_BUSY)


def _call(
    deps: Deps, message: SlackMessage, surface: Surface, thread_ts: str | None
) -> Posted:
    payload = surface.render()
    text, shown = payload["text"], payload["blocks"]
    behind = message.behind_since
    if behind is not None and message.key == card_key(message.campaign_id):
        shown = [*shown, *campaign_card.caught_up(deps.clock() - behind)]
    if message.ts is not None:
        try:
            deps.slack.update(message.channel, message.ts, text, shown)
        except MessageGone:
            log.info("card.reposted", key=message.key)
        else:
            return Posted(channel=message.channel, ts=message.ts)
    return deps.slack.post(
        surface.channel,
        text,
        shown,
        thread_ts=thread_ts,
        metadata_id=surface.key,
    )


def _settle(deps: Deps, message: SlackMessage, **facts: object) -> None:
    with deps.database.begin() as store:
        store.messages.settle(message, **facts)


def _tell_author(
    deps: Deps, view: CampaignCard, error: NotInChannel, seen: Mapping[str, int]
) -> None:
    """The brief is kept; its author learns by direct message what to do."""
    log.info("card.blocked", campaign=view.id, code=error.code)
    message = notices.bot_not_in_channel(view.id, view.title, view.slack_channel)
    told = said(f"blocked:{view.id}", view.author, message, is_live=False)
    _show(deps, view.id, told, seen)


TASK: Final = Task(
    name="card", queue="interactive", run=card, is_projection=True, give_up=give_up
)
