from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.intent import SignalInvalid, parse_signal
from domain.rfm import QUINTILES, least_of

TODAY = date(2026, 11, 22)
LIFE = timedelta(days=90)
ROW = {
    "topic": "Pricing",
    "score": "80",
    "seen_at": "2026-11-01",
    "source": "Web",
    "expires_at": "",
}


def test_a_signal_counts_until_its_own_day_or_for_the_usual_time() -> None:
    usual = parse_signal(ROW, today=TODAY, life=LIFE)
    assert (usual.topic, usual.source, usual.score) == ("pricing", "web", 80.0)
    assert usual.expires_at == date(2027, 1, 30)
    own = parse_signal(ROW | {"expires_at": "2026-11-05"}, today=TODAY, life=LIFE)
    assert own.expires_at == date(2026, 11, 5)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"topic": ""}, "topic: is empty"),
        ({"topic": "t" * 61}, "topic: is longer than 60 characters"),
        ({"score": "101"}, "score: must be 0 to 100"),
        ({"score": "much"}, "score: is not a number such as 12.5"),
        ({"seen_at": "2026-12-24"}, "seen_at: is a day to come"),
        ({"seen_at": "1970-01-01"}, "seen_at: is not a day of this century"),
        ({"expires_at": "2026-10-01"}, "expires_at: must be within 730 days"),
        ({"expires_at": "2030-01-01"}, "expires_at: must be within 730 days"),
        ({"source": ""}, "source: is empty"),
    ],
)
def test_a_signal_that_cannot_be_names_its_field(
    change: dict[str, str], sentence: str
) -> None:
    with pytest.raises(SignalInvalid) as refused:
        parse_signal(ROW | change, today=TODAY, life=LIFE)
    assert sentence in str(refused.value)


def quintile(value: float, least: tuple[str | float, ...]) -> int:
    return 1 + sum(value >= float(each) for each in least)


def test_a_hundred_different_values_part_into_five_times_twenty() -> None:
    least = least_of([float(n) for n in range(100)], 100)
    assert least == (20.0, 40.0, 60.0, 80.0)


@given(st.lists(st.integers(0, 50).map(float), min_size=25, max_size=300))
def test_quintiles_rise_with_the_value_and_equal_values_share_one(
    values: list[float],
) -> None:
    ordered = sorted(values)
    least = least_of(ordered, len(ordered))
    scores = [quintile(each, least) for each in ordered]
    assert scores == sorted(scores)
    assert set(scores) <= set(range(1, QUINTILES + 1))
    # nobody below the best fifth of places is kept out of it by a tie alone
    best = scores.count(QUINTILES)
    assert best >= len(values) - len(values) * 4 // 5
