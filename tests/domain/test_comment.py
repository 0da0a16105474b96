"""A comment quotes words that are in the text, and says something about them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.comment import (
    COMMENT_MOST,
    QUOTE_MOST,
    comment_problem,
    find_quote,
    quote_problem,
)
from domain.variant import Copy

TEXT = Copy(
    subject="Still weighing the demo?",
    preheader="Two things (2) other teams asked",
    body="Hello {{ first_name }},\n\nSetup takes two working days.",
)


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("weighing the demo?", "weighing the demo?"),
        ("  things (2) ", "things (2)"),
        ("{{ first_name }}, Setup takes", "{{ first_name }},\n\nSetup takes"),
        ("weighing the Demo?", None),
        ("demo? Two things", None),
        (".*", None),
        ("<!channel>", None),
        ("", None),
        (" \n ", None),
    ],
)
def test_a_quote_is_found_letter_for_letter_but_for_space(
    quote: str, found: str | None
) -> None:
    assert find_quote(TEXT, quote) == found


@given(body=st.text(min_size=1), cut=st.tuples(st.integers(0, 60), st.integers(1, 60)))
def test_any_stretch_of_a_text_can_be_quoted(body: str, cut: tuple[int, int]) -> None:
    stretch = body[cut[0] : cut[0] + cut[1]]
    text = Copy(subject="", preheader="", body=body)
    if not stretch.strip():
        assert find_quote(text, stretch) is None
        return
    found = find_quote(text, stretch)
    assert found is not None
    assert found in body
    assert found.split() == stretch.split()


def test_no_quote_is_a_comment_on_the_whole_text() -> None:
    assert quote_problem(TEXT, "  ") is None


def test_words_that_are_not_there_cannot_be_quoted() -> None:
    assert quote_problem(TEXT, "free of charge") == (
        "These words are not in the text. Copy them from it, letter for letter."
    )


def test_a_quote_has_an_end() -> None:
    long = Copy(subject="", preheader="", body="word " * 200)
    assert quote_problem(long, long.body[:QUOTE_MOST]) is None
    assert quote_problem(long, long.body) == "Quote at most 500 characters."


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_a_comment_says_something(text: str) -> None:
    assert comment_problem(text) == (
        "Write a few words, so that the others know what is meant."
    )


def test_a_comment_has_an_end() -> None:
    assert comment_problem("x" * COMMENT_MOST) is None
    assert comment_problem("x" * 3001) == (
        "A comment has at most 2,000 characters; this one has 3,001."
    )
