from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.bot_lab import Lab, lab


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Lab]:
    async with lab(tmp_path) as up:
        yield up
