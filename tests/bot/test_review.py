from __future__ import annotations

from blocks.ids import Action, Field, body_block
from domain.variant import RevisionId, VariantId
from tests.bot.bot_lab import CASPAR, CLEO, MARA, Lab
from tests.bot.stages import in_review


async def test_one_click_approves_exactly_one_text(desk: Lab) -> None:
    first, _second = desk.write(in_review, desk.deps.playbook)
    report = await desk.press(Action.APPROVE, first, by=CLEO)
    assert report["verdict"] == "ok"
    assert desk.count("decisions") == 1
    assert desk.whispers(CLEO) == []


async def test_the_slower_of_two_clicks_hears_who_was_faster(desk: Lab) -> None:
    first, _second = desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.APPROVE, first, by=CLEO)
    report = await desk.press(Action.APPROVE, first, by=CASPAR)
    assert report["verdict"] == "ok"
    assert f"<@{CLEO}>" in desk.whispers(CASPAR)[-1]
    assert desk.count("decisions") == 1


async def test_a_click_without_the_role_hears_who_can(desk: Lab) -> None:
    first, _second = desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.APPROVE, first, by=MARA)
    assert f"<@{CLEO}>" in desk.whispers(MARA)[-1]
    assert desk.count("decisions") == 0


async def test_a_button_of_an_older_version_is_answered(desk: Lab) -> None:
    report = await desk.press("approve_old_style", "v:1", by=CLEO)
    assert report["verdict"] == "ok"
    assert "older card" in desk.whispers(CLEO)[-1]


async def test_an_edit_becomes_a_new_revision(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.EDIT, 1, by=CLEO)
    report = await desk.submit({Field.SUBJECT: "Two days to set up"}, by=CLEO)
    assert report["closed"] is True
    with desk.deps.database.begin() as store:
        variant = store.variants.get(VariantId(1))
        assert variant.revision_id is not None
        revision = store.variants.revision(variant.revision_id)
    assert revision.text.subject == "Two days to set up"
    assert revision.text.body.startswith("Hello {{ first_name")
    assert (revision.origin.editor, revision.parent_id) == (CLEO, RevisionId(1))


async def test_an_approval_of_a_text_that_was_edited_is_refused(desk: Lab) -> None:
    first, _second = desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.EDIT, 1, by=CLEO)
    await desk.submit({Field.SUBJECT: "Two days to set up"}, by=CLEO)
    await desk.press(Action.APPROVE, first, by=CASPAR)
    assert desk.whispers(CASPAR)
    assert desk.count("decisions") == 0


async def test_an_edit_that_changes_nothing_is_said_on_its_field(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.EDIT, 1, by=CLEO)
    report = await desk.submit({}, by=CLEO)
    assert report["errors"] == {Field.SUBJECT: "Nothing was changed yet."}


async def test_a_broken_merge_token_is_said_on_its_field(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.EDIT, 1, by=CLEO)
    report = await desk.submit({body_block(0): "Hello {{ first_name"}, by=CLEO)
    assert set(report["errors"]) == {body_block(0)}
    assert "merge token" in report["errors"][body_block(0)]


async def test_an_edit_that_came_too_late_keeps_the_words(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.EDIT, 1, by=CLEO)
    await desk.press(Action.EDIT, 1, by=CASPAR)
    await desk.submit({Field.SUBJECT: "Two days to set up"}, by=CLEO)
    report = await desk.submit({Field.SUBJECT: "Set up in two days"}, by=CASPAR)
    assert report["errors"] == {
        body_block(0): "Variant A has a newer revision than the one you saw."
    }
    assert desk.has_view(CASPAR)


async def test_regenerate_asks_for_an_instruction_and_queues_a_rewrite(
    desk: Lab,
) -> None:
    desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.REGENERATE, 1, by=CLEO)
    report = await desk.submit({Field.INSTRUCTION: "   "}, by=CLEO)
    assert Field.INSTRUCTION in report["errors"]
    await desk.submit({Field.INSTRUCTION: "Shorter"}, by=CLEO)
    with desk.deps.database.begin() as store:
        variant = store.variants.get(VariantId(1))
    assert (variant.instruction, variant.instructed_by) == ("Shorter", CLEO)


async def test_reading_and_history_open_windows(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.READ_ALL, 1, by=MARA)
    assert desk.view(MARA)["title"]["text"] == "Variant A"
    await desk.press(Action.VARIANT_HISTORY, 1, by=CLEO)
    assert desk.view(CLEO)["title"]["text"] == "Variant A, history"
