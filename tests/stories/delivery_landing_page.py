"""A landing page's copy goes live by its visitors; the next is complained of and goes."""

from __future__ import annotations

import json
import re
from threading import Thread
from typing import Any, Final

import httpx
from playwright.sync_api import Locator, expect

from practice.site import signed
from tests.stories import acts
from tests.stories.person import MARA, OMAR, ON_CALL, PASSING_MS, WORK_MS, Person
from tests.stories.stage import Play

SLOT: Final = "home-hero"
SITE_S: Final = 900
"""Visitors who come slower than they should, on a busy machine, still all come."""


def play(play: Play) -> None:
    mara = play.person(MARA)
    first = _approved(play, mara, "Finish your demo, on the page", arms=2)
    site = _site(play, "--visitors", "15000", "--per-second", "120", "--liked", "B")
    card = _goes_live(play, mara, first)
    _once_live(play, mara, card, first)
    second = _approved(play, mara, "A louder headline")
    site.join()
    bad = mara.card(second)
    with play.step("half of those who see the next one complain, and it rolls back"):
        site = _site(play, "--visitors", "1500", "--bad-rate", "0.5")
        expect(bad).to_contain_text("Rolled back automatically", timeout=PASSING_MS)
        expect(bad).to_contain_text("every visitor sees what was there before")
        expect(bad).to_contain_text(re.compile(r"\d+ visitors? had seen it"))
        play.both(mara, bad, "card-slot-rolled-back")
        site.join()
    with play.step(f"the page shows the version of #{first} again, to everyone"):
        shown = {(each["shown"], each["campaign"]) for each in _ask(play)}
        assert shown == {("live", first)}, shown
        expect(card).to_contain_text(f"Live in {SLOT}")
    with play.step("on-call reads that nothing is left to stop"):
        omar = play.person(OMAR)
        notice = omar.card(second, ON_CALL)
        expect(notice).to_contain_text("version before restored", timeout=WORK_MS)
        expect(notice).to_contain_text("had seen it")
        play.shot(notice, "notice-slot-incident")
        play.goodbye(omar)
    with play.step("the shell says the same, and the record holds"):
        said = play.desk.said("slot", "show", SLOT)
        assert f"shows     the version of #{first}" in said, said
        play.verify()


def _approved(play: Play, mara: Person, title: str, *, arms: int = 1) -> int:
    """A brief for the page's top, written, reviewed and approved."""
    brief: dict[str, object] = {
        "channel": "landing_page",
        "slot": SLOT,
        "title": title,
        "objective": acts.GOAL,
        "audience": "calm",
        "key_message": acts.MESSAGE,
        "cta_url": acts.LINK,
    }
    if arms > 1:
        brief |= {"arms": arms, "variants": 3, "ab_variable": "body"}
    with play.step(f"mara briefs a landing page: {title}"):
        mara.say(f"/brief {json.dumps(brief)}")
        cards = mara.channel().locator("article.message", has_text=title)
        # the answer that only she sees names it too
        card = cards.filter(has_not_text="Only visible to you")
        expect(card).to_have_count(1, timeout=WORK_MS)
        found = re.search(r"#(\d+) ", card.inner_text())
        assert found, "The card has no number."
        number = int(found[1])
    acts.in_review(play, mara, number)
    acts.approve_everywhere(play, number, copy="ABC"[: arms + 1], sent="AB"[:arms])
    mara.back_to_channel()
    return number


def _goes_live(play: Play, mara: Person, number: int) -> Locator:
    card = mara.card(number)
    with play.step("its canary is shown to a share of the visitors, and counted"):
        expect(card).to_contain_text(
            re.compile(r"Canary: [1-9]\d* of 300 visitors saw it"), timeout=PASSING_MS
        )
        play.both(mara, card, "card-slot-canary")
    with play.step("its evidence speaks of visitors, and not of an ESP"):
        evidence = acts.open_evidence(mara, card)
        expect(evidence).to_contain_text(re.compile(r"\d+ of 300 visitors"))
        expect(evidence).not_to_contain_text("ESP")
        play.shot(mara.page, "modal-slot-evidence")
        acts.close(evidence)
    with play.step("it expands by itself until everyone sees it, and is live"):
        expect(card).to_contain_text("Expanding to 50 %", timeout=PASSING_MS)
        expect(card).to_contain_text(f"Live in {SLOT}", timeout=PASSING_MS)
        play.both(mara, card, "card-slot-live")
    return card


def _once_live(play: Play, mara: Person, card: Locator, number: int) -> None:
    with play.step("visitors liked B better, and its evidence says how much"):
        evidence = acts.open_evidence(mara, card)
        expect(evidence).to_contain_text("B won: ", timeout=WORK_MS)
        expect(evidence).to_contain_text("times as often as A")
        won = evidence.get_by_text("B, clicked by people")
        play.both(mara, evidence, "modal-slot-winner", at=won)
        acts.close(evidence)
    with play.step("mara has its copy put into the thread as files"):
        card.get_by_role("button", name=f"Export campaign {number}").click()
        thread = mara.thread(number)
        archive = mara.page.get_by_role("link", name=f"campaign-{number}.zip")
        message = thread.locator("article.message", has=archive)
        said = f"The approved copy of #{number} in 7 files"
        expect(message).to_contain_text(said, timeout=WORK_MS)
        play.shot(message, "thread-export")
        mara.page.get_by_role("button", name="Close thread").click()


def _site(play: Play, *words: str) -> Thread:
    """The slot's site, as `copydesk slot try` plays it, beside what people do."""
    running = Thread(
        target=play.desk.said,
        args=("slot", "try", SLOT, *words),
        kwargs={"within_s": SITE_S},
    )
    running.start()
    return running


def _ask(play: Play) -> list[dict[str, Any]]:
    """What twenty visitors are answered, asked as the site would."""
    secret = play.desk.said("slot", "key", SLOT).strip()
    base = play.desk.env["COPYDESK_PUBLIC_URL"].rstrip("/")
    answers = []
    with httpx.Client(base_url=base) as client:
        for number in range(20):
            target = f"/v1/content/{SLOT}?key=reader-{number}"
            headers = signed(secret, "GET", target)
            answers.append(client.get(target, headers=headers).json())
    return answers
