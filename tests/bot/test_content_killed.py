"""A post of events that `copydesk web` dies of: all of it counts or nothing, and once."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError

from domain.campaign import State
from tests.bot.bot_lab import Lab
from tests.bot.site import Site, event, in_canary, token
from tests.bot.test_content import PEOPLE, state, totals
from tests.bot.test_serve import free_port, until_ready
from tests.pipeline.lab import environment

NOTHING = ({}, 0, 0, State.CANARY)
ALL = (
    {"complained": len(PEOPLE), "delivered": len(PEOPLE)},
    len(PEOPLE),
    1,
    State.ROLLED_BACK,
)


@asynccontextmanager
async def web(
    desk: Lab, failpoints: Path
) -> AsyncIterator[tuple[Site, asyncio.subprocess.Process]]:
    """A web process of its own on the desk's database, and a site that talks to it."""
    port = free_port()
    env = environment(desk.deps.settings) | {
        "BROKER_URL": "memory://",
        "COPYDESK_FAILPOINTS": str(failpoints),
        "COPYDESK_PORT": str(port),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "web"), env=env
    )
    url = f"http://127.0.0.1:{port}"
    try:
        await until_ready(url)
        yield Site(desk=replace(desk, url=url)), process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def counted(desk: Lab, number: int) -> object:
    """What the judge looks at, how many visitors it is about, and what came of it."""
    return (
        totals(desk, number),
        desk.count("exposures"),
        desk.count("incidents"),
        state(desk, number),
    )


@pytest.mark.parametrize(
    ("moment", "after_kill", "new"),
    [("web.before_commit", NOTHING, len(PEOPLE)), ("web.after_commit", ALL, 0)],
)
async def test_a_killed_post_counts_whole_or_not_at_all_and_once_when_posted_again(
    desk: Lab, tmp_path: Path, moment: str, after_kill: object, new: int
) -> None:
    number = in_canary(desk)
    complaints = [event(token(number, each), "complained") for each in PEOPLE]
    body = json.dumps({"events": complaints}).encode()
    async with web(desk, tmp_path) as (site, process):
        (tmp_path / moment).touch()
        with pytest.raises(ClientConnectionError):
            await site.post(body)
        assert await process.wait() == -signal.SIGKILL
    assert counted(desk, number) == after_kill

    async with web(desk, tmp_path) as (site, _):
        told = await site.post(body)
    known = len(PEOPLE) - new
    assert told == (200, {"new": new, "known": known, "refused": 0, "why": []})
    assert counted(desk, number) == ALL
