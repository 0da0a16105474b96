from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import Refused
from domain.preferences import Preferences, check_preferences

NOW = datetime(2026, 11, 24, 14, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize("hour", [None, 0, 9, 23])
def test_a_digest_comes_at_a_full_hour_or_not_at_all(hour: int | None) -> None:
    check_preferences(Preferences(digest_hour=hour))


@pytest.mark.parametrize("hour", [-1, 24, 999])
def test_an_hour_that_no_day_has_is_refused(hour: int) -> None:
    with pytest.raises(Refused, match="full hour from 0 to 23"):
        check_preferences(Preferences(digest_hour=hour))


def test_time_away_needs_both_ends_in_order() -> None:
    check_preferences(Preferences(away_from=NOW, away_until=NOW + DAY))
    for half in (Preferences(away_from=NOW), Preferences(away_until=NOW)):
        with pytest.raises(Refused, match="both a start and an end"):
            check_preferences(half)
    for end in (NOW, NOW - DAY):
        with pytest.raises(Refused, match="has to end after it starts"):
            check_preferences(Preferences(away_from=NOW, away_until=end))


def test_a_person_is_away_between_both_ends() -> None:
    away = Preferences(away_from=NOW, away_until=NOW + DAY)
    assert away.is_away(NOW)
    assert not away.is_away(NOW - timedelta(seconds=1))
    assert not away.is_away(NOW + DAY)
    assert not Preferences().is_away(NOW)
