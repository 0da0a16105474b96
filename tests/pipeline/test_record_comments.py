"""People talk about a text: comments are kept, suggestions are taken or not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.campaign import CampaignId, State
from domain.comment import SuggestionId
from domain.errors import AlreadyDecided, NotYourTurn, Overtaken, Refused, Unknown
from domain.variant import Copy, RevisionId, VariantState
from pipeline import record
from tests.pipeline.lab import CASPAR, CLEO, DEV, LENA, MARA, NOBODY, Lab
from tests.pipeline.test_record_reviews import ask, edit, in_review, of, text_of
from tests.pipeline.test_record_undo import message

HOSTILE = "<!channel> <@U0LEGAL> *bold* <https://evil.example|here>"


def revision_of(desk: Lab, number: CampaignId, label: str = "A") -> RevisionId:
    found = of(desk, number, label).revision_id
    assert found is not None
    return found


def comment(
    desk: Lab,
    revision_id: RevisionId,
    text: str = "Says who?",
    *,
    by: str = DEV,
    quote: str = "",
    delivery: str = "V1",
) -> int:
    return desk.write(
        record.comment,
        desk.deps.playbook,
        revision_id,
        actor=by,
        quote=quote,
        text=text,
        delivery=delivery,
    )


def suggested(desk: Lab, number: CampaignId, label: str = "A") -> Copy:
    text = text_of(desk, of(desk, number, label))
    return replace(text, subject="Two days to set up")


def suggest(
    desk: Lab,
    number: CampaignId,
    *,
    by: str = DEV,
    why: str = "Shorter.",
    text: Copy | None = None,
    delivery: str = "V1",
) -> SuggestionId:
    return desk.write(
        record.suggest,
        desk.deps.playbook,
        revision_of(desk, number),
        text or suggested(desk, number),
        actor=by,
        comment=why,
        delivery=delivery,
    )


def accept(desk: Lab, key: SuggestionId, *, by: str = CLEO) -> Any:
    return desk.write(record.accept, desk.deps.playbook, key, actor=by)


def decline(desk: Lab, key: SuggestionId, *, by: str = CLEO) -> Any:
    return desk.write(record.decline, desk.deps.playbook, key, actor=by)


def state_of(desk: Lab, key: SuggestionId) -> str:
    return desk.look(lambda s: s.comments.suggestion(key)).state


def buttons(desk: Lab, number: CampaignId, key: SuggestionId) -> list[str]:
    blocks: Any = message(desk, number, f"suggestion:{key}").blocks
    return [
        element["text"]["text"]
        for block in blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]


# Comments ------------------------------------------------------------------------


def test_a_comment_lands_in_the_thread_once_and_on_the_record(desk: Lab) -> None:
    number = in_review(desk)
    quote = text_of(desk, of(desk, number, "A")).subject
    key = comment(desk, revision_of(desk, number), quote=quote)
    desk.drain()
    posted = message(desk, number, f"comment:{key}")
    assert f"<@{DEV}> comments on *variant A, revision 1*" in str(posted.blocks)
    assert posted.text == "Comment on variant A: Says who?"
    comment(desk, revision_of(desk, number, "B"), delivery="V2")
    desk.drain()
    keys = [(m.metadata or {})["event_payload"]["id"] for m in desk.thread(number)]
    assert sorted(k for k in keys if k.startswith("comment")) == [
        "comment:1",
        "comment:2",
    ]
    assert desk.events(number).count("commented") == 2
    assert desk.look(lambda s: s.audit.verify()).broken == ()


def test_a_hostile_comment_is_shown_as_it_was_typed(desk: Lab) -> None:
    number = in_review(desk)
    key = comment(desk, revision_of(desk, number), HOSTILE)
    desk.drain()
    blocks: Any = message(desk, number, f"comment:{key}").blocks
    assert blocks[-1]["elements"][0]["elements"][0] == {"type": "text", "text": HOSTILE}
    assert not any(HOSTILE in str(block.get("text")) for block in blocks)


def test_the_same_submission_is_kept_once(desk: Lab) -> None:
    number = in_review(desk)
    first = comment(desk, revision_of(desk, number))
    assert comment(desk, revision_of(desk, number)) == first
    assert desk.rows("SELECT count(*) FROM comments") == [(1,)]


@pytest.mark.parametrize(
    ("text", "quote", "why"),
    [
        ("", "", "Write a few words"),
        (" \n", "", "Write a few words"),
        ("x" * 3001, "", "at most 2,000 characters; this one has 3,001"),
        ("Says who?", "never written", "These words are not in the text"),
        ("Says who?", "word " * 200, "Quote at most 500"),
    ],
)
def test_a_comment_that_cannot_be_kept_is_refused(
    desk: Lab, text: str, quote: str, why: str
) -> None:
    number = in_review(desk)
    with pytest.raises(Refused, match=why):
        comment(desk, revision_of(desk, number), text, quote=quote)
    assert desk.rows("SELECT count(*) FROM comments") == [(0,)]


def test_who_has_no_role_has_no_say(desk: Lab) -> None:
    number = in_review(desk)
    with pytest.raises(NotYourTurn, match="You have no role on this desk yet"):
        comment(desk, revision_of(desk, number), by=NOBODY)
    with pytest.raises(NotYourTurn, match="You have no role on this desk yet"):
        suggest(desk, number, by=NOBODY)


def test_a_comment_stays_with_the_text_it_was_made_on(desk: Lab) -> None:
    number = in_review(desk)
    seen = revision_of(desk, number)
    edit(desk, of(desk, number, "A"), by=CLEO)
    comment(desk, seen)
    rows = desk.rows("SELECT revision_id FROM comments")
    assert rows == [(seen,)]


# Suggestions -----------------------------------------------------------------------


def test_an_accepted_suggestion_is_a_revision_of_its_author(desk: Lab) -> None:
    number = in_review(desk)
    before = ask(desk, number, "A")
    key = suggest(desk, number)
    revision = accept(desk, key, by=CLEO)
    assert revision.text == suggested(desk, number)
    assert revision.origin.editor == DEV
    assert state_of(desk, key) == "accepted"
    with pytest.raises(Overtaken):
        desk.approve(before, by=CASPAR)
    (detail,) = desk.rows(
        "SELECT actor, detail FROM audit_events WHERE event = 'suggestion_accepted'"
    )
    assert detail[0] == CLEO
    assert f'"suggested_by":"{DEV}"' in detail[1]
    desk.drain()
    assert ask(desk, number, "A").revision_id == revision.id


def test_the_suggester_does_not_approve_the_own_words_last(desk: Lab) -> None:
    number = in_review(desk, tier="C")
    key = suggest(desk, number, by=CASPAR)
    accept(desk, key, by=MARA)
    desk.drain()
    with pytest.raises(NotYourTurn, match="You edited this text"):
        desk.approve(ask(desk, number, "A"), by=CASPAR)
    desk.approve(ask(desk, number, "A"), by=CLEO)


def test_a_declined_suggestion_changes_no_words(desk: Lab) -> None:
    number = in_review(desk)
    seen = revision_of(desk, number)
    key = suggest(desk, number)
    decline(desk, key, by=MARA)
    assert state_of(desk, key) == "declined"
    assert revision_of(desk, number) == seen
    assert of(desk, number, "A").state is VariantState.IN_REVIEW
    assert desk.events(number)[-2:] == ["suggested", "suggestion_declined"]


def test_of_two_who_decide_at_once_the_second_hears_of_the_first(desk: Lab) -> None:
    number = in_review(desk)
    key = suggest(desk, number)
    accept(desk, key, by=CLEO)
    with pytest.raises(AlreadyDecided, match=f"already accepted by <@{CLEO}> at"):
        decline(desk, key, by=MARA)
    with pytest.raises(AlreadyDecided, match="already accepted"):
        accept(desk, key, by=CLEO)
    assert desk.rows("SELECT count(*) FROM revisions WHERE number = 2") == [(1,)]


@pytest.mark.parametrize("answer", [accept, decline])
def test_only_the_author_or_who_is_asked_decides(desk: Lab, answer: Any) -> None:
    number = in_review(desk)
    key = suggest(desk, number, by=CLEO)
    with pytest.raises(NotYourTurn, match="You suggested this"):
        answer(desk, key, by=CLEO)
    for person in (LENA, DEV, NOBODY):
        with pytest.raises(NotYourTurn, match="can be changed by copy editor"):
            answer(desk, key, by=person)
    assert state_of(desk, key) == "open"
    answer(desk, key, by=CASPAR)


@pytest.mark.parametrize("answer", [accept, decline])
def test_a_text_that_was_changed_overtakes_its_suggestions(
    desk: Lab, answer: Any
) -> None:
    number = in_review(desk)
    key = suggest(desk, number)
    other = suggest(desk, number, by=LENA, delivery="V2")
    edit(desk, of(desk, number, "A"), by=CLEO)
    for each in (key, other):
        assert state_of(desk, each) == "overtaken"
        with pytest.raises(Overtaken, match="has been changed since this was"):
            answer(desk, each, by=CLEO)
    with pytest.raises(Overtaken, match="newer revision"):
        desk.write(
            record.suggest,
            desk.deps.playbook,
            RevisionId(1),
            Copy(subject="Late", preheader="", body="Late"),
            actor=DEV,
            comment="Late.",
            delivery="V3",
        )


def test_one_accepted_suggestion_overtakes_the_others(desk: Lab) -> None:
    number = in_review(desk)
    key = suggest(desk, number)
    other = suggest(desk, number, by=LENA, delivery="V2")
    accept(desk, key)
    assert (state_of(desk, key), state_of(desk, other)) == ("accepted", "overtaken")


@pytest.mark.parametrize(
    ("why", "is_changed", "words"),
    [
        ("", True, "Write a few words"),
        ("x" * 3001, True, "at most 2,000 characters"),
        ("Shorter.", False, "Nothing was changed"),
    ],
)
def test_a_suggestion_that_suggests_nothing_is_refused(
    desk: Lab, why: str, is_changed: bool, words: str
) -> None:
    number = in_review(desk)
    text = None if is_changed else text_of(desk, of(desk, number, "A"))
    with pytest.raises(Refused, match=words):
        suggest(desk, number, why=why, text=text)
    assert desk.rows("SELECT count(*) FROM suggestions") == [(0,)]


def test_words_are_suggested_only_in_review(desk: Lab) -> None:
    number = in_review(desk)
    desk.approve_all(number, CLEO, DEV)
    with pytest.raises(Refused, match="campaign #1 is scheduled"):
        suggest(desk, number)


def test_a_suggestion_that_was_left_open_is_not_taken_after_review(desk: Lab) -> None:
    number = in_review(desk)
    key = suggest(desk, number)
    desk.approve_all(number, CLEO, DEV)
    assert desk.state(number) is State.SCHEDULED
    with pytest.raises(Refused, match="campaign #1 is scheduled"):
        accept(desk, key, by=MARA)
    assert buttons(desk, number, key) == []
    assert "the campaign is scheduled now" in str(
        message(desk, number, f"suggestion:{key}").blocks
    )


def test_a_suggestion_that_does_not_exist_is_unknown(desk: Lab) -> None:
    with pytest.raises(Unknown, match="There is no such suggestion"):
        accept(desk, SuggestionId(99))


def test_the_thread_shows_the_suggestion_and_then_what_became_of_it(desk: Lab) -> None:
    number = in_review(desk)
    key = suggest(desk, number, why=HOSTILE)
    desk.drain()
    assert buttons(desk, number, key) == ["Accept", "Decline"]
    shown = message(desk, number, f"suggestion:{key}")
    # the stage asks one of its pool, and nobody else is mentioned
    assert f"<@{MARA}> and <@{CLEO}>: accept it" in str(shown.blocks)
    decline(desk, key, by=MARA)
    desk.drain()
    assert buttons(desk, number, key) == []
    shown = message(desk, number, f"suggestion:{key}")
    assert f"Declined by <@{MARA}>" in str(shown.blocks)


def test_an_overtaken_suggestion_says_so(desk: Lab) -> None:
    number = in_review(desk)
    key = suggest(desk, number)
    desk.drain()
    edit(desk, of(desk, number, "A"), by=CLEO)
    desk.drain()
    assert buttons(desk, number, key) == []
    assert "Overtaken: the text has been changed since" in str(
        message(desk, number, f"suggestion:{key}").blocks
    )
