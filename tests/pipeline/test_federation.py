"""A team of its own reviews its own campaigns, by rules that are never weaker."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import pytest

from domain.campaign import Actor, CampaignId, Event, State
from domain.errors import NotYourTurn
from domain.federation import TeamRules, together
from domain.members import SlackPerson
from domain.rejection import RejectReason
from domain.review import Ask, Group, Person, ReviewRequest, Team
from domain.views import HomeView
from pipeline import record
from pipeline.advance import advance
from pipeline.playbook import Playbook
from storage import queries
from tests.pipeline.lab import BEA, CASPAR, CLEO, DEV, LENA, MARA, OMAR, SAM, Lab
from tests.pipeline.test_record_reviews import in_review, of, text_of

ELLA, ENZO, EDDA = "U0EMEAONE", "U0EMEATWO", "U0EMEATRE"
EMEA = Team(
    name="EMEA",
    channel="C0CAMPAIGN",
    on_call_channel="C0ONCALL",
    people={
        user: Person(id=user, name=user.lower(), roles=frozenset({role}))
        for user, role in {
            ELLA: "marketer",
            ENZO: "copy_editor",
            EDDA: "copy_editor",
        }.items()
    },
)


def federated(playbook: Playbook, *, approvals: int = 1) -> Playbook:
    """The shipped playbook with a team of its own, whose copy stage may ask more."""
    stages = {
        tier: (replace(row[0], approvals=approvals, ask=Ask.EVERYONE), *row[1:])
        for tier, row in playbook.stages.items()
    }
    emea = TeamRules(
        key="emea",
        own=EMEA,
        team=together(playbook.team, EMEA),
        stages=stages,
        rules=playbook.rules,
    )
    return replace(playbook, teams={"emea": emea})


def use(desk: Lab, playbook: Playbook) -> Lab:
    desk.deps = dataclasses.replace(desk.deps, playbook_now=lambda: playbook)
    return desk


@pytest.fixture
def two(desk: Lab) -> Lab:
    """A desk of two teams."""
    return use(desk, federated(desk.deps.playbook, approvals=2))


def asked(desk: Lab, number: CampaignId, stage: str = "copy") -> list[ReviewRequest]:
    return [each for each in desk.requests(number) if each.stage == stage]


def home_of(desk: Lab, user: str) -> HomeView:
    facts = desk.deps.playbook.view_facts
    return desk.deps.database.read(queries.home, user, facts, now=desk.clock())


def test_a_brief_is_its_authors_teams_and_the_card_says_so(two: Lab) -> None:
    theirs, ours = in_review(two, author=ELLA), in_review(two)
    assert two.campaign(theirs).team == "emea"
    assert two.campaign(ours).team == ""
    facts = two.deps.playbook.view_facts
    card = two.deps.database.read(queries.campaign_card, theirs, facts)
    assert card.team_name == "EMEA"
    assert card.reviews[0].asked == (ENZO, EDDA)
    card = two.deps.database.read(queries.campaign_card, ours, facts)
    assert (card.team_name, CLEO in card.reviews[0].asked) == ("", True)


def test_only_the_teams_own_pool_decides_its_stage(two: Lab) -> None:
    number = in_review(two, author=ELLA)
    request = asked(two, number)[0]
    with pytest.raises(NotYourTurn, match=f"<@{ENZO}>, <@{EDDA}> can"):
        two.approve(request, by=CLEO)
    with pytest.raises(NotYourTurn):
        two.write(
            record.reject,
            two.deps.playbook,
            request.id,
            actor=CLEO,
            code=RejectReason.OTHER,
            reason="Not mine to say",
        )
    variant = of(two, number, "A")
    text = dataclasses.replace(text_of(two, variant), subject="Another subject")
    with pytest.raises(NotYourTurn):
        two.write(record.edit, two.deps.playbook, variant.revision_id, text, actor=CLEO)
    with pytest.raises(NotYourTurn):
        two.write(record.assign, two.deps.playbook, request.id, to=CLEO, actor=CLEO)


def test_a_teams_editor_has_no_say_in_the_centres_campaigns(two: Lab) -> None:
    number = in_review(two)
    with pytest.raises(NotYourTurn, match="Only copy editor can decide"):
        two.approve(asked(two, number)[0], by=ENZO)


def test_the_teams_stricter_rule_counts_and_the_centres_does_elsewhere(
    two: Lab,
) -> None:
    theirs, ours = in_review(two, author=ELLA), in_review(two)
    assert {each.approvals_needed for each in asked(two, theirs)} == {2}
    assert {each.approvals_needed for each in asked(two, ours)} == {1}


def test_a_role_that_the_team_gives_nobody_is_the_centres(two: Lab) -> None:
    number = in_review(two, author=ELLA, variants=1, arms=1, ab_variable="none")
    (request,) = asked(two, number)
    two.approve(request, by=ENZO)
    two.approve(request, by=EDDA)
    assert two.campaign(number).stage == "deliverability"
    two.approve(asked(two, number, "deliverability")[0], by=DEV)
    assert two.campaign(number).state is State.APPROVED


def test_a_strategy_of_the_team_waits_for_the_centres_brand_lead(two: Lab) -> None:
    number = two.brief(author=ELLA, tier="A")
    assert two.campaign(number).state is State.AWAITING_BRAND_LEAD
    with pytest.raises(NotYourTurn):
        two.approve_strategy(number, by=ENZO)
    assert two.approve_strategy(number, by=BEA).state is State.BRIEFED


def test_home_shows_each_what_waits_for_them(two: Lab) -> None:
    theirs, ours = in_review(two, author=ELLA), in_review(two)
    assert {each.campaign_id for each in home_of(two, ENZO).waiting} == {theirs}
    assert {each.campaign_id for each in home_of(two, CLEO).waiting} == {ours}
    assert home_of(two, ENZO).is_known
    assert home_of(two, ENZO).roles == ("copy_editor",)
    two.tick(100_000)
    late = {each.campaign_id for each in home_of(two, DEV).overdue}
    # deliverability serves both teams
    assert late == {theirs, ours}
    assert {each.campaign_id for each in home_of(two, ELLA).overdue} >= {theirs}


def test_somebody_away_hands_on_to_their_own_team(two: Lab) -> None:
    number = in_review(two, author=ELLA)
    two.write(
        record.assign, two.deps.playbook, asked(two, number)[0].id, to=ENZO, actor=ENZO
    )
    left = dataclasses.replace(
        EMEA, people={user: EMEA.people[user] for user in (ELLA, EDDA)}
    )
    playbook = two.deps.playbook
    emea = replace(playbook.teams["emea"], own=left, team=together(playbook.team, left))
    use(two, replace(playbook, teams={"emea": emea}))
    two.tick((asked(two, number)[0].due_at - two.clock()).total_seconds() + 1)
    # nobody of the centre's pool
    assert {each.assignee for each in asked(two, number)} <= {None, EDDA}
    with pytest.raises(NotYourTurn):
        two.approve(asked(two, number)[0], by=ENZO)
    two.approve(asked(two, number)[0], by=EDDA)


def test_a_team_that_is_gone_falls_to_the_centre(two: Lab) -> None:
    number = in_review(two, author=ELLA, variants=1, arms=1, ab_variable="none")
    use(two, replace(two.deps.playbook, teams={}))
    (request,) = asked(two, number)
    assert {each.campaign_id for each in home_of(two, CLEO).waiting} == {number}
    with pytest.raises(NotYourTurn):
        two.approve(request, by=ENZO)
    two.approve(request, by=CLEO)


def test_anybody_with_a_role_may_stop_any_teams_campaign(two: Lab) -> None:
    number = in_review(two, author=ELLA)
    cancelled = two.write(record.cancel, two.deps.playbook, number, actor=OMAR)
    assert cancelled.state is State.CANCELLED
    other = in_review(two, author=MARA)
    two.write(record.cancel, two.deps.playbook, other, actor=ENZO)


def test_only_the_campaigns_own_team_lets_more_of_it_out(two: Lab) -> None:
    number = in_canary_of_emea(two)
    with pytest.raises(NotYourTurn, match="another team's"):
        two.write(record.expand, two.deps.playbook, number, actor=CLEO)
    # anybody may stop it, and nobody of another team sets it going again
    two.write(record.hold, two.deps.playbook, number, actor=CLEO)
    with pytest.raises(NotYourTurn, match="another team's"):
        two.write(record.extend, two.deps.playbook, number, actor=CLEO)
    with pytest.raises(NotYourTurn, match="another team's"):
        two.write(record.expand, two.deps.playbook, number, actor=CLEO)
    for person in (ENZO, EDDA):
        two.write(record.extend, two.deps.playbook, number, actor=person)
    assert two.campaign(number).state is State.CANARY


def in_canary_of_emea(desk: Lab) -> CampaignId:
    number = in_review(desk, author=ELLA, variants=1, arms=1, ab_variable="none")
    (request,) = asked(desk, number)
    desk.approve(request, by=ENZO)
    desk.approve(request, by=EDDA)
    desk.approve(asked(desk, number, "deliverability")[0], by=DEV)
    desk.drain()
    desk.tick(1)
    assert desk.campaign(number).state is State.CANARY
    return number


def emea_by_group(desk: Lab, *users: str) -> None:
    """EMEA's copy editors are those in a user group, and Slack has said who they are."""
    group = Group(id="S0EMEA", name="emea", roles=frozenset({"copy_editor"}))
    own = replace(EMEA, people={ELLA: EMEA.people[ELLA]}, groups={group.id: group})
    written = federated(desk.deps.playbook)
    emea = replace(written.teams["emea"], own=own, team=together(written.team, own))
    use(desk, replace(written, teams={"emea": emea}))
    with desk.deps.database.begin() as store:
        for user in users:
            store.members.put_person(SlackPerson(id=user, name=user.lower()))
        store.members.put_group(group.id, users)
    desk.deps.look_around()


