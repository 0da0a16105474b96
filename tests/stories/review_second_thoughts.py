"""People talk about a text, suggest other words, and take a decision back."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.stories import acts
from tests.stories.person import CLEO, DEV, MARA, WORK_MS, Person
from tests.stories.stage import Play

TITLE = "Second thoughts are welcome"
SUBJECT = "Your demo takes ten minutes to finish"
WHY = "It says how long it takes."
COMMENT = "Who says so? Name the source."


def play(play: Play) -> None:
    """Mara and Cleo at their desks, Dev on a phone."""
    mara, cleo = play.person(MARA), play.person(CLEO)
    number = acts.brief(play, mara, TITLE, acts.CALM)
    acts.in_review(play, mara, number)
    expect(mara.card(number)).to_contain_text("tier B")
    _commented(play, cleo, number)
    _suggested(play, mara, number)
    with play.step("copy approves A and B; deliverability is asked"):
        for label in "AB":
            acts.approve(cleo, number, label, "Copy")
        expect(mara.card(number)).to_contain_text("In deliverability review")
    dev = play.person(DEV, is_phone=True)
    _taken_back(play, cleo, dev, number)
    with play.step("copy approves B again, and deliverability decides"):
        acts.approve(cleo, number, "B", "Copy")
        # the words of A are dev's own now
        acts.approve(dev, number, "B", "Deliverability")
        assert dev.fits()
    with play.step("nothing is left to take back once somebody else has decided"):
        variant = cleo.variant(number, "B")
        expect(_undo(variant)).to_have_count(0, timeout=WORK_MS)
    with play.step("the record tells the same story, and holds"):
        story = play.audit(number)
        for told in (
            f'says "{COMMENT}"',
            "suggestion accepted; variant A, revision 2",
            "took back the approval, withdrawn: deliverability, brought back: C",
        ):
            assert told in story, story
        play.verify()


def _commented(play: Play, cleo: Person, number: int) -> None:
    with play.step("cleo comments on words of variant A"):
        variant = cleo.variant(number, "A")
        words = _subject(variant)
        cleo.choose(variant, "Comment")
        form = cleo.dialog("Comment on variant A")
        form.get_by_label(re.compile("Which words")).fill("words nobody wrote")
        form.get_by_label(re.compile("^Comment")).fill(COMMENT)
        form.get_by_role("button", name="Comment").click()
        expect(form).to_contain_text("These words are not in the text")
        play.shot(form, "modal-comment-error")
        form.get_by_label(re.compile("Which words")).fill(words)
        form.get_by_role("button", name="Comment").click()
        expect(form).to_have_count(0)
        said = cleo.thread(number).locator("article.message", has_text=COMMENT)
        expect(said).to_contain_text(words, timeout=WORK_MS)
        play.shot(said, "thread-comment")


def _suggested(play: Play, mara: Person, number: int) -> None:
    with play.step("dev suggests another subject, and mara accepts it"):
        dev = play.person(DEV)
        dev.choose(dev.variant(number, "A"), "Suggest")
        form = dev.dialog("Suggest for variant A")
        form.get_by_label("Subject", exact=True).fill(SUBJECT)
        form.get_by_label(re.compile("^Why")).fill(WHY)
        form.get_by_role("button", name="Suggest").click()
        expect(form).to_have_count(0)
        play.goodbye(dev)
        asked = mara.thread(number).locator("article.message", has_text=WHY)
        expect(asked).to_contain_text("accept it or decline it", timeout=WORK_MS)
        play.shot(asked, "thread-suggestion")
        asked.get_by_role("button", name="Accept").click()
        expect(asked).to_contain_text("Accepted by @mara", timeout=WORK_MS)
        variant = mara.variant(number, "A")
        expect(variant).to_contain_text("revision 2", timeout=WORK_MS)
        expect(variant).to_contain_text(SUBJECT, timeout=WORK_MS)


def _taken_back(play: Play, cleo: Person, dev: Person, number: int) -> None:
    with play.step("cleo takes the approval of B back; dev reads that it is withdrawn"):
        variant = cleo.variant(number, "B")
        expect(_undo(variant)).to_be_visible(timeout=WORK_MS)
        _undo(variant).scroll_into_view_if_needed()
        play.shot(cleo.thread(number), "thread-undo")
        _undo(variant).click()
        expect(variant).not_to_contain_text("Copy approved by", timeout=WORK_MS)
        waits = dev.variant(number, "A")
        expect(waits).to_contain_text(
            "Deliverability review withdrawn", timeout=WORK_MS
        )
        told = dev.thread(number).locator(
            "article.message", has_text="took back their approval"
        )
        expect(told).to_contain_text("@dev", timeout=WORK_MS)
        told.scroll_into_view_if_needed()
        play.shot(dev.page, "phone-thread-withdrawn")


def _undo(variant: Locator) -> Locator:
    return variant.get_by_role("button", name=re.compile("^(Undo|Take back)"))


def _subject(variant: Locator) -> str:
    found = re.search(r"Subject\s+(.+)", variant.inner_text())
    assert found, "The variant shows no subject."
    return found[1].strip()
