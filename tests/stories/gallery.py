"""Pictures of every card, form and notice, posted to the practice Slack as made up.

`python -m tests.stories.gallery [NAME ...]` draws them under docs/images and writes the
index; with names it draws only the files named so, as `view-compare`.
States that are hard to meet in a story, such as an unknown chunk, are seen here.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Collection, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from playwright.sync_api import Browser, Locator, Page
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.models.views import View

from blocks import (
    approve_form,
    assign_form,
    brief_form,
    campaign_card,
    comment_form,
    edit_form,
    nudge,
    strategy,
    suggestion,
    variant_card,
)
from blocks.message import Message
from domain.checklist import Question, QuestionsOpen, checklist
from domain.review import RequestId
from domain.views import CampaignCard
from tests.blocks.states import CARDS, VARIANTS
from tests.blocks.test_aftermath import MESSAGES as ALARMS
from tests.blocks.test_aftermath import WINDOWS as AFTERMATH
from tests.blocks.test_digest import DIGESTS
from tests.blocks.test_nudge import BEFORE, LATE, NUMBER, TITLE
from tests.blocks.test_pool import MESSAGES as ASSIGNED
from tests.blocks.test_pool import VIEWS as ASSIGN
from tests.blocks.test_pool import make_change
from tests.blocks.test_stage_metrics import MESSAGES as METRICS
from tests.blocks.test_strategy import STRATEGY_NUDGES, VERSION
from tests.blocks.test_surfaces import MESSAGES, VIEWS
from tests.blocks.test_talk import MESSAGES as TALK
from tests.blocks.views import (
    AUDIENCES,
    NOW,
    make_review,
    make_revision,
    make_strategy_decision,
)
from tests.practice import slack_lab
from tests.stories.pictures import GALLERY, GALLERY_FOLDER, write_index
from tests.stories.play import browser, chromium
from tests.stories.stage import IMAGES, save

T = TypeVar("T")
VIEWER: Final = "U0COPYONE"
WIDE: Final = (760, 1000)
PHONE: Final = (390, 844)
_AROUND: Final = 330
"""What stands above and below the messages of a channel, in pixels."""

COPY_ASKED: Final = QuestionsOpen(
    RequestId(7),
    "B",
    "copy",
    checklist(tuple(Question)[:4], rules_found=(), canary=1.0),
)
FORMS: Final[Mapping[str, View]] = {
    "brief_form": brief_form.form(AUDIENCES),
    "edit_form": edit_form.form(make_revision()),
    "regenerate_form": edit_form.regenerate_form(make_revision()),
    "reject_form": edit_form.reject_form(7, "B", "copy"),
    "approve_form": approve_form.form(COPY_ASKED),
    "comment_form": comment_form.form(make_revision()),
    "suggest_form": suggestion.form(make_revision()),
    "changes_form": strategy.changes_form(42, TITLE, 81),
    "change_brief_form": brief_form.change_form(
        AUDIENCES, VERSION, make_strategy_decision()
    ),
    **{name: assign_form.form(view, now=NOW) for name, view in ASSIGN.items()},
    "assign_overtook": assign_form.overtook("U0COPYONE", make_change()),
    **AFTERMATH,
    **VIEWS,
}


def _strategy(view: CampaignCard) -> Message:
    """What the thread says about a strategy."""
    assert view.strategy is not None
    decision = view.strategy.decision
    if decision is None:
        return strategy.asked(view, view.strategy)
    return strategy.given_back(view, view.strategy, decision)


SAID: Final[Mapping[str, Message]] = {
    "reminded": nudge.reminded(NUMBER, TITLE, make_review(), BEFORE, now=NOW),
    "escalated": nudge.escalated(
        NUMBER,
        TITLE,
        make_review(escalated_to=("U0BRAND",)),
        LATE,
        channel=slack_lab.CAMPAIGNS,
        now=NOW,
    ),
    "strategy_asked": _strategy(CARDS["awaiting_brand_lead"]),
    "strategy_given_back": _strategy(CARDS["changes_asked"]),
    **{f"strategy_{name}": said for name, said in STRATEGY_NUDGES.items()},
    **DIGESTS,
    **TALK,
    **ASSIGNED,
    **METRICS,
    **ALARMS,
    **MESSAGES,
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
    size: tuple[int, int]

    def draw(self, kind: str, name: str, file: str) -> None:
        path = IMAGES / GALLERY_FOLDER / f"{file}.png"
        if kind == "home":
            self.wall.publish(FORMS[name])
            self._go("home")
            self.page.locator("[data-surface]").first.wait_for()
            self._unroll(".home")
            save(self.page.locator("main"), path)
        elif kind == "view":
            dialog = self._opened(FORMS[name])
            if name.startswith("compare"):
                self._unroll(".modal-body")
            save(dialog, path)
            self.page.keyboard.press("Escape")
            dialog.wait_for(state="detached")
        else:
            save(self._posted(_payload(kind, name)), path)

    def _unroll(self, inside: str) -> None:
        """Make the window high enough to show all that scrolls in this element."""
        hidden = self.page.locator(inside).evaluate(
            "each => each.scrollHeight - each.clientHeight"
        )
        self._resize(int(hidden))

    def _resize(self, more: int = 0) -> None:
        width, height = self.size
        self.page.set_viewport_size({"width": width, "height": height + more})

    def _go(self, place: str) -> None:
        self._resize()
        self.page.goto("about:blank")
        self.page.goto(f"{self.wall.lab.up.url}/?as={VIEWER}#{place}")
        self.page.locator(f"body[data-ready={VIEWER}]").wait_for(state="attached")

    def _posted(self, payload: Mapping[str, Any]) -> Locator:
        ts = self.wall.post(payload)
        self._go(f"channel={slack_lab.CAMPAIGNS}")
        article = self.page.locator(f"article[data-ts='{ts}']")
        article.wait_for()
        # a message higher than the log would be drawn below the channel's heading
        box = article.bounding_box()
        height = int(box["height"]) if box else 0
        self._resize(max(0, height + _AROUND - self.size[1]))
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
    return SAID[name].payload()


def paint(window: Browser, up: Wall, names: Collection[str]) -> None:
    """Draw the files of these names, or all of them when none is named."""
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
        painter = Painter(up, context.new_page(), size)
        for each in GALLERY:
            if each.look == look and (not names or each.file in names):
                painter.draw(each.kind, each.name, each.file)
        context.close()


def main() -> int:
    names = sys.argv[1:]
    unknown = set(names) - {each.file for each in GALLERY}
    if unknown:
        sys.stderr.write(f"There is no picture {min(unknown)!r}.\n")
        return 2
    path = chromium()
    if path is None:
        sys.stderr.write("The gallery needs Chromium: apt-get install chromium\n")
        return 2
    with wall() as up, browser(path) as window:
        paint(window, up, names)
    write_index()
    return 0


if __name__ == "__main__":
    sys.exit(main())
