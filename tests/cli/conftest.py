"""The database that a command in a shell finds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.wall_clock import utc_now
from storage.engine import Database


@pytest.fixture
def database(
    tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    shutil.copyfile(migrated_file, tmp_path / "copydesk.db")
    monkeypatch.setenv("COPYDESK_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COPYDESK_SECRET_KEY", "0123456789abcdef0123456789abcdef")
    base = Database(f"sqlite:///{tmp_path / 'copydesk.db'}", utc_now)
    yield base
    base.close()
