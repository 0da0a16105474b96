"""A team of its own may be stricter than the centre and never weaker."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any, Final

import pytest

from domain.federation import TeamRules, everyone, team_of, together, weakened
from domain.review import Escalation, Group, Person, Stage, Team
from domain.review_rules import IfNobodyActs, Raise, ReviewRules
from domain.sla import Calendar
from domain.variant import Part

HOUR: Final = timedelta(hours=1)
ON_CALL: Final = Escalation(to="on_call")
COPY: Final = Stage(
    name="copy", role="copy_editor", sla=4 * HOUR, approvals=2, escalation=ON_CALL
)
LEGAL: Final = Stage(
    name="legal", role="legal", sla=24 * HOUR, questions=("brief_fit",)
)
ROW: Final = (COPY, LEGAL)
STAGES: Final = {"A": ROW, "B": ROW, "C": (COPY,)}
RULES: Final = ReviewRules(
    spot_check=0.2,
    asks_at=frozenset({"A"}),
    raises=(Raise(audience_over=10, tier="A"),),
)


def people(**roles: set[str]) -> dict[str, Person]:
    return {
        user: Person(id=user, name=user, roles=frozenset(given))
        for user, given in roles.items()
    }


def team(name: str = "Centre", **roles: set[str]) -> Team:
    return Team(name=name, channel="C1", on_call_channel="C2", people=people(**roles))


CENTRE: Final = team(U1={"copy_editor", "legal"}, U2={"legal"}, U3={"on_call"})


def rules(own: Team | None = None, stages: Any = None, **changes: Any) -> TeamRules:
    made = own or team("EMEA", U9={"marketer"})
    return TeamRules(
        key="emea",
        own=made,
        team=together(CENTRE, made),
        stages=STAGES | (stages or {}),
        rules=replace(RULES, **changes),
    )


def test_a_role_that_the_team_gives_is_its_own_pools() -> None:
    own = team("EMEA", U7={"copy_editor"}, U1={"marketer"})
    both = together(CENTRE, own)
    assert both.holders("copy_editor") == ("U7",)
    # nobody of the team holds it, so the centre does
    assert both.holders("legal") == ("U1", "U2")
    assert both.roles_of("U1") == {"marketer", "legal"}
    assert (both.name, both.channel) == ("EMEA", "C1")


def test_a_group_of_the_team_takes_the_role_too_though_nobody_is_in_it() -> None:
    group = Group(id="S1", name="editors", roles=frozenset({"copy_editor"}))
    own = replace(team("EMEA", U9={"marketer"}), groups={"S1": group})
    centre = replace(
        CENTRE,
        groups={"S2": replace(group, id="S2", roles=frozenset({"copy_editor", "x"}))},
    )
    both = together(centre, own)
    assert both.holders("copy_editor") == ()
    assert both.groups["S2"].roles == {"x"}
    assert both.is_held("copy_editor")


def test_somebody_slack_bars_holds_nothing_in_either() -> None:
    barred = Person(id="U7", name="x", roles=frozenset(), barred="You are a guest.")
    own = replace(team("EMEA", U9={"marketer"}), people={"U7": barred})
    assert together(CENTRE, own).people["U7"].barred == "You are a guest."
    assert everyone(CENTRE, {"emea": rules(own)}).people["U7"].barred


def test_everyone_holds_what_any_team_gives() -> None:
    own = team("EMEA", U7={"copy_editor"}, U1={"marketer"})
    found = everyone(CENTRE, {"emea": rules(own)})
    assert found.roles_of("U1") == {"copy_editor", "legal", "marketer"}
    assert found.has_any_role("U7")
    assert everyone(CENTRE, {}) is CENTRE


def test_a_brief_is_of_the_team_that_gives_its_author_a_role() -> None:
    teams = {
        "emea": rules(team("EMEA", U7={"marketer"}, U8=set())),
        "apac": rules(team("APAC", U7={"marketer"})),
    }
    assert team_of("U7", teams) == "apac"
    assert team_of("U8", teams) == ""
    assert team_of("U1", teams) == ""


def test_an_added_last_stage_does_not_take_the_centres_extra_approver() -> None:
    own = replace(LEGAL, name="regional", questions=())
    extra = replace(RULES, raises=(Raise(audience_over=10, extra_approvers=1),))
    added = rules(stages={"B": (*ROW, own)}, raises=extra.raises)
    why = weakened(STAGES, extra, added)
    assert why is not None
    assert why.startswith(
        "tier B ends with the regional stage, so the legal stage would miss"
    )
    assert why.endswith("it has to stay the last, or need 2 approvals")
    more = rules(
        stages={"B": (COPY, replace(LEGAL, approvals=2), own)}, raises=extra.raises
    )
    assert weakened(STAGES, extra, more) is None
    before = rules(stages={"B": (own, *ROW)}, raises=extra.raises)
    assert "ends with" not in str(weakened(STAGES, extra, before))


@pytest.mark.parametrize(
    "stricter",
    [
        {},
        {"stages": {"B": (replace(COPY, approvals=3), LEGAL)}},
        {"stages": {"B": (replace(COPY, sla=HOUR), LEGAL)}},
        {"stages": {"C": ROW}},
        # what one stage saves the next may have
        {
            "stages": {
                "B": (replace(COPY, sla=HOUR), replace(LEGAL, sla=27 * HOUR)),
            }
        },
        {"stages": {"B": (replace(COPY, remind=0.25), LEGAL)}},
        {"stages": {"B": (COPY, replace(LEGAL, escalation=ON_CALL))}},
        {"spot_check": 1.0},
        {"asks_at": frozenset({"A", "B"})},
        {"raises": (*RULES.raises, Raise(words=("sale",), extra_approvers=1))},
    ],
)
def test_a_team_may_be_stricter(stricter: dict[str, Any]) -> None:
    assert weakened(STAGES, RULES, rules(**stricter)) is None


@pytest.mark.parametrize(
    ("weaker", "why"),
    [
        ({"stages": {"B": (COPY,)}}, "tier B leaves out the legal stage"),
        (
            {"stages": {"B": (LEGAL, COPY)}},
            "tier B asks the legal stage too early",
        ),
        (
            {"stages": {"B": tuple(replace(s, beside=("copy", "legal")) for s in ROW)}},
            "tier B asks the legal stage too early",
        ),
        (
            {"stages": {"B": (replace(COPY, approvals=1), LEGAL)}},
            "the copy stage of tier B needs 1 approvals, and the centre 2",
        ),
        (
            {"stages": {"A": (replace(COPY, role="marketer"), LEGAL)}},
            "the copy stage of tier A asks marketer, and the centre asks copy_editor",
        ),
        (
            {"stages": {"B": (replace(COPY, sla=5 * HOUR), LEGAL)}},
            "tier B has the copy stage due later than the centre",
        ),
        (
            {"stages": {"B": (COPY, replace(LEGAL, scope=frozenset({Part.BODY})))}},
            "the legal stage of tier B does not cover the preheader, subject",
        ),
        (
            {"stages": {"B": (COPY, replace(LEGAL, questions=()))}},
            "the legal stage of tier B leaves out brief_fit",
        ),
        (
            {"stages": {"B": (replace(COPY, remind=None), LEGAL)}},
            "the copy stage of tier B reminds later than the centre, or never",
        ),
        (
            {"stages": {"B": (replace(COPY, escalation=None), LEGAL)}},
            "the copy stage of tier B escalates to nobody",
        ),
        (
            {"hours": Calendar(zone=UTC, days=frozenset({0, 1}))},
            "hours has fewer working hours a week than the centre's",
        ),
        ({"spot_check": 0.1}, "spot_check is 0.1, and the centre's is 0.2"),
        (
            {"if_nobody_acts": {"C": IfNobodyActs.AUTO_APPROVE}},
            "if_nobody_acts.C is auto_approve, and the centre escalates",
        ),
        ({"asks_at": frozenset()}, "ask_at leaves out A"),
        ({"raises": ()}, "raise leaves out a rule of the centre"),
        (
            {"brand_lead": replace(RULES.brand_lead, sla=99 * HOUR)},
            "the brand lead has more time than the centre gives",
        ),
    ],
)
def test_a_team_cannot_be_weaker(weaker: dict[str, Any], why: str) -> None:
    assert weakened(STAGES, RULES, rules(**weaker)) == why


def test_a_team_may_be_stricter_about_own_edits_and_not_weaker() -> None:
    strict = (replace(COPY, own_edits=False), LEGAL)
    assert weakened(STAGES, RULES, rules(stages={"B": strict})) is None
    assert weakened({**STAGES, "B": strict}, RULES, rules()) == (
        "the copy stage of tier B lets editors approve their own edits"
    )


def test_stages_side_by_side_may_be_asked_one_after_another_by_a_team() -> None:
    sides = tuple(replace(stage, beside=("copy", "legal")) for stage in ROW)
    quicker = (COPY, replace(LEGAL, sla=20 * HOUR))
    own = rules(stages={"A": quicker})
    assert weakened({**STAGES, "A": sides}, RULES, own) is None
    assert weakened({**STAGES, "A": sides}, RULES, rules()) == (
        "tier A has the legal stage due later than the centre"
    )
