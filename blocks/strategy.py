"""A tier A brief and its brand lead: the card while it waits, the thread, the form."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import ButtonElement, InputBlock, PlainTextInputElement
from slack_sdk.models.views import View

from blocks.campaign_face import Face, cancel
from blocks.ids import Action, Callback, Field, Verb
from blocks.message import Message, button, context, message, modal, section
from blocks.text import (
    capital,
    clock,
    date,
    due,
    everyone,
    joined,
    line,
    plain,
    quoted,
    sentence,
    who,
)
from domain.brief_fields import BY_NAME, field_words
from domain.strategy import StrategyDecision
from domain.views import CampaignCard, StrategyView

_REASON_MOST: Final = 1000
_SHOWN: Final = 400
_CHANGED_SHOWN: Final = 8


def face(view: CampaignCard, now: datetime) -> Face:
    """The campaign card before anything is written."""
    strategy = view.strategy
    if strategy is None:
        return Face(
            state="Waiting for a brand lead",
            aloud="waiting for a brand lead",
            buttons=(cancel(view.id),),
        )
    if strategy.decision is None:
        return _waiting(view, strategy, now)
    return _given_back(view, strategy, strategy.decision)


def _waiting(view: CampaignCard, strategy: StrategyView, now: datetime) -> Face:
    return Face(
        state="Waiting for a brand lead",
        aloud="waiting for a brand lead",
        beside=(
            f"brief version {strategy.number}",
            due(strategy.due_at, now)
            if strategy.due_at
            else f"since {date(view.moved_at)}",
            f"asked: {everyone(strategy.asked)}" if strategy.asked else _NOBODY,
        ),
        next=" ".join(
            (
                "Nothing is written until the strategy is approved.",
                *(() if strategy.asked else (_NEEDS_SOMEBODY,)),
                *_standing(strategy),
            )
        ),
        evidence=("\n".join([*_changed(strategy), *_points(strategy)]),),
        buttons=(*_decide(view, strategy), cancel(view.id)),
        more=(("Change brief", Verb.CHANGE_BRIEF, strategy.brief_id),),
    )


def _decide(view: CampaignCard, strategy: StrategyView) -> Iterator[ButtonElement]:
    """No button that must be refused, whoever presses it."""
    if not strategy.asked:
        yield button(
            "Look again",
            Action.LOOK_AGAIN,
            view.id,
            aloud=f"Look again for who may approve the strategy of campaign {view.id}",
        )
        return
    yield button(
        "Approve strategy",
        Action.APPROVE_STRATEGY,
        strategy.brief_id,
        style="primary",
        aloud=f"Approve the strategy of campaign {view.id}",
    )
    yield button(
        "Ask for changes",
        Action.ASK_FOR_CHANGES,
        strategy.brief_id,
        aloud=f"Ask for changes to the brief of campaign {view.id}",
    )


_NEEDS_SOMEBODY: Final = (
    "It takes a brand lead who did not write the brief: whoever keeps the team file can"
    " give somebody the role, and Look again then shows the buttons."
)
_NOBODY: Final = "nobody but the author holds the role brand lead"


def _standing(strategy: StrategyView) -> tuple[str, ...]:
    """Who has been told that it still waits."""
    if strategy.escalated_at is not None:
        told = (
            everyone(strategy.escalated_to) if strategy.escalated_to else "its author"
        )
        return (f"Escalated to {told}, {clock(strategy.escalated_at)}.",)
    if strategy.reminded_at is not None:
        return (f"Reminded {clock(strategy.reminded_at)}.",)
    return ()


def _given_back(
    view: CampaignCard, strategy: StrategyView, decision: StrategyDecision
) -> Face:
    by = f"{who(decision.actor)}, {date(decision.decided_at)}"
    return Face(
        state=f"Changes asked for by {by}",
        aloud="the brand lead asked for changes to the brief",
        beside=(f"brief version {strategy.number}",),
        next=f"{_reason(decision)}\n{who(view.author)} changes the brief; then a brand"
        " lead is asked again.",
        evidence=("\n".join(_points(strategy)),),
        buttons=(
            button(
                "Change brief",
                Action.CHANGE_BRIEF,
                strategy.brief_id,
                style="primary",
                aloud=f"Change the brief of campaign {view.id}",
            ),
            cancel(view.id),
        ),
    )


def _reason(decision: StrategyDecision) -> str:
    return quoted(decision.reason or "", _REASON_MOST)


def _points(strategy: StrategyView) -> list[str]:
    """The brief's strategy in a few lines; Show brief has all of it."""
    rows = (
        ("objective", sentence(strategy.objective, _SHOWN)),
        ("audience", line(strategy.audience, _SHOWN)),
        ("key_message", sentence(strategy.key_message, _SHOWN)),
        ("offer", sentence(strategy.offer, _SHOWN)),
        ("cta_url", line(strategy.cta_url, _SHOWN)),
    )
    return [f"*{BY_NAME[name].label}:* {said}" for name, said in rows if said]


