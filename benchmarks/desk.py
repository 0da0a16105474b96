"""A desk's database and settings in a folder of its own, and its real processes."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientError, ClientSession
from aiohttp import web as http
from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.result import CannotMeasure
from benchmarks.signing import SECRET, public_key
from pipeline import wiring
from pipeline.settings import Settings
from pipeline.wiring import Deps
from storage.engine import WEB_LOCK_TIMEOUT
from storage.migrate import upgrade

PLAYBOOK: Final = Path(__file__).parents[1] / "playbook"
_UP_WITHIN_S: Final = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Where one desk lives, and the environment its processes are given."""

    path: Path
    key: ec.EllipticCurvePrivateKey
    env: Mapping[str, str]

    @property
    def database(self) -> Path:
        return self.path / "copydesk.db"

    @contextmanager
    def deps(self) -> Iterator[Deps]:
        """What jobs and listeners work with, in this process."""
        made = wiring.build(self.settings(), lock_timeout=WEB_LOCK_TIMEOUT)
        try:
            yield made
        finally:
            made.close()

    def settings(self) -> Settings:
        values: Any = self.env
        return Settings(**values)


def make_folder(path: Path, **changes: str) -> Folder:
    """A new desk with an empty database; nothing runs yet."""
    key = ec.generate_private_key(ec.SECP256R1())
    env = {
        "COPYDESK_DATA_DIR": str(path),
        "COPYDESK_PLAYBOOK": str(PLAYBOOK),
        "COPYDESK_SECRET_KEY": "0123456789abcdef0123456789abcdef",
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_BOT_TOKEN": "xoxb-bench",
        "SLACK_APP_TOKEN": "",
        "SENDGRID_WEBHOOK_PUBLIC_KEY": public_key(key),
        # nothing listens there: these rows measure the process alone
        "BROKER_URL": "redis://127.0.0.1:9/0",
    }
    folder = Folder(path=path, key=key, env=env | changes)
    path.mkdir(parents=True, exist_ok=True)
    with folder.deps() as deps:
        upgrade(deps.database)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def process(
    name: str,
    *argv: str,
    env: Mapping[str, str],
    log: Path,
    program: str = sys.executable,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """One process of its own, Python unless told otherwise; ended at the end.

    Args:
        log: Takes what it prints.
    """
    plain = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)}
    with log.open("ab") as out:
        running = await asyncio.create_subprocess_exec(
            program, *argv, env={**plain, **env}, stdout=out, stderr=out
        )
    try:
        yield running
        if running.returncode is not None:
            raise CannotMeasure(f"The {name} process ended; {log} says why.")
    finally:
        if running.returncode is None:
            running.terminate()
            try:
                await asyncio.wait_for(running.wait(), 30)
            except TimeoutError:
                running.kill()
                await running.wait()


_OURS: Final = (
    "COPYDESK_",
    "SLACK_",
    "OPENAI_",
    "SENDGRID_",
    "SPARKPOST_",
    "PRACTICE_",
)


async def until_up(url: str) -> None:
    """Wait until something answers there with 200.

    Raises:
        CannotMeasure: Nothing did.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + _UP_WITHIN_S
    async with ClientSession() as session:
        while loop.time() < end:
            try:
                async with session.get(url) as answer:
                    if answer.status == http.HTTPOk.status_code:
                        return
            except ClientError:
                pass
            await asyncio.sleep(0.05)
    raise CannotMeasure(f"Nothing answers at {url}.")


@asynccontextmanager
async def web(folder: Folder) -> AsyncIterator[str]:
    """The web process of a desk, as `copydesk web` runs it; gives its address."""
    port = str(free_port())
    async with slack_stub() as api:
        env = {"SLACK_API_URL": api, **folder.env, "COPYDESK_PORT": port}
        log = folder.path / "web.log"
        async with process("web", "-m", "cli.main", "web", env=env, log=log):
            await until_up(f"http://127.0.0.1:{port}/readyz")
            yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def slack_stub() -> AsyncIterator[str]:
    """Enough of Slack's API for a process to know who it is."""

    async def answer(_request: http.Request) -> http.Response:
        return http.json_response(
            {
                "ok": True,
                "url": "https://bench.slack.example/",
                "team": "Bench",
                "team_id": "T0BENCH",
                "user": "copydesk",
                "user_id": "U0BOT",
                "bot_id": "B0BOT",
            }
        )

    app = http.Application()
    app.router.add_post("/api/{method}", answer)
    runner = http.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await http.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    finally:
        await runner.cleanup()
