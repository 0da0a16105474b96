from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.canary_clicks import Click, first_by_a_person, is_too_soon

SENT = datetime(2026, 11, 22, 9, tzinfo=UTC)
MINUTE = timedelta(seconds=60)


def click(after_s: float, url: str = "a", *, is_machine: bool = False) -> Click:
    at = SENT + timedelta(seconds=after_s)
    return Click(at=at, url=url, is_machine=is_machine)


def first(
    *clicks: Click, links: int = 2, human_after: timedelta = MINUTE
) -> float | None:
    at = first_by_a_person(clicks, sent_at=SENT, links=links, human_after=human_after)
    return None if at is None else (at - SENT).total_seconds()


def test_a_click_after_a_minute_is_a_persons() -> None:
    assert first(click(61)) == 61


@pytest.mark.parametrize("after_s", [-5, 0, 59])
def test_a_click_within_a_minute_of_the_send_is_a_scanners(after_s: float) -> None:
    assert first(click(after_s)) is None


def test_what_the_esp_flags_is_a_machines_and_a_later_click_is_not() -> None:
    assert first(click(600, is_machine=True), click(900)) == 900


def test_every_link_within_seconds_is_a_scanners_round() -> None:
    assert first(click(600, "a"), click(602, "b")) is None
    assert first(click(600, "a"), click(602, "b"), click(4_000, "a")) == 4_000


def test_two_of_three_links_or_links_far_apart_are_a_persons() -> None:
    assert first(click(600, "a"), click(602, "b"), links=3) == 600
    assert first(click(600, "a"), click(640, "b")) == 600


def test_of_one_link_all_links_says_nothing() -> None:
    assert first(click(600), links=1) == 600
    assert first(click(600), click(601), links=1) == 600


def test_practice_time_cannot_tell_the_first_minute_apart() -> None:
    assert first(click(0), human_after=MINUTE / 240) == 0
    assert not is_too_soon(SENT, SENT, timedelta(0))


@given(
    st.lists(
        st.builds(
            click,
            st.integers(-10, 10_000),
            st.sampled_from("abc"),
            is_machine=st.booleans(),
        ),
        max_size=6,
    ),
    st.integers(0, 4),
)
def test_the_first_click_is_one_of_them_not_flagged_and_not_too_soon(
    clicks: list[Click], links: int
) -> None:
    at = first(*clicks, links=links)
    again = first(*clicks[::-1], links=links)
    assert at == again
    if at is None:
        return
    assert at >= 60
    times = [(c.at - SENT).total_seconds() for c in clicks if not c.is_machine]
    assert at in times
    # one more link to hit only ever frees a click; a mail of one link knows no sweep
    if links > 1:
        more = first(*clicks, links=links + 1)
        assert more is not None
        assert more <= at
