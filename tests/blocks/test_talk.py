"""Undo, comments and suggestions: what the buttons say and the thread shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from blocks import comment_form, history, notices, suggestion, variant_card
from blocks.edit_form import copy_from
from blocks.ids import Field
from blocks.message import Message
from domain.campaign import State
from domain.comment import SuggestionState
from domain.variant import VariantState
from tests.blocks.checks import (
    check_message,
    check_modal,
    check_snapshot,
    labels,
    menu,
    shown,
    walk,
)
from tests.blocks.states import VARIANTS
from tests.blocks.test_forms import typed_in
from tests.blocks.views import (
    HOSTILE,
    LONG,
    NOW,
    TEXT,
    make_audit,
    make_comment,
    make_revision,
    make_suggestion,
    make_undone,
    make_variant_card,
    make_withdrawn,
    minutes,
)

_DECIDED = {"decided_by": "U0MARKETER", "decided_at": NOW - minutes(1)}
LONGER = replace(LONG, body=LONG.body.replace("sentence", "line"))

MESSAGES: dict[str, Message] = {
    "comment": comment_form.said(make_comment()),
    "comment_on_all_of_it": comment_form.said(make_comment(quote="")),
    "comment_hostile": comment_form.said(
        make_comment(quote=HOSTILE * 6, text=HOSTILE * 28, variant_label=HOSTILE)
    ),
    "suggestion": suggestion.said(make_suggestion()),
    "suggestion_accepted": suggestion.said(
        make_suggestion(state=SuggestionState.ACCEPTED, **_DECIDED)
    ),
    "suggestion_declined": suggestion.said(
        make_suggestion(state=SuggestionState.DECLINED, **_DECIDED)
    ),
    "suggestion_overtaken": suggestion.said(
        make_suggestion(state=SuggestionState.OVERTAKEN, decided_at=NOW)
    ),
    "suggestion_after_review": suggestion.said(
        make_suggestion(campaign_state=State.CANARY)
    ),
    "suggestion_nobody_there": suggestion.said(make_suggestion(owners=())),
    "suggestion_hostile": suggestion.said(
        make_suggestion(
            variant_label=HOSTILE,
            comment=HOSTILE * 28,
            before=replace(TEXT, body=HOSTILE * 150),
            after=replace(TEXT, subject=HOSTILE, body=HOSTILE * 151 + "."),
        )
    ),
    "suggestion_long": suggestion.said(
        make_suggestion(before=LONG, after=LONGER, comment="x" * 2000)
    ),
    "undone": notices.undone(make_undone(), (), ()),
    "undone_after_the_stage": notices.undone(
        make_undone(),
        (make_withdrawn(), make_withdrawn()),
        ("U0LEGAL", "U0DELIVER", "U0LEGAL"),
    ),
    "undone_rejection_hostile": notices.undone(
        make_undone(is_approval=False, stage=HOSTILE, variant_label=HOSTILE),
        (make_withdrawn(stage=HOSTILE),),
        (),
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_holds_slacks_limits_and_looks_as_stored(name: str) -> None:
    check_snapshot(f"talk_{name}", check_message(MESSAGES[name]))


# Undo ------------------------------------------------------------------------------


def card_buttons(name: str, after: float = 0) -> list[str]:
    view = VARIANTS[name]
    return labels(variant_card.render(view, now=NOW + minutes(after)).payload())


def test_undo_stands_beside_the_status_and_carries_the_decision() -> None:
    message = variant_card.render(VARIANTS["approved_a_moment_ago"], now=NOW)
    (beside,) = (
        block["accessory"]
        for block in message.payload()["blocks"]
        if block.get("accessory", {}).get("action_id") == "undo"
    )
    assert (beside["text"]["text"], beside["value"]) == ("Undo 60 s", "901")


def test_undo_is_not_shown_when_its_minute_is_over() -> None:
    assert "Undo 60 s" in card_buttons("approved_a_moment_ago")
    assert "Undo 60 s" not in card_buttons("approved_a_moment_ago", after=0.5)


def test_the_next_stages_four_buttons_stay_in_their_row() -> None:
    view = VARIANTS["asked_again_a_moment_ago"]
    payload = variant_card.render(view, now=NOW).payload()
    (row,) = (each for each in payload["blocks"] if each["type"] == "actions")
    assert labels(row) == ["Approve", "Edit", "Regenerate", "Reject"]
    assert "Undo 60 s" in labels(payload)


def test_the_next_reviewer_reads_who_took_their_decision_back() -> None:
    view = VARIANTS["next_stage_withdrawn"]
    words = shown(variant_card.render(view, now=NOW).payload())
    assert "Legal review withdrawn: <@U0COPYONE> took their decision back" in words


def test_who_was_asked_too_early_is_told_once_each() -> None:
    words = shown(MESSAGES["undone_after_the_stage"].payload())
    assert "<@U0LEGAL> and <@U0DELIVER>: the legal review is withdrawn" in words


# Comments ----------------------------------------------------------------------------


def test_the_menu_offers_to_comment_and_to_suggest() -> None:
    payload = variant_card.render(VARIANTS["asked"], now=NOW).payload()
    assert menu(payload)[:2] == ["Comment", "Suggest"]


@pytest.mark.parametrize(
    "view",
    [
        make_variant_card(campaign_state=State.SCHEDULED, state=VariantState.APPROVED),
        make_variant_card(state=VariantState.SHELVED),
    ],
)
def test_a_text_that_cannot_change_can_only_be_commented_on(view: object) -> None:
    payload = variant_card.render(view, now=NOW).payload()  # type: ignore[arg-type]  # a card
    assert "Comment" in menu(payload)
    assert "Suggest" not in menu(payload)


def test_the_comment_form_asks_which_words_and_what_about_them() -> None:
    view = check_modal(comment_form.form(make_revision()))
    assert list(typed_in(view)) == [Field.QUOTE, Field.COMMENT]
    assert (view["private_metadata"], view["submit"]["text"]) == ("72", "Comment")


def test_a_hostile_text_fits_into_the_forms() -> None:
    text = replace(TEXT, subject=HOSTILE * 9, body=HOSTILE * 200)
    revision = make_revision(text=text, variant_label=HOSTILE)
    check_modal(comment_form.form(revision))
    check_modal(suggestion.form(revision))


def typed(quote: str | None, comment: str | None) -> dict[str, dict[str, object]]:
    return {
        Field.QUOTE: {Field.QUOTE: {"value": quote}},
        Field.COMMENT: {Field.COMMENT: {"value": comment}},
    }


@pytest.mark.parametrize(
    ("quote", "comment", "wrong"),
    [
        (None, "Says who?", set()),
        ("Still weighing the demo?", " Says who? ", set()),
        ("never written", "Says who?", {"quote"}),
        ("never written", None, {"quote", "comment"}),
        (None, "x" * 2001, {"comment"}),
    ],
)
def test_what_is_wrong_is_known_by_its_field(
    quote: str | None, comment: str | None, wrong: set[str]
) -> None:
    state = typed(quote, comment)
    assert set(comment_form.errors(state, TEXT)) == wrong  # type: ignore[arg-type]  # as Slack sends it
    assert comment_form.comment_from(state) == (comment or "").strip()  # type: ignore[arg-type]  # as Slack sends it


def test_a_comment_is_literal() -> None:
    payload = MESSAGES["comment_hostile"].payload()
    texts = [
        each["text"]
        for block in payload["blocks"]
        if block["type"] == "rich_text"
        for each in walk(block)
        if each.get("type") == "text"
    ]
    assert texts[0].startswith("<!channel> & <@U1> *now*")


def test_a_comment_is_on_the_campaigns_history() -> None:
    detail = 'variant B, revision 2, about "Teams like yours", says "Which teams?"'
    lines = (make_audit(event="commented", actor="U0LEGAL", detail=detail),)
    words = shown(history.campaign_history(lines).to_dict())
    assert "*Commented* · <@U0LEGAL>" in words
    assert "Which teams?" in words


# Suggestions -----------------------------------------------------------------------


def test_the_suggest_form_is_prefilled_and_asks_why() -> None:
    revision = make_revision(text=LONG)
    view = check_modal(suggestion.form(revision))
    state = typed_in(view)
    assert copy_from(state) == LONG
    assert Field.COMMENT in state
    assert (view["private_metadata"], view["submit"]["text"]) == ("72", "Suggest")


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("suggestion", ["Accept", "Decline"]),
        ("suggestion_nobody_there", ["Accept", "Decline"]),
        ("suggestion_accepted", []),
        ("suggestion_declined", []),
        ("suggestion_overtaken", []),
        ("suggestion_after_review", []),
    ],
)
def test_the_buttons_are_there_while_it_can_be_decided(
    name: str, names: list[str]
) -> None:
    assert labels(MESSAGES[name].payload()) == names


def test_a_suggestion_shows_its_words_and_asks_its_owners() -> None:
    words = shown(MESSAGES["suggestion"].payload())
    assert "<@U0LEGAL> suggests other words for *variant B, revision 2*" in words
    assert "<@U0MARKETER> and <@U0COPYONE>: accept it or decline it." in words
    assert "your" in words


def test_a_decided_suggestion_says_who_and_when() -> None:
    assert "Accepted by <@U0MARKETER>, <!date^" in shown(
        MESSAGES["suggestion_accepted"].payload()
    )
    assert "Declined by <@U0MARKETER>, <!date^" in shown(
        MESSAGES["suggestion_declined"].payload()
    )