def _changed(strategy: StrategyView) -> list[str]:
    if not strategy.changed:
        return []
    names = [line(field_words(each), 60) for each in strategy.changed[:_CHANGED_SHOWN]]
    hidden = len(strategy.changed) - len(names)
    if hidden:
        names.append(f"{hidden} more")
    since = f"since version {strategy.number - 1}"
    return [f"*Changed {since}:* {joined(names)}."]


def decided(view: CampaignCard) -> str:
    """Who approved the strategy and when, for every card after that."""
    decision = view.strategy.decision if view.strategy else None
    if decision is None or not decision.is_approval:
        return ""
    return f"Strategy approved by {who(decision.actor)}, {clock(decision.decided_at)}"


def asked(view: CampaignCard, strategy: StrategyView) -> Message:
    """The thread's message that mentions the brand leads."""
    again = "again " if strategy.number > 1 else ""
    named = everyone(strategy.asked)
    if strategy.asked:
        ask = f"{named}: this campaign's strategy waits for you {again}".rstrip()
    else:
        ask = f"This campaign's strategy waits {again}for a brand lead, and {_NOBODY}"
    text = (
        f"#{view.id} {plain(view.title, 100)}: the strategy waits for a brand lead,"
        f" brief version {strategy.number}"
    )
    words = f"Brief version {strategy.number}. Decide on the card above."
    return message(
        f"{named} {text}" if strategy.asked else text,
        [
            section(f"{ask}. Nothing is written before."),
            context(*_changed(strategy), words),
        ],
    )


def reminded(view: CampaignCard, strategy: StrategyView, *, now: datetime) -> Message:
    """The one reminder; it mentions only those who are asked."""
    named = everyone(strategy.asked)
    return message(
        f"{named} #{view.id} {plain(view.title, 100)}: the strategy still waits",
        [
            section(
                f"{named}: this campaign's strategy still waits for you{_by(strategy, now)}."
                " Nothing is written before."
            )
        ],
    )


def escalated(
    view: CampaignCard,
    strategy: StrategyView,
    *,
    channel: str | None,
    now: datetime,
) -> Message:
    """Somebody else is asked to step in; brand leads are named by role, not pinged.

    Args:
        channel: Where the campaign's card is, for whoever is told elsewhere.
    """
    told = everyone(strategy.escalated_to or (view.author,))
    can = (
        "Whoever holds the role brand lead can; find somebody who has the time."
        if strategy.asked
        else f"{capital(_NOBODY)}; whoever keeps the team file can give it to somebody."
    )
    return message(
        f"{told} #{view.id} {plain(view.title, 100)}: the strategy waits",
        [
            section(
                f"{told}: nobody has decided the strategy of #{view.id}"
                f" {line(view.title, 100)}{_by(strategy, now)}. {can}"
            ),
            context(f"Its card is in <#{line(channel, 30)}>" if channel else ""),
        ],
    )


def _by(strategy: StrategyView, now: datetime) -> str:
    return f", {due(strategy.due_at, now)}" if strategy.due_at else ""


def given_back(
    view: CampaignCard, strategy: StrategyView, decision: StrategyDecision
) -> Message:
    """The thread's message that mentions the author, with the reason."""
    author = who(view.author)
    text = (
        f"#{view.id} {plain(view.title, 100)}: the brand lead asks for changes to the"
        " brief"
    )
    return message(
        f"{author} {text}",
        [
            section(
                f"{author}: {who(decision.actor)} asks for changes to the brief."
                f"\n{_reason(decision)}"
            ),
            context(
                f"Brief version {strategy.number}. Change brief is on the card above."
            ),
        ],
    )


def changes_form(campaign_id: int, title: str, brief_id: int) -> View:
    """Ask what should change; `private_metadata` is the brief's id."""
    return modal(
        title=f"Changes to brief {campaign_id}",
        blocks=[
            section(
                f"*#{campaign_id} {line(title, 100)}*\nThe brief goes back to its author."
                " Once it is changed, a brand lead is asked again."
            ),
            InputBlock(
                block_id=Field.REASON,
                label="What should change?",
                hint="The author reads this on the card.",
                element=PlainTextInputElement(
                    action_id=Field.REASON, multiline=True, max_length=_REASON_MOST
                ),
            ),
        ],
        callback=Callback.CHANGES_FORM,
        submit="Ask for changes",
        target=brief_id,
    )
