from __future__ import annotations

from blocks.ids import Action
from tests.bot.bot_lab import CASPAR, CLEO, DEV, Lab
from tests.bot.stages import in_review


async def test_one_click_takes_ones_own_decision_back(desk: Lab) -> None:
    first, _second = desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.APPROVE, first, by=CLEO)
    report = await desk.press(Action.UNDO, 1, by=CLEO)
    assert report["verdict"] == "ok"
    assert desk.whispers(CLEO) == []
    assert (desk.count("decisions"), desk.count("undone_decisions")) == (1, 1)


async def test_anothers_decision_is_not_ones_own(desk: Lab) -> None:
    first, _second = desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.APPROVE, first, by=CLEO)
    await desk.press(Action.UNDO, 1, by=CASPAR)
    assert f"Only <@{CLEO}>, who decided" in desk.whispers(CASPAR)[-1]
    assert desk.count("undone_decisions") == 0


async def test_a_second_click_hears_that_it_is_done(desk: Lab) -> None:
    first, _second = desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.APPROVE, first, by=CLEO)
    await desk.press(Action.UNDO, 1, by=CLEO)
    await desk.press(Action.UNDO, 1, by=CLEO)
    assert "taken back already" in desk.whispers(CLEO)[-1]
    assert desk.count("undone_decisions") == 1


async def test_the_reviewer_who_was_asked_too_early_hears_why(desk: Lab) -> None:
    first, second = desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.APPROVE, first, by=CLEO)
    await desk.press(Action.APPROVE, second, by=CLEO)
    await desk.press(Action.UNDO, 2, by=CLEO)
    await desk.press(Action.APPROVE, 3, by=DEV)
    assert f"<@{CLEO}> took their decision" in desk.whispers(DEV)[-1]
    assert desk.count("decisions") == 2


async def test_a_button_without_its_decision_is_answered(desk: Lab) -> None:
    await desk.press(Action.UNDO, 99, by=CLEO)
    assert "There is no such decision" in desk.whispers(CLEO)[-1]
