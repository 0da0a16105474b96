"""Pictures of every card, form and notice, posted to the practice Slack as made up.

`python -m tests.stories.gallery` draws them under docs/images and writes the index.
States that are hard to meet in a story, such as an unknown chunk, are seen here.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from playwright.sync_api import Browser, Locator, Page
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.models.views import View

from blocks import brief_form, campaign_card, edit_form, variant_card
from tests.blocks.states import CARDS, VARIANTS
from tests.blocks.test_surfaces import MESSAGES, VIEWS
from tests.blocks.views import AUDIENCES, NOW, make_revision
from tests.practice import slack_lab
from tests.stories.pictures import GALLERY, GALLERY_FOLDER, write_index
from tests.stories.play import browser, chromium
from tests.stories.stage import IMAGES, save

T = TypeVar("T")
VIEWER: Final = "U0COPYONE"
WIDE: Final = (760, 1000)
PHONE: Final = (390, 844)

FORMS: Final[Mapping[str, View]] = {
    "brief_form": brief_form.form(AUDIENCES),
    "edit_form": edit_form.form(make_revision()),
    "regenerate_form": edit_form.regenerate_form(make_revision()),
    "reject_form": edit_form.reject_form(7, "B", "copy"),
    **VIEWS,
}


@dataclass
class Wall:
    """A practice workspace in a thread of its own, to hang pictures on."""

    lab: slack_lab.Lab
    loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=30)

    def post(self, payload: Mapping[str, Any]) -> str:
        """Post a message as the app; its ts."""
        sent = self.lab.slack.chat_postMessage(channel=slack_lab.CAMPAIGNS, **payload)
        return str(self.run(sent)["ts"])

    def publish(self, view: View) -> None:
        published = self.lab.slack.views_publish(user_id=VIEWER, view=view.to_dict())
        self.run(published)

    def open(self, view: View) -> None:
        """Open this modal for the viewer."""
        trigger = self.run(self.lab.trigger(VIEWER))
        opened = self.lab.slack.views_open(trigger_id=trigger, view=view.to_dict())
        self.run(opened)


@contextmanager
def wall() -> Iterator[Wall]:
    ready: Future[Wall] = Future()
    done = asyncio.Event()

    async def live() -> None:
        async with slack_lab.lab(clock=time.time) as lab:
            # one post a second and channel, as in Slack
            patient = AsyncRateLimitErrorRetryHandler(max_retry_count=5)
            lab.slack.retry_handlers.append(patient)
            ready.set_result(Wall(lab, asyncio.get_running_loop()))
            await done.wait()

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    up = ready.result(timeout=30)
    try:
        yield up
    finally:
        up.loop.call_soon_threadsafe(done.set)
        thread.join(timeout=30)


@dataclass
class Painter:
    """Takes a picture of one thing at a time."""

    wall: Wall
    page: Page

    def draw(self, kind: str, name: str, file: str) -> None:
        path = IMAGES / GALLERY_FOLDER / f"{file}.png"
        if kind == "home":
            self.wall.publish(FORMS[name])
            self._go("home")
            self.page.locator("[data-surface]").first.wait_for()
            save(self.page.locator("main"), path)
        elif kind == "view":
            dialog = self._opened(FORMS[name])
            save(dialog, path)
            self.page.keyboard.press("Escape")
            dialog.wait_for(state="detached")
        else:
            save(self._posted(_payload(kind, name)), path)

    def _go(self, place: str) -> None:
        self.page.goto("about:blank")
        self.page.goto(f"{self.wall.lab.up.url}/?as={VIEWER}#{place}")
        self.page.locator(f"body[data-ready={VIEWER}]").wait_for(state="attached")

    def _posted(self, payload: Mapping[str, Any]) -> Locator:
        ts = self.wall.post(payload)
        self._go(f"channel={slack_lab.CAMPAIGNS}")
        article = self.page.locator(f"article[data-ts='{ts}']")
        article.wait_for()
        return article

    def _opened(self, view: View) -> Locator:
        self._go(f"channel={slack_lab.CAMPAIGNS}")
        self.wall.open(view)
        dialog = self.page.get_by_role("dialog")
        dialog.wait_for()
        return dialog


def _payload(kind: str, name: str) -> dict[str, Any]:
    if kind == "campaign":
        return campaign_card.render(CARDS[name], now=NOW).payload()
    if kind == "variant":
        return variant_card.render(VARIANTS[name], now=NOW).payload()
    return MESSAGES[name].payload()


def paint(window: Browser, up: Wall) -> None:
    for look, size, scheme in (
        ("", WIDE, "light"),
        ("phone", PHONE, "light"),
        ("dark", WIDE, "dark"),
    ):
        context = window.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
            locale="en-GB",
            timezone_id="Europe/Berlin",
        )
        context.add_init_script("localStorage.setItem('practice.guide.dismissed','1')")
        painter = Painter(up, context.new_page())
        for each in GALLERY:
            if each.look == look:
                painter.draw(each.kind, each.name, each.file)
        context.close()


def main() -> int:
    path = chromium()
    if path is None:
        sys.stderr.write("The gallery needs Chromium: apt-get install chromium\n")
        return 2
    with wall() as up, browser(path) as window:
        paint(window, up)
    write_index()
    return 0


if __name__ == "__main__":
    sys.exit(main())
