"""Stages, roles and who may decide what: pure rules, checked at the decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType

from domain.campaign import CampaignId
from domain.errors import NotYourTurn
from domain.variant import Part, RevisionId, VariantId

RequestId = NewType("RequestId", int)

BY_ITSELF: Final = "desk"
"""Who decides where nobody acted: no person, and the record says so."""


class EscalateBy(StrEnum):
    """How the person is told who is asked to step in."""

    THREAD = "thread"
    DM = "dm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Who is told when a stage is overdue: a role, or a person by Slack user id."""

    to: str
    by: EscalateBy = EscalateBy.THREAD


class Ask(StrEnum):
    """Whom a stage asks when it opens; whoever holds its role may decide all the same."""

    EVERYONE = "everyone"
    # the one of the pool with the least to do
    ONE = "one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One round of review by one role.

    Attributes:
        sla: Working time to answer in.
        approvals: How many people have to approve each text.
        remind: Share of the SLA after which the asked are reminded; None is never.
        escalation: Who is told when it is overdue; None tells nobody.
        questions: What an approval in this stage stands for (`domain.checklist`).
        scope: Parts of the text that an approval covers (`domain.scope`).
        ask: Whom it asks; an assignment by hand comes before it.
    """

    name: str
    role: str
    sla: timedelta
    approvals: int = 1
    remind: float | None = 0.5
    escalation: Escalation | None = None
    questions: tuple[str, ...] = ()
    ask: Ask = Ask.EVERYONE
    scope: frozenset[Part] = frozenset(Part)


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

    def named(self, whom: str) -> tuple[str, ...]:
        """User ids that a role or a user id stands for."""
        return (whom,) if whom in self.people else self.holders(whom)


class Outcome(StrEnum):
    """How a review request ended."""

    APPROVED = "approved"
    REJECTED = "rejected"
    # the text it asked about was edited or rewritten
    SUPERSEDED = "superseded"
    # enough other variants went on, or the campaign ended
    WITHDRAWN = "withdrawn"
    # the decision that led to the question was taken back
    TAKEN_BACK = "taken_back"


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
    # so many people have to approve before it is closed
    approvals_needed: int = 1
    reminded_at: datetime | None = None
    # the last time somebody was asked to step in
    escalated_at: datetime | None = None
    # who of the role is asked; None: all of them
    assignee: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """An approval that binds to the text it was given for.

    Attributes:
        needed: How many people have to approve this text in this stage.
    """

    variant_id: VariantId
    revision_id: RevisionId
    stage: str
    actor: str
    needed: int = 1


def fully_approved(
    approvals: Sequence[Approval],
) -> frozenset[tuple[VariantId, RevisionId, str]]:
    """Each text and stage that as many different people approved as are needed.

    Args:
        approvals: In the order in which they were given: the newest says how many are
            needed, since the playbook may have changed between two revisions.
    """
    given: dict[tuple[VariantId, RevisionId, str], set[str]] = {}
    needed: dict[tuple[VariantId, RevisionId, str], int] = {}
    for each in approvals:
        key = each.variant_id, each.revision_id, each.stage
        given.setdefault(key, set()).add(each.actor)
        needed[key] = each.needed
    return frozenset(key for key, who in given.items() if len(who) >= needed[key])


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
    """The first stage in which some live variant lacks approval of its text.

    Args:
        stages: All stages of the tier, in order.
        current: Each live variant's present revision.
        approvals: Every approval given so far, for any revision.

    Returns:
        The stage to ask now, or None when every stage is through.
    """
    given = fully_approved(approvals)
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
