"""A person at the practice page: what they see, click and type."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.stories.stack import Stack

MARA, CLEO, CASPAR, DEV = "U0MARKETER", "U0COPYONE", "U0COPYTWO", "U0DELIVER"
BEA, LENA, SAM = "U0BRAND", "U0LEGAL", "U0STAKE"
OMAR, ANA = "U0ONCALL", "U0ANALYST"
CAMPAIGNS, ON_CALL, GENERAL = "C0CAMPAIGN", "C0ONCALL", "C0GENERAL"
NAMES = {CAMPAIGNS: "campaigns", ON_CALL: "on-call", GENERAL: "general"}

DESK_SIZE, PHONE_SIZE = (1280, 860), (390, 844)
CLICK_MS = 30_000
"""How long a click, a modal or an ephemeral message may take on a busy machine."""
WORK_MS = 120_000
"""The same for what workers do: writing, linting, a card drawn anew."""
PASSING_MS = 400_000
"""The same for what practice time has to pass for: a window, a whole ladder."""
expect.set_options(timeout=CLICK_MS)


@dataclass
class Person:
    """One browser window, acting as one person of the practice team."""

    id: str
    page: Page
    context: BrowserContext
    base: str
    is_phone: bool

    def go(self, place: str) -> None:
        """Open a place by its address: `channel=C0CAMPAIGN`, `home`."""
        self.page.goto(f"{self.base}/?as={self.id}#{place}")
        ready = self.page.locator(f"body[data-ready={self.id}]")
        ready.wait_for(state="attached", timeout=WORK_MS)

    def channel(self, channel: str = CAMPAIGNS) -> Locator:
        """The messages of a channel, which is opened when another place is shown."""
        log = self.page.get_by_role("log", name=f"Messages in #{NAMES[channel]}")
        if not log.is_visible():
            self.go(f"channel={channel}")
        return log

    def card(self, number: int, channel: str = CAMPAIGNS) -> Locator:
        """The newest message of a channel that is about a campaign."""
        title = re.compile(rf"#{number} ")
        lasting = "article.message:not(.ephemeral)"
        return self.channel(channel).locator(lasting, has_text=title).first

    def thread(self, number: int) -> Locator:
        """The messages of a campaign's thread, which is opened when it is not."""
        log = self.page.get_by_role("log", name="Thread")
        if log.is_visible() and log.get_by_text(f"#{number} ").count():
            return log
        # there are none before the writer's first
        self.card(number).locator("a.replies").click(timeout=WORK_MS)
        expect(log).to_be_visible()
        return log

    def variant(self, number: int, label: str) -> Locator:
        """A variant's message in its campaign's thread."""
        title = re.compile(rf"Variant {label} · revision")
        return self.thread(number).locator("article.message", has_text=title).first

    def back_to_channel(self) -> None:
        """On a phone a thread covers its channel."""
        back = self.page.get_by_role("button", name="Back to the channel")
        if back.is_visible():
            back.click()

    def say(self, text: str, channel: str = CAMPAIGNS) -> None:
        """Type into the message box and press Enter."""
        self.back_to_channel()
        self.channel(channel)
        box = self.page.get_by_label(f"Message #{NAMES[channel]}")
        box.fill(text)
        if "@" in text:
            # or Enter would pick a person from the suggestions
            box.press("Escape")
        box.press("Enter")

    def dialog(self, title: str | re.Pattern[str]) -> Locator:
        """The modal of that title, once it is open."""
        dialog = self.page.get_by_role("dialog", name=title)
        expect(dialog).to_be_visible()
        return dialog

    def only_me(self) -> Locator:
        """The newest message that nobody else sees."""
        return self.page.locator("article.ephemeral").last

    def choose(self, card: Locator, option: str) -> None:
        """Pick from the menu behind a card's three dots."""
        card.get_by_role("button", name="More actions", exact=True).click()
        self.page.get_by_role("menuitem", name=option, exact=True).click()

    def fits(self) -> bool:
        """Does nothing on the page stick out sideways?"""
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        return bool(wide <= self.page.evaluate("window.innerWidth"))


def arrive(
    browser: Browser,
    desk: Stack,
    who: str,
    *,
    is_phone: bool = False,
    scheme: str = "light",
    place: str = f"channel={CAMPAIGNS}",
) -> Person:
    """Open a window as somebody, past the first-visit guide."""
    width, height = PHONE_SIZE if is_phone else DESK_SIZE
    context = browser.new_context(
        viewport={"width": width, "height": height},
        has_touch=is_phone,
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en-GB",
    )
    context.add_init_script("localStorage.setItem('practice.guide.dismissed', '1')")
    context.set_default_timeout(CLICK_MS)
    person = Person(who, context.new_page(), context, desk.page, is_phone)
    person.go(place)
    return person
