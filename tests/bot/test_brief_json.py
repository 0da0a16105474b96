from __future__ import annotations

import json
from typing import Any

import pytest

from bot.brief_json import EXAMPLE, read_json
from domain.brief import parse_brief
from domain.errors import Refused


def test_plain_json_is_read_as_it_is() -> None:
    assert read_json('{"title": "Spring", "arms": 2}') == {"title": "Spring", "arms": 2}


def test_what_slack_escapes_is_undone() -> None:
    given = '{"title": "Q&amp;A &lt;now&gt;", "cta_url": "<https://a.example/x?b=1&amp;c=2>"}'
    assert read_json(given) == {
        "title": "Q&A <now>",
        "cta_url": "https://a.example/x?b=1&c=2",
    }


def test_a_link_with_a_label_becomes_the_link() -> None:
    assert read_json('{"cta_url": "<https://a.example|a.example>"}') == {
        "cta_url": "https://a.example"
    }


def test_smart_quotes_around_names_become_straight_ones() -> None:
    assert read_json("{\u201ctitle\u201d: \u201cSpring\u201d}") == {"title": "Spring"}


def test_smart_quotes_inside_good_json_stay() -> None:
    given = '{"title": "The \u201cbig\u201d one"}'
    assert read_json(given) == {"title": "The \u201cbig\u201d one"}


def test_an_escaped_channel_mention_comes_back_as_text() -> None:
    assert read_json('{"title": "hi &lt;!channel&gt;"}') == {"title": "hi <!channel>"}


def test_broken_json_is_refused_with_its_place_and_an_example() -> None:
    with pytest.raises(Refused) as caught:
        read_json('{"title": "Spring" "arms": 2}')
    said = str(caught.value)
    assert "line 1, column 20" in said
    assert '"Spring" "arms"' in said
    assert EXAMPLE in said


@pytest.mark.parametrize("given", ["{" * 100_000, '{"a":' * 100_000])
def test_json_without_end_is_refused(given: str) -> None:
    with pytest.raises(Refused):
        read_json(given)


def test_the_example_is_a_brief_that_works() -> None:
    raw: dict[str, Any] = json.loads(EXAMPLE)
    assert parse_brief(raw).title == "Recover stalled demos"
