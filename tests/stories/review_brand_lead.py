"""A tier A brief: a brand lead asks for changes, then approves; only then it is written."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.stories import acts
from tests.stories.person import BEA, MARA, WORK_MS, Person
from tests.stories.stage import Play

TITLE = "A price change for everybody"
WISH = "Say what the reader gets, not what we want."
GOAL = "Readers learn what stays the same for them, and by when to decide."


def play(play: Play) -> None:
    """Mara at a desk, the brand lead on a phone."""
    mara = play.person(MARA)
    number = _brief(play, mara)
    bea = play.person(BEA, is_phone=True)
    _changes_asked(play, bea, mara, number)
    _changed(play, mara, number)
    _approved(play, bea, mara, number)
    with play.step("the record tells the same story, and holds"):
        story = play.audit(number)
        for words in (
            "bea (U0BRAND): changes asked",
            "mara (U0MARKETER): brief changed",
            "bea (U0BRAND): strategy approved",
            "changed goal",
        ):
            assert words in story, f"The record lacks {words!r}:\n{story}"
        assert story.index("strategy approved") < story.index("drafted")
        play.verify()


def _brief(play: Play, mara: Person) -> int:
    with play.step("mara chooses tier A, and the form says where the brief goes"):
        form = acts.open_brief(mara)
        acts.fill_brief(form, TITLE, acts.CALM)
        form.get_by_label("Tier", exact=True).click()
        form.page.get_by_role("option", name=re.compile("^A: high risk")).click()
        send = form.get_by_role("button", name="Send to brand lead")
        expect(send).to_be_visible()
        # what was typed before is still there
        expect(form.get_by_label("Title", exact=True)).to_have_value(TITLE)
        play.shot(mara.page, "modal-brief-tier-a")
    with play.step("the card waits for a brand lead, and nothing is written"):
        number = acts.send_brief(mara, form, TITLE, button="Send to brand lead")
        card = mara.card(number)
        expect(card).to_contain_text("Waiting for a brand lead", timeout=WORK_MS)
        expect(card).to_contain_text("asked: @bea")
        play.shot(card, "card-awaiting-brand-lead")
    return number


def _changes_asked(play: Play, bea: Person, mara: Person, number: int) -> None:
    with play.step("mara may not approve it herself"):
        approve = mara.card(number).get_by_role("button", name="Approve the strategy")
        approve.click()
        expect(mara.only_me()).to_contain_text("Only a brand lead can decide")
    with play.step("bea, on a phone, asks for changes and has to say which"):
        card = bea.card(number)
        play.shot(bea.page, "phone-card-awaiting-brand-lead")
        card.get_by_role("button", name="Ask for changes").click()
        form = bea.dialog(f"Changes to brief {number}")
        form.get_by_label("What should change?").fill(WISH)
        play.shot(bea.page, "phone-modal-ask-for-changes")
        form.get_by_role("button", name="Ask for changes").click()
        expect(form).to_have_count(0)
        expect(card).to_contain_text("Changes asked for by @bea", timeout=WORK_MS)
        assert bea.fits()


def _changed(play: Play, mara: Person, number: int) -> None:
    with play.step("mara reads the wish on the card and in the thread"):
        card = mara.card(number)
        expect(card).to_contain_text(WISH, timeout=WORK_MS)
        play.shot(card, "card-changes-asked")
        words = re.compile("@mara: @bea asks for changes to the brief")
        told = mara.thread(number).locator("article.message", has_text=words)
        expect(told).to_contain_text(WISH, timeout=WORK_MS)
        play.shot(mara.thread(number), "thread-changes-asked")
    with play.step("mara changes the goal; it is version 2, and bea is asked again"):
        card.get_by_role("button", name="Change the brief").click()
        form = mara.dialog(f"Change brief {number}")
        expect(form).to_contain_text(WISH)
        goal = form.get_by_label("Goal", exact=True)
        expect(goal).to_have_value(acts.GOAL)
        goal.fill(GOAL)
        play.shot(form, "modal-change-brief")
        form.get_by_role("button", name="Send to brand lead").click()
        expect(form).to_have_count(0)
        expect(card).to_contain_text("brief version 2", timeout=WORK_MS)
        expect(card).to_contain_text("Changed since version 1: goal")
        play.shot(card, "card-awaiting-brand-lead-again")


def _approved(play: Play, bea: Person, mara: Person, number: int) -> None:
    with play.step("nothing has been written yet"):
        assert mara.thread(number).get_by_text("Variant A").count() == 0
    with play.step("bea approves the strategy; the variants are written"):
        card = bea.card(number)
        expect(card).to_contain_text("brief version 2", timeout=WORK_MS)
        card.get_by_role("button", name="Approve the strategy").click()
        expect(card).to_contain_text("Strategy approved by @bea", timeout=WORK_MS)
        for label in "ABC":
            variant = mara.variant(number, label)
            expect(variant).to_contain_text("Subject", timeout=WORK_MS)
        acts.in_review(play, mara, number)
        play.shot(mara.card(number), "card-strategy-approved")
        assert mara.fits()
        assert bea.fits()
