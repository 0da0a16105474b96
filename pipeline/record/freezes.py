"""People freeze and lift; a campaign that would go on waits instead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from domain.campaign import Actor, ActorKind, Campaign
from domain.freeze import (
    SHELL,
    Act,
    Freeze,
    FreezeId,
    Scope,
    check_freeze,
    check_lift,
    frozen,
)
from domain.review import Team
from pipeline.advance import refresh_card
from pipeline.playbook import Playbook
from pipeline.record.roles import require_role
from storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """A freeze after somebody's word, and whether that ended it or asks for another's."""

    freeze: Freeze
    is_lifted: bool


def freeze(
    store: Store,
    playbook: Playbook,
    *,
    scope: Scope,
    target: str,
    reason: str,
    lasts: timedelta,
    actor: Actor,
) -> Freeze:
    """Let nothing leave for a while; one person, one local commit.

    Needs no broker, no Slack and no ESP. What was handed over before is gone.

    Args:
        target: A team's key or an ESP's name; empty for the whole desk.
        lasts: On the clock on the wall, in practice too.
        actor: Anyone with a role, or who is in a shell.

    Raises:
        NotYourTurn: The person has no role.
        Refused: No such target, no reason, or it would last too long.
    """
    if actor.kind is ActorKind.PERSON:
        require_role(playbook.everyone, actor.id)
    check_freeze(
        scope=scope,
        target=target,
        reason=reason,
        lasts=lasts,
        longest=playbook.sending.longest_freeze,
        teams=playbook.teams,
        esps=(playbook.esp,),
    )
    made = store.freezes.add(
        scope=scope,
        target=target,
        reason=reason.strip(),
        by=actor.id,
        until=store.now + lasts,
    )
    _tell(store, made.id, "frozen")
    _tell(store, made.id, "ended", after=lasts)
    return made


def lift(
    store: Store, playbook: Playbook, freeze_id: FreezeId, *, actor: Actor
) -> Lift:
    """Ask for a freeze to end early, or confirm that another person asked for it.

    Raises:
        AlreadyDecided: It is over, or somebody was faster.
        NotYourTurn: The same person asked, or has no role where it is frozen.
    """
    found = store.freezes.get(freeze_id)
    if actor.kind is ActorKind.PERSON:
        require_role(_who_may(playbook, found), actor.id)
    act = check_lift(
        found,
        actor=actor.id,
        now=store.now,
        asker_may=_may_lift(playbook, found, found.lift_asked_by),
    )
    store.freezes.act(found, act, actor=actor.id)
    _tell(store, freeze_id, f"{act}{found.lift_asks}")
    return Lift(freeze=store.freezes.get(freeze_id), is_lifted=act is Act.LIFTED)


def _who_may(playbook: Playbook, found: Freeze) -> Team:
    """Setting a team's campaigns going again is the team's own; else everybody's."""
    is_teams = found.scope is Scope.TEAM
    return playbook.of(found.target).team if is_teams else playbook.everyone


def _may_lift(playbook: Playbook, found: Freeze, asker: str | None) -> bool:
    """Whether who asked still could; a shell has no role to lose."""
    if asker is None or asker.startswith(SHELL):
        return True
    return _who_may(playbook, found).has_any_role(asker)


def _tell(
    store: Store, freeze_id: FreezeId, because: str, *, after: timedelta = timedelta(0)
) -> None:
    """Queue the notices and the cards, and what waits once it is over."""
    store.outbox.add("thaw", freeze_id, 1, None, after=after, suffix=f":{because}")


def frozen_by(store: Store, playbook: Playbook, campaign: Campaign) -> Freeze | None:
    """What stops a locked campaign now; nothing is frozen or lifted until we commit."""
    return frozen(
        store.freezes.active(),
        team=campaign.team,
        # what a slot shows leaves by no ESP
        esp="" if campaign.slot else playbook.esp,
        now=store.now,
    )


def stops(
    store: Store, playbook: Playbook, campaign: Campaign, *, is_passed: bool = False
) -> Freeze | None:
    """What stops a locked campaign; it waits then, and goes on by itself afterwards.

    Args:
        is_passed: The judge has just let it go on.
    """
    found = frozen_by(store, playbook, campaign)
    if found is None:
        return None
    is_new = store.freezes.stop(campaign.id, found.id, is_passed=is_passed)
    store.deadlines.bring_forward(campaign.id, "thaw", campaign.version, found.until)
    if is_new:
        store.audit.append(
            campaign.id,
            "frozen",
            actor=found.by,
            detail={
                "freeze": found.id,
                "scope": found.scope,
                **({"target": found.target} if found.target else {}),
                "until": found.until,
                "reason": found.reason,
            },
        )
        refresh_card(store, campaign, f"frozen{found.id}")
    return found
