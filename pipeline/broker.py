"""Celery as a doorbell: a message names a job in the outbox, and losing it loses nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from celery import Celery, signals
from kombu.exceptions import OperationalError

from pipeline import failpoint
from pipeline.settings import Settings
from pipeline.tasks import Task, put_off, run_job
from pipeline.wiring import Deps, build

QUEUES: Final[Mapping[str, tuple[str, ...]]] = {
    "fast": ("interactive", "rollback"),
    "slow": ("write", "lint", "send", "lists"),
}
"""Worker to its queues: a rollback never waits behind a send or a model call."""

TIME_LIMIT_S: Final = 120
_PUBLISH_TIMEOUT_S: Final = 0.5

log = structlog.get_logger(__name__)


def make_app(broker_url: str, tasks: Mapping[str, Task]) -> Celery:
    """The Celery app of one process.

    Args:
        tasks: By name; each becomes one Celery task that takes a job id.
    """
    app = Celery("copydesk", broker=broker_url)
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        task_time_limit=TIME_LIMIT_S,
        task_soft_time_limit=TIME_LIMIT_S - 20,
        worker_soft_shutdown_timeout=20,
        worker_max_tasks_per_child=500,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=_PUBLISH_TIMEOUT_S,
        # a publish may take this long and no longer (orchestration.md 3.1)
        task_publish_retry_policy={
            "max_retries": 1,
            "interval_start": 0,
            "interval_step": 0.1,
            "interval_max": 0.1,
        },
        broker_transport_options=_transport(broker_url),
        task_routes={task.name: {"queue": task.queue} for task in tasks.values()},
        task_create_missing_queues=True,
    )
    return app


def _transport(broker_url: str) -> dict[str, Any]:
    if not broker_url.startswith("redis"):
        return {}
    return {
        "visibility_timeout": 300,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 5,
        "socket_connect_timeout": _PUBLISH_TIMEOUT_S,
    }


def bind(app: Celery, tasks: Mapping[str, Task], deps: Callable[[], Deps]) -> None:
    """Register every task on the app; each message is only a job's id."""
    for task in tasks.values():
        _register(app, task, deps)


def _register(app: Celery, task: Task, deps: Callable[[], Deps]) -> None:
    def ring(job_id: int) -> None:
        failpoint.hit("job.start")
        try:
            run_job(deps(), task, job_id)
        except Exception:
            # one of the three edges: a bug is logged and counted, never swallowed
            log.exception("job.broke", task=task.name, job=job_id)
            put_off(deps(), job_id)

    app.task(name=task.name)(ring)


class Worker:
    """A Celery worker process: builds its dependencies after the fork."""

    def __init__(self, settings: Settings, tasks: Mapping[str, Task]) -> None:
        self._settings = settings
        self._tasks = tasks
        self._deps: Deps | None = None
        self.app = make_app(settings.broker_url, tasks)
        bind(self.app, tasks, self._ready)
        signals.worker_process_init.connect(self._open, weak=False)
        signals.worker_process_shutdown.connect(self._close, weak=False)

    def run(self, name: str, *, concurrency: int) -> None:
        """Serve one worker's queues until SIGTERM.

        Args:
            name: "fast" or "slow", see `QUEUES`.
        """
        for task in self._tasks.values():
            if task.load is not None and task.queue in QUEUES[name]:
                # shared with every child, also with one that replaces a dead one
                task.load()
        self.app.worker_main(
            [
                "worker",
                "--queues",
                ",".join(QUEUES[name]),
                "--concurrency",
                str(concurrency),
                "--hostname",
                f"{name}@%h",
                "--without-gossip",
                "--without-mingle",
                "--loglevel",
                "WARNING",
            ]
        )

    def _open(self, **_facts: object) -> None:
        self._deps = build(self._settings)

    def _ready(self) -> Deps:
        if self._deps is None:
            self._open()
        if self._deps is None:
            raise RuntimeError("This worker process has no dependencies.")
        return self._deps

    def _close(self, **_facts: object) -> None:
        if self._deps is not None:
            self._deps.close()


class Doorbell:
    """Publishes job ids; a broker that is away costs one short try."""

    def __init__(self, broker_url: str, tasks: Mapping[str, Task]) -> None:
        self._tasks = tasks
        self._app = make_app(broker_url, tasks)
        # kombu wraps what its transport raises, but not on every path
        self._errors = (
            OperationalError,
            *self._app.connection().connection_errors,
            OSError,
        )
        logging.getLogger("kombu").setLevel(logging.ERROR)

    def ring(self, task: str, job_id: int) -> bool:
        """Publish one job; False when the broker did not take it."""
        try:
            self._app.send_task(task, args=[job_id], queue=self._tasks[task].queue)
        except self._errors as error:
            log.warning("broker.away", reason=type(error).__name__)
            return False
        return True

    def close(self) -> None:
        self._app.close()
