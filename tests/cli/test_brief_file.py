"""`copydesk brief`: a file makes the same campaign as the form."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import copydesk
from domain.campaign import CampaignId, State
from storage import queries
from storage.engine import Database
from tests.bot.bot_lab import make_values, seed
from tests.clock import Clock


@pytest.mark.parametrize(
    ("tier", "state", "waits"),
    [
        ("A", State.AWAITING_BRAND_LEAD, True),
        ("B", State.BRIEFED, False),
    ],
)
def test_a_file_of_tier_a_waits_for_a_brand_lead(
    tmp_path: Path,
    migrated_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    tier: str,
    state: State,
    *,
    waits: bool,
) -> None:
    shutil.copyfile(migrated_file, tmp_path / "copydesk.db")
    database = Database(f"sqlite:///{tmp_path / 'copydesk.db'}", Clock())
    with database.begin() as store:
        seed(store)
    monkeypatch.setenv("COPYDESK_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COPYDESK_SECRET_KEY", "0123456789abcdef0123456789abcdef")
    file = tmp_path / "brief.json"
    file.write_text(json.dumps(make_values(tier=tier)), encoding="utf-8")
    told = CliRunner().invoke(copydesk, ["brief", str(file)], catch_exceptions=False)
    assert told.exit_code == 0, told.output
    assert (
        "Campaign #1 is briefed: Recover stalled demos, 40 recipients." in told.output
    )
    assert ("It waits for a brand lead" in told.output) is waits
    assert database.read(queries.line, CampaignId(1)).state is state
    database.close()
