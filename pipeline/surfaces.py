"""What a campaign shows in Slack: each of its messages, drawn from the record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from blocks import (
    aftermath,
    campaign_card,
    canary_report,
    compare,
    incident,
    notices,
    nudge,
    side_by_side,
    strategy,
    variant_card,
)
from blocks.message import Message
from domain.campaign import SENDING, State
from domain.comparison import PostedComparison
from domain.review import EscalateBy
from domain.rollback import StepName, StepState
from domain.variant import RevisionId, VariantId
from domain.views import (
    CampaignCard,
    CanaryView,
    IncidentView,
    Point,
    ReviewView,
    StrategyView,
    VariantCard,
)
from pipeline.advance import refresh_card
from pipeline.comparison_picture import comparison_picture
from pipeline.plot import MAILS, VISITORS, Mark, canary_plot
from pipeline.talk import asked_key, talk
from pipeline.wiring import Deps
from storage import queries
from storage.messages import card_key
from storage.store import Store

_PLOT_IS_SLOWER: Final = 3
"""How much more rarely than its card a plot is drawn."""

_A_MOMENT: Final = timedelta(seconds=1)

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


def surfaces(deps: Deps, view: CampaignCard) -> Iterator[Surface]:
    """The campaign's messages, most urgent first."""
    now = deps.clock()
    # a fact, not a clock: the card has to be drawn anew without what is over
    view = replace(view, asks=tuple(a for a in view.asks if a.expires_at > now))
    view = _told(deps, view)
    view = _still_waiting(view, now)
    yield _surface(
        card_key(view.id),
        view.slack_channel,
        lambda at: campaign_card.render(view, now=at),
        still=now if view.state is State.BRIEFED else view.moved_at,
        now=now,
    )
    if view.incident is not None:
        yield _incident(deps, view)
        yield from _aftermath(deps, view, view.incident)
    if view.state is State.AWAITING_BRAND_LEAD and view.strategy is not None:
        yield _strategy(view, view.strategy)
        yield from _strategy_nudges(deps, view, view.strategy, now)
    yield from _variants(deps, view, now)
    for each in talk(deps, view):
        yield said(
            each.key,
            view.slack_channel,
            each.message,
            is_live=each.is_live,
            in_thread=True,
        )
    for wanted in deps.database.read(queries.comparisons_to_post, view.id):
        yield _comparison(deps, view, wanted)
    for review in view.reviews:
        if review.due_at is None and review.beside:
            # approvals that hold were enough: it is asked nothing
            continue
        asked = notices.asked(view.id, view.title, review, now=now)
        yield said(
            asked_key(deps, view, review),
            view.slack_channel,
            asked,
            is_live=False,
            in_thread=True,
        )
        yield from _nudges(deps, view, review, now)
    if view.state in _PLOTTED and view.canary is not None:
        yield from _plot(deps, view)


def _still_waiting(view: CampaignCard, now: datetime) -> CampaignCard:
    """Without freezes and waits that are over.

    A fact, not a clock: the card has to be drawn anew without them.
    """
    frozen = view.frozen
    return replace(
        view,
        frozen=frozen if frozen is not None and frozen.is_active(now) else None,
        waits=tuple(each for each in view.waits if each.until > now),
    )


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


