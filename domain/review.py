"""Stages, roles and who may decide what: pure rules, checked at the decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain, groupby
from typing import Final, NewType

from domain.campaign import CampaignId
from domain.errors import NotYourTurn
from domain.variant import Part, RevisionId, VariantId

RequestId = NewType("RequestId", int)

BY_ITSELF: Final = "desk"
"""Who decides where nobody acted: no person, and the record says so."""


AND: Final = " and "
"""Joins the names of stages that are asked at the same time."""


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
        beside: Names of the stages that are asked at the same time, itself among them;
            empty when it is asked alone.
        own_edits: Whether an editor may approve their own edit here, when another person
            approves a later stage. At tier A nobody may, whatever this says.
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
    beside: tuple[str, ...] = ()
    own_edits: bool = True

    @property
    def round(self) -> str:
        """The name of its round: its own, or all that are asked at the same time."""
        return AND.join(self.beside) or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody on the team.

    Attributes:
        barred: Why they hold no role whatever gives them one, as a sentence to them.
    """

    id: str
    name: str
    roles: frozenset[str]
    barred: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A Slack user group or channel whose members hold its roles."""

    id: str
    name: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Who works here, by Slack user id, and the channel their cards go to.

    Attributes:
        groups: By Slack id; who is in them only Slack knows (`domain.members`).
    """

    name: str
    channel: str
    on_call_channel: str
    people: Mapping[str, Person]
    groups: Mapping[str, Group] = field(default_factory=dict)

    def has_role(self, user: str, role: str) -> bool:
        person = self.people.get(user)
        return person is not None and role in person.roles

    def has_any_role(self, user: str) -> bool:
        return bool(self.roles_of(user))

    def roles_of(self, user: str) -> frozenset[str]:
        person = self.people.get(user)
        return frozenset() if person is None else person.roles

    @property
    def roles_given(self) -> frozenset[str]:
        """Every role that a person or a group has."""
        return frozenset[str]().union(
            *(person.roles for person in self.people.values()),
            *(group.roles for group in self.groups.values()),
        )

    def holders(self, role: str) -> tuple[str, ...]:
        """User ids that hold `role`, in file order."""
        return tuple(p.id for p in self.people.values() if role in p.roles)

    def named(self, whom: str) -> tuple[str, ...]:
        """User ids that a role or a user id stands for."""
        person = self.people.get(whom)
        if person is not None:
            return () if person.barred else (whom,)
        return self.holders(whom)

    def is_held(self, role: str) -> bool:
        """Whether a person holds `role`, or a group that may have members."""
        return bool(self.holders(role)) or self.has_group_for(role)

    def has_group_for(self, role: str) -> bool:
        return any(role in group.roles for group in self.groups.values())

    def check_not_barred(self, user: str) -> None:
        """Refuse somebody who would hold a role, were it not for what Slack says.

        Raises:
            NotYourTurn: Tells them why.
        """
        person = self.people.get(user)
        if person is not None and person.barred:
            raise NotYourTurn(person.barred)


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
    # of the stages that were asked at the same time
    round: str
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
    team.check_not_barred(actor)
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
    if tier == "A" or not stage.own_edits:
        raise NotYourTurn(
            f"You edited this text, and at tier {tier} nobody approves their own edit."
        )
    if stage.round == stages[-1].round:
        raise NotYourTurn(
            "You edited this text, and no later stage has another pair of eyes;"
            " another person has to decide."
        )


Round = tuple[Stage, ...]
"""Stages that are asked at the same time, in the order of the playbook."""


def rounds(stages: Sequence[Stage]) -> tuple[Round, ...]:
    """A tier's stages by round, in order."""
    return tuple(tuple(each) for _, each in groupby(stages, key=lambda s: s.round))


def round_named(stages: Sequence[Stage], name: str | None) -> Round:
    """The round of that name, else the one with a stage of it; empty: neither exists.

    The playbook may have put its rounds together otherwise since the name was kept.
    """
    if name is None:
        return ()
    every, parts = rounds(stages), name.split(AND)
    exact = (each for each in every if each[0].round == name)
    like = (each for each in every for stage in each if stage.name in parts)
    return next(chain(exact, like), ())


def open_round(
    stages: Sequence[Stage],
    current: Mapping[VariantId, RevisionId],
    approvals: Sequence[Approval],
) -> Round:
    """The first round in which some live variant lacks approval of its text.

    Args:
        stages: All stages of the tier, in order.
        current: Each live variant's present revision.
        approvals: Every approval given so far, for any revision.

    Returns:
        The stages to ask now; empty when every stage is through.
    """
    given = fully_approved(approvals)
    for each in rounds(stages):
        for stage in each:
            if any((*text, stage.name) not in given for text in current.items()):
                return each
    return ()


def quota(round_name: str, stages: Sequence[Stage], *, arms: int) -> int | None:
    """How many variants a round lets through, or None when it takes them all.

    The first round shortlists (arms + 1), the last one fixes the arms.
    """
    if round_name == stages[-1].round:
        return arms
    if round_name == stages[0].round:
        return arms + 1
    return None
