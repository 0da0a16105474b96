from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.attributes import Kind
from domain.segment import (
    DEEPEST,
    LONGEST_FILTER,
    MOST_COMPARISONS,
    All,
    Compare,
    DaysAgo,
    Either,
    Empty,
    FilterInvalid,
    Not,
    OneOf,
    Op,
    Signal,
    fields_of,
    on_day,
    parse_filter,
)

FIELDS = fields_of(
    {"score": Kind.NUMBER, "last_order_at": Kind.DATE, "vip": Kind.YES_NO},
    has_rfm=False,
)
DE = Compare(field="region", kind=Kind.TEXT, op=Op.IS, value="DE")
HIGH = Compare(field="score", kind=Kind.NUMBER, op=Op.AT_LEAST, value=3.0)
PRICING = Compare(field="intent.topic", kind=Kind.TEXT, op=Op.IS, value="pricing")
HOT = Compare(field="intent.score", kind=Kind.NUMBER, op=Op.AT_LEAST, value=50.0)


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ('region = "DE" and score >= 3', All((DE, HIGH))),
        ("REGION == 'DE' AND Score >= +3.0", All((DE, HIGH))),
        ('not (region = "DE" or score >= 3)', Not(Either((DE, HIGH)))),
        ('not region = "DE" and score >= 3', All((Not(DE), HIGH))),
        ('region != "DE"', Not(DE)),
        (
            'region in ("DE", "AT")',
            OneOf(field="region", kind=Kind.TEXT, values=("DE", "AT")),
        ),
        (
            "score not in (1, 2)",
            Not(OneOf(field="score", kind=Kind.NUMBER, values=(1.0, 2.0))),
        ),
        ("score is not empty", Not(Empty(field="score", kind=Kind.NUMBER))),
        ("vip = yes", Compare(field="vip", kind=Kind.YES_NO, op=Op.IS, value=True)),
        (
            "last_order_at < 90 days ago",
            Compare(
                field="last_order_at", kind=Kind.DATE, op=Op.LESS, value=DaysAgo(90)
            ),
        ),
        (
            "last_order_at >= 2026-01-31",
            Compare(
                field="last_order_at",
                kind=Kind.DATE,
                op=Op.AT_LEAST,
                value=date(2026, 1, 31),
            ),
        ),
        (
            'intent.topic = "pricing" and region = "DE" and intent.score >= 50',
            All((DE, Signal(All((PRICING, HOT))))),
        ),
        (
            'region = "DE" or intent.score >= 50 and intent.topic = "pricing"',
            Either((DE, Signal(All((HOT, PRICING))))),
        ),
        ('intent.topic != "pricing"', Not(Signal(PRICING))),
    ],
)
def test_a_filter_says_what_it_reads_like(text: str, node: object) -> None:
    assert parse_filter(text, FIELDS) == node


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", 'A filter is something like region = "DE" and score >= 3.'),
        ("scor = 3", "Did you mean score?"),
        ("rfm.r >= 4", "Compute it first: copydesk audience rfm LIST."),
        ("xyzzy = 3", "There are: company, domain, intent.score,"),
        ("first_name = 'Ann'", 'There is no field "first_name"'),
        ('score = "3"', 'needs a number such as 12.5 at character 9, not ""3"".'),
        ("region = DE", 'needs a text in quotes, like "DE" at character 10, not "DE"'),
        ('region > "A"', "region is a text, which has no order"),
        ("vip < yes", "vip is yes or no, which has no order"),
        ("vip = maybe", "What is compared at character 7 is not yes or no."),
        ("last_order_at = 2026-02-31", "is not a date such as 2026-01-31"),
        ("last_order_at < 3 ago", 'needs "days ago" after the number'),
        ("last_order_at < 99999999999 days ago", "a whole number of days"),
        ("(score = 3", 'needs "and", "or" or ")"'),
        ("score = 3)", 'needs "and", "or" or the end at character 10'),
        ("score = 3 score = 4", 'needs "and", "or" or the end'),
        ("score is nothing", 'needs "empty" or "not empty"'),
        ("intent.topic is empty", "A signal always has its topic"),
        ("score in ()", "needs a number"),
        ('region = ""', 'needs a text that is not empty (ask "is empty")'),
        ("score = 3; drop table recipients", "cannot be read from character 10 on"),
        ('region = "D"E"', "cannot be read from character 14 on"),
        ('region = "D\x00E"', "one line, without control characters"),
        ("not " * (DEEPEST + 1) + "score = 3", f"nested at most {DEEPEST} deep"),
        ("x" * (LONGEST_FILTER + 1), "at most 1,000 characters"),
        (
            " or ".join(["score = 3"] * (MOST_COMPARISONS + 1)),
            f"at most {MOST_COMPARISONS} comparisons",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(
    text: str, sentence: str
) -> None:
    with pytest.raises(FilterInvalid) as refused:
        parse_filter(text, FIELDS)
    assert sentence in str(refused.value)


def outcome(text: str) -> str:
    """The filter as it was read, or the sentence that refuses it."""
    try:
        return repr(parse_filter(text, FIELDS))
    except FilterInvalid as refused:
        return str(refused)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert outcome(text)


WORDS = (
    *("region", "score", "vip", "and", "or", "not", "in", "is", "empty", "(", ")", ","),
    *("=", "!=", "<", ">=", '"DE"', "3", "yes", "2026-01-01", "90", "days", "ago"),
    "intent.topic",
)


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
def test_words_of_the_language_in_any_order_are_read_or_refused(text: str) -> None:
    assert outcome(text)


def test_days_ago_are_counted_from_the_day_of_use() -> None:
    assert on_day(DaysAgo(90), date(2026, 4, 1)) == date(2026, 1, 1)
    assert on_day(DaysAgo(36_500), date(50, 1, 1)) == date.min
