"""The process as it runs: Socket Mode, a locked database, SIGTERM."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import ClientConnectorError, ClientSession
from pydantic import SecretStr

from blocks.ids import Action
from bot.server import serve
from storage.reader import Reader
from tests.bot.bot_lab import CLEO, MARA, Lab, lab
from tests.bot.stages import in_review


async def test_a_click_on_a_locked_database_is_put_off_and_changes_nothing(
    desk: Lab,
) -> None:
    first, _second = desk.write(in_review, desk.deps.playbook)
    with desk.deps.database.begin():
        report = await desk.press(Action.APPROVE, first, by=CLEO)
    assert report["verdict"] == "ok"
    assert "busy" in desk.whispers(CLEO)[-1]
    assert desk.count("decisions") == 0
    await desk.press(Action.APPROVE, first, by=CLEO)
    assert desk.count("decisions") == 1


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def until_ready(url: str) -> None:
    async with ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/readyz") as answer:
                    if answer.status == 200:
                        return
            except ClientConnectorError:
                pass
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("app_token", ["", "xapp-practice-copydesk"])
async def test_sigterm_ends_the_process_in_order(
    tmp_path: Path, app_token: str
) -> None:
    async with lab(tmp_path) as up:
        changes = {
            "port": free_port(),
            "slack_app_token": SecretStr(app_token),
        }
        settings = up.deps.settings.model_copy(update=changes)
        deps = replace(up.deps, settings=settings)
        process = asyncio.create_task(serve(deps, Reader(settings.database_address)))
        await until_ready(f"http://127.0.0.1:{settings.port}")
        if app_token:
            assert up.slack.workspace.courier.sockets.is_connected
            report = await up.say("/brief help", by=MARA)
            assert report["verdict"] == "ok"
            assert up.slack.workspace.courier.rows[-1]["url"] == "Socket Mode"
            assert up.whispers()[-1] == "How to use /brief"
        os.kill(os.getpid(), signal.SIGTERM)
        assert await process == 0
