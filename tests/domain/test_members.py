"""Who holds a role, joined from the team file and what Slack says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import NotYourTurn
from domain.members import (
    WHY,
    Barred,
    Roster,
    SlackPerson,
    concerned,
    empty_groups,
    join,
)
from domain.review import Group, Person, Team

USERS = tuple(f"U{n}" for n in range(6))
GROUPS = ("S1", "S2", "C1")
ROLES = ("copy_editor", "legal", "brand_lead")


def make_team(
    people: dict[str, set[str]] | None = None,
    groups: dict[str, set[str]] | None = None,
) -> Team:
    return Team(
        name="Team",
        channel="C0",
        on_call_channel="C0",
        people={
            user: Person(id=user, name=user.lower(), roles=frozenset(roles))
            for user, roles in (people or {}).items()
        },
        groups={
            group: Group(id=group, name=group, roles=frozenset(roles))
            for group, roles in (groups or {}).items()
        },
    )


def make_roster(
    *people: SlackPerson, groups: dict[str, tuple[str, ...]] | None = None
) -> Roster:
    return Roster(people={each.id: each for each in people}, groups=groups or {})


def found(user: str, **facts: Any) -> SlackPerson:
    return SlackPerson(id=user, name=user.lower(), **facts)


role_sets = st.sets(st.sampled_from(ROLES))
teams = st.builds(
    make_team,
    people=st.dictionaries(st.sampled_from(USERS), role_sets),
    groups=st.dictionaries(st.sampled_from(GROUPS), role_sets),
)
flags = {
    name: st.booleans() for name in ("is_deleted", "is_external", "is_guest", "is_bot")
}
rosters = st.builds(
    Roster,
    people=st.lists(
        st.builds(
            SlackPerson, id=st.sampled_from(USERS), name=st.sampled_from(USERS), **flags
        )
    ).map(lambda people: {each.id: each for each in people}),
    groups=st.dictionaries(
        st.sampled_from(GROUPS),
        st.lists(st.sampled_from(USERS), unique=True).map(tuple),
    ),
)


@given(teams, rosters)
def test_nobody_whom_slack_bars_ever_holds_a_role(team: Team, roster: Roster) -> None:
    joined = join(team, roster)
    for user, person in roster.people.items():
        if person.barred is not None:
            assert not joined.has_any_role(user)
            assert all(user not in joined.holders(role) for role in ROLES)
            assert joined.named(user) == ()


@given(teams, rosters)
def test_a_role_comes_from_the_file_or_from_a_group_and_nowhere_else(
    team: Team, roster: Roster
) -> None:
    for user, person in join(team, roster).people.items():
        listed = team.roles_of(user)
        by_group: set[str] = set()
        if user in roster.people:
            for group in team.groups.values():
                if user in roster.groups.get(group.id, ()):
                    by_group |= group.roles
        assert person.roles <= listed | by_group


@given(teams, rosters)
def test_whoever_may_decide_holds_all_that_they_were_given(
    team: Team, roster: Roster
) -> None:
    joined = join(team, roster)
    for user, person in roster.people.items():
        if person.barred is None:
            assert joined.roles_of(user) >= team.roles_of(user)
            for group in team.groups.values():
                if user in roster.groups.get(group.id, ()):
                    assert joined.roles_of(user) >= group.roles


def test_a_member_of_a_group_holds_its_roles() -> None:
    team = make_team({"U0": {"legal"}}, {"S1": {"copy_editor"}})
    joined = join(
        team, make_roster(found("U0"), found("U1"), groups={"S1": ("U0", "U1")})
    )
    assert joined.roles_of("U0") == {"legal", "copy_editor"}
    assert joined.holders("copy_editor") == ("U0", "U1")
    assert joined.people["U1"].name == "u1"


def test_before_slack_was_asked_only_the_file_is_trusted() -> None:
    team = make_team({"U0": {"legal"}}, {"S1": {"legal"}})
    joined = join(team, make_roster(groups={"S1": ("U0", "U1")}))
    assert joined.holders("legal") == ("U0",)


@pytest.mark.parametrize("why", Barred)
def test_whoever_lost_a_role_is_told_why(why: Barred) -> None:
    team = make_team({"U0": {"legal"}})
    joined = join(team, make_roster(found("U0", **{f"is_{why}": True})))
    with pytest.raises(NotYourTurn) as caught:
        joined.check_not_barred("U0")
    assert str(caught.value) == WHY[why]


def test_a_barred_member_of_a_group_is_told_why_too() -> None:
    team = make_team({"U0": {"legal"}}, {"S1": {"legal"}})
    roster = make_roster(found("U1", is_guest=True), groups={"S1": ("U1",)})
    with pytest.raises(NotYourTurn, match="guests cannot decide"):
        join(team, roster).check_not_barred("U1")


def test_a_stranger_to_the_desk_is_not_told_about_guests() -> None:
    team = make_team({"U0": {"legal"}})
    join(team, make_roster(found("U1", is_guest=True))).check_not_barred("U1")


def test_a_group_of_guests_counts_as_empty_and_one_not_asked_about_does_not() -> None:
    team = make_team({}, {"S1": {"legal"}, "S2": {"legal"}, "C1": {"legal"}})
    roster = make_roster(
        found("U1", is_guest=True),
        found("U2"),
        groups={"S1": ("U1",), "C1": ("U1", "U2")},
    )
    assert [group.id for group in empty_groups(team, roster)] == ["S1"]


def test_slack_is_asked_about_people_groups_and_their_members_only() -> None:
    team = make_team({"U0": {"legal"}}, {"S1": {"legal"}})
    roster = make_roster(groups={"S1": ("U1",), "S2": ("U2",)})
    assert concerned(team, roster) == {"U0", "U1", "S1"}
