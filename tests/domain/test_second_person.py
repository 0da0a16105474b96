from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.campaign import CampaignId
from domain.errors import NotYourTurn
from domain.second_person import ACT_WORDS, Act, Ask, check_not_author, confirms

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PEOPLE = ("U1", "U2", "U3")


def make_ask(**changes: object) -> Ask:
    values = {
        "id": 1,
        "campaign_id": CampaignId(1),
        "act": Act.EXPAND,
        "row_id": 1,
        "row_version": 7,
        "asked_by": "U1",
        "asked_at": NOW,
        "expires_at": NOW + timedelta(minutes=30),
        "confirmed_by": None,
    }
    return Ask(**values | changes)  # type: ignore[arg-type]  # tests name fields


def test_another_person_confirms() -> None:
    assert confirms(make_ask(), actor="U2", now=NOW, asker_may=True)


def test_the_same_person_does_not_confirm() -> None:
    with pytest.raises(NotYourTurn, match="You asked for Expand already"):
        confirms(make_ask(), actor="U1", now=NOW, asker_may=True)


def test_what_has_expired_is_asked_anew() -> None:
    ask = make_ask()
    for actor in PEOPLE:
        assert not confirms(ask, actor=actor, now=ask.expires_at, asker_may=True)


def test_who_lost_their_role_meanwhile_has_not_asked() -> None:
    assert not confirms(make_ask(), actor="U2", now=NOW, asker_may=False)


@pytest.mark.parametrize("act", Act)
def test_the_author_neither_asks_nor_confirms(act: Act) -> None:
    with pytest.raises(NotYourTurn, match=f"confirm {ACT_WORDS[act]}"):
        check_not_author(act, actor="U1", author="U1")
    check_not_author(act, actor="U2", author="U1")


@given(
    presses=st.lists(
        st.tuples(st.sampled_from(PEOPLE), st.integers(0, 3_000)), max_size=12
    )
)
def test_it_is_done_by_two_people_within_the_time_or_not_at_all(
    presses: list[tuple[str, int]],
) -> None:
    within = timedelta(seconds=1_800)
    ask: Ask | None = None
    at = NOW
    for actor, seconds in presses:
        at += timedelta(seconds=seconds)
        try:
            if confirms(ask, actor=actor, now=at, asker_may=True):
                assert ask is not None
                assert ask.asked_by != actor
                assert at - ask.asked_at < within
                return
        except NotYourTurn:
            continue
        ask = make_ask(asked_by=actor, asked_at=at, expires_at=at + within)
