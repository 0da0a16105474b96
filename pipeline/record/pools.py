"""Who of a role is asked: the pool's next, a claim, a hand-over, nobody being here.

An assignment says who is asked, not who may decide: whoever holds the role may.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from domain.campaign import Campaign, CampaignId, State
from domain.errors import NotYourTurn, Overtaken, Refused
from domain.pool import Assignment, check_may_assign, fit_to_decide, next_asked
from domain.review import BY_ITSELF, Ask, RequestId, ReviewRequest, Stage
from domain.variant import RevisionId
from pipeline.advance import refresh_card
from pipeline.playbook import Playbook
from pipeline.record.standing import standing_of
from storage.pools import ASSIGNED
from storage.store import Store

_LEAST_TO_DO: Final = "has the fewest open questions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """What came of an assignment.

    Attributes:
        overtook: What another person had changed since the reader looked; their
            change is on the record, and this one came after it.
    """

    to: str | None
    overtook: Assignment | None


def seat(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    stage: Stage,
    asked: Sequence[ReviewRequest],
    *,
    fresh: Collection[RevisionId],
) -> None:
    """Settle who is asked about a stage's open questions: one person for all of them.

    They stay with whom the trail says the stage asks, so that a new text, or a decision
    that was undone, finds the same eyes. When nobody was chosen yet, or that person can
    not be asked about the texts as they are now, it is the pool's next. What needs
    several people is asked of everyone.

    Args:
        asked: All questions of the stage about the campaign, open and closed.
        fresh: Texts whose questions have just been opened.
    """
    waiting = [each for each in asked if each.closed_at is None]
    if not waiting or any(each.approvals_needed > 1 for each in waiting):
        return
    if all(each.revision_id in fresh for each in asked):
        # nobody was asked in this stage before, so nobody can be assigned
        last = None
        _say_if_empty(store, playbook, campaign, stage)
    else:
        last = store.pools.last_assignment(campaign.id, stage.name)
    holder = last.after if last is not None else None
    is_settled = last is not None and last.actor != BY_ITSELF
    if holder is None and stage.ask is Ask.ONE and not is_settled:
        before = stage.role if last is not None else None
        _choose(store, playbook, campaign, stage, waiting, before=before)
    elif holder is None or holder in _askable(
        store, playbook, campaign, stage, waiting
    ):
        others = [each.id for each in waiting if each.assignee != holder]
        if others:
            store.pools.assign(others, holder)
    else:
        _pass_on(store, playbook, campaign, stage, waiting, holder=holder)


def relieve(store: Store, playbook: Playbook, campaign: Campaign, stage: Stage) -> None:
    """Hand on what is assigned to somebody who is away by now, or has left.

    Time away that begins later is not watched for: the stage's reminder looks, before
    it mentions anybody, and so does the deadline.
    """
    waiting = _open_questions(store, campaign, stage.name)
    holders = {each.assignee for each in waiting if each.assignee is not None}
    if not holders:
        return
    away = store.preferences.away_until(tuple(holders))
    for holder in sorted(holders):
        if holder in away or not playbook.team.has_role(holder, stage.role):
            theirs = [each for each in waiting if each.assignee == holder]
            _pass_on(store, playbook, campaign, stage, theirs, holder=holder)


def hand_over(store: Store, playbook: Playbook, user: str) -> None:
    """Hand on all that is assigned to a person who has just gone away."""
    for campaign_id, name in store.pools.held_by(user):
        campaign = store.campaigns.lock(campaign_id)
        own = playbook.of(campaign.team)
        stage = _stage_of(own, campaign, name)
        theirs = [
            each
            for each in _open_questions(store, campaign, name)
            if each.assignee == user
        ]
        if stage is not None and theirs:
            _pass_on(store, own, campaign, stage, theirs, holder=user)


def relieve_of(
    store: Store, playbook: Playbook, user: str
) -> tuple[tuple[CampaignId, str], ...]:
    """Hand on what is assigned to somebody whose role it is not any more.

    Returns:
        The campaigns and stages it was about.
    """
    held = store.pools.held_by(user)
    for campaign_id, name in held:
        campaign = store.campaigns.lock(campaign_id)
        own = playbook.of(campaign.team)
        stage = _stage_of(own, campaign, name)
        if stage is not None:
            relieve(store, own, campaign, stage)
    return held


def speak_up(
    store: Store,
    playbook: Playbook,
    role: str,
    *,
    teams: Collection[str],
    but: Collection[tuple[CampaignId, str]],
) -> None:
    """Put it on the record and on the cards where a question waits for nobody.

    Args:
        teams: Keys of those in which nobody holds the role any more.
        but: Where it was said already.
    """
    for campaign_id, name in store.pools.asked_of(role):
        campaign = store.campaigns.lock(campaign_id)
        own = playbook.of(campaign.team)
        stage = _stage_of(own, campaign, name)
        is_news = own.key in teams and (campaign_id, name) not in but
        if stage is not None and is_news:
            _say_if_empty(store, own, campaign, stage)
            seq = store.audit.last_seq(campaign.id)
            refresh_card(store, campaign, f"pool{seq}")


def _stage_of(playbook: Playbook, campaign: Campaign, name: str) -> Stage | None:
    stages = playbook.stages.get(campaign.tier, ())
    return next((each for each in stages if each.name == name), None)


def assign(
    store: Store,
    playbook: Playbook,
    request_id: RequestId,
    *,
    to: str | None,
    actor: str,
    seen: int = 0,
) -> Assigned:
    """Ask one person about the open questions of a request's stage, all of them.

    Of two people at once the later one has their way, and is told what was before.

    Args:
        to: Slack user id; None asks everyone of the role.
        seen: The last assignment that the actor knew of (`Assignment.seq`), or 0.

    Raises:
        Overtaken: The question is answered, or its stage is over.
        NotYourTurn: The actor may not say who is asked.
        Refused: The person chosen has left, lacks the role, or may not decide.
    """
    campaign = store.campaigns.lock_for(request_id)
    playbook = playbook.of(campaign.team)
    request = store.reviews.get(request_id)
    is_open = request.closed_at is None and campaign.state is State.STAGED_REVIEW
    if not is_open or campaign.stage != request.round:
        raise Overtaken(
            f"The {request.stage} stage of #{campaign.id} does not wait for this answer"
            " any more, so there is nothing to assign."
        )
    stage = playbook.stage(campaign.tier, request.stage)
    check_may_assign(actor, team=playbook.team, stage=stage)
    waiting = _open_questions(store, campaign, stage.name)
    if to is not None:
        waiting = _answerable(store, playbook, campaign, waiting, to)
        _check_may_be_asked(
            store, playbook, campaign, stage, waiting, user=to, actor=actor
        )
    last = store.pools.last_assignment(campaign.id, stage.name)
    is_news = last is not None and last.seq > seen and last.actor != actor
    moved = [each for each in waiting if each.assignee != to]
    if moved:
        holder = next((each.assignee for each in moved if each.assignee), None)
        _move(store, campaign, stage, moved, to, before=holder, actor=actor)
        refresh_card(store, campaign, f"assigned{store.audit.last_seq(campaign.id)}")
    return Assigned(to=to, overtook=last if is_news else None)


def _open_questions(
    store: Store, campaign: Campaign, stage: str
) -> list[ReviewRequest]:
    asked = store.pools.questions(campaign.id, stage)
    return [each for each in asked if each.closed_at is None]


def _answerable(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    waiting: Sequence[ReviewRequest],
    user: str,
) -> list[ReviewRequest]:
    """Leave out what the person has approved already, where it needs several.

    Raises:
        Refused: Nothing is left that they could answer.
    """
    if all(each.approvals_needed == 1 for each in waiting):
        return list(waiting)
    standing = standing_of(store, playbook, campaign)
    left = [
        each
        for each in waiting
        if each.approvals_needed == 1 or user not in standing.approvers(each)
    ]
    if not left:
        raise Refused(
            f"<@{user}> has approved all that waits here; it takes other people too."
        )
    return left


def _check_may_be_asked(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    stage: Stage,
    waiting: Sequence[ReviewRequest],
    *,
    user: str,
    actor: str,
) -> None:
    role = stage.role.replace("_", " ")
    if user not in playbook.team.people:
        raise Refused(
            "The person you chose is not on the team any more, so nothing was assigned."
            " Open Assign again for who is."
        )
    if not playbook.team.has_role(user, stage.role):
        raise Refused(
            f"<@{user}> does not hold the role {role}, so nothing was assigned."
        )
    if user in _fit(store, playbook, campaign, stage, waiting):
        return
    whose = "You" if user == actor else f"<@{user}>"
    raise NotYourTurn(
        f"{whose} may not decide all that waits in the {stage.name} stage: whoever"
        " wrote the brief or edited a text needs another person (separation of duties)."
    )


def _fit(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    stage: Stage,
    waiting: Sequence[ReviewRequest],
) -> list[str]:
    """Holders of the role whom no duty bars from these texts, in file order."""
    editors = {
        store.variants.last_editor(store.variants.revision(each.revision_id))
        for each in waiting
    }
    return list(
        fit_to_decide(
            playbook.team,
            stage=stage,
            stages=playbook.stages[campaign.tier],
            tier=campaign.tier,
            brief_author=campaign.author,
            editors=editors,
        )
    )


def _askable(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    stage: Stage,
    waiting: Sequence[ReviewRequest],
) -> list[str]:
    """Of those who are fit, whoever is not away."""
    fit = _fit(store, playbook, campaign, stage, waiting)
    away = store.preferences.away_until(fit)
    return [user for user in fit if user not in away]


def _choose(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    stage: Stage,
    waiting: Sequence[ReviewRequest],
    *,
    before: str | None,
) -> None:
    """Ask the pool's next; with nobody there, the questions stay everyone's."""
    askable = _askable(store, playbook, campaign, stage, waiting)
    chosen = next_asked(store.pools.loads(askable))
    if chosen is not None:
        _move(
            store,
            campaign,
            stage,
            waiting,
            chosen,
            before=before,
            reason=_LEAST_TO_DO,
        )


def _pass_on(
    store: Store,
    playbook: Playbook,
    campaign: Campaign,
    stage: Stage,
    theirs: Sequence[ReviewRequest],
    *,
    holder: str,
) -> None:
    """Ask the pool's next instead; a stage that asks everyone asks everyone again."""
    chosen = None
    if stage.ask is Ask.ONE:
        askable = _askable(store, playbook, campaign, stage, theirs)
        others = [user for user in askable if user != holder]
        chosen = next_asked(store.pools.loads(others))
    reason = _why(store, playbook, stage, holder)
    _move(store, campaign, stage, theirs, chosen, before=holder, reason=reason)
    _say_if_empty(store, playbook, campaign, stage)
    refresh_card(store, campaign, f"assigned{store.audit.last_seq(campaign.id)}")


