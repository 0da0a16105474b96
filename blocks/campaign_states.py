"""What a campaign's card says and offers in each state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import ButtonElement

from blocks import campaign_progress, conversions, nudge, pool, seeds, strategy
from blocks.campaign_face import Face
from blocks.campaign_face import cancel as _cancel
from blocks.canary_report import numbers, standing
from blocks.ids import Action, Verb
from blocks.incident import IS_AUTOMATIC, headline, outcome
from blocks.message import button
from blocks.text import (
    capital,
    clock,
    clock_to_the_second,
    count,
    date,
    due,
    everyone,
    joined,
    line,
    plural,
    relative,
    sentence,
    who,
)
from domain.campaign import BEFORE_SENDING, CampaignId, State
from domain.variant import LIVE_VARIANT
from domain.views import CampaignCard, ReviewView


def face(view: CampaignCard, now: datetime) -> Face:
    return _FACES[view.state](view, now)


def roll_back(campaign: CampaignId) -> ButtonElement:
    return button(
        "Roll back",
        Action.ROLL_BACK,
        campaign,
        style="danger",
        aloud=f"Roll back campaign {campaign}: stop it now",
    )


def extend(campaign: CampaignId) -> ButtonElement:
    aloud = f"Extend campaign {campaign}: keep watching"
    return button("Extend", Action.EXTEND, campaign, aloud=aloud)


def expand(campaign: CampaignId) -> ButtonElement:
    aloud = f"Expand campaign {campaign}: send the next step"
    return button("Expand", Action.EXPAND, campaign, aloud=aloud)


def evidence(campaign: CampaignId) -> ButtonElement:
    aloud = f"Evidence of campaign {campaign}: what its canary rests on"
    return button("Evidence", Action.EVIDENCE, campaign, aloud=aloud)


def _briefed(view: CampaignCard, _now: datetime) -> Face:
    words = campaign_progress.words(view)
    return Face(
        state=words,
        aloud=words.lower(),
        beside=(f"since {clock_to_the_second(view.moved_at)}",),
        next="The variants appear in the thread when they are written.",
        progress=campaign_progress.plan(view),
        buttons=(_cancel(view.id),),
    )


def _drafted(view: CampaignCard, _now: datetime) -> Face:
    return Face(
        state="Drafted, linting",
        aloud="drafted, linting",
        beside=(f"since {clock_to_the_second(view.moved_at)}",),
        next="Review opens when every variant has been checked.",
        evidence=(campaign_progress.variants(view),),
        buttons=(_cancel(view.id),),
    )


def _linted(view: CampaignCard, _now: datetime) -> Face:
    return Face(
        state="Linted, opening review",
        aloud="linted, opening review",
        next="The first reviewers are asked in a moment.",
        evidence=(campaign_progress.variants(view),),
        buttons=(_cancel(view.id),),
    )


def _review(view: CampaignCard, now: datetime) -> Face:
    evidence = (campaign_progress.variants(view),)
    if not view.reviews:
        return Face(
            state="In review",
            aloud="in review",
            next="The next reviewers are asked in a moment.",
            evidence=evidence,
            buttons=(_cancel(view.id),),
        )
    first, *others = view.reviews
    stages = joined(line(each.stage, 40) for each in view.reviews)
    places = joined(str(each.number) for each in view.reviews)
    which = f"{'stages' if others else 'stage'} {places} of {first.total}"
    todo = "Decide each variant in the thread."
    if first.quota is not None:
        some = "variant" if first.quota == 1 else "variants"
        todo += f" {count(first.approved)} of {count(first.quota)} {some} approved"
        live = sum(each.state in LIVE_VARIANT for each in view.variants)
        is_choice = live > first.quota
        todo += "; the rest are shelved once that many are." if is_choice else "."
    if others:
        beside = [which, "asked at the same time"]
        rows = [*(_side(each, now) for each in view.reviews), todo]
    else:
        beside = [which, *_waits_for(first, now)]
        rows = [*_empty(first), f"{todo} {nudge.standing(first)}".rstrip()]
    return Face(
        state=f"In {stages} review",
        aloud=f"in {stages} review, {which}",
        beside=tuple(beside),
        next="\n".join(rows),
        evidence=evidence,
        buttons=(_cancel(view.id),),
    )


def _side(review: ReviewView, now: datetime) -> str:
    """One of several stages that are asked at the same time, in a line."""
    name = line(review.stage, 40).capitalize()
    if review.is_through:
        return f"{name}: has approved every text"
    waits = f"{name}: {' · '.join(_waits_for(review, now))}"
    return "\n".join([f"{waits}. {nudge.standing(review)}".rstrip(), *_empty(review)])


def _waits_for(review: ReviewView, now: datetime) -> list[str]:
    if review.due_at is None:
        # as while the text that it was asked about is rewritten
        return ["nothing to decide just now"]
    asked = f"asked: {everyone(review.asked)}" if review.asked else _nobody(review.role)
    return [due(review.due_at, now), asked]


def _empty(review: ReviewView) -> list[str]:
    return [pool.empty(review.role)] if review.is_pool_empty else []


def _nobody(role: str) -> str:
    return f"nobody holds the role {line(role.replace('_', ' '), 40)} yet"


def arms(view: CampaignCard) -> str:
    if not view.arms:
        return ""
    noun = "variant" if len(view.arms) == 1 else "variants"
    labels = joined(line(each, 5) for each in view.arms)
    return f"Chosen: {noun} {labels}. {told(view.arms_reason)}".rstrip()


def told(reason: str | None) -> str:
    """A reason as a sentence of its own."""
    return capital(sentence(reason)) if reason else ""


def _approved(view: CampaignCard, _now: datetime) -> Face:
    return Face(
        state="Approved, being scheduled",
        aloud="approved, being scheduled",
        next="The recipients of the canary are drawn now.",
        evidence=(arms(view),),
        buttons=(roll_back(view.id), _cancel(view.id)),
    )


def _scheduled(view: CampaignCard, now: datetime) -> Face:
    if view.frozen is not None:
        when = "its first mails wait"
    elif view.send_at is not None and view.send_at > now:
        when = f"sends {date(view.send_at)} ({relative(view.send_at, now)})"
    else:
        when = "the first mails leave now"
    canary = view.canary
    first = (
        f"The canary goes first: {plural(canary.planned, 'mail')}."
        if canary
        else "A canary goes first."
    )
    return Face(
        state="Approved",
        aloud="approved and scheduled",
        beside=(when,),
        next=first,
        evidence=(
            arms(view),
            "\n".join(
                each
                for each in (
                    sentence(canary.foresight) if canary else "",
                    seeds.to_come(view),
                )
                if each
            ),
        ),
        buttons=(roll_back(view.id), _cancel(view.id)),
    )


def _canary(view: CampaignCard, now: datetime) -> Face:
    if view.canary is None:
        return Face(
            state="Canary: the first mails leave now",
            aloud="canary starts",
            buttons=(roll_back(view.id),),
        )
    mails = plural(view.mails_out, "mail")
    return Face(
        state=f"Canary: {mails} out",
        aloud=f"canary, {mails} out",
        beside=standing(view.canary, now),
        evidence=canary_evidence(view),
        buttons=(roll_back(view.id), extend(view.id), evidence(view.id)),
        more=hold_or_expand(view),
    )


def canary_evidence(view: CampaignCard) -> tuple[str, ...]:
    canary = view.canary
    if canary is None:
        return ()
    said = (numbers(canary), told(canary.judgement), sentence(canary.foresight))
    # a held card has given the judge's words as its reason already
    reason = told(view.reason)
    return (
        "\n".join(dict.fromkeys(each for each in said if each not in ("", reason))),
        seeds.told(view),
        conversions.lines(view),
    )


def hold_or_expand(view: CampaignCard) -> tuple[tuple[str, Verb, int], ...]:
    return ("Hold", Verb.HOLD, view.id), ("Expand", Verb.EXPAND, view.id)


def _expanding(view: CampaignCard, now: datetime) -> Face:
    canary = view.canary
    share = f" to {canary.percent:g} %" if canary else ""
    mails = f"{plural(view.mails_out, 'mail')} out, {count(view.mails_left)} to go"
    return Face(
        state=f"Expanding{share}: {mails}",
        aloud=f"expanding{share}, {mails}",
        beside=standing(canary, now) if canary else (),
        evidence=canary_evidence(view),
        buttons=(roll_back(view.id), extend(view.id), evidence(view.id)),
        more=hold_or_expand(view),
    )


def _held(view: CampaignCard, now: datetime) -> Face:
    mails = f"{plural(view.mails_out, 'mail')} out, {count(view.mails_left)} wait"
    canary = view.canary
    return Face(
        state="Held",
        aloud=f"held, {mails}",
        beside=(
            f"by {who(view.moved_by)}, {clock(view.moved_at)}",
            mails,
            *(standing(canary, now)[-2:-1] if canary else ()),
        ),
        next=f"{told(view.reason)} ".lstrip()
        + "Nothing leaves until people decide: Extend watches longer, Expand sends the"
        " next step. Each takes two people, neither of them the author: one asks,"
        " another confirms with the same button. Roll back stops it for good; anyone"
        " with a role in the team may, alone.",
        evidence=canary_evidence(view),
        buttons=(roll_back(view.id), extend(view.id), expand(view.id)),
        more=(("Evidence", Verb.EVIDENCE, view.id),),
    )


def _sent(view: CampaignCard, _now: datetime) -> Face:
    mails = plural(view.mails_out, "mail")
    canary = view.canary
    return Face(
        state=f"Sent: {mails} out",
        aloud=f"sent, {mails} out",
        beside=(f"finished {date(view.moved_at)}",),
        evidence=(
            arms(view),
            numbers(canary) if canary else "",
            conversions.lines(view),
        ),
        more=(("Evidence", Verb.EVIDENCE, view.id),),
    )


def _rolled_back(view: CampaignCard, _now: datetime) -> Face:
    evidence = ("Evidence", Verb.EVIDENCE, view.id)
    incident = view.incident
    if incident is None:
        return Face(
            state="Rolled back",
            aloud="rolled back",
            beside=(f"by {who(view.moved_by)}, {clock_to_the_second(view.moved_at)}",),
            next=told(view.reason),
            more=(evidence,),
        )
    is_automatic = incident.trigger in IS_AUTOMATIC
    aloud = "rolled back automatically" if is_automatic else "rolled back"
    return Face(
        state=headline(incident),
        aloud=f"{aloud}, {plural(incident.mails_out, 'mail')} had left"
        if not view.slot
        else f"{aloud}, {plural(incident.mails_out, 'visitor')} had seen it",
        next="\n".join(outcome(incident)),
        evidence=(conversions.lines(view),),
        buttons=(
            button(
                "Open incident",
                Action.OPEN_INCIDENT,
                view.id,
                aloud=f"Open the incident of campaign {view.id}",
            ),
        ),
        more=(evidence,),
    )


def _ended(verb: str) -> Callable[[CampaignCard, datetime], Face]:
    def ended(view: CampaignCard, _now: datetime) -> Face:
        reason = told(view.reason)
        nothing = f"Nothing was {'sent' if view.channel.is_mailed else 'shown'}."
        return Face(
            state=f"{verb} by {who(view.moved_by)}, {date(view.moved_at)}",
            aloud=verb.lower(),
            next=reason if view.mails_out else f"{reason} {nothing}".lstrip(),
            evidence=(campaign_progress.variants(view),),
        )

    return ended


_WHERE: Final[Mapping[State | None, str]] = {
    State.AWAITING_BRAND_LEAD: "while waiting for a brand lead",
    State.BRIEFED: "while writing",
    State.DRAFTED: "while linting",
    State.LINTED: "before review",
    State.STAGED_REVIEW: "in review",
    State.APPROVED: "while scheduling",
    State.SCHEDULED: "before sending",
    State.CANARY: "in the canary",
    State.EXPANDING: "while expanding",
    State.HELD: "while held",
}


def _parked(view: CampaignCard, now: datetime) -> Face:
    is_unsent = view.paused_from in BEFORE_SENDING
    last = _cancel(view.id) if is_unsent else roll_back(view.id)
    was = f" {_WHERE[view.paused_from]}" if view.paused_from in _WHERE else ""
    aftermath = (
        "Nothing is lost: Retry goes on where it stopped."
        if is_unsent
        else f"{plural(view.mails_out, 'mail')} out, nothing more leaves:"
        " Retry goes on where it stopped, Roll back stops it for good."
    )
    return Face(
        state=f"Parked{was}",
        aloud=f"parked{was}, a person has to look",
        beside=(f"{date(view.moved_at)} ({relative(view.moved_at, now)})",),
        next=f"{told(view.reason)} {aftermath}".lstrip(),
        evidence=(campaign_progress.variants(view),) if is_unsent else (),
        buttons=(
            button(
                "Retry",
                Action.RETRY_CAMPAIGN,
                view.id,
                aloud=f"Retry campaign {view.id}",
            ),
            last,
        ),
    )


_FACES: Final[Mapping[State, Callable[[CampaignCard, datetime], Face]]] = {
    State.AWAITING_BRAND_LEAD: strategy.face,
    State.BRIEFED: _briefed,
    State.DRAFTED: _drafted,
    State.LINTED: _linted,
    State.STAGED_REVIEW: _review,
    State.APPROVED: _approved,
    State.SCHEDULED: _scheduled,
    State.CANARY: _canary,
    State.EXPANDING: _expanding,
    State.SENT: _sent,
    State.HELD: _held,
    State.ROLLED_BACK: _rolled_back,
    State.REJECTED: _ended("Rejected"),
    State.CANCELLED: _ended("Cancelled"),
    State.PARKED: _parked,
}
