from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from blocks import side_by_side
from blocks.ids import Action, Callback, compared_of
from domain.comparison import PostedComparison
from domain.review import RequestId
from domain.variant import Copy, RevisionId
from domain.views import ComparisonView
from practice.slack.validate import check_blocks, check_view
from tests.blocks.checks import check_modal, labels, shown, walk
from tests.blocks.home_states import (
    HOME,
    make_column,
    make_comparison,
    make_option,
)
from tests.blocks.views import HARD, HOSTILE, LONG, NOW, TEXT, make_revision


def compared(left: Copy, right: Copy) -> ComparisonView:
    def column(text: Copy, key: int) -> object:
        return make_column(revision=make_revision(text=text, revision_id=key))

    return make_comparison(
        left=column(left, 61),
        right=column(right, 72),
    )


def rows(view: ComparisonView) -> list[tuple[str, str]]:
    """The pairs of texts, as shown: subject, preheader, paragraphs."""
    pairs = [
        tuple(field["text"] for field in each["fields"])
        for each in side_by_side.window(view).to_dict()["blocks"]
        if "fields" in each
    ]
    # the first pair is the headings, the last one the notes
    return [(left, right) for left, right in pairs[1:-1]]


def bodies(left: str, right: str) -> list[tuple[str, str]]:
    """The pairs of paragraphs, without the columns' names."""
    view = compared(replace(TEXT, body=left), replace(TEXT, body=right))
    return [
        (a.removeprefix("`B2` "), b.removeprefix("`B2` ")) for a, b in rows(view)[2:]
    ]


def test_the_words_that_differ_are_bold_on_both_sides() -> None:
    assert bodies("Still weighing the demo today?", "Still weighing your demo?") == [
        ("Still weighing *the demo today?*", "Still weighing *your demo?*")
    ]


def test_one_word_taken_out_marks_one_side_only() -> None:
    assert bodies("We can really help you", "We can help you") == [
        ("We can *really* help you", "We can help you")
    ]


def test_paragraphs_with_little_in_common_carry_no_marks() -> None:
    assert bodies("One two three four", "Five six seven eight") == [
        ("One two three four", "Five six seven eight")
    ]


def test_a_mark_never_spans_lines() -> None:
    assert bodies("a b c d e\nold\nlines f g", "a b c d e f g") == [
        ("a b c d e\n*old*\n*lines* f g", "a b c d e f g")
    ]


def test_a_paragraph_of_one_side_stands_against_words_that_say_so() -> None:
    assert bodies("Same.\n\nMore.", "Same.") == [("More.", "(not on this side)")]


def test_equal_paragraphs_are_named_once() -> None:
    view = compared(TEXT, replace(TEXT, body=TEXT.body.replace("Mara", "Maria")))
    said = shown(side_by_side.window(view).to_dict())
    assert "The same in both: “Hello" in said
    assert "3 more paragraphs" in said


def test_an_empty_part_says_so() -> None:
    pair = rows(compared(replace(TEXT, preheader=""), replace(TEXT, preheader="")))[1]
    assert pair == ("`B2` _Preheader, the same_\n(empty)",) * 2


def test_marks_in_the_text_are_not_ours() -> None:
    ((left, right),) = bodies(
        "one *two* three_ _four `x` ~y~", "one two three four x y"
    )
    assert left.count("*") == left.count("*two*") * 2 + 2 * left.count(" *")
    for mark in ("`", "~"):
        assert mark not in left + right
    assert "_" not in left
    ((merged, _),) = bodies("Hi {{ first_name }} a b", "Hi {{ first_name }} a c")
    assert "first_name" in merged


@given(st.text("ab *_~`<>&\n{}|", max_size=90), st.text("ab *_~`<>&\n", max_size=90))
def test_stars_always_come_in_pairs_around_words(left: str, right: str) -> None:
    for pair in bodies(f"same {left}", f"same {right}"):
        for text in pair:
            assert text.count("*") % 2 == 0
            assert "<" not in text.replace("&lt;", "")
            for line in text.split("\n"):
                assert line.count("*") % 2 == 0
            for inside in text.split("*")[1::2]:
                assert inside == inside.strip() != ""


@settings(deadline=None)
@given(st.text(max_size=4000), st.text(max_size=4000))
def test_any_two_texts_make_a_window_that_slack_takes(left: str, right: str) -> None:
    view = compared(replace(TEXT, body=left), replace(TEXT, subject=right, body=right))
    payload = side_by_side.window(view).to_dict()
    assert check_view(payload, "modal") == []


