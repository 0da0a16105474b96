from __future__ import annotations

import difflib
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.comparison import Matcher, marked, paired

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=30)


@given(WORDS, WORDS)
def test_texts_of_usual_length_are_matched_as_difflib_does(
    left: list[str], right: list[str]
) -> None:
    plain = difflib.SequenceMatcher(a=left, b=right, autojunk=False)
    assert Matcher(left, right).get_opcodes() == plain.get_opcodes()
    assert Matcher(left, right).ratio() == plain.ratio()


def looked_at(call: Callable[[], object]) -> int:
    """How often Python went round a line of difflib: what it costs, on any machine."""
    lines = 0

    def trace(frame: object, event: str, _given: object) -> object:
        nonlocal lines
        name = frame.f_code.co_filename  # type: ignore[attr-defined]
        lines += event == "line" and name == difflib.__file__
        return trace if name == difflib.__file__ or event == "call" else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return lines


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (["a", "b"] * 750, ["a", "a", "b"] * 500),
        (["a"] * 10_000, ["a"] * 9_000 + ["b"]),
        (
            [word for n in range(5000) for word in (str(n), f"x{n}")],
            [word for n in range(5000) for word in (str(n), f"y{n}")],
        ),
    ],
    ids=["turns", "one word", "every other"],
)
def test_texts_made_to_be_slow_take_bounded_work(
    left: list[str], right: list[str]
) -> None:
    assert looked_at(Matcher(left, right).get_opcodes) < 25_000_000


def test_a_long_text_of_one_word_is_still_the_same_where_it_is() -> None:
    word = "again " * 6000
    pieces = marked(word, word + "b")
    assert pieces is not None
    assert [each.text for each in pieces[1] if each.is_other] == ["b"]
    assert len(list(paired(["a"] * 6000, ["a"] * 5999 + ["b"]))) == 2
