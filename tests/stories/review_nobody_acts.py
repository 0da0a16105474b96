"""Nobody decides: a reminder, an escalation, and low risk that passes by itself."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.stories import acts
from tests.stories.person import BEA, CLEO, MARA, PASSING_MS, WORK_MS, Person
from tests.stories.stage import Play

CUSTOMERS = "Nobody looks at this one"
LOW_RISK = "Nobody has to look at this one"
_ITSELF = re.compile("Copy approved by itself")


def play(play: Play) -> None:
    """Mara at a desk; who is asked, and who steps in, on phones."""
    mara = play.person(MARA)
    with play.step("mara briefs a tier B and a tier C campaign"):
        waits = _brief(mara, CUSTOMERS, "B: ")
        passes = _brief(mara, LOW_RISK, "C: ")
    cleo = play.person(CLEO, is_phone=True)
    acts.in_review(play, mara, passes)
    with play.step("the tier C card says what happens if nobody decides"):
        card = mara.card(passes)
        expect(card).to_contain_text("approved by itself when it is due")
        expect(card).to_contain_text("working round the clock")
        play.shot(card, "card-passes-by-itself")
    _reminded(play, cleo, waits)
    _escalated(play, mara, waits)
    with play.step("tier C has passed by itself, and says that nobody decided"):
        card = mara.card(passes)
        expect(card).to_contain_text("approved by itself", timeout=WORK_MS)
        expect(card).not_to_contain_text("In copy review", timeout=WORK_MS)
        approved = mara.thread(passes).locator("article.message", has_text=_ITSELF)
        expect(approved.first).to_contain_text("Nobody had decided when it was due")
        approved.first.get_by_text(_ITSELF).scroll_into_view_if_needed()
        play.shot(mara.thread(passes), "thread-passed-by-itself")
    with play.step("the record tells the same story, and holds"):
        story = play.audit(waits)
        assert story.count("desk: reminded") == 1, story
        assert "desk: escalated" in story, story
        assert "approved" not in story, story
        assert "because: Nobody had decided when it was due." in play.audit(passes)
        play.verify()


def _brief(mara: Person, title: str, tier: str) -> int:
    form = acts.open_brief(mara)
    acts.fill_brief(form, title, acts.CALM)
    form.get_by_label("Tier", exact=True).click()
    form.page.get_by_role("option", name=re.compile(f"^{tier}")).click()
    return acts.send_brief(mara, form, title)


def _reminded(play: Play, cleo: Person, number: int) -> None:
    with play.step("at half of the time, those asked are reminded in the thread"):
        expect(cleo.card(number)).to_contain_text("Reminded", timeout=WORK_MS)
        reminder = cleo.thread(number).locator(
            "article.message", has_text="is still open"
        )
        expect(reminder).to_have_count(1, timeout=WORK_MS)
        # of the pool one is asked: of two campaigns each has one
        asked = re.compile(r"@(cleo|caspar): your copy review")
        expect(reminder).to_contain_text(asked)
        reminder.scroll_into_view_if_needed()
        play.shot(cleo.page, "phone-thread-reminded")
        assert cleo.fits()
        play.goodbye(cleo)


def _escalated(play: Play, mara: Person, number: int) -> None:
    with play.step("at due, the brand lead is asked to step in"):
        card = mara.card(number)
        expect(card).to_contain_text("Escalated to @bea", timeout=PASSING_MS)
        expect(card).to_contain_text("overdue since")
        play.shot(card, "card-overdue")
        bea = play.person(BEA, is_phone=True)
        called = bea.thread(number).locator(
            "article.message", has_text="nobody has decided"
        )
        expect(called.first).to_contain_text("@bea", timeout=WORK_MS)
        called.first.scroll_into_view_if_needed()
        play.shot(bea.page, "phone-thread-escalated")
        assert bea.fits()
        play.goodbye(bea)