def test_a_long_body_is_cut_with_words_and_read_all_has_it() -> None:
    view = HOME["compare_long"].to_dict()
    assert "The rest of the bodies is not shown here; Read all has it." in shown(view)
    assert "Read all of B, revision 2" in labels(view)


def test_a_long_paragraph_is_cut_outside_of_its_marks() -> None:
    ((left, _),) = bodies("word " * 500 + "end", "word " * 499 + "*more* end")
    assert left.endswith("(cut here; Read all has the rest)")
    assert len(left) < 2000


def test_approve_stands_under_a_column_that_is_asked_about() -> None:
    payload = check_modal(HOME["compare"])
    found = [each for each in walk(payload) if each.get("action_id") == "approve_here"]
    assert [each["value"] for each in found] == ["501", "502"]
    assert labels(HOME["compare_revisions"].to_dict()) == [
        "Read all of B, revision 1",
        "Read all of B, revision 2",
        "Post in thread",
    ]


def test_the_same_revision_twice_has_its_buttons_once() -> None:
    column = make_column(questions=((RequestId(5), "copy"),))
    view = make_comparison(
        left=column, right=column, options=(make_option(72, "B", 2),)
    )
    payload = check_modal(side_by_side.window(view))
    assert labels(payload) == ["Approve B", "Read all of B, revision 2"]


def test_the_button_to_post_names_what_is_seen() -> None:
    payload = check_modal(HOME["compare"])
    (row,) = [b for b in payload["blocks"] if labels(b) == ["Post in thread"]]
    assert compared_of(row["block_id"]) == (61, 72)
    assert compared_of("compared.1") is compared_of("left.61") is None


def test_what_is_in_the_thread_is_said_instead_of_offered() -> None:
    there = PostedComparison(
        left=RevisionId(61), right=RevisionId(72), actor="U0MARKETER", at=NOW
    )
    payload = check_modal(side_by_side.window(make_comparison(posted=there)))
    assert "Post in thread" not in labels(payload)
    assert "<@U0MARKETER> posted this comparison in the thread" in shown(payload)


@settings(deadline=None)
@given(st.text(max_size=4000), st.text(max_size=4000))
def test_any_two_texts_make_a_message_that_slack_takes(left: str, right: str) -> None:
    view = compared(replace(TEXT, subject=left), replace(TEXT, subject=right))
    message = side_by_side.posted(view, "U0MARKETER", "F0PICTURE")
    assert check_blocks(message.payload()["blocks"], "message", {"F0PICTURE"}) == []
    assert len(side_by_side.picture_alt(view)) <= 1000


def test_the_picture_is_told_in_words() -> None:
    view = compared(TEXT, replace(TEXT, subject="Two days to set up"))
    assert side_by_side.picture_alt(view) == (
        "A comparison in two columns. Variant B, revision 2: subject “Still weighing"
        " the demo?”, 1 note. Variant B, revision 2: subject “Two days to set up”,"
        " 1 note. They differ in subject."
    )


def test_the_menus_offer_every_revision_by_variant() -> None:
    payload = HOME["compare"].to_dict()
    menus = [each for each in walk(payload) if each.get("type") == "static_select"]
    assert [each["action_id"] for each in menus] == [Action.LEFT, Action.RIGHT]
    groups = {
        group["label"]["text"]: [option["value"] for option in group["options"]]
        for group in menus[0]["option_groups"]
    }
    assert groups == {"Variant A": ["61"], "Variant B": ["72", "71"]}
    assert [each["initial_option"]["value"] for each in menus] == ["61", "72"]
    assert (payload["callback_id"], payload["private_metadata"]) == (
        Callback.COMPARISON,
        "42",
    )


def test_more_revisions_than_a_menu_holds_still_make_a_window() -> None:
    options = tuple(make_option(n, "B", n) for n in range(300, 0, -1))
    oldest = make_column(revision=make_revision(revision_id=RevisionId(1), number=1))
    view = make_comparison(left=oldest, right=oldest, options=options)
    check_modal(side_by_side.window(view))


def test_findings_stand_under_their_column() -> None:
    payload = HOME["compare_revisions"].to_dict()
    left, right = [each["fields"] for each in payload["blocks"] if "fields" in each][-1]
    assert HARD.quote in left["text"]
    assert "still being checked" in right["text"]


def test_hostile_words_stay_text() -> None:
    payload = check_modal(HOME["compare_hostile"])
    assert HOSTILE not in shown(payload)
    assert LONG.body not in shown(payload)
