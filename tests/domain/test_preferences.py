from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import Refused
from domain.preferences import Preferences, check_preferences

NOW = datetime(2026, 11, 24, 14, tzinfo=UTC)
DAY = timedelta(days=1)


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
