"""A freeze was made or is over: notices and cards say so, and what waited goes on."""

from __future__ import annotations

import hashlib
import json
from typing import Final

import structlog

from blocks import freeze as drawn
from domain.freeze import Freeze, FreezeId, Scope
from pipeline import failpoint
from pipeline.advance import refresh_card
from pipeline.playbook import Playbook
from pipeline.record.thaws import go_on
from pipeline.slack import MessageGone, SlackRefused
from pipeline.tasks import Task
from pipeline.wiring import Deps
from storage import queries

log = structlog.get_logger(__name__)


def thaw(deps: Deps, freeze_id: int, _version: int) -> None:
    """Do what follows from a freeze as it is now; each time the same.

    Raises:
        TryLater: Slack is away; campaigns went on before it was asked.
    """
    number = FreezeId(freeze_id)
    found = deps.database.look(lambda store: store.freezes.get(number))
    is_over = not found.is_active(deps.clock())
    if is_over:
        for campaign_id in deps.database.look(lambda s: s.freezes.waiting(number)):
            with deps.database.begin() as store:
                go_on(store, deps.playbook, campaign_id)
    asked = f"asked{found.lift_asks}" if found.lift_asks else "frozen"
    state = "over" if is_over else asked
    for line in deps.database.read(queries.covered_by, found, deps.playbook.esp):
        with deps.database.begin() as store:
            campaign = store.campaigns.lock(line)
            refresh_card(store, campaign, f"freeze{freeze_id}.{state}")
    for channel in _channels(deps.playbook, found):
        _notice(deps, found, channel)


def _channels(playbook: Playbook, found: Freeze) -> tuple[str, ...]:
    """The review channels of whose campaigns it stops."""
    if found.scope is Scope.TEAM:
        return (playbook.of(found.target).team.channel,)
    teams = (playbook.team, *(each.team for each in playbook.teams.values()))
    return tuple(dict.fromkeys(team.channel for team in teams))


def _notice(deps: Deps, found: Freeze, channel: str) -> None:
    """Post the freeze once in a channel, and edit that message when it changes.

    A kill between call and commit posts it again: twice is better than not at all.
    """
    message = drawn.notice(found, now=deps.clock())
    payload = message.payload()
    packed = json.dumps(payload, sort_keys=True)
    sha256 = hashlib.sha256(packed.encode()).hexdigest()
    known = deps.database.look(lambda s: s.freezes.notices(found.id)).get(channel)
    if known is not None and known[1] == sha256:
        return
    failpoint.hit("freeze.before_call")
    try:
        ts = _show(deps, channel, payload["text"], payload["blocks"], known)
    except SlackRefused as refused:
        # such as a channel without the bot: the cards say it all the same
        log.warning("freeze.not_told", freeze=found.id, code=refused.code)
        return
    failpoint.hit("freeze.after_call")
    with deps.database.begin() as store:
        store.freezes.noticed(found.id, channel, ts=ts, rendered_sha256=sha256)


def _show(
    deps: Deps,
    channel: str,
    text: str,
    blocks: list[dict[str, object]],
    known: tuple[str, str] | None,
) -> str:
    if known is not None:
        try:
            deps.slack.update(channel, known[0], text, blocks)
        except MessageGone:
            log.info("freeze.reposted", channel=channel)
        else:
            return known[0]
    return deps.slack.post(channel, text, blocks).ts


TASK: Final = Task(name="thaw", queue="interactive", run=thaw)