def said(
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


def _strategy(view: CampaignCard, waiting: StrategyView) -> Surface:
    """Whose turn it is with the brief: a brand lead's, or its author's."""
    decision = waiting.decision
    if decision is None:
        key, words = f"strategy:{waiting.brief_id}", strategy.asked(view, waiting)
    else:
        key = f"changes:{waiting.brief_id}"
        words = strategy.given_back(view, waiting, decision)
    return said(key, view.slack_channel, words, is_live=False, in_thread=True)


def _variants(deps: Deps, view: CampaignCard, now: datetime) -> Iterator[Surface]:
    facts = deps.playbook.view_facts
    for variant_id in deps.database.read(queries.variant_ids, view.id):
        shown = deps.database.read(queries.variant_card, VariantId(variant_id), facts)
        if shown.undo is not None and shown.undo.until <= now:
            # a fact, not a clock: the message has to be drawn anew without it
            shown = replace(shown, undo=None)
        if shown.text is None and shown.reason is None:
            continue
        yield _variant(view, shown, now)
        if shown.origin is not None and shown.revision_number > 1:
            yield from _changed(deps, view, shown)


def _variant(view: CampaignCard, shown: VariantCard, now: datetime) -> Surface:
    # being overdue is news: no card may go on saying that there is time left
    overdue = [each.due_at for each in shown.questions if each.due_at < now]
    still = max(overdue) + _A_MOMENT if overdue else view.created_at
    return _surface(
        f"variant:{shown.variant_id}",
        view.slack_channel,
        lambda at: variant_card.render(shown, now=at),
        still=still,
        now=now,
        in_thread=True,
    )


def _nudges(
    deps: Deps, view: CampaignCard, review: ReviewView, now: datetime
) -> Iterator[Surface]:
    """A reminder and an escalation about what is still open; each is said once."""
    # whoever is asked to step in needs no reminder beside it
    if review.reminded is not None and review.escalated is None:
        at = int(review.reminded.at.timestamp())
        asked = _without_digest(deps, review.asked)
        if asked or not review.asked:
            reminded = nudge.reminded(
                view.id,
                view.title,
                replace(review, asked=asked),
                review.reminded,
                now=now,
            )
            key = f"reminded:{view.id}:{review.stage}:{at}"
            yield said(key, view.slack_channel, reminded, is_live=False, in_thread=True)
    escalated = review.escalated
    if escalated is None or not review.escalated_to:
        return

    def words(channel: str | None) -> Message:
        """What is said; a direct message also has to say where it is about."""
        return nudge.escalated(
            view.id, view.title, review, escalated, channel=channel, now=now
        )

    key = f"escalated:{view.id}:{review.stage}:{int(escalated.at.timestamp())}"
    yield from _call_on(
        deps, view, key, words, told=review.escalated_to, by=review.escalated_by
    )


def _strategy_nudges(
    deps: Deps, view: CampaignCard, waiting: StrategyView, now: datetime
) -> Iterator[Surface]:
    """The same for a brief that no brand lead has decided about."""
    if waiting.decision is not None:
        return
    escalated_at = waiting.escalated_at
    if escalated_at is not None:

        def words(channel: str | None) -> Message:
            return strategy.escalated(view, waiting, channel=channel, now=now)

        yield from _call_on(
            deps,
            view,
            f"escalated:{view.id}:strategy:{int(escalated_at.timestamp())}",
            words,
            told=waiting.escalated_to,
            by=waiting.escalated_by,
        )
    elif waiting.reminded_at is not None:
        asked = _without_digest(deps, waiting.asked)
        if asked:
            yield said(
                f"reminded:{view.id}:strategy:{int(waiting.reminded_at.timestamp())}",
                view.slack_channel,
                strategy.reminded(view, replace(waiting, asked=asked), now=now),
                is_live=False,
                in_thread=True,
            )


def _without_digest(deps: Deps, users: tuple[str, ...]) -> tuple[str, ...]:
    """Whom a reminder mentions: who has a digest reads it there."""
    quiet = deps.database.read(queries.digest_readers, users)
    return tuple(user for user in users if user not in quiet)


def _call_on(
    deps: Deps,
    view: CampaignCard,
    key: str,
    words: Callable[[str | None], Message],
    *,
    told: tuple[str, ...],
    by: EscalateBy,
) -> Iterator[Surface]:
    """An escalation: to those who take it by direct message, else in the thread."""
    by_dm = [
        user
        for user in told
        if by is EscalateBy.DM
        and deps.database.read(queries.preferences_of, user).wants_dm
    ]
    if not told or len(by_dm) < len(told):
        yield said(key, view.slack_channel, words(None), is_live=False, in_thread=True)
    for user in by_dm:
        yield said(f"{key}:{user}", user, words(view.slack_channel), is_live=False)


def _changed(deps: Deps, view: CampaignCard, shown: VariantCard) -> Iterator[Surface]:
    """Said of what a person edited, and of any text whose approvals it touched."""
    effects = deps.database.read(
        queries.effects, view.id, shown.label, shown.revision_number
    )
    by_hand = shown.origin is not None and shown.origin.editor is not None
    if not by_hand and not effects:
        return
    revision_id = RevisionId(shown.revision_id or 0)
    revision = deps.database.read(queries.revision, revision_id)
    yield said(
        f"changed:{revision_id}",
        view.slack_channel,
        compare.changed(revision, effects),
        is_live=False,
        in_thread=True,
    )


def _told(deps: Deps, view: CampaignCard) -> CampaignCard:
    """An incident's notice mentions on-call and the author: that is how they hear."""
    if view.incident is None:
        return view
    team = deps.playbook.of(view.team).team
    told = dict.fromkeys((*team.holders("on_call"), view.author))
    found = view.incident.with_playbook(deps.playbook.on_call)
    return replace(view, incident=replace(found, told=tuple(told)))


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

    return said(
        f"incident:{incident_id}",
        deps.playbook.of(view.team).team.on_call_channel,
        incident.notice(view.incident),
        posted=told,
    )


def _aftermath(
    deps: Deps, view: CampaignCard, found: IncidentView
) -> Iterator[Surface]:
    """That a rollback is late, to on-call; and what is due after it, to its owner."""
    if found.late_at is not None:
        channel = deps.playbook.of(view.team).team.on_call_channel
        yield said(f"late:{found.id}", channel, aftermath.alarm(found))
    for item in found.actions:
        if item.reminded_at is None:
            continue
        words = aftermath.reminder(found, item)
        wants_dm = deps.database.read(queries.preferences_of, item.owner).wants_dm
        yield said(
            f"action:{item.id}",
            item.owner if wants_dm else view.slack_channel,
            words,
            is_live=False,
            in_thread=not wants_dm,
        )


def _comparison(deps: Deps, view: CampaignCard, wanted: PostedComparison) -> Surface:
    """A picture of two texts, drawn once, as they were found when it was drawn."""

    def render() -> dict[str, Any]:
        compared = deps.database.read(
            queries.comparison, view.id, left=wanted.left, right=wanted.right
        )
        people = deps.playbook.everyone.people
        names = {user: person.name for user, person in people.items()}
        png = comparison_picture(compared, names, at=deps.clock())
        alt = side_by_side.picture_alt(compared)
        name = f"campaign-{view.id}-compared"
        file_id = deps.slack.upload_png(title=name, alt=alt, data=png)
        return side_by_side.posted(compared, wanted.actor, file_id).payload()

    return Surface(
        key=wanted.key,
        channel=view.slack_channel,
        facts=wanted.key,
        render=render,
        is_live=False,
        in_thread=True,
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
            words=VISITORS if view.slot else MAILS,
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
