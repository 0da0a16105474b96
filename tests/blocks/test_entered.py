"""What a window's fields hold, also when somebody else than Slack sends it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from blocks.entered import chosen, moment, ticked, typed


def state(what: str, value: Any) -> Any:
    return {"it": {"it": {what: value}}}


def test_what_was_entered_is_read_as_slack_sends_it() -> None:
    assert typed(state("value", " Two words "), "it") == " Two words "
    assert chosen(state("selected_option", {"value": "7"}), "it") == "7"
    both = [{"value": "7"}, {"value": "9"}]
    assert ticked(state("selected_options", both), "it") == both
    assert moment(state("selected_date_time", 1_800_000_000), "it") == datetime(
        2027, 1, 15, 8, tzinfo=UTC
    )


@pytest.mark.parametrize("given", [{}, {"it": None}, {"it": {"it": []}}, {"it": {}}])
def test_a_field_that_is_not_there_holds_nothing(given: Any) -> None:
    assert (typed(given, "it"), chosen(given, "it"), moment(given, "it")) == (
        "",
        "",
        None,
    )


@pytest.mark.parametrize("value", [None, 5, ["a"], {"value": ["a"]}, {"value": None}])
def test_what_no_element_sends_is_nothing(value: Any) -> None:
    assert typed(state("value", value), "it") == ""
    assert chosen(state("selected_option", value), "it") == ""
    assert ticked(state("selected_options", value), "it") == []


@pytest.mark.parametrize("value", [None, "5", -1, 0, 10**12, 10**400, 5.5])
def test_a_time_that_nobody_can_have_picked_is_none(value: Any) -> None:
    assert moment(state("selected_date_time", value), "it") is None
