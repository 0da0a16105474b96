"""`python -m tests.pipeline.one_job ID TIME`: one job in a process that may be killed."""

from __future__ import annotations

import sys
from datetime import datetime

from pipeline.jobs import TASKS
from pipeline.settings import Settings
from pipeline.tasks import run_job
from pipeline.wiring import build


def main() -> None:
    job_id, now = int(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
    # every field comes from the environment
    deps = build(Settings(), clock=lambda: now)  # type: ignore[call-arg]
    job = deps.database.look(lambda store: store.outbox.get(job_id))
    assert job is not None
    run_job(deps, TASKS[job.task], job_id)
    deps.close()


if __name__ == "__main__":
    main()