def test_who_leaves_a_teams_group_hands_on_though_they_keep_the_role_elsewhere(
    desk: Lab,
) -> None:
    emea_by_group(desk, CLEO, CASPAR)
    number = in_review(desk, author=ELLA, variants=1, arms=1, ab_variable="none")
    (request,) = asked(desk, number)
    desk.write(record.assign, desk.deps.playbook, request.id, to=CLEO, actor=CLEO)
    desk.write(record.members_left, desk.deps.written, "S0EMEA", (CLEO,))
    # still a copy editor of the centre
    assert desk.deps.playbook.team.has_role(CLEO, "copy_editor")
    assert asked(desk, number)[0].assignee is None


def test_a_teams_empty_pool_is_said_though_the_centre_has_one(desk: Lab) -> None:
    emea_by_group(desk, CLEO)
    theirs = in_review(desk, author=ELLA, variants=1, arms=1, ab_variable="none")
    ours = in_review(desk, variants=1, arms=1, ab_variable="none")
    desk.write(record.members_left, desk.deps.written, "S0EMEA", (CLEO,))
    assert desk.events(theirs).count("pool_empty") == 1
    assert "pool_empty" not in desk.events(ours)


def test_everybody_of_any_team_has_settings_and_a_name(two: Lab) -> None:
    everyone = two.deps.playbook.everyone
    assert {ENZO, CLEO, SAM, LENA} <= set(everyone.people)
    assert everyone.people[ENZO].name == ENZO.lower()


def test_another_team_does_not_retry_what_is_parked(two: Lab) -> None:
    number = in_review(two, author=ELLA)
    two.write(advance, number, Event.PARKED, actor=Actor.machine("test"), reason="x")
    with pytest.raises(NotYourTurn, match="another team's"):
        two.write(record.retry, two.deps.playbook, number, actor=Actor(id=CLEO))
    retried = two.write(record.retry, two.deps.playbook, number, actor=Actor(id=ENZO))
    assert retried.state is State.STAGED_REVIEW
