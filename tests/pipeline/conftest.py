"""The desk of the lab, on every kind of database that we run on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clock import Clock
from tests.pipeline.lab import Lab, lab


@pytest.fixture
def desk(database_url: str, clock: Clock, tmp_path: Path) -> Iterator[Lab]:
    with lab(database_url, clock, tmp_path) as up:
        yield up


@pytest.fixture
def cards_at_once(desk: Lab) -> None:
    """For tests about the drawing itself, or about what waits for it."""
    desk.draws_late = False
