"""The table of tasks: each pipeline stage's one task, and the worker that runs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pipeline import (
    alert,
    card,
    digest,
    export,
    generate,
    lint,
    members,
    review,
    rollback,
    schedule,
    seeds,
    send,
    thaw,
    upload,
)
from pipeline.tasks import Task

TASKS: Final[Mapping[str, Task]] = {
    task.name: task
    for task in (
        card.TASK,
        generate.TASK,
        lint.TASK,
        review.TASK,
        schedule.TASK,
        send.TASK,
        seeds.TASK,
        rollback.TASK,
        alert.TASK,
        digest.TASK,
        members.TASK,
        thaw.TASK,
        upload.TASK,
        export.TASK,
    )
}
