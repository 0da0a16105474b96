"""The members task: ask Slack about one person, user group or channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import structlog

from domain.members import SlackPerson
from pipeline import record
from pipeline.record.members import MEMBERS_MOST
from pipeline.slack import GroupGone, PersonNotReachable, SlackRefused
from pipeline.tasks import Task
from pipeline.wiring import Deps
from storage.members import Ask

log = structlog.get_logger(__name__)

Answer = Callable[[Deps, Ask], None]


def ask(deps: Deps, ask_id: int, version: int) -> None:
    """Keep what Slack says now; when it does not say, what it said last holds.

    Raises:
        TryLater: Slack is away, busy, or out of turns.
    """
    wanted = deps.database.look(lambda store: store.members.ask(ask_id))
    if wanted is None or wanted.version != version:
        # something was heard since, and it is asked again
        return
    try:
        _ASK[wanted.slack_id[0]](deps, wanted)
    except SlackRefused as refused:
        log.warning("members.not_told", about=wanted.slack_id, code=refused.code)


def _person(deps: Deps, wanted: Ask) -> None:
    try:
        found = deps.slack.person(wanted.slack_id)
    except PersonNotReachable:
        # nobody by that id is here any more
        found = SlackPerson(id=wanted.slack_id, name=wanted.slack_id, is_deleted=True)
    with deps.database.begin() as store:
        record.person_seen(
            store, deps.written, found, ask_id=wanted.id, version=wanted.version
        )


def _user_group(deps: Deps, wanted: Ask) -> None:
    try:
        members = deps.slack.group_members(wanted.slack_id)
    except GroupGone:
        members = frozenset()
    _keep_group(deps, wanted, members)


def _channel(deps: Deps, wanted: Ask) -> None:
    # all pages of a large channel would be more calls than Slack grants in a minute
    members = deps.slack.members(wanted.slack_id, most=MEMBERS_MOST)
    _keep_group(deps, wanted, members)


def _keep_group(deps: Deps, wanted: Ask, members: frozenset[str]) -> None:
    with deps.database.begin() as store:
        record.group_seen(
            store,
            deps.written,
            wanted.slack_id,
            members,
            ask_id=wanted.id,
            version=wanted.version,
        )
    log.info("members.group_seen", group=wanted.slack_id, members=len(members))


_ASK: Final[Mapping[str, Answer]] = {
    "U": _person,
    "W": _person,
    "S": _user_group,
    "C": _channel,
    "G": _channel,
}


def _give_up(_deps: Deps, ask_id: int, words: str) -> None:
    # it is asked again by itself
    log.error("members.gave_up", ask=ask_id, why=words)


TASK: Final = Task(
    name="members", queue="interactive", run=ask, is_projection=True, give_up=_give_up
)
