from __future__ import annotations

import pytest

from blocks.ids import Action, Field, Shortcut, Verb, body_block, option_value
from tests.bot.bot_lab import CAMPAIGNS, CASPAR, CLEO, DEV, MARA, Json, Lab
from tests.bot.stages import COPY, in_review

HOSTILE = "<!channel> <@U0LEGAL> *bold*"


def option(verb: Verb) -> Json:
    text = {"type": "plain_text", "text": verb}
    return {"text": text, "value": option_value(verb, 1)}


async def post_card(desk: Lab, *verbs: Verb) -> str:
    """A variant's message, as far as its menu goes; returns its ts."""
    options = [option(verb) for verb in verbs]
    menu = {"type": "overflow", "action_id": Action.VARIANT_MORE, "options": options}
    block = {"type": "actions", "block_id": "row", "elements": [menu]}
    posted = await desk.api("chat.postMessage", text="A card", blocks=[block])
    return str(posted["ts"])


async def choose(desk: Lab, verb: Verb, *, by: str) -> Json:
    """Choose an option of revision 1 in a variant's menu."""
    ts = await post_card(desk, verb)
    return await desk.do(
        "action",
        by=by,
        container={"type": "message", "channel": CAMPAIGNS, "ts": ts},
        block_id="row",
        action_id=Action.VARIANT_MORE,
        type="overflow",
        selected_option=option(verb),
    )


async def point(desk: Lab, ts: str, *, by: str) -> Json:
    return await desk.do(
        "shortcut", by=by, callback_id=Shortcut.COMMENT_ON, channel=CAMPAIGNS, ts=ts
    )


def row(desk: Lab, query: str) -> tuple[object, ...]:
    with desk.deps.database.engine.connect() as connection:
        return tuple(connection.exec_driver_sql(query).one())


# Comments ------------------------------------------------------------------------


async def test_a_comment_quotes_words_of_the_text(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    await choose(desk, Verb.COMMENT, by=DEV)
    assert desk.view(DEV)["title"]["text"] == "Comment on variant A"
    report = await desk.submit(
        {Field.QUOTE: "two  working days", Field.COMMENT: HOSTILE}, by=DEV
    )
    assert report["closed"] is True
    assert row(desk, "SELECT author, quote, text FROM comments") == (
        DEV,
        "two working days",
        HOSTILE,
    )


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({Field.COMMENT: " "}, Field.COMMENT, "Write a few words"),
        (
            {Field.QUOTE: "free of charge", Field.COMMENT: "Is it?"},
            Field.QUOTE,
            "These words are not in the text",
        ),
        ({Field.COMMENT: "x" * 3001}, Field.COMMENT, ""),
    ],
)
async def test_what_is_wrong_with_a_comment_is_said_at_its_field(
    desk: Lab, typed: Json, field: Field, words: str
) -> None:
    desk.write(in_review, desk.deps.playbook)
    await choose(desk, Verb.COMMENT, by=DEV)
    report = await desk.submit(typed, by=DEV)
    assert words in report["errors"][field]
    assert desk.has_view(DEV)
    assert desk.count("comments") == 0


async def test_a_messages_shortcut_opens_the_same_form(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    ts = await post_card(desk, Verb.COMMENT, Verb.READ_ALL)
    await point(desk, ts, by=DEV)
    assert desk.view(DEV)["title"]["text"] == "Comment on variant A"
    await desk.submit({Field.COMMENT: "Says who?"}, by=DEV)
    assert desk.count("comments") == 1


async def test_a_shortcut_on_any_other_message_says_where_it_works(desk: Lab) -> None:
    said = await desk.say("What do you think?")
    await point(desk, said["ts"], by=DEV)
    assert "use this on a variant's message" in desk.whispers(DEV)[-1]
    assert not desk.has_view(DEV)


# Suggestions -----------------------------------------------------------------------


async def test_a_suggestion_is_accepted_with_one_click(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    await choose(desk, Verb.SUGGEST, by=DEV)
    assert desk.view(DEV)["title"]["text"] == "Suggest for variant A"
    report = await desk.submit(
        {Field.SUBJECT: "Two days to set up", Field.COMMENT: "Shorter."}, by=DEV
    )
    assert report["closed"] is True
    assert desk.count("revisions") == 2
    await desk.press(Action.ACCEPT_SUGGESTION, 1, by=MARA)
    assert desk.whispers(MARA) == []
    subject, body = row(desk, "SELECT subject, body FROM revisions WHERE number = 2")
    assert (subject, body) == ("Two days to set up", COPY.body)


async def test_of_two_answers_the_first_counts_and_the_second_is_told(
    desk: Lab,
) -> None:
    desk.write(in_review, desk.deps.playbook)
    await choose(desk, Verb.SUGGEST, by=DEV)
    await desk.submit({Field.SUBJECT: "Two days", Field.COMMENT: "Shorter."}, by=DEV)
    await desk.press(Action.DECLINE_SUGGESTION, 1, by=CLEO)
    await desk.press(Action.ACCEPT_SUGGESTION, 1, by=CASPAR)
    assert f"already declined by <@{CLEO}>" in desk.whispers(CASPAR)[-1]
    assert desk.count("revisions") == 2


async def test_what_is_wrong_with_a_suggestion_is_said_at_each_field(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    await choose(desk, Verb.SUGGEST, by=DEV)
    report = await desk.submit({Field.COMMENT: "Better."}, by=DEV)
    assert report["errors"] == {Field.SUBJECT: "Nothing was changed yet."}
    report = await desk.submit(
        {body_block(0): "Hello {{ first_name", Field.COMMENT: " "}, by=DEV
    )
    assert set(report["errors"]) == {body_block(0), Field.COMMENT}
    assert "merge token" in report["errors"][body_block(0)]
    assert desk.count("suggestions") == 0


async def test_ones_own_suggestion_is_for_another_to_decide(desk: Lab) -> None:
    desk.write(in_review, desk.deps.playbook)
    await choose(desk, Verb.SUGGEST, by=CLEO)
    await desk.submit({Field.SUBJECT: "Two days", Field.COMMENT: "Shorter."}, by=CLEO)
    await desk.press(Action.ACCEPT_SUGGESTION, 1, by=CLEO)
    assert "another person has to decide" in desk.whispers(CLEO)[-1]
