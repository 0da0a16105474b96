"""Runs every due job once, as a worker's process would, and can be killed meanwhile."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta

from pipeline.jobs import TASKS
from pipeline.settings import Settings
from pipeline.tasks import run_job
from pipeline.wiring import build


def main(now: datetime) -> None:
    deps = build(Settings(), clock=lambda: now)
    while due := deps.database.look(
        lambda store: store.outbox.due(redrive_after=timedelta(1))
    ):
        for job in due:
            run_job(deps, TASKS[job.task], job.id)
    deps.close()


if __name__ == "__main__":
    main(datetime.fromisoformat(sys.argv[1]))
