"""Cards are projections: post each surface of a campaign once, then update it in place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from blocks import (
    campaign_card,
    canary_report,
    compare,
    incident,
    notices,
    variant_card,
)
from blocks.message import Message
from domain.campaign import SENDING, CampaignId, State
from domain.errors import TryLater
from domain.rollback import StepName, StepState
from domain.variant import RevisionId, VariantId
from domain.views import CampaignCard, CanaryView, Point, VariantCard
from pipeline import failpoint
from pipeline.advance import refresh_card
from pipeline.plot import Mark, canary_plot
from pipeline.slack import MessageGone, NotInChannel, OutOfTurns, Posted, SlackRefused
from pipeline.tasks import Task
from pipeline.wiring import Deps
from storage import queries
from storage.messages import SlackMessage
from storage.store import Store

log = structlog.get_logger(__name__)

_BUSY: Final = timedelta(seconds=1)
_PLOT_IS_SLOWER: Final = 3
"""How much more rarely than its card a plot is drawn."""

_PLOTTED: Final = SENDING | {State.HELD, State.ROLLED_BACK, State.SENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """One message of a campaign.

    Attributes:
        key: Its row in `slack_messages`.
        facts: What it shows, hashed: equal facts need no call.
        render: Makes the message; called only when it has to be shown.
        is_live: Updated when its facts change; else posted once.
        in_thread: Under the campaign card.
        posted: Runs in the transaction that keeps the post.
    """

    key: str
    channel: str
    facts: object
    render: Callable[[], dict[str, Any]]
    is_live: bool = True
    in_thread: bool = False
    posted: Callable[[Store], None] | None = None

    @property
    def sha256(self) -> str:
        packed = json.dumps(self.facts, sort_keys=True, default=str)
        return hashlib.sha256(packed.encode()).hexdigest()


def card(deps: Deps, campaign_id: int, _version: int) -> None:
    """Bring every message of the campaign up to the record.

    Raises:
        TryLater: Slack is away or busy, or another job holds a message.
    """
    number = CampaignId(campaign_id)
    seen = deps.database.look(lambda store: store.messages.versions(number))
    view = deps.database.read(queries.campaign_card, number, deps.playbook.view_facts)
    put_off: OutOfTurns | None = None
    for surface in _surfaces(deps, view):
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
        parent = store.messages.get(f"campaign:{campaign_id}")
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
        _settle(deps, claimed)
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


def _surfaces(deps: Deps, view: CampaignCard) -> Iterator[Surface]:
    """The campaign's messages, most urgent first."""
    now = deps.clock()
    view = _told(deps, view)
    yield _surface(
        f"campaign:{view.id}",
        view.slack_channel,
        lambda at: campaign_card.render(view, now=at),
        still=now if view.state is State.BRIEFED else view.moved_at,
        now=now,
    )
    if view.incident is not None:
        yield _incident(deps, view)
    yield from _variants(deps, view, now)
    if view.state is State.STAGED_REVIEW and view.review is not None:
        asked = notices.asked(view.id, view.title, view.review, now=now)
        yield _said(
            f"asked:{view.id}:{view.review.stage}",
            view.slack_channel,
            asked,
            is_live=False,
            in_thread=True,
        )
    if view.state in _PLOTTED and view.canary is not None:
        yield from _plot(deps, view)


def _surface(
    key: str,
    channel: str,
    render: Callable[[datetime], Message],
    *,
    still: datetime,
    now: datetime,
    in_thread: bool = False,
) -> Surface:
    """A card with a running clock: hashed at a fixed moment, shown at the present one.

    So time alone changes no card; the next fact does, and brings the clock along.
    """
    return Surface(
        key=key,
        channel=channel,
        facts=render(still).payload(),
        render=lambda: render(now).payload(),
        in_thread=in_thread,
    )


def _said(
    key: str,
    channel: str,
    message: Message,
    *,
    is_live: bool = True,
    in_thread: bool = False,
    posted: Callable[[Store], None] | None = None,
) -> Surface:
    payload = message.payload()
    return Surface(
        key=key,
        channel=channel,
        facts=payload,
        render=lambda: payload,
        is_live=is_live,
        in_thread=in_thread,
        posted=posted,
    )


