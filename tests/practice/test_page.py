"""The browser page of the practice Slack, in a real browser against the real server."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from aiohttp import web
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.practice import slack_lab
from tests.practice.slack_lab import (
    CAMPAIGNS,
    CLEO,
    MARA,
    Json,
    Lab,
    actions,
    button,
    modal,
    section,
)
from tests.stories.play import chromium
from tests.stories.stage import CHROMIUM_ARGS

pytestmark = pytest.mark.story

T = TypeVar("T")
HOSTILE = (
    "<script>window.broken = 1</script> <img src=x onerror='window.broken = 2'> "
    "<!channel> <javascript:alert(1)|press me> [md](javascript:alert(1))"
)


@dataclass
class Desk:
    """A lab that lives in its own thread, for a test that drives a browser."""

    lab: Lab
    loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=30)

    def posts(self, *blocks: Json, text: str = "A card", **more: Any) -> str:
        """Post as the app and return the message's ts."""
        sent = self.run(
            self.lab.slack.chat_postMessage(
                channel=CAMPAIGNS, text=text, blocks=list(blocks) or None, **more
            )
        )
        return str(sent["ts"])

    def opens(self, view: Json) -> None:
        """Open this modal on every slash command and every click."""

        async def answer(body: Json) -> web.Response:
            if trigger := body.get("trigger_id"):
                await self.lab.slack.views_open(trigger_id=trigger, view=view)
            return web.Response()

        self.lab.app.answer = answer

    @property
    def last(self) -> Json:
        return self.lab.app.last


@pytest.fixture
def desk() -> Iterator[Desk]:
    ready: Future[Desk] = Future()
    done = asyncio.Event()

    async def live() -> None:
        async with slack_lab.lab(clock=time.time) as lab:
            ready.set_result(Desk(lab, asyncio.get_running_loop()))
            await done.wait()

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    held = ready.result(timeout=30)
    yield held
    held.loop.call_soon_threadsafe(done.set)
    thread.join(timeout=30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=chromium(), args=list(CHROMIUM_ARGS)
        )
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


def visit(page: Page, desk: Desk, person: str = MARA, place: str = "") -> None:
    where = place or f"channel={CAMPAIGNS}"
    page.goto(f"{desk.lab.up.url}/?as={person}#{where}")
    page.locator(f"body[data-ready={person}]").wait_for(state="attached")


def log_of(page: Page) -> Any:
    return page.get_by_role("log", name="Messages in #campaigns")


def test_hostile_text_of_people_and_models_stays_text(page: Page, desk: Desk) -> None:
    escaped = HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    typed = {"type": "plain_text", "text": HOSTILE}
    blocks = [
        section(escaped),
        {"type": "header", "text": {**typed, "text": HOSTILE[:150]}},
        {"type": "markdown", "text": HOSTILE},
        actions(button(text={**typed, "text": HOSTILE[:75]})),
    ]
    desk.posts(*blocks)
    desk.run(desk.lab.say(HOSTILE))
    visit(page, desk)
    log = log_of(page)
    expect(log.locator("[data-ts]")).to_have_count(2)
    for card in log.locator("[data-ts]").all():
        expect(card).to_contain_text("<!channel>")
        expect(card).to_contain_text("<script>window.broken = 1</script>")
    assert log.locator(".mention").count() == 0
    assert log.locator("a[href^='javascript' i], script, img").count() == 0
    assert page.evaluate("window.broken") is None


def test_a_raw_javascript_token_is_no_link_and_a_web_token_is(
    page: Page, desk: Desk
) -> None:
    desk.posts(
        section("<javascript:alert(1)|press me> <https://example.com/a_b|the plan>")
    )
    visit(page, desk)
    log = log_of(page)
    expect(log).to_contain_text("press me")
    assert log.get_by_role("link", name="press me").count() == 0
    plan = log.get_by_role("link", name="the plan")
    expect(plan).to_have_attribute("href", "https://example.com/a_b")
    expect(plan).to_have_attribute("rel", "noopener noreferrer nofollow")


def test_a_permalink_jumps_to_its_message_and_marks_it(page: Page, desk: Desk) -> None:
    card = desk.posts(section("The card"))
    for number in range(2):
        desk.posts(section("\n".join(f"Line {n}" for n in range(30))), thread_ts=card)
        if number == 0:
            wanted = desk.posts(section("The newest variant"), thread_ts=card)
    given = desk.run(
        desk.lab.slack.chat_getPermalink(channel=CAMPAIGNS, message_ts=wanted)
    )
    visit(page, desk)
    desk.run(
        desk.lab.slack.chat_postEphemeral(
            channel=CAMPAIGNS, user=MARA, text=f"<{given['permalink']}|the newest>"
        )
    )
    page.get_by_role("link", name="the newest").click()
    found = page.locator(f"#thread [data-ts='{wanted}']")
    expect(found).to_be_in_viewport()
    expect(found).to_have_class(re.compile(r"\bfound\b"))
    # the address itself, as somebody would paste it
    page.goto("about:blank")
    page.goto(str(given["permalink"]))
    expect(found).to_be_in_viewport()


