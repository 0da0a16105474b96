"""A person's digest: one direct message a day, at most once, whatever dies in between."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog

from blocks import digest as drawn
from domain.digest import Digest, DigestState, is_too_late
from domain.errors import TryLater
from pipeline import failpoint, record
from pipeline.slack import NotTaken, SlackRefused
from pipeline.tasks import Task
from pipeline.wiring import Deps
from storage import queries

log = structlog.get_logger(__name__)

_CALL_MOST: Final = timedelta(seconds=20)
"""Longer than a call to Slack may take; whoever made it then has died."""


def digest(deps: Deps, digest_id: int, _version: int) -> None:
    """Send the digest unless it was sent, or may have been.

    Raises:
        TryLater: Slack took nothing, or another job is in its call.
        SlackRefused: The person cannot be written to.
    """
    found = deps.database.look(lambda store: store.digests.get(digest_id))
    if found.state is DigestState.INTENT:
        _was_intended(deps, found)
    if found.state is not DigestState.DUE:
        return
    if is_too_late(found.due_at, deps.clock()):
        _settle(deps, found, DigestState.LATE)
        return
    _ask_zone(deps, found.user)
    now = deps.clock()
    facts = deps.playbook.view_facts
    view = deps.database.read(queries.digest, found.user, facts, now=now)
    if view.is_empty:
        _settle(deps, found, DigestState.NOTHING)
        return
    payload = drawn.render(view, now=now).payload()
    with deps.database.begin() as store:
        if not store.digests.intend(digest_id):
            raise TryLater("Another job sends this digest.", retry_after=_CALL_MOST)
    failpoint.hit("digest.after_intent")
    _send(deps, found, payload["text"], payload["blocks"])


def _send(
    deps: Deps, found: Digest, text: str, blocks: list[dict[str, object]]
) -> None:
    try:
        posted = deps.slack.direct(found.user, text, blocks)
    except NotTaken:
        # there is no message, so there is no intent to remember
        _settle(deps, found, DigestState.DUE, intent_at=None)
        raise
    except TryLater:
        _settle(deps, found, DigestState.UNKNOWN)
        return
    except SlackRefused as refused:
        _settle(deps, found, DigestState.REFUSED, error=refused.code)
        raise
    failpoint.hit("digest.after_call")
    _settle(deps, found, DigestState.POSTED, channel=posted.channel, ts=posted.ts)


def _was_intended(deps: Deps, found: Digest) -> None:
    """An earlier job died in its call, or is in it still. Nothing is sent twice."""
    since = found.intent_at or found.due_at
    if deps.clock() - since < _CALL_MOST:
        raise TryLater("Another job sends this digest.", retry_after=_CALL_MOST)
    _settle(deps, found, DigestState.UNKNOWN)


def _ask_zone(deps: Deps, user: str) -> None:
    """Follow a person who travels; their next digest is at their hour there."""
    try:
        name = deps.slack.time_zone(user)
    except (TryLater, SlackRefused) as error:
        log.info("digest.zone_unknown", why=type(error).__name__)
        return
    with deps.database.begin() as store:
        record.learn_zone(store, deps.playbook, user, name=name)


def _settle(deps: Deps, found: Digest, state: DigestState, **facts: object) -> None:
    with deps.database.begin() as store:
        store.digests.settle(found.id, state, **facts)
    log.info("digest.settled", digest=found.id, state=state.value)


def give_up(deps: Deps, digest_id: int, reason: str) -> None:
    """A digest that cannot be drawn is not sent; the next day has its own."""
    with deps.database.begin() as store:
        store.digests.settle(digest_id, DigestState.REFUSED, error=reason)


TASK: Final = Task(name="digest", queue="interactive", run=digest, give_up=give_up)
