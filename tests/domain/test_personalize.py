from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.personalize import (
    MAX_VALUE,
    OURS,
    Fallback,
    common_values,
    shown,
    token_guide,
    tokens_of,
    usable,
)
from domain.privacy import Bucket, FieldClass, FieldRule, Privacy


@pytest.mark.parametrize(
    "value", ["Ann", "Jean-Luc", "O'Brien", "Ålesund Øl & Sønner", "李雷", " Ann "]
)
def test_a_plain_name_is_merged(value: str) -> None:
    assert usable(value) == value.strip()


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "  ",
        "None",
        "-",
        "...",
        "nan",
        "NULL",
        "n/a",
        "<b>Ann</b>",
        "{{ person.email }}",
        "Ann\nBcc: x",
        "https://evil.example",
        "www.evil.example",
        "evil.com",
        "Ann\u202e",
        "Ann\u200b",
        "ann@corp.example",
        "x" * (MAX_VALUE + 1),
    ],
)
def test_an_unfit_value_counts_as_missing(value: str | None) -> None:
    assert usable(value) is None


@given(st.text())
def test_a_merged_value_never_carries_a_link_markup_or_line_break(value: str) -> None:
    merged = usable(value)
    if merged is not None:
        assert not set("<>{}@\r\n") & set(merged)
        assert "//" not in merged
        assert 0 < len(merged) <= MAX_VALUE


RULE = FieldRule(
    path="person.city", about="City.", kind=FieldClass.PERSONAL, purpose="Events.", k=3
)
PRIVACY = Privacy(
    fields={
        "person.city": RULE,
        "attributes.plan": replace(
            RULE, path="attributes.plan", about="Plan.", is_required=True
        ),
        "attributes.income": replace(RULE, path="attributes.income", in_text=False),
    }
)


def test_a_token_needs_a_fallback_unless_a_recipient_must_have_it() -> None:
    tokens = tokens_of(PRIVACY)
    assert tokens["person.city"].needs_fallback
    assert not tokens["attributes.plan"].needs_fallback
    assert not any(tokens[path].needs_fallback for path in OURS)


def test_a_writer_is_told_names_meaning_and_class_and_never_a_value() -> None:
    assert token_guide(PRIVACY) == (
        {
            "name": "person.city",
            "means": "City.",
            "class": "personal",
            "write": "{{ person.city | default: '...' }}",
        },
        {
            "name": "attributes.plan",
            "means": "Plan.",
            "class": "personal",
            "write": "{{ attributes.plan }}",
        },
    )


@pytest.mark.parametrize(
    ("value", "region", "common", "expected"),
    [
        ("Oslo", "EMEA", {"Oslo"}, "Oslo"),
        (" Oslo ", "emea", {"Oslo"}, "Oslo"),
        ("Oslo", "EMEA", set(), Fallback.RARE),
        ("Oslo", "AMER", {"Oslo"}, Fallback.REGION),
        ("Oslo", "", {"Oslo"}, Fallback.REGION),
        ("<b>", "EMEA", {"<b>"}, Fallback.UNFIT),
        ("...", "EMEA", {"..."}, Fallback.UNFIT),
        (None, "EMEA", set(), Fallback.MISSING),
        ("  ", "AMER", set(), Fallback.MISSING),
    ],
)
def test_a_value_is_shown_or_there_is_a_reason(
    value: str | None, region: str, common: set[str], expected: str
) -> None:
    rule = replace(RULE, regions=frozenset({"emea"}))
    assert shown(rule, value, region=region, common=common) == expected


def test_values_that_read_alike_are_one_crowd() -> None:
    counts = [("Oslo", 2), (" Oslo", 1), ("Bergen", 2), ("<b>", 9)]
    assert common_values(RULE, counts) == {"Oslo"}


def test_a_crowd_is_counted_by_what_is_shown() -> None:
    rule = replace(RULE, bucket=Bucket(edges=(10, 50)))
    counts = [("11", 1), ("12", 1), ("49", 1), ("50", 1), ("no number", 9)]
    assert common_values(rule, counts) == {"10-50"}


@given(st.dictionaries(st.text(max_size=20), st.integers(1, 30)), st.integers(2, 25))
def test_no_shown_value_is_shared_by_fewer_than_k(
    counts: dict[str, int], k: int
) -> None:
    rule = replace(RULE, k=k)
    common = common_values(rule, counts.items())
    for value in counts:
        seen = shown(rule, value, region="", common=common)
        if not isinstance(seen, Fallback):
            alike = (n for each, n in counts.items() if usable(each) == seen)
            assert sum(alike) >= k
