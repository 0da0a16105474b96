from __future__ import annotations

import pytest

from domain.brief_fields import FIELDS
from domain.errors import NotYourTurn
from domain.review import Person, Team
from domain.strategy import (
    brand_leads,
    changed_fields,
    check_may_change,
    check_may_decide,
)

MARA, BEA, BILL = "U0MARKETER", "U0BRAND", "U0BRANDTWO"


def team(*leads: str) -> Team:
    people = {MARA: Person(id=MARA, name="mara", roles=frozenset({"marketer"}))}
    for user in leads:
        roles = frozenset({"brand_lead", "marketer"})
        people[user] = Person(id=user, name=user.lower(), roles=roles)
    return Team(name="T", channel="C1", on_call_channel="C1", people=people)


def test_a_brand_lead_who_did_not_write_the_brief_may_decide() -> None:
    check_may_decide(BEA, team=team(BEA), author=MARA)


def test_anybody_else_hears_who_can() -> None:
    with pytest.raises(NotYourTurn) as refused:
        check_may_decide(MARA, team=team(BEA, BILL), author=MARA)
    assert str(refused.value) == (
        "Only a brand lead can decide about the strategy."
        " <@U0BRAND>, <@U0BRANDTWO> can."
    )


def test_a_brand_lead_does_not_decide_about_a_brief_of_their_own() -> None:
    with pytest.raises(NotYourTurn, match="another brand lead has to decide") as told:
        check_may_decide(BEA, team=team(BEA, BILL), author=BEA)
    assert str(told.value).endswith("<@U0BRANDTWO> can.")
    with pytest.raises(NotYourTurn, match="Nobody else holds that role yet"):
        check_may_decide(BEA, team=team(BEA), author=BEA)


def test_a_person_who_left_the_team_a_second_ago_decides_nothing() -> None:
    with pytest.raises(NotYourTurn):
        check_may_decide(BILL, team=team(BEA), author=MARA)


def test_the_author_is_never_asked() -> None:
    assert brand_leads(team(BEA, BILL), author=BEA) == (BILL,)
    assert brand_leads(team(BEA, BILL), author=MARA) == (BEA, BILL)


def test_only_the_author_changes_the_brief() -> None:
    check_may_change(MARA, author=MARA)
    with pytest.raises(NotYourTurn, match="Only <@U0MARKETER>, who wrote the brief"):
        check_may_change(BEA, author=MARA)


def test_changed_fields_are_named_in_the_order_of_the_form() -> None:
    before = {"title": "A", "objective": "Book", "variants": 3}
    after = {"title": "B", "objective": "Book", "variants": 5, "offer": "A month free"}
    assert changed_fields(before, after) == ("title", "offer", "variants")


def test_a_field_that_is_left_out_counts_as_its_default() -> None:
    whole = {each.name: each.default for each in FIELDS}
    assert changed_fields({}, whole) == ()