def _variants(deps: Deps, view: CampaignCard, now: datetime) -> Iterator[Surface]:
    facts = deps.playbook.view_facts
    for variant_id in deps.database.read(queries.variant_ids, view.id):
        shown = deps.database.read(queries.variant_card, VariantId(variant_id), facts)
        if shown.text is None and shown.reason is None:
            continue
        yield _variant(view, shown, now)
        if shown.origin is not None and shown.origin.editor is not None:
            yield _changed(deps, view, shown.revision_id)


def _variant(view: CampaignCard, shown: VariantCard, now: datetime) -> Surface:
    return _surface(
        f"variant:{shown.variant_id}",
        view.slack_channel,
        lambda at: variant_card.render(shown, now=at),
        still=view.created_at,
        now=now,
        in_thread=True,
    )


def _changed(deps: Deps, view: CampaignCard, revision_id: int | None) -> Surface:
    revision = deps.database.read(queries.revision, RevisionId(revision_id or 0))
    return _said(
        f"changed:{revision.revision_id}",
        view.slack_channel,
        compare.changed(revision),
        is_live=False,
        in_thread=True,
    )


def _told(deps: Deps, view: CampaignCard) -> CampaignCard:
    """An incident's notice mentions on-call and the author: that is how they hear."""
    if view.incident is None:
        return view
    told = dict.fromkeys((*deps.playbook.team.holders("on_call"), view.author))
    return replace(view, incident=replace(view.incident, told=tuple(told)))


def _incident(deps: Deps, view: CampaignCard) -> Surface:
    if view.incident is None:
        raise LookupError("There is no incident to tell about.")
    incident_id = view.incident.id

    def told(store: Store) -> None:
        store.campaigns.lock(view.id)
        found = store.incidents.get(incident_id)
        if found.told_at is not None:
            return
        store.incidents.note(incident_id, told_at=store.now)
        for step in store.incidents.steps(incident_id):
            if step.name is StepName.NOTIFY and step.state is not StepState.DONE:
                store.incidents.swap_step(step, StepState.DONE, detail="on-call told")
                store.audit.append(
                    found.campaign_id,
                    "rollback_step_done",
                    actor="rollback",
                    detail={"step": step.name, "detail": "on-call and author told"},
                )
        # the notice itself says that they were told
        refresh_card(store, store.campaigns.get(view.id), f"told{incident_id}")

    return _said(
        f"incident:{incident_id}",
        deps.playbook.team.on_call_channel,
        incident.notice(view.incident),
        posted=told,
    )


def _start(canary: CanaryView, first: Point) -> tuple[Point, ...]:
    """Nothing had come back when the canary left, unless a later step is under way."""
    at = canary.started_at
    if at is None or at >= first.at:
        return ()
    return (Point(at=at, delivered=0, clicks=0, complaints=0, unsubscribes=0),)


def _plot(deps: Deps, view: CampaignCard) -> Iterator[Surface]:
    points = deps.database.read(queries.points, view.id)
    canary = view.canary
    if canary is None or not points:
        return
    points = (*_start(canary, points[0]), *points)

    def render() -> dict[str, Any]:
        marks = [Mark(at=view.moved_at, label=view.state.replace("_", " "))]
        png = canary_plot(
            points,
            breach_at=canary.breach_at,
            marks=marks if view.state is not State.CANARY else (),
            title=f"#{view.id} {view.title}",
            age=f"as of {points[-1].at:%H:%M:%S} UTC",
        )
        alt = canary_report.plot_alt(canary)
        file_id = deps.slack.upload_png(title=f"campaign-{view.id}", alt=alt, data=png)
        return canary_report.plot(view, file_id).payload()

    # drawn anew for a complaint or a move at once, for the rest now and then
    every = deps.playbook.card_every * _PLOT_IS_SLOWER
    interval = points[-1].at.timestamp() // every.total_seconds()
    yield Surface(
        key=f"plot:{view.id}",
        channel=view.slack_channel,
        facts=[interval, view.state, canary.complaints],
        render=render,
        in_thread=True,
    )


def _tell_author(
    deps: Deps, view: CampaignCard, error: NotInChannel, seen: Mapping[str, int]
) -> None:
    """The brief is kept; its author learns by direct message what to do."""
    log.info("card.blocked", campaign=view.id, code=error.code)
    message = notices.bot_not_in_channel(view.id, view.title, view.slack_channel)
    told = _said(f"blocked:{view.id}", view.author, message, is_live=False)
    _show(deps, view.id, told, seen)


TASK: Final = Task(
    name="card", queue="interactive", run=card, is_projection=True, give_up=give_up
)
