from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.personalize import MAX_VALUE, TOKENS, token_guide, usable


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


def test_personal_tokens_need_a_fallback_and_ours_do_not() -> None:
    for path, token in TOKENS.items():
        assert token.needs_fallback == path.startswith("person.")


def test_the_guide_lists_every_token_as_a_writer_should_write_it() -> None:
    guide = token_guide()
    assert "{{ person.first_name | default: '...' }}: Given name." in guide
    assert "{{ links.cta }}: " in guide
    assert len(guide.splitlines()) == len(TOKENS)
