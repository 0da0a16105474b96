"""The stories under pytest: `pytest -m story -k smoke`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.stories.play import STORIES, browser, chromium, desk, play
from tests.stories.stack import Stack

pytestmark = [
    pytest.mark.story,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        chromium() is None, reason="Stories need Chromium: apt-get install chromium"
    ),
]


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    with browser(str(chromium())) as running:
        yield running


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest) -> Iterator[Stack]:
    with desk(request.param) as started:
        yield started


@pytest.mark.parametrize(
    ("running", "name"),
    [pytest.param(story, name, id=name) for name, story in STORIES.items()],
    indirect=["running"],
)
def test_the_story_is_played_to_its_end(
    running: Stack, name: str, window: Browser
) -> None:
    assert play(name, running, window) is None
