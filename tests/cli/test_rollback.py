"""`copydesk rollback` from a shell at night waits for no library that only writes copy."""

from __future__ import annotations

import subprocess
import sys

from domain.campaign import State
from storage.engine import Database
from tests.factories import add_campaign, move


def told(code: str) -> list[str]:
    """What it says in a fresh interpreter, and at last whether that loaded the library."""
    probe = f"import sys\n{code}\nprint('openai' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", probe], stdout=subprocess.PIPE, text=True, check=True
    )
    return ran.stdout.splitlines()


def test_only_the_worker_that_writes_loads_the_writers_library(
    database: Database,
) -> None:
    built = (
        "from cli.desk import settings\n"
        "from pipeline.wiring import build\n"
        "build(settings()).close()"
    )
    assert told(built) == ["False"]
    # before it forks, so that its children share it
    loaded = "from pipeline.jobs import TASKS\nTASKS['write'].load()"
    assert told(loaded) == ["True"]


def test_a_campaign_is_stopped_without_the_writers_library(database: Database) -> None:
    with database.begin() as store:
        number = move(store, add_campaign(store), State.CANARY).id
    said, is_loaded = told(
        "from cli.main import copydesk\n"
        f"copydesk(['rollback', '{number}'], standalone_mode=False)"
    )
    assert said.startswith(f"Campaign #{number} is stopped")
    assert is_loaded == "False"
