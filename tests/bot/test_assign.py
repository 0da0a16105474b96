from __future__ import annotations

import pytest

from blocks.ids import Verb, assignee_block
from domain.review import Ask
from tests.bot.bot_lab import CASPAR, CLEO, DEV, MARA, NOBODY, ONCALL, Json, Lab
from tests.bot.stages import asking, in_review
from tests.bot.test_comment import choose

BLOCK = assignee_block(0)


def start(desk: Lab, ask: Ask = Ask.EVERYONE) -> None:
    desk.write(in_review, asking(desk.deps.playbook, ask))


def pick(user: str) -> Json:
    option = {"text": {"type": "plain_text", "text": "Somebody"}, "value": user}
    return {"type": "static_select", "selected_option": option}


def assignees(desk: Lab) -> set[object]:
    with desk.deps.database.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT assignee FROM review_requests")
        return {row.assignee for row in found}


def last_block(desk: Lab, by: str) -> str:
    """Block id of the select that this person sees."""
    (block,) = [b for b in desk.view(by)["blocks"] if b["type"] == "input"]
    return str(block["block_id"])


async def test_a_claim_is_one_choice_and_one_submit(desk: Lab) -> None:
    start(desk)
    await choose(desk, Verb.ASSIGN, by=CASPAR)
    view = desk.view(CASPAR)
    assert view["title"]["text"] == "Assign"
    element = view["blocks"][1]["element"]
    assert element["initial_option"]["value"] == CASPAR
    report = await desk.submit({BLOCK: pick(CASPAR)}, by=CASPAR)
    assert report["closed"] is True
    assert assignees(desk) == {CASPAR}


async def test_a_reassignment_and_back_to_everyone(desk: Lab) -> None:
    start(desk, Ask.ONE)
    assert assignees(desk) == {CLEO}
    await choose(desk, Verb.ASSIGN, by=ONCALL)
    await desk.submit({last_block(desk, ONCALL): pick(CASPAR)}, by=ONCALL)
    assert assignees(desk) == {CASPAR}
    await choose(desk, Verb.ASSIGN, by=ONCALL)
    await desk.submit({last_block(desk, ONCALL): pick("everyone")}, by=ONCALL)
    assert assignees(desk) == {None}


@pytest.mark.parametrize("by", [MARA, DEV])
async def test_whoever_may_not_assign_is_told_who_can(desk: Lab, by: str) -> None:
    start(desk)
    await choose(desk, Verb.ASSIGN, by=by)
    assert not desk.has_view(by)
    assert "can say who is asked in the copy stage" in desk.whispers(by)[-1]


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (pick(NOBODY), "not on the team any more"),
        (pick("<!channel>"), "not on the team any more"),
        (pick("U" * 2000), "not on the team any more"),
        (pick("0; DROP TABLE review_requests"), "not on the team any more"),
        (pick(DEV), "@dev does not hold the role copy editor"),
        (pick(""), "Choose whom to ask."),
    ],
)
async def test_what_is_wrong_with_a_choice_is_said_at_its_field(
    desk: Lab, option: Json, words: str
) -> None:
    start(desk)
    await choose(desk, Verb.ASSIGN, by=CLEO)
    report = await desk.submit({BLOCK: option}, by=CLEO)
    assert words in report["errors"][BLOCK]
    assert "<!channel>" not in report["errors"][BLOCK]
    assert desk.has_view(CLEO)
    assert assignees(desk) == {None}


async def test_the_later_of_two_is_told_that_nothing_was_lost(desk: Lab) -> None:
    start(desk)
    for person in (CLEO, CASPAR):
        await choose(desk, Verb.ASSIGN, by=person)
    await desk.submit({BLOCK: pick(CLEO)}, by=CLEO)
    assert not desk.has_view(CLEO)
    report = await desk.submit({BLOCK: pick(CASPAR)}, by=CASPAR)
    assert "errors" not in report or not report["errors"]
    words = desk.view(CASPAR)["blocks"][0]["text"]["text"]
    assert f"Asked now: <@{CASPAR}>." in words
    assert f"<@{CLEO}> had taken it at" in words
    assert "Nothing was lost" in words
    assert assignees(desk) == {CASPAR}


async def test_what_was_answered_meanwhile_is_nobodys_to_assign(desk: Lab) -> None:
    requests = desk.write(in_review, asking(desk.deps.playbook, Ask.EVERYONE))
    await choose(desk, Verb.ASSIGN, by=CASPAR)
    with desk.deps.database.begin() as store:
        for request in requests:
            store.reviews.close(store.reviews.get(request), "approved", decided_by=CLEO)  # type: ignore[arg-type]  # as the row has it
    report = await desk.submit({BLOCK: pick(CASPAR)}, by=CASPAR)
    assert "there is nothing to assign" in report["errors"][BLOCK]
    await choose(desk, Verb.ASSIGN, by=CLEO)
    assert "nothing to assign" in desk.whispers(CLEO)[-1]
