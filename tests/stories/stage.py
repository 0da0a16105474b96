"""What a story is played with: people, timed steps, screenshots, the audit trail."""

from __future__ import annotations

import io
import re
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect
from playwright.sync_api import Error as BrowserError

from tests.stories.person import DESK_SIZE, PHONE_SIZE, Person, arrive
from tests.stories.stack import ROOT, Stack

IMAGES = ROOT / "docs" / "images"
CHROMIUM_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_COLOURS = 64


@dataclass
class Play:
    """One story while it is played.

    Attributes:
        images: Where screenshots go; None when none are wanted.
    """

    desk: Stack
    browser: Browser
    tell: Callable[[str], None]
    images: Path | None = None
    people: list[Person] = field(default_factory=list)
    doing: str = "starting"

    def person(
        self, who: str, *, is_phone: bool = False, scheme: str = "light"
    ) -> Person:
        """Somebody opens the practice page in a window of their own."""
        one = arrive(self.browser, self.desk, who, is_phone=is_phone, scheme=scheme)
        self.people.append(one)
        return one

    @contextmanager
    def step(self, words: str) -> Iterator[None]:
        """Time one step and say how many seconds it took."""
        self.doing = words
        began = time.monotonic()
        yield
        self.tell(f"  {time.monotonic() - began:6.1f} s  {words}")

    def shot(self, what: Page | Locator, name: str) -> None:
        """Save a screenshot for the docs, when asked to."""
        if self.images is not None:
            save(what, self.images / f"{name}.png")

    def both(
        self,
        person: Person,
        what: Page | Locator,
        name: str,
        *,
        at: Locator | None = None,
        keep: Collection[str] = ("", "phone-"),
    ) -> None:
        """Look at something at both widths, and save a screenshot of each.

        Nothing may stick out sideways, nor be gone, when the window is a phone's.

        Args:
            at: What has to be in sight on a page that scrolls.
            keep: The prefixes of those that the docs show; the others are not saved.
        """
        # a message in which a button has the focus is drawn with its tools
        person.page.evaluate(
            "document.activeElement.closest('[role=log]') && document.activeElement.blur()"
        )
        for prefix, (width, height) in (("phone-", PHONE_SIZE), ("", DESK_SIZE)):
            person.page.set_viewport_size({"width": width, "height": height})
            if isinstance(what, Locator):
                expect(what).to_be_visible()
            if at is not None:
                at.scroll_into_view_if_needed()
            assert person.fits(), f"{name} is wider than {width} px."
            if prefix in keep:
                self.shot(what, f"{prefix}{name}")

    def audit(self, number: int) -> str:
        """A campaign's story as the record tells it."""
        return self.desk.said("audit", "show", str(number))

    def moved(self, story: str, state: str) -> int:
        """How often a campaign came to a state, by its story."""
        return len(re.findall(rf"(?:: |-> ){state}(?:;|$)", story, re.MULTILINE))

    def verify(self) -> None:
        """Check that the whole record still holds together."""
        said = self.desk.said("audit", "verify")
        assert " 0 breaks" in said, said

    def goodbye(self, person: Person) -> None:
        """Somebody closes their window."""
        self.people.remove(person)
        person.context.close()

    def leave(self) -> None:
        for person in self.people:
            person.context.close()

    def evidence(self, name: str, error: str) -> Path:
        """Keep what a failed story looked like: pages, their text, log tails."""
        folder = Path(tempfile.mkdtemp(prefix=f"copydesk-story-{name}-"))
        (folder / "error.txt").write_text(f"While: {self.doing}\n\n{error}\n")
        (folder / "logs.txt").write_text(self.desk.log_tails())
        for n, person in enumerate(self.people, 1):
            at = folder / f"{n}-{person.id}"
            try:
                person.page.screenshot(path=f"{at}.png", timeout=5000)
                at.with_suffix(".txt").write_text(person.page.inner_text("body"))
            except BrowserError as gone:
                at.with_suffix(".txt").write_text(f"This page is gone: {gone}")
        return folder


def save(what: Page | Locator, path: Path) -> None:
    """Take a screenshot as a PNG of few colours, which a page of text needs no more of."""
    path.parent.mkdir(parents=True, exist_ok=True)
    page = what.page if isinstance(what, Locator) else what
    # away from any card, so that none is drawn as pointed at
    page.mouse.move(0, 0)
    taken = _taken(what)
    with Image.open(io.BytesIO(taken)) as full:
        small = full.convert("RGB").quantize(
            _COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
        )
        small.save(path, optimize=True)


def _taken(what: Page | Locator, tries: int = 3) -> bytes:
    """A card may be drawn anew just then; the new one is as good."""
    try:
        return what.screenshot(animations="disabled", caret="hide")
    except BrowserError:
        if tries == 1:
            raise
        return _taken(what, tries - 1)
