"""Pools: who of a role is asked next, and who may say so. Anybody of the role decides."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from domain.errors import NotYourTurn
from domain.review import Stage, Team, check_may_decide

ASSIGNERS: Final = ("marketing_engineer", "on_call")
"""Roles that may say who is asked besides those who hold the stage's role."""

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one person of a pool has been asked.

    Attributes:
        waiting: Open questions that are assigned to them.
        last_asked: When they were last assigned one; None: never.
    """

    user: str
    waiting: int = 0
    last_asked: datetime | None = None


def next_asked(loads: Sequence[Load]) -> str | None:
    """Who is asked next: the fewest waiting, then the longest not asked, then in order.

    Args:
        loads: Those who may be asked, in the order of the team file.

    Returns:
        None when there is nobody to ask.
    """
    chosen = min(
        loads, key=lambda each: (each.waiting, each.last_asked or _NEVER), default=None
    )
    return chosen.user if chosen is not None else None


def may_decide_all(
    user: str,
    *,
    team: Team,
    stage: Stage,
    stages: Sequence[Stage],
    tier: str,
    brief_author: str,
    editors: Collection[str | None],
) -> bool:
    """Whether one person may decide every text of a stage, by role and by duties.

    Args:
        editors: Who last edited each of the texts by hand; None for a writer.
    """
    try:
        for editor in editors or (None,):
            check_may_decide(
                user,
                team=team,
                stage=stage,
                stages=stages,
                tier=tier,
                brief_author=brief_author,
                editor=editor,
            )
    except NotYourTurn:
        return False
    return True


def fit_to_decide(
    team: Team,
    *,
    stage: Stage,
    stages: Sequence[Stage],
    tier: str,
    brief_author: str,
    editors: Collection[str | None],
) -> tuple[str, ...]:
    """Holders of a stage's role who may decide every text of it, in file order.

    Args:
        editors: Who last edited each of the texts by hand; None for a writer.
    """
    return tuple(
        user
        for user in team.holders(stage.role)
        if may_decide_all(
            user,
            team=team,
            stage=stage,
            stages=stages,
            tier=tier,
            brief_author=brief_author,
            editors=editors,
        )
    )


def check_may_assign(actor: str, *, team: Team, stage: Stage) -> None:
    """Refuse to let somebody say who is asked.

    Raises:
        NotYourTurn: They neither hold the stage's role nor keep the desk running.
    """
    team.check_not_barred(actor)
    if any(team.has_role(actor, role) for role in (stage.role, *ASSIGNERS)):
        return
    roles = " and ".join(each.replace("_", " ") for each in ASSIGNERS)
    raise NotYourTurn(
        f"Only {stage.role.replace('_', ' ')}, {roles} can say who is asked in the"
        f" {stage.name} stage."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One change of who is asked, as the audit trail has it.

    Attributes:
        seq: Its place on the campaign's trail.
        before: Who was asked; None: everyone of the role.
        after: Who is asked since; None: everyone of the role.
        is_first: The stage had just opened, and nobody was asked before.
        reason: Why the desk did it, about who was asked before; a person gives none.
    """

    seq: int
    stage: str
    before: str | None
    after: str | None
    actor: str
    at: datetime
    is_first: bool = False
    reason: str | None = None