def _why(store: Store, playbook: Playbook, stage: Stage, holder: str) -> str:
    if not playbook.team.has_role(holder, stage.role):
        return "does not hold the role any more"
    if store.preferences.away_until((holder,)):
        return "is out of office"
    return "edited a text, and another person has to decide it"


def _move(
    store: Store,
    campaign: Campaign,
    stage: Stage,
    moved: Sequence[ReviewRequest],
    to: str | None,
    *,
    before: str | None = None,
    actor: str = BY_ITSELF,
    reason: str | None = None,
) -> None:
    """Assign, on the record. Without a reason of the desk's own, a person did it."""
    store.pools.assign([each.id for each in moved], to)
    is_first = before is None and actor == BY_ITSELF
    store.audit.append(
        campaign.id,
        ASSIGNED,
        actor=actor,
        detail={
            "stage": stage.name,
            "role": stage.role,
            **({} if is_first else {"from": before or stage.role}),
            "to": to or stage.role,
            **({"reason": reason} if reason else {}),
        },
    )


def _say_if_empty(
    store: Store, playbook: Playbook, campaign: Campaign, stage: Stage
) -> None:
    """Put it on the record when nobody whom the stage could ask is here."""
    pool = [
        user for user in playbook.team.holders(stage.role) if user != campaign.author
    ]
    away = store.preferences.away_until(pool)
    if any(user not in away for user in pool):
        return
    store.audit.append(
        campaign.id,
        "pool_empty",
        actor=BY_ITSELF,
        detail={"stage": stage.name, "pool": stage.role, "away": sorted(away)},
    )