def test_a_modal_is_filled_and_sent_by_keyboard_alone(page: Page, desk: Desk) -> None:
    choice = {
        "type": "input",
        "block_id": "tone",
        "label": slack_lab.plain("Tone"),
        "element": {
            "type": "static_select",
            "action_id": "value",
            "options": [
                {"text": slack_lab.plain(word), "value": word.lower()}
                for word in ("Plain", "Warm")
            ],
        },
    }
    desk.opens(modal(slack_lab.entry(), choice))
    visit(page, desk)
    page.get_by_label("Message #campaigns").focus()
    page.keyboard.type("/br")
    expect(page.get_by_role("option", name="/brief")).to_be_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="New brief")
    expect(dialog.get_by_label("Goal")).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(dialog.locator("[data-block-id=goal]")).to_contain_text("required field")
    expect(dialog.get_by_label("Goal")).to_be_focused()
    expect(dialog.get_by_label("Goal")).to_have_attribute("aria-invalid", "true")
    page.keyboard.type("Recover stalled demos")
    page.keyboard.press("Tab")
    expect(dialog.get_by_label("Tone")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    desk.lab.app.replies("")
    page.keyboard.press("Control+Enter")
    expect(dialog).to_have_count(0)
    values = desk.last["view"]["state"]["values"]
    assert values["goal"]["value"]["value"] == "Recover stalled demos"
    assert values["tone"]["value"]["selected_option"]["value"] == "warm"


def test_tab_never_leaves_an_open_dialog_and_escape_closes_it(
    page: Page, desk: Desk
) -> None:
    desk.opens(modal(notify_on_close=True))
    visit(page, desk)
    page.get_by_label("Message #campaigns").fill("/brief")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    for _ in range(8):
        page.keyboard.press("Tab")
        assert dialog.evaluate("node => node.contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_label("Message #campaigns")).to_be_focused()
    assert desk.last["type"] == "view_closed"


def test_errors_of_the_app_appear_on_their_field(page: Page, desk: Desk) -> None:
    desk.opens(modal())
    visit(page, desk)
    page.get_by_label("Message #campaigns").fill("/brief")
    page.keyboard.press("Enter")
    goal = page.get_by_role("dialog").get_by_label("Goal")
    goal.fill("Too short")
    refusal = {"response_action": "errors", "errors": {"goal": "Say what changes."}}
    desk.lab.app.replies(refusal)
    page.get_by_role("button", name="Write variants").click()
    expect(page.locator("[data-block-id=goal]")).to_contain_text("Say what changes.")
    expect(goal).to_have_accessible_description("Say what changes.")
    expect(goal).to_have_value("Too short")


def test_a_failing_button_says_so_in_words(page: Page, desk: Desk) -> None:
    desk.posts(section("A card"), actions(button()))
    desk.lab.app.replies("no", status=500)
    visit(page, desk)
    page.get_by_role("button", name="Approve").click()
    notice = page.locator("[data-block-id=row]").get_by_role("alert")
    expect(notice).to_contain_text("This app responded with Status Code 500")


def _more(*names: str) -> Json:
    options = [{"text": slack_lab.plain(name), "value": name} for name in names]
    return {"type": "overflow", "action_id": "more", "options": options}


def _redrawn(desk: Desk, ts: str, said: str, *rows: Json) -> None:
    """The app draws a card anew: its blocks have other ids then, as Slack gives them."""
    blocks = [section(said), *rows]
    change = desk.lab.slack.chat_update(
        channel=CAMPAIGNS, ts=ts, text=said, blocks=blocks
    )
    desk.run(change)


def test_a_menu_that_is_open_while_its_card_is_redrawn_still_works(
    page: Page, desk: Desk
) -> None:
    ts = desk.posts(section("1 mail"), actions(_more("Expand", "Hold")))
    visit(page, desk)
    page.get_by_role("button", name="More actions", exact=True).click()
    _redrawn(desk, ts, "2 mails", actions(_more("Expand", "Hold"), block_id="new"))
    expect(log_of(page)).to_contain_text("2 mails")
    page.get_by_role("menuitem", name="Expand").click()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert desk.last["actions"][0]["selected_option"]["value"] == "Expand"


def test_a_choice_that_is_offered_no_longer_is_refused_in_words(
    page: Page, desk: Desk
) -> None:
    ts = desk.posts(section("1 mail"), actions(_more("Expand")))
    visit(page, desk)
    page.get_by_role("button", name="More actions", exact=True).click()
    _redrawn(desk, ts, "rolled back")
    expect(log_of(page)).to_contain_text("rolled back")
    page.get_by_role("menuitem", name="Expand").click()
    expect(page.locator(".toast")).to_contain_text("This button is gone.")
    assert desk.lab.app.seen == []


def test_a_card_redrawn_between_press_and_release_keeps_the_click(
    page: Page, desk: Desk
) -> None:
    ts = desk.posts(section("1 mail"), actions(button()))
    visit(page, desk)
    page.get_by_role("button", name="Approve").hover()
    page.mouse.down()
    _redrawn(desk, ts, "2 mails", actions(button(), block_id="new"))
    # the page has it, and waits for the finger
    page.wait_for_timeout(300)
    page.mouse.up()
    expect(log_of(page)).to_contain_text("2 mails")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert desk.last["actions"][0]["action_id"] == "approve"


def test_a_confirm_dialog_stands_before_the_click(page: Page, desk: Desk) -> None:
    plain = slack_lab.plain
    question = {"title": plain("Reject?"), "text": plain("Nobody is mailed.")}
    answers = {"confirm": plain("Reject it"), "deny": plain("Keep it")}
    desk.posts(actions(button("reject", confirm={**question, **answers})))
    visit(page, desk)
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Keep it").click()
    assert desk.lab.app.seen == []
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("button", name="Reject it").click()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert desk.last["actions"][0]["action_id"] == "reject"


def test_only_the_addressee_sees_an_ephemeral_message(page: Page, desk: Desk) -> None:
    visit(page, desk)
    for person, text in ((CLEO, "For Cleo"), (MARA, "For Mara")):
        sent = desk.lab.slack.chat_postEphemeral(
            channel=CAMPAIGNS, user=person, text=text
        )
        desk.run(sent)
    log = log_of(page)
    expect(log).to_contain_text("For Mara")
    expect(log).to_contain_text("Only visible to you")
    expect(log).not_to_contain_text("For Cleo")


def test_the_inspector_shows_the_signed_request(page: Page, desk: Desk) -> None:
    visit(page, desk)
    page.get_by_label("Message #campaigns").fill("/desk status")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Inspector", exact=True).click()
    row = page.locator(".request").first
    expect(row).to_contain_text("/desk")
    expect(row).to_contain_text(" ms")
    row.locator("summary").click()
    expect(row).to_contain_text("X-Slack-Signature: v0=")


def test_acting_as_someone_else_keeps_the_channel(page: Page, desk: Desk) -> None:
    visit(page, desk)
    page.get_by_role("button", name="Act as").click()
    page.get_by_role("menuitemradio", name="Cleo").click()
    page.locator(f"body[data-ready={CLEO}]").wait_for(state="attached")
    expect(log_of(page)).to_be_visible()
    page.get_by_label("Message #campaigns").fill("Morning")
    page.keyboard.press("Enter")
    expect(log_of(page).locator("[data-ts]")).to_contain_text("Cleo")


def wide_card() -> list[Json]:
    cell = {"type": "raw_text", "text": "a long cell that does not wrap"}
    wide = [cell] * 8
    return [
        section("#42 " + "unbreakable" * 30),
        {"type": "table", "rows": [wide, wide]},
        actions(*(button(f"b{i}") for i in range(6))),
    ]


def test_nothing_scrolls_sideways_on_a_phone(browser: Browser, desk: Desk) -> None:
    root = desk.posts(*wide_card())
    desk.opens(modal())
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True
    )
    page = context.new_page()

    def fits() -> bool:
        wide = page.evaluate("document.documentElement.scrollWidth")
        return bool(wide <= 390)

    visit(page, desk)
    expect(log_of(page)).to_contain_text("#42")
    assert fits()
    page.get_by_role("button", name="Channels").click()
    expect(page.get_by_role("link", name="on-call")).to_be_visible()
    assert fits()
    visit(page, desk, place=f"channel={CAMPAIGNS}&thread={root}")
    expect(page.get_by_role("log", name="Thread")).to_contain_text("#42")
    expect(log_of(page)).to_be_hidden()
    assert fits()
    page.get_by_role("button", name="Back to the channel").click()
    page.get_by_label("Message #campaigns").fill("/brief")
    page.keyboard.press("Enter")
    box = page.get_by_role("dialog").bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (390, 844)
    assert fits()
    context.close()


def test_an_administrator_changes_a_member_in_the_menu_of_a_channel(
    page: Page, desk: Desk
) -> None:
    visit(page, desk)
    page.get_by_role("button", name="14 members").click()
    page.get_by_role("menuitem", name="Cleo Marsh").click()
    menu = page.get_by_role("menu", name="Manage Cleo Marsh")
    expect(menu.get_by_role("menuitem")).to_have_count(7)
    menu.get_by_role("menuitem", name="Make a guest").click()
    expect(
        page.get_by_text("Done: Cleo Marsh. Slack has told the app.")
    ).to_be_visible()
    page.get_by_role("button", name="14 members").click()
    row = page.get_by_role("menuitem", name="Cleo Marsh")
    expect(row).to_contain_text("Copy editor · Guest")
    row.click()
    page.get_by_role("menuitem", name="Remove from #campaigns").click()
    expect(page.get_by_role("button", name="13 members")).to_be_visible()
