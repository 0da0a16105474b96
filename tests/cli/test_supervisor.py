from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from cli.broker import answers, broker_part
from cli.desk import made_secrets
from cli.plan import make_plan
from cli.supervisor import NotReady, Part, Supervisor

ENV = {"PATH": os.environ["PATH"]}
WITHIN = timedelta(seconds=10)


def part(name: str, script: str, **kw: object) -> Part:
    return Part(
        name=name,
        argv=(sys.executable, "-c", script),
        env=ENV,
        **kw,  # type: ignore[arg-type]
    )


async def seen(path: Path, count: int) -> list[str]:
    for _ in range(200):
        if path.exists() and len(path.read_text().splitlines()) >= count:
            break
        await asyncio.sleep(0.05)
    return path.read_text().splitlines()


def note(path: Path, then: str = "") -> str:
    return (
        f"import os; open({str(path)!r}, 'a').write(str(os.getpid()) + '\\n'); {then}"
    )


async def test_a_process_that_exits_is_started_again(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    pids = tmp_path / "pids"
    await supervisor.start(part("web", note(pids, "import time; time.sleep(60)")))
    (first,) = await seen(pids, 1)
    os.kill(int(first), signal.SIGKILL)
    both = await seen(pids, 2)
    assert len(set(both)) == 2
    await supervisor.stop("web")


async def test_one_that_ignores_sigterm_is_killed_after_its_grace(
    tmp_path: Path,
) -> None:
    supervisor = Supervisor(tmp_path)
    pids = tmp_path / "pids"
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); "
    script = deaf + note(pids, "time.sleep(60)")
    await supervisor.start(part("web", script, grace=timedelta(seconds=0.3)))
    (pid,) = await seen(pids, 1)
    await supervisor.stop("web")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


async def test_one_that_never_answers_is_given_up_with_its_log_named(
    tmp_path: Path,
) -> None:
    async def no() -> bool:
        return False

    supervisor = Supervisor(tmp_path)
    await supervisor.start(part("web", "raise SystemExit(3)", is_ready=no))
    with pytest.raises(NotReady, match=r"web process does not answer; .*web\.log"):
        await supervisor.ready("web", within=WITHIN)
    await supervisor.stop("web")


async def test_a_step_that_fails_names_its_log(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    with pytest.raises(NotReady, match=r"migrate step failed; .*migrate\.log"):
        await supervisor.once(part("migrate", "raise SystemExit(1)"))


ORPHANING = """
import asyncio, os, sys
from pathlib import Path
from cli.broker import broker_part
from cli.desk import made_secrets
from cli.plan import make_plan
from cli.supervisor import Supervisor
from datetime import timedelta

async def main(folder):
    plan = make_plan({"COPYDESK_PORT": "0", "PATH": os.environ["PATH"]},
        folder=folder, playbook=folder, made=made_secrets(folder))
    supervisor = Supervisor(folder)
    await supervisor.start(broker_part(plan))
    await supervisor.ready("broker", within=timedelta(seconds=10))
    (folder / "port").write_text(f"{plan.ports.broker}\\n")
    await asyncio.sleep(60)

asyncio.run(main(Path(sys.argv[1])))
"""


async def test_a_broker_left_by_a_killed_supervisor_is_stopped_and_started_anew(
    tmp_path: Path,
) -> None:
    command = [sys.executable, "-c", ORPHANING, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as killed:
        (port_said,) = await seen(tmp_path / "port", 1)
        killed.kill()
    port = int(port_said)
    made = made_secrets(tmp_path)
    assert await answers(port, made["broker_password"])
    assert not await answers(port, "a guess")

    supervisor = Supervisor(tmp_path)
    assert await supervisor.stop_orphans() == ("broker",)
    assert not await answers(port, made["broker_password"])

    plan = make_plan(
        {"COPYDESK_PORT": "0", **ENV}, folder=tmp_path, playbook=tmp_path, made=made
    )
    await supervisor.start(broker_part(plan))
    await supervisor.ready("broker", within=WITHIN)
    await supervisor.stop("broker")
    assert await supervisor.stop_orphans() == ()
