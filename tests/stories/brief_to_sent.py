"""A brief becomes mails: written, edited, approved, let out in steps, sent."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.stories import acts
from tests.stories.person import CLEO, DEV, MARA, PASSING_MS, WORK_MS, Person
from tests.stories.stage import Play

TITLE = "Recover stalled demos"
SUBJECT = "Your demo is ready when you are"


def desktop(play: Play) -> None:
    """The whole path at a desk."""
    _brief_to_sent(play, is_phone=False)


def phone(play: Play) -> None:
    """The whole path at 390 px, where a thread covers its channel."""
    _brief_to_sent(play, is_phone=True)


def _brief_to_sent(play: Play, *, is_phone: bool) -> None:
    prefix = "phone-" if is_phone else ""
    mara = play.person(MARA, is_phone=is_phone)
    number = _brief(play, mara, prefix)
    acts.in_review(play, mara, number)
    _edit(play, play.person(CLEO, is_phone=is_phone), number, prefix)
    _second_stage(play, play.person(DEV, is_phone=is_phone), number, prefix)
    _ladder(play, mara, number, prefix)
    _record(play, number)


def _brief(play: Play, mara: Person, prefix: str) -> int:
    with play.step("mara types /brief and gets the form"):
        if not mara.is_phone:
            play.shot(mara.page, "channel-empty")
        form = acts.open_brief(mara)
        play.shot(mara.page, f"{prefix}modal-brief")
    with play.step("a wrong link comes back on its field"):
        acts.fill_brief(form, TITLE, acts.CALM, link="http://northwind.example/demo")
        form.get_by_role("button", name="Write variants").click()
        field = form.get_by_label("Call-to-action link")
        expect(field).to_have_accessible_description(re.compile("starts with http://"))
        expect(field).to_be_focused()
        play.shot(mara.page, f"{prefix}modal-brief-error")
        assert mara.fits()
    with play.step("with the link mended the card appears"):
        field.fill(acts.LINK)
        number = acts.send_brief(mara, form, TITLE)
        play.shot(mara.card(number), f"{prefix}card-writing")
        expect(mara.card(number)).to_contain_text("sample writer", timeout=WORK_MS)
    with play.step("the variants appear in the thread"):
        for label in "ABC":
            variant = mara.variant(number, label)
            expect(variant).to_contain_text("Subject", timeout=WORK_MS)
        mara.back_to_channel()
    return number


def _edit(play: Play, cleo: Person, number: int, prefix: str) -> None:
    with play.step(
        "cleo edits variant B: a new revision, its difference, linted again"
    ):
        variant = cleo.variant(number, "B")
        # it is taller than the window: its end is shown, with notes and buttons
        variant.get_by_role("button", name="Reject").scroll_into_view_if_needed()
        shown = cleo.page if prefix else cleo.thread(number)
        play.shot(shown, f"{prefix}variant-in-review")
        variant.get_by_role("button", name="Edit variant B").click()
        form = cleo.dialog("Edit variant B")
        form.get_by_label("Subject").fill(SUBJECT)
        play.shot(cleo.page, f"{prefix}modal-edit")
        form.get_by_role("button", name="Save").click()
        expect(form).to_have_count(0)
        expect(variant).to_contain_text("revision 2", timeout=WORK_MS)
        expect(variant).to_contain_text(SUBJECT)
        expect(variant.get_by_role("button", name="Approve")).to_be_visible(
            timeout=WORK_MS
        )
        change = cleo.thread(number).get_by_text("Variant B, revision 2")
        expect(change.first).to_be_visible(timeout=WORK_MS)
        play.shot(cleo.page, f"{prefix}thread-edited")
        assert cleo.fits()
    with play.step("cleo approves B and A; C is shelved"):
        acts.approve(cleo, number, "B", "Copy")
        acts.approve(cleo, number, "A", "Copy")
        shelved = cleo.variant(number, "C")
        expect(shelved).to_contain_text("Shelved", timeout=WORK_MS)
        cleo.back_to_channel()
        card = cleo.card(number)
        expect(card).to_contain_text("In deliverability review", timeout=WORK_MS)
        expect(card).to_contain_text(re.compile("Copy: .*approved by @cleo"))
        play.shot(card, f"{prefix}card-second-stage")


def _second_stage(play: Play, dev: Person, number: int, prefix: str) -> None:
    with play.step("dev's Home says what waits; dev approves B, which is sent"):
        dev.go("home")
        home = dev.page.locator("main")
        expect(home).to_contain_text("Waiting on you (2)", timeout=WORK_MS)
        play.shot(dev.page, f"{prefix}home-busy")
        dev.go("channel=C0CAMPAIGN")
        acts.approve(dev, number, "B", "Deliverability")


def _ladder(play: Play, mara: Person, number: int, prefix: str) -> None:
    card = acts.canary(play, mara, number)
    with play.step("the canary's numbers and its plot are live"):
        expect(card).to_contain_text(
            re.compile(r"delivered [1-9]\d*/\d+"), timeout=WORK_MS
        )
        expect(card).to_contain_text(re.compile(r"complaints \d+ of \d+ allowed"))
        play.shot(card, f"{prefix}card-canary")
        plot = mara.thread(number).get_by_role(
            "img", name=re.compile("Counts over time")
        )
        expect(plot.first).to_be_visible(timeout=WORK_MS)
        mara.back_to_channel()
    with play.step("it expands by itself"):
        expect(card).to_contain_text("Expanding to 10 %", timeout=PASSING_MS)
        play.shot(card, f"{prefix}card-expanding")
        mara.thread(number)
        plot.first.scroll_into_view_if_needed()
        play.shot(mara.page, f"{prefix}thread-plot")
        mara.back_to_channel()
    with play.step("it is sent"):
        expect(card).to_contain_text(
            re.compile(r"Sent: [\d,]+ mails out"), timeout=PASSING_MS
        )
        play.shot(card, f"{prefix}card-sent")
        play.shot(mara.page, f"{prefix}channel-sent")
        assert mara.fits()
    with play.step("the inspector shows what was signed and how fast it was acked"):
        mara.page.locator("#inspector-toggle").click()
        request = mara.page.locator(".request").last
        expect(request).to_contain_text(re.compile(r"\d+ ms"))
        play.shot(mara.page, f"{prefix}inspector")
        assert mara.fits()


def _record(play: Play, number: int) -> None:
    with play.step("the record tells the same story, and holds"):
        story = play.audit(number)
        for words in (
            "mara (U0MARKETER): briefed",
            "cleo (U0COPYONE): variant edited",
        ):
            assert words in story, f"The record lacks {words!r}:\n{story}"
        for state in ("approved", "canary", "expanding", "sent"):
            assert play.moved(story, state), f"It was never {state}:\n{story}"
        play.verify()
