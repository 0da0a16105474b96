"""Stages, roles and who may decide what: pure rules, checked at the decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from domain.campaign import CampaignId
from domain.errors import NotYourTurn
from domain.variant import RevisionId, VariantId

RequestId = NewType("RequestId", int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    name: str
    role: str
    sla: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    id: str
    name: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Who works here, by Slack user id, and the channel their cards go to."""

    name: str
    channel: str
    on_call_channel: str
    people: Mapping[str, Person]

    def has_role(self, user: str, role: str) -> bool:
        person = self.people.get(user)
        return person is not None and role in person.roles

    def has_any_role(self, user: str) -> bool:
        person = self.people.get(user)
        return person is not None and bool(person.roles)

    def holders(self, role: str) -> tuple[str, ...]:
        """User ids that hold `role`, in file order."""
        return tuple(p.id for p in self.people.values() if role in p.roles)


class Outcome(StrEnum):
    """How a review request ended."""

    APPROVED = "approved"
    REJECTED = "rejected"
    # the text it asked about was edited or rewritten
    SUPERSEDED = "superseded"
    # enough other variants went on, or the campaign ended
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRequest:
    """One question to one role about one exact text in one stage."""

    id: RequestId
    campaign_id: CampaignId
    variant_id: VariantId
    revision_id: RevisionId
    revision_sha256: str
    stage: str
    role: str
    asked_at: datetime
    due_at: datetime
    closed_at: datetime | None
    outcome: Outcome | None
    decided_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """An approval that binds to the text it was given for."""

    variant_id: VariantId
    revision_id: RevisionId
    stage: str
    actor: str


def check_may_decide(
    actor: str,
    *,
    team: Team,
    stage: Stage,
    stages: Sequence[Stage],
    tier: str,
    brief_author: str,
    editor: str | None,
) -> None:
    """Refuse a decision that the role or separation of duties forbids.

    The brief's author never approves. An editor may approve their own edit at
    tiers B and C when another person approves a later stage; at tier A never.

    Args:
        actor: Slack user id of the person who clicked.
        editor: Who last edited the text by hand; None when a writer wrote it.
        stages: All stages of the tier, in order.

    Raises:
        NotYourTurn: Says which rule blocked and who can decide instead.
    """
    if not team.has_role(actor, stage.role):
        holders = ", ".join(f"<@{user}>" for user in team.holders(stage.role))
        raise NotYourTurn(
            f"Only {stage.role.replace('_', ' ')} can decide the {stage.name} stage."
            + (f" {holders} can." if holders else " Nobody holds that role yet.")
        )
    if actor == brief_author:
        raise NotYourTurn(
            "You wrote the brief, so another person has to decide"
            " (separation of duties)."
        )
    if editor != actor:
        return
    if tier == "A":
        raise NotYourTurn(
            "You edited this text, and at tier A nobody approves their own edit."
        )
    if stage.name == stages[-1].name:
        raise NotYourTurn(
            "You edited this text, and no later stage has another pair of eyes;"
            " another person has to decide."
        )


def next_stage(
    stages: Sequence[Stage],
    current: Mapping[VariantId, RevisionId],
    approvals: Sequence[Approval],
) -> Stage | None:
    """The first stage in which some live variant lacks an approval of its text.

    Args:
        stages: All stages of the tier, in order.
        current: Each live variant's present revision.
        approvals: Every approval given so far, for any revision.

    Returns:
        The stage to ask now, or None when every stage is through.
    """
    given = {(a.variant_id, a.revision_id, a.stage) for a in approvals}
    for stage in stages:
        for variant, revision in current.items():
            if (variant, revision, stage.name) not in given:
                return stage
    return None


def quota(stage: str, stages: Sequence[Stage], *, arms: int) -> int | None:
    """How many variants a stage lets through, or None when it takes them all.

    The first stage shortlists (arms + 1), the last one fixes the arms.
    """
    if stage == stages[-1].name:
        return arms
    if stage == stages[0].name:
        return arms + 1
    return None
