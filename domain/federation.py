"""Teams of their own: each may be stricter than the centre's rules, and never weaker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from domain.review import Person, Stage, Team, rounds
from domain.review_rules import TIERS, IfNobodyActs, ReviewRules

Stages = Mapping[str, tuple[Stage, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamRules:
    """A team of its own, and how its campaigns are reviewed.

    Attributes:
        key: What a campaign of the team carries; the name of the team's file.
        own: The team as its file has it.
        team: Who holds which role in its campaigns (`together`).
        stages: By tier, in order.
    """

    key: str
    own: Team
    team: Team
    stages: Stages
    rules: ReviewRules


def together(central: Team, own: Team) -> Team:
    """Who holds which role in a team's campaigns.

    A role that the team gives to somebody is its own pool's; every other role is held
    by whom the centre gives it to.
    """
    taken = own.roles_given
    people = {
        user: replace(person, roles=person.roles - taken)
        for user, person in central.people.items()
    }
    for user, person in own.people.items():
        people[user] = _both(people.get(user), person)
    groups = {
        slack_id: replace(group, roles=group.roles - taken)
        for slack_id, group in central.groups.items()
    }
    return replace(own, people=people, groups={**groups, **own.groups})


def everyone(central: Team, teams: Mapping[str, TeamRules]) -> Team:
    """All people and groups of all teams, with every role that one of them gives."""
    if not teams:
        return central
    people, groups = dict(central.people), dict(central.groups)
    for each in teams.values():
        for user, person in each.own.people.items():
            people[user] = _both(people.get(user), person)
        groups.update(each.own.groups)
    return replace(central, people=people, groups=groups)


def _both(known: Person | None, person: Person) -> Person:
    if known is None:
        return person
    roles = known.roles | person.roles
    return replace(person, roles=roles, barred=known.barred or person.barred)


def team_of(author: str, teams: Mapping[str, TeamRules]) -> str:
    """The key of the team that a person's briefs are of; "" is the centre.

    Of several teams that give the person a role, the first by the name of its file.
    """
    return next(
        (key for key in sorted(teams) if teams[key].own.has_any_role(author)), ""
    )


def weakened(central: Stages, rules: ReviewRules, team: TeamRules) -> str | None:
    """What a team's rules ask less of than the centre's, as a clause; None: nothing.

    When the hours are is the team's own, and so are holidays and whom a stage asks first.
    """
    return next(_weaker(central, rules, team), None)


def _weaker(central: Stages, rules: ReviewRules, team: TeamRules) -> Iterator[str]:
    extra = max((each.extra_approvers for each in rules.raises), default=0)
    for tier in TIERS:
        yield from _weaker_row(tier, central[tier], team.stages[tier])
        yield from _weaker_end(tier, central[tier][-1], team.stages[tier], extra)
    yield from _weaker_rules(rules, team.rules)


def _weaker_rules(rules: ReviewRules, own: ReviewRules) -> Iterator[str]:
    yield from _weaker_stage("the brand lead", rules.brand_lead, own.brand_lead)
    if own.brand_lead.sla > rules.brand_lead.sla:
        yield "the brand lead has more time than the centre gives"
    if own.hours.week < rules.hours.week:
        yield "hours has fewer working hours a week than the centre's"
    if own.spot_check < rules.spot_check:
        yield f"spot_check is {own.spot_check:g}, and the centre's is {rules.spot_check:g}"
    for tier, acts in own.if_nobody_acts.items():
        if acts is IfNobodyActs.AUTO_APPROVE and rules.if_nobody_acts.get(tier) != acts:
            yield f"if_nobody_acts.{tier} is {acts}, and the centre escalates"
    if missing := rules.asks_at - own.asks_at:
        yield f"ask_at leaves out {', '.join(sorted(missing))}"
    if any(each not in own.raises for each in rules.raises):
        yield "raise leaves out a rule of the centre"


def _weaker_row(
    tier: str, central: tuple[Stage, ...], own: tuple[Stage, ...]
) -> Iterator[str]:
    by_name = {stage.name: stage for stage in own}
    for stage in central:
        if stage.name not in by_name:
            yield f"tier {tier} leaves out the {stage.name} stage"
            return
        where = f"the {stage.name} stage of tier {tier}"
        yield from _weaker_stage(where, stage, by_name[stage.name])
    places = {
        stage.name: place for place, each in enumerate(rounds(own)) for stage in each
    }
    before = -1
    for each in rounds(central):
        here = [places[stage.name] for stage in each]
        if min(here) <= before:
            yield f"tier {tier} asks the {each[0].round} stage too early"
        before = max(here)
    ours, theirs = _due_after(own), _due_after(central)
    for name, latest in theirs.items():
        if ours[name] > latest:
            yield f"tier {tier} has the {name} stage due later than the centre"


def _weaker_end(
    tier: str, last: Stage, own: tuple[Stage, ...], extra: int
) -> Iterator[str]:
    """What raises asks more approvers of the last stage, which has to stay the same."""
    needed = last.approvals + extra
    has_fewer = any(
        stage.name == last.name and stage.approvals < needed for stage in own[:-1]
    )
    if has_fewer:
        yield (
            f"tier {tier} ends with the {own[-1].name} stage, so the {last.name} stage"
            f" would miss the approvers that raise adds to the last one; it has to stay"
            f" the last, or need {needed} approvals"
        )


def _due_after(row: tuple[Stage, ...]) -> dict[str, timedelta]:
    """Working time from the first stage's opening until each is due, at the latest."""
    found: dict[str, timedelta] = {}
    begun = timedelta(0)
    for each in rounds(row):
        found |= {stage.name: begun + stage.sla for stage in each}
        begun += max(stage.sla for stage in each)
    return found


def _weaker_stage(where: str, central: Stage, own: Stage) -> Iterator[str]:
    if own.role != central.role:
        yield f"{where} asks {own.role}, and the centre asks {central.role}"
    if own.own_edits and not central.own_edits:
        yield f"{where} lets editors approve their own edits"
    if own.approvals < central.approvals:
        yield f"{where} needs {own.approvals} approvals, and the centre {central.approvals}"
    if missing := central.scope - own.scope:
        yield f"{where} does not cover the {', '.join(sorted(missing))}"
    if missing_questions := set(central.questions) - set(own.questions):
        yield f"{where} leaves out {', '.join(sorted(missing_questions))}"
    if central.remind is not None and (
        own.remind is None or own.remind > central.remind
    ):
        yield f"{where} reminds later than the centre, or never"
    if central.escalation is not None and own.escalation is None:
        yield f"{where} escalates to nobody"
