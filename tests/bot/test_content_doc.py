"""The examples of docs/slots.md, run as they stand against a desk."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.campaign import CampaignId
from pipeline.slot_keys import slot_secret
from tests.bot.bot_lab import SECRET_KEY, Lab, lab
from tests.bot.site import SLOT, in_canary, playbook_in

DOC = Path(__file__).resolve().parents[2] / "docs" / "slots.md"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Lab]:
    playbook = playbook_in(tmp_path, ladder="[50, 100]", exposures="[300, 600]")
    async with lab(tmp_path / "data", COPYDESK_PLAYBOOK=playbook) as up:
        yield up


async def run(desk: Lab, language: str, *command: str) -> str:
    """Run the one example in that language, with the desk's address and secret."""
    (example,) = re.findall(
        rf"```{language}\n(.*?)```", DOC.read_text("utf-8"), re.DOTALL
    )
    env = {
        "PATH": os.environ["PATH"],
        "DESK": desk.url,
        "SLOT": SLOT,
        "SLOT_SECRET": slot_secret(SECRET_KEY, desk.deps.playbook.slots[SLOT]),
    }
    running = await asyncio.create_subprocess_exec(
        *command,
        example,
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await running.communicate()
    assert running.returncode == 0, err.decode()
    return out.decode()


async def test_the_shell_example_is_answered(desk: Lab) -> None:
    in_canary(desk)
    answer = json.loads(await run(desk, "bash", "bash", "-c"))
    assert answer["slot"] == SLOT


async def test_the_python_example_asks_and_reports(desk: Lab) -> None:
    number = in_canary(desk)
    said = await run(desk, "python", sys.executable, "-c")
    shown = re.findall(r"^\w+ sees (\w+)$", said, re.MULTILINE)
    assert len(shown) == 6
    new = shown.count("new")
    assert said.count("'new': 2, 'known': 0, 'refused': 0") == new
    counted = desk.write(lambda s: s.events.totals(CampaignId(number)))
    assert counted == ({"delivered": new, "clicked": new} if new else {})
