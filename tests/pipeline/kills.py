"""A worker's process that is killed at one moment of its work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.pipeline.lab import SECRET, Lab


def drain_until_killed(desk: Lab, moment: str, folder: Path) -> int:
    """Run what is due in a process of its own that dies there; how it ended."""
    armed = folder / "failpoints"
    armed.mkdir()
    (armed / moment).write_text("", encoding="ascii")
    given = desk.deps.settings
    env = {
        **os.environ,
        "COPYDESK_FAILPOINTS": str(armed),
        "COPYDESK_DATA_DIR": str(given.data_dir),
        "COPYDESK_PLAYBOOK": str(given.playbook),
        "COPYDESK_SECRET_KEY": SECRET,
        "DATABASE_URL": given.database_url,
        "BROKER_URL": "memory://",
        "SLACK_BOT_TOKEN": "xoxb-practice-copydesk",
        "SLACK_API_URL": given.slack_api_url,
        "COPYDESK_PRACTICE": "slack,writer,esp",
    }
    return subprocess.run(
        [sys.executable, "-m", "tests.pipeline.drain", desk.clock().isoformat()],
        env=env,
        capture_output=True,
        check=False,
    ).returncode
