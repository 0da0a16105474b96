"""`copydesk up`: the whole desk on this machine, from one command."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from cli import logs
from cli.broker import broker_part
from cli.desk import (
    RUN_FILE,
    data_dir,
    lock,
    made_secrets,
    playbook_dir,
    running,
    write_private,
)
from cli.parts import desk_parts, practice_parts, step, webhook_key
from cli.plan import Plan, make_plan
from cli.supervisor import Supervisor
from cli.words import greeting
from domain.errors import Refused

_BROKER_WITHIN: Final = timedelta(seconds=10)
_WITHIN: Final = timedelta(seconds=60)
"""On a busy machine; a desk that is not up by then will not come up."""

STOP_ORDER: Final = (
    ("web",),
    ("worker-fast", "worker-slow"),
    ("relay",),
    ("slack", "writer", "esp"),
    ("broker",),
)


@click.command()
def up() -> None:
    """Start the whole desk on this machine, and keep it running until Ctrl-C.

    Slack, the writer and the ESP are practice until SLACK_BOT_TOKEN, OPENAI_API_KEY
    and SENDGRID_API_KEY (or the key of what COPYDESK_ESP names) are set, each on its
    own.
    """
    logs.set_up()
    folder = data_dir()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = lock(folder)
    if held is None:
        raise Refused(_already(folder))
    with held:
        plan = make_plan(
            os.environ,
            folder=folder,
            playbook=playbook_dir(),
            made=made_secrets(folder),
        )
        _check_playbook(plan)
        sys.exit(asyncio.run(_run(plan)))


def _already(folder: Path) -> str:
    here = running(folder)
    if here is None:
        return f"Copydesk is already starting or stopping in {folder}."
    return (
        f"Copydesk is already running here (pid {here.pid}). Its page is {here.page}."
    )


def _check_playbook(plan: Plan) -> None:
    """Find a playbook that does not load before anything is started.

    Raises:
        Refused: Names the file; or real mail would go out without an address.
    """
    from pipeline.checks.playbook import load_footer

    footer = load_footer(Path(plan.desk["COPYDESK_PLAYBOOK"]))
    if "esp" not in plan.practice and not footer.postal_address.strip():
        raise Refused("Real mail needs a postal_address in brand/footer.yaml.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stop:
    """Asked to stop: once in order, twice at once."""

    asked: asyncio.Event
    supervisor: Supervisor

    def ask(self) -> None:
        if self.asked.is_set():
            self.supervisor.kill()
        self.asked.set()


async def _run(plan: Plan) -> int:
    supervisor = Supervisor(plan.folder)
    stop = _Stop(asked=asyncio.Event(), supervisor=supervisor)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.ask)
    began = time.monotonic()
    stopping = asyncio.create_task(stop.asked.wait())
    starting = asyncio.create_task(_start(plan, supervisor))
    try:
        await asyncio.wait({stopping, starting}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            click.echo(greeting(plan, seconds=time.monotonic() - began))
            await stopping
        return 0
    finally:
        for task in (starting, stopping):
            task.cancel()
        await asyncio.gather(starting, stopping, return_exceptions=True)
        click.echo("Stopping.", err=True)
        for names in STOP_ORDER:
            await supervisor.stop(*names)
        (plan.folder / RUN_FILE).unlink(missing_ok=True)


async def _start(plan: Plan, supervisor: Supervisor) -> None:
    """Bring everything up; what does not need each other starts side by side.

    Raises:
        NotReady: A process did not come up.
    """
    await supervisor.stop_orphans()
    practice = practice_parts(plan)
    await supervisor.start(broker_part(plan))
    for part in practice:
        await supervisor.start(part)
    await asyncio.gather(
        _open_web(plan, supervisor),
        _prepare(plan, supervisor),
        supervisor.ready("broker", within=_BROKER_WITHIN),
        *(supervisor.ready(part.name, within=_WITHIN) for part in practice),
    )


async def _prepare(plan: Plan, supervisor: Supervisor) -> None:
    """Bring the database up to date; on a first start give it somebody to mail."""
    await supervisor.once(step(plan, "migrate", "migrate"))
    if "esp" in plan.practice:
        await supervisor.once(step(plan, "lists", "practice", "lists"))


async def _open_web(plan: Plan, supervisor: Supervisor) -> None:
    """Start what needs to know how the ESP signs, the page's own server first."""
    if "esp" in plan.practice:
        await supervisor.ready("esp", within=_WITHIN)
        plan = plan.with_webhook_key(await webhook_key(plan))
    write_private(
        plan.folder / RUN_FILE,
        {"pid": os.getpid(), "page": plan.page, "env": plan.ours()},
    )
    web, *others = desk_parts(plan)
    # it answers /readyz only once the database is of this version
    await supervisor.start(web)
    await supervisor.ready(web.name, within=_WITHIN)
    # last: on two cores they would only slow the page down
    for part in others:
        await supervisor.start(part)
