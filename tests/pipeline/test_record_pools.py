"""Who is asked: fair shares, claims, hand-overs, time away, and nobody being here."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from domain.campaign import CampaignId, State
from domain.errors import NotYourTurn, Overtaken, Refused
from domain.review import Ask, RequestId
from domain.variant import Part
from domain.views import HomeView
from pipeline import record
from pipeline.record import Assigned
from storage import queries
from tests.pipeline.lab import ANA, BEA, CASPAR, CLEO, DEV, MARA, NOBODY, OMAR, Lab
from tests.pipeline.test_overdue import (
    SLA,
    ask,
    card,
    said,
    with_copy,
    with_rules,
)
from tests.pipeline.test_record_preferences import prefer
from tests.pipeline.test_record_reviews import edit, in_review, of

MICK = "U0MKTENG"
PAST, FUTURE = datetime(2000, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)


def go_away(desk: Lab, user: str, *, since: datetime = PAST) -> None:
    prefer(desk, user, away_from=since, away_until=FUTURE)


def one_each(desk: Lab) -> None:
    with_copy(desk, ask=Ask.ONE)


def everyone_each(desk: Lab) -> None:
    with_copy(desk, ask=Ask.EVERYONE)


def assignees(desk: Lab, number: CampaignId) -> set[str | None]:
    return {each.assignee for each in desk.requests(number)}


def first(desk: Lab, number: CampaignId) -> RequestId:
    return desk.requests(number)[0].id


def assign(
    desk: Lab, number: CampaignId, to: str | None, *, by: str, seen: int = 99
) -> Assigned:
    book = desk.deps.playbook
    return desk.write(
        record.assign, book, first(desk, number), to=to, actor=by, seen=seen
    )


def trail(desk: Lab, number: CampaignId) -> list[dict[str, str]]:
    rows = desk.rows(
        "SELECT actor, detail FROM audit_events"  # noqa: S608  # a test's own number
        f" WHERE campaign_id = {number} AND event = 'request_assigned' ORDER BY seq"
    )
    return [{"by": actor, **json.loads(detail)} for actor, detail in rows]


def home(desk: Lab, user: str) -> HomeView:
    return desk.deps.database.read(
        queries.home, user, desk.deps.playbook.view_facts, now=desk.clock()
    )


# Fair shares ---------------------------------------------------------------------


def test_a_stage_that_asks_one_asks_one_about_everything(desk: Lab) -> None:
    one_each(desk)
    number = in_review(desk)
    assert assignees(desk, number) == {CLEO}
    (asked,) = said(desk, number, "copy review is next")
    assert f"<@{CLEO}>" in asked
    assert f"<@{CASPAR}>" not in asked
    assert f"asked: <@{CLEO}>" in card(desk, number)
    assert CASPAR not in card(desk, number)
    assert trail(desk, number) == [
        {
            "by": "desk",
            "stage": "copy",
            "role": "copy_editor",
            "to": CLEO,
            "reason": "has the fewest open questions",
        }
    ]


def test_a_stage_that_asks_everyone_assigns_nobody(desk: Lab) -> None:
    everyone_each(desk)
    number = in_review(desk)
    assert assignees(desk, number) == {None}
    assert trail(desk, number) == []


def test_the_next_campaign_goes_to_whoever_has_less_to_do(desk: Lab) -> None:
    one_each(desk)
    numbers = [in_review(desk, variants=2) for _ in range(4)]
    asked = [assignees(desk, number) for number in numbers]
    assert asked == [{CLEO}, {CASPAR}, {CLEO}, {CASPAR}]


def test_what_was_decided_is_no_load_but_its_turn_counts(desk: Lab) -> None:
    one_each(desk)
    number = in_review(desk)
    desk.clock.tick(timedelta(seconds=1))
    desk.approve_all(number, CASPAR)
    assert desk.campaign(number).stage == "deliverability"
    # nobody has anything open, and Cleo's turn was the last
    assert assignees(desk, in_review(desk)) == {CASPAR}


def test_an_author_of_the_pool_is_never_asked_about_their_brief(desk: Lab) -> None:
    one_each(desk)
    assert assignees(desk, in_review(desk, author=CLEO)) == {CASPAR}


def test_whoever_is_away_is_not_asked(desk: Lab) -> None:
    one_each(desk)
    go_away(desk, CLEO)
    assert assignees(desk, in_review(desk)) == {CASPAR}


def test_an_assignment_says_who_is_asked_not_who_may_decide(desk: Lab) -> None:
    one_each(desk)
    number = in_review(desk)
    desk.approve(ask(desk, number, "A"), by=CASPAR)
    assert of(desk, number, "A").state == "approved"


def test_what_needs_several_people_is_asked_of_everyone(desk: Lab) -> None:
    with_copy(desk, ask=Ask.ONE, approvals=2)
    assert assignees(desk, in_review(desk)) == {None}


# After an edit --------------------------------------------------------------------


def test_a_new_text_stays_with_whom_the_stage_asked(desk: Lab) -> None:
    one_each(desk)
    number = in_review(desk)
    edit(desk, of(desk, number, "A"), by=CASPAR)
    desk.drain()
    assert assignees(desk, number) == {CLEO}
    assert len(trail(desk, number)) == 1


def test_an_editor_who_may_not_decide_their_own_words_is_not_asked(desk: Lab) -> None:
    one_each(desk)
    number = in_review(desk, tier="C")
    edit(desk, of(desk, number, "A"), by=CLEO)
    desk.drain()
    assert assignees(desk, number) == {CASPAR}
    assert trail(desk, number)[-1]["from"] == CLEO
    assert "edited a text" in trail(desk, number)[-1]["reason"]


def test_an_opened_question_stays_open_to_all_after_an_edit(desk: Lab) -> None:
    one_each(desk)
    number = in_review(desk)
    assign(desk, number, None, by=CASPAR)
    edit(desk, of(desk, number, "A"), by=CASPAR)
    desk.drain()
    assert assignees(desk, number) == {None}


# Assign ---------------------------------------------------------------------------


def test_a_claim_moves_all_questions_of_the_stage(desk: Lab) -> None:
    one_each(desk)
    number = in_review(desk)
    done = assign(desk, number, CASPAR, by=CASPAR)
    desk.drain()
    assert done == Assigned(to=CASPAR, overtook=None)
    assert assignees(desk, number) == {CASPAR}
    assert trail(desk, number)[-1] == {
        "by": CASPAR,
        "stage": "copy",
        "role": "copy_editor",
        "from": CLEO,
        "to": CASPAR,
    }
    assert f"asked: <@{CASPAR}>" in card(desk, number)
    (told,) = said(desk, number, "copy review asked")
    assert told.startswith(f"<@{CASPAR}>")


def test_a_reassignment_mentions_the_new_one(desk: Lab) -> None:
    everyone_each(desk)
    number = in_review(desk)
    assign(desk, number, CASPAR, by=OMAR)
    desk.drain()
    (message,) = [m for m in desk.thread(number) if "copy review asked" in m.text]
    assert f"<@{OMAR}> asks you for the copy review" in json.dumps(message.blocks)
    assert trail(desk, number)[-1]["from"] == "copy_editor"


def test_opening_it_to_all_asks_all_again(desk: Lab) -> None:
    one_each(desk)
    number = in_review(desk)
    assign(desk, number, None, by=CLEO)
    desk.drain()
    assert assignees(desk, number) == {None}
    assert trail(desk, number)[-1]["to"] == "copy_editor"
    (told,) = said(desk, number, "copy review asked")
    assert f"<@{CLEO}> and <@{CASPAR}>" in told


def test_only_the_last_change_before_the_card_is_told(desk: Lab) -> None:
    one_each(desk)
    number = in_review(desk)
    assign(desk, number, CASPAR, by=OMAR)
    assign(desk, number, CLEO, by=OMAR)
    assign(desk, number, CASPAR, by=OMAR)
    desk.drain()
    assert len(said(desk, number, "copy review asked")) == 1


def test_the_same_person_again_changes_nothing(desk: Lab) -> None:
    one_each(desk)
    number = in_review(desk)
    before = trail(desk, number)
    assign(desk, number, CLEO, by=OMAR)
    assert trail(desk, number) == before


@pytest.mark.parametrize("actor", [MARA, DEV, BEA, ANA, NOBODY, "", "<!channel>"])
def test_others_may_not_say_who_is_asked(desk: Lab, actor: str) -> None:
    number = in_review(desk)
    before = assignees(desk, number)
    with pytest.raises(NotYourTurn, match="can say who is asked"):
        assign(desk, number, CASPAR, by=actor)
    assert assignees(desk, number) == before


@pytest.mark.parametrize("to", [NOBODY, "", "everyone", "<!channel>", "U" * 500])
def test_whoever_is_not_on_the_team_cannot_be_asked(desk: Lab, to: str) -> None:
    number = in_review(desk)
    with pytest.raises(Refused, match="not on the team any more") as refused:
        assign(desk, number, to, by=CLEO)
    assert to == "" or to not in str(refused.value).split() or to == "everyone"


def test_whoever_lacks_the_role_cannot_be_asked(desk: Lab) -> None:
    number = in_review(desk)
    with pytest.raises(Refused, match=f"<@{DEV}> does not hold the role copy editor"):
        assign(desk, number, DEV, by=CLEO)


def test_whom_duties_bar_cannot_be_asked(desk: Lab) -> None:
    number = in_review(desk, author=CASPAR)
    with pytest.raises(NotYourTurn, match=f"<@{CASPAR}> may not decide"):
        assign(desk, number, CASPAR, by=CLEO)
    with pytest.raises(NotYourTurn, match="You may not decide"):
        assign(desk, number, CASPAR, by=CASPAR)


def test_of_two_at_once_the_later_has_their_way_and_is_told(desk: Lab) -> None:
    one_each(desk)
    number = in_review(desk)
    facts = desk.deps.playbook.view_facts
    seen = desk.deps.database.read(
        queries.assigning, first(desk, number), CASPAR, facts, now=desk.clock()
    ).seen
    assign(desk, number, None, by=OMAR, seen=seen)
    done = assign(desk, number, CASPAR, by=CASPAR, seen=seen)
    assert assignees(desk, number) == {CASPAR}
    assert done.overtook is not None
    assert (done.overtook.actor, done.overtook.after) == (OMAR, None)
    # both are on the record
    assert [each["by"] for each in trail(desk, number)] == ["desk", OMAR, CASPAR]


def test_an_answered_question_is_nobodys_to_assign(desk: Lab) -> None:
    number = in_review(desk)
    request = first(desk, number)
    desk.approve_all(number, CLEO)
    book, facts = desk.deps.playbook, desk.deps.playbook.view_facts
    with pytest.raises(Overtaken):
        desk.write(record.assign, book, request, to=CASPAR, actor=CLEO, seen=0)
    with pytest.raises(Overtaken):
        desk.deps.database.read(
            queries.assigning, request, CLEO, facts, now=desk.clock()
        )


def test_of_several_approvals_ones_own_leaves_the_rest_to_the_others(
    desk: Lab,
) -> None:
    with_copy(desk, approvals=2)
    number = in_review(desk)
    assign(desk, number, CLEO, by=CLEO)
    request = ask(desk, number, "A")
    desk.approve(request, by=CLEO)
    assert desk.request(request.id).assignee is None
    assert ask(desk, number, "B").assignee == CLEO
    assert any(each.request_id == request.id for each in home(desk, CASPAR).waiting)


def test_an_approval_that_holds_for_a_newer_text_leaves_nothing_to_assign(
    desk: Lab,
) -> None:
    with_copy(desk, approvals=2, scope=frozenset({Part.SUBJECT}))
    number = in_review(desk, variants=1, arms=1, ab_variable="")
    desk.approve(ask(desk, number, "A"), by=CLEO)
    # outside of what the copy stage covers, so the approval holds for the new text
    edit(desk, of(desk, number, "A"), by=MARA)
    desk.drain()
    with pytest.raises(Refused, match=f"<@{CLEO}> has approved all that waits here"):
        assign(desk, number, CLEO, by=CASPAR)
    assign(desk, number, CASPAR, by=CASPAR)
    assert ask(desk, number, "A").assignee == CASPAR


# What else goes on -----------------------------------------------------------------


def test_an_assignment_does_not_keep_tier_c_from_passing_by_itself(desk: Lab) -> None:
    one_each(desk)
    with_rules(desk, spot_check=0.0)
    number = in_review(desk, tier="C")
    desk.tick(SLA)
    assert desk.state(number) is State.SCHEDULED


def test_home_lists_mine_first_and_not_what_others_are_asked(desk: Lab) -> None:
    one_each(desk)
    mine = in_review(desk, variants=1, arms=1, ab_variable="")
    theirs = in_review(desk, variants=1, arms=1, ab_variable="")
    everyone_each(desk)
    shared = in_review(desk, variants=1, arms=1, ab_variable="", tier="C")
    waiting = home(desk, CLEO).waiting
    assert [line.campaign_id for line in waiting] == [mine, shared]
    assert [line.is_assigned for line in waiting] == [True, False]
    assert theirs in [line.campaign_id for line in home(desk, CASPAR).waiting]


def test_an_undo_tells_only_whom_the_next_stage_had_asked(desk: Lab) -> None:
    number = in_review(desk)
    desk.approve_all(number, CLEO)
    assert desk.campaign(number).stage == "deliverability"
    assign(desk, number, DEV, by=DEV)
    ((decision,),) = desk.rows("SELECT max(id) FROM decisions")
    desk.write(record.undo, desk.deps.playbook, decision, actor=CLEO)
    desk.drain()
    (undone,) = [
        message
        for message in desk.thread(number)
        if str((message.metadata or {})["event_payload"]["id"]).startswith("undone:")
    ]
    words = json.dumps(undone.blocks)
    assert f"<@{DEV}>" in words
    assert MICK not in words
    # the question that is open again stays with whom it was
    assert assignees(desk, number) == {CLEO}
