"""Who holds a role: the team file, joined with what Slack says of people and groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from domain.review import Group, Person, Team

NAME_LONGEST: Final = 80
"""Characters of a name from Slack that are kept; Slack's own limit for a display name."""


class Barred(StrEnum):
    """Why somebody holds no role here, whatever the team file or a group gives them."""

    DELETED = "deleted"
    EXTERNAL = "external"
    GUEST = "guest"
    BOT = "bot"


WHY: Final[Mapping[Barred, str]] = {
    Barred.DELETED: (
        "Your account in this workspace is deactivated, so you cannot decide."
    ),
    Barred.EXTERNAL: (
        "You belong to another workspace (Slack Connect), and only people of this"
        " workspace can decide."
    ),
    Barred.GUEST: "You are a guest in this workspace, and guests cannot decide.",
    Barred.BOT: "You are an app, and only people can decide.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackPerson:
    """What Slack says of a person.

    Attributes:
        is_external: They belong to another workspace (Slack Connect).
    """

    id: str
    name: str
    is_deleted: bool = False
    is_external: bool = False
    is_guest: bool = False
    is_bot: bool = False

    @property
    def barred(self) -> Barred | None:
        """Why they hold no role; None: they may."""
        facts = {
            Barred.DELETED: self.is_deleted,
            Barred.EXTERNAL: self.is_external,
            Barred.GUEST: self.is_guest,
            Barred.BOT: self.is_bot,
        }
        return next((why for why, is_so in facts.items() if is_so), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """What Slack has said so far; whoever is not in it was not asked about yet.

    Attributes:
        groups: User ids by the id of a user group or channel.
    """

    people: Mapping[str, SlackPerson] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def join(team: Team, roster: Roster) -> Team:
    """The team that decides now.

    Members of a group hold its roles. Guests, people of other workspaces, the
    deactivated and bots hold none. Somebody of whom Slack has said nothing yet is
    trusted with what the team file gives them by their own id, and with nothing else.

    Args:
        team: As the team file has it.
    """
    given = _roles_by_group(team, roster)
    people = {
        user: _joined(person, given.pop(user, frozenset()), roster.people.get(user))
        for user, person in team.people.items()
    }
    for user in sorted(given):
        found = roster.people.get(user)
        if found is not None:
            unlisted = Person(id=user, name=found.name, roles=frozenset())
            people[user] = _joined(unlisted, given[user], found)
    return replace(team, people=people)


def _roles_by_group(team: Team, roster: Roster) -> dict[str, frozenset[str]]:
    given: dict[str, frozenset[str]] = {}
    for group in team.groups.values():
        for user in roster.groups.get(group.id, ()):
            given[user] = given.get(user, frozenset()) | group.roles
    return given


def _joined(
    person: Person, by_group: frozenset[str], found: SlackPerson | None
) -> Person:
    if found is None:
        return person
    if found.barred is not None:
        return replace(person, roles=frozenset(), barred=WHY[found.barred])
    return replace(person, roles=person.roles | by_group)


def empty_groups(team: Team, roster: Roster) -> tuple[Group, ...]:
    """Groups of the team file in which Slack knows nobody who may hold a role."""
    return tuple(
        group
        for group in team.groups.values()
        if group.id in roster.groups
        and not any(
            user in roster.people and roster.people[user].barred is None
            for user in roster.groups[group.id]
        )
    )


def concerned(team: Team, roster: Roster) -> frozenset[str]:
    """Slack ids whose facts decide who holds a role: people, groups, their members."""
    in_groups = (roster.groups.get(group, ()) for group in team.groups)
    return frozenset({*team.people, *team.groups}.union(*in_groups))
