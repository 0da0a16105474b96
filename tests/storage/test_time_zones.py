"""A zone's name comes out of somebody's list: it may be anything."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from storage.time_zones import zone_named


@pytest.mark.parametrize(
    "name", ["", "Mars/Phobos", "../../etc/passwd", "x" * 65, "Europe/", "\x00"]
)
def test_a_zone_nobody_knows_is_none(name: str) -> None:
    assert zone_named(name) is None
    assert zone_named("Europe/Berlin") == ZoneInfo("Europe/Berlin")
