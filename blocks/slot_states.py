"""What the card of a campaign in a slot says and offers, where mails' would not fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import ButtonElement

from blocks import campaign_states as mails
from blocks import conversions
from blocks.campaign_face import Face, cancel
from blocks.campaign_states import (
    arms,
    canary_evidence,
    evidence,
    expand,
    extend,
    hold_or_expand,
    roll_back,
    told,
)
from blocks.canary_report import numbers, standing
from blocks.ids import Action, Verb
from blocks.message import button
from blocks.text import clock, count, date, line, plural, relative, sentence, who
from domain.campaign import BEFORE_SENDING, CampaignId, State
from domain.views import CampaignCard


def face(view: CampaignCard, now: datetime) -> Face:
    made = _FACES.get(view.state)
    return mails.face(view, now) if made is None else made(view, now)


def export(campaign: CampaignId) -> ButtonElement:
    aloud = f"Export campaign {campaign}: its approved copy as files, in the thread"
    return button("Export", Action.EXPORT, campaign, aloud=aloud)


def others(view: CampaignCard) -> str:
    """What everyone else sees in the slot."""
    if view.slot_live is None:
        return "the site's own text"
    return f"the version of #{view.slot_live}"


def _approved(view: CampaignCard, _now: datetime) -> Face:
    return Face(
        state="Approved, being scheduled",
        aloud="approved, being scheduled",
        next=f"Its steps in {line(view.slot, 40)} are planned now.",
        evidence=(arms(view),),
        buttons=(roll_back(view.id), cancel(view.id), export(view.id)),
    )


def _scheduled(view: CampaignCard, now: datetime) -> Face:
    canary = view.canary
    when = "the first visitors see it now"
    if view.frozen is not None or view.reason:
        when = "it waits"
    elif view.send_at is not None and view.send_at > now:
        when = f"starts {date(view.send_at)} ({relative(view.send_at, now)})"
    first = (
        f"The canary goes first: {canary.percent:g} % of the visitors of"
        f" {line(view.slot, 40)}, until {count(canary.planned)} have seen it."
        if canary
        else "A canary goes first."
    )
    return Face(
        state="Approved",
        aloud="approved and scheduled",
        beside=(when,),
        next=f"{told(view.reason)} {first}".lstrip(),
        evidence=(arms(view), sentence(canary.foresight) if canary else ""),
        buttons=(roll_back(view.id), cancel(view.id), export(view.id)),
    )


def _seen(view: CampaignCard) -> str:
    """How many have seen it, of how many the steps so far are for."""
    if view.canary is None:
        return f"{plural(view.mails_out, 'visitor')} saw it"
    return f"{count(view.mails_out)} of {plural(view.canary.planned, 'visitor')} saw it"


def _canary(view: CampaignCard, now: datetime) -> Face:
    return Face(
        state=f"Canary: {_seen(view)}",
        aloud=f"canary, {_seen(view)}",
        beside=standing(view.canary, now) if view.canary else (),
        next=_share(view),
        evidence=canary_evidence(view),
        buttons=(
            roll_back(view.id),
            extend(view.id),
            evidence(view.id),
            export(view.id),
        ),
        more=hold_or_expand(view),
    )


def _share(view: CampaignCard) -> str:
    if view.canary is None:
        return ""
    slot = line(view.slot, 40)
    if view.canary.percent >= 100:  # noqa: PLR2004 - per cent
        return f"Every visitor of {slot} sees it."
    return (
        f"{view.canary.percent:g} % of the visitors of {slot} see it, everyone else"
        f" {others(view)}."
    )


def _expanding(view: CampaignCard, now: datetime) -> Face:
    share = f" to {view.canary.percent:g} %" if view.canary else ""
    made = _canary(view, now)
    return Face(
        state=f"Expanding{share}: {_seen(view)}",
        aloud=f"expanding{share}, {_seen(view)}",
        beside=made.beside,
        next=made.next,
        evidence=made.evidence,
        buttons=made.buttons,
        more=made.more,
    )


def _held(view: CampaignCard, now: datetime) -> Face:
    canary = view.canary
    return Face(
        state="Held",
        aloud=f"held, {_seen(view)}",
        beside=(
            f"by {who(view.moved_by)}, {clock(view.moved_at)}",
            _seen(view),
            *(standing(canary, now)[-2:-1] if canary else ()),
        ),
        next=f"{told(view.reason)} ".lstrip()
        + f"Every visitor of {line(view.slot, 40)} sees {others(view)} until people"
        " decide: Extend watches longer, Expand shows the next step. Each takes two"
        " people, neither of them the author: one asks, another confirms with the same"
        " button. Roll back stops it for good; anyone with a role in the team may,"
        " alone.",
        evidence=canary_evidence(view),
        buttons=(roll_back(view.id), extend(view.id), expand(view.id)),
        more=(("Evidence", Verb.EVIDENCE, view.id),),
    )


def _live(view: CampaignCard, _now: datetime) -> Face:
    slot = line(view.slot, 40)
    is_live = view.slot_live == view.id
    state = f"Live in {slot}" if is_live else f"Was live in {slot}"
    seen = f"{plural(view.mails_out, 'visitor')} saw it before"
    return Face(
        state=state,
        aloud=state.lower(),
        beside=(f"passed {date(view.moved_at)}", seen),
        next="Every visitor sees it until another version passes or it is rolled back."
        if is_live
        else f"Visitors see {others(view)} now.",
        evidence=(
            arms(view),
            numbers(view.canary) if view.canary else "",
            conversions.lines(view),
        ),
        buttons=(roll_back(view.id), export(view.id))
        if is_live
        else (export(view.id),),
        more=(("Evidence", Verb.EVIDENCE, view.id),),
    )


def _parked(view: CampaignCard, now: datetime) -> Face:
    made = mails.face(view, now)
    if view.paused_from in BEFORE_SENDING:
        return made
    return Face(
        state=made.state,
        aloud=made.aloud,
        beside=made.beside,
        next=f"{told(view.reason)} ".lstrip()
        + f"Visitors see {others(view)}: Retry goes on where it stopped, Roll back"
        " stops it for good.",
        buttons=made.buttons,
    )


_FACES: Final[Mapping[State, Callable[[CampaignCard, datetime], Face]]] = {
    State.APPROVED: _approved,
    State.SCHEDULED: _scheduled,
    State.CANARY: _canary,
    State.EXPANDING: _expanding,
    State.HELD: _held,
    State.SENT: _live,
    State.PARKED: _parked,
}
