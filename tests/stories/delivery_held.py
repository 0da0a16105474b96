"""What is held is watched longer when two people say so; one is not enough."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.stories import acts
from tests.stories.person import ANA, MARA, OMAR, PASSING_MS, WORK_MS
from tests.stories.stage import Play


def play(play: Play) -> None:
    mara = play.person(MARA)
    number = acts.brief(play, mara, "Beta testers", acts.SMALL)
    acts.in_review(play, mara, number)
    acts.approve_everywhere(play, number)
    ana, omar = play.person(ANA), play.person(OMAR)
    with play.step("it is held: a canary this small cannot see complaints"):
        card = omar.card(number)
        expect(card).to_contain_text("Held", timeout=PASSING_MS)
    with play.step("ana asks to watch it longer; alone she cannot"):
        extend = re.compile("Extend campaign")
        ana.card(number).get_by_role("button", name=extend).click()
        expect(card).to_contain_text("confirms with Extend", timeout=WORK_MS)
        play.both(mara, mara.card(number), "card-held-extend-asked", keep=("",))
        ana.card(number).get_by_role("button", name=extend).click()
        expect(ana.only_me()).to_contain_text(re.compile("second|another"))
        expect(card).to_contain_text("Held")
    with play.step("omar confirms, and the canary is watched again"):
        card.get_by_role("button", name=extend).click()
        expect(card).to_contain_text("Canary:", timeout=WORK_MS)
        expect(card).not_to_contain_text("confirms with Extend", timeout=WORK_MS)
        play.both(mara, mara.card(number), "card-extended", keep=())
    with play.step("its window over, it is held again: watching alone shows no more"):
        expect(card).to_contain_text("Held", timeout=PASSING_MS)
    with play.step("the record names both, and nobody more was mailed"):
        story = play.audit(number)
        assert re.search(r"omar \(U0ONCALL\): .*extend", story), story
        assert "ana" in story, story
        assert play.moved(story, "held") == 2, story
        assert acts.mails_sent(play) < 10
        play.verify()
