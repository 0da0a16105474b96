"""Reasons for a rejection: each is said, each tells the writer something."""

from __future__ import annotations

import pytest

from domain.rejection import (
    REASON_MOST,
    REASON_WORDS,
    WISHES,
    RejectReason,
    code_problem,
    parse_code,
    reason_problem,
    worded,
)


def test_every_code_has_words_for_people_and_a_wish_for_the_writer() -> None:
    assert set(REASON_WORDS) == set(WISHES) == set(RejectReason)
    assert len(set(REASON_WORDS.values())) == len(RejectReason)
    assert all(wish.endswith(".") and "\n" not in wish for wish in WISHES.values())


@pytest.mark.parametrize("code", RejectReason)
def test_a_code_is_read_as_it_was_sent(code: RejectReason) -> None:
    assert parse_code(str(code)) is code
    assert code_problem(str(code)) is None


@pytest.mark.parametrize("value", [None, "", "because", "LEGAL", 3, {"value": "legal"}])
def test_what_is_no_code_is_said_in_a_sentence(value: object) -> None:
    assert parse_code(value) is None
    assert code_problem(value) == "Choose what comes closest; your words say the rest."


def test_spaces_are_no_reason_and_a_book_is_too_long() -> None:
    spaces, book = reason_problem(" \n"), reason_problem("x" * (REASON_MOST + 1))
    assert spaces == "Write a few words, so that the others know what is meant."
    assert book == "This has 1,001 characters; 1,000 are allowed."
    assert reason_problem("No source says so.") is None


def test_a_reason_reads_as_one_clause() -> None:
    said = worded(RejectReason.UNSUPPORTED_CLAIM, "no source says so")
    assert said == "Unsupported claim: no source says so"
