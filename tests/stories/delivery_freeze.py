"""One person stops all sending for a while; two set it going early."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.stories import acts
from tests.stories.person import ANA, MARA, OMAR, PASSING_MS, WORK_MS
from tests.stories.stage import Play

WHY = "The price in the offer is wrong"


def play(play: Play) -> None:
    mara = play.person(MARA)
    number = acts.brief(play, mara, "Spring prices", acts.CALM)
    acts.in_review(play, mara, number)
    acts.approve_everywhere(play, number)
    card = acts.canary(play, mara, number)
    omar = play.person(OMAR)
    with play.step("omar freezes all sending for two hours"):
        omar.say(f"/desk freeze for 2h {WHY}")
        told = omar.only_me()
        expect(told).to_contain_text("is frozen", timeout=WORK_MS)
        expect(card).to_contain_text("Frozen until", timeout=PASSING_MS)
        expect(card).to_contain_text(WHY)
        play.both(mara, card, "card-frozen")
    with play.step("omar asks for it to be lifted; that takes a second person"):
        told.get_by_role("button", name="Lift freeze").click()
        asked = omar.channel().get_by_text("another person has to confirm")
        expect(asked.first).to_be_visible(timeout=WORK_MS)
    with play.step("ana confirms, and it goes on by itself"):
        ana = play.person(ANA)
        ana.say("/desk lift 1")
        expect(ana.only_me()).to_contain_text("goes on", timeout=WORK_MS)
        expect(card).not_to_contain_text("Frozen until", timeout=PASSING_MS)
    with play.step("the canary expands, nothing is frozen, and the record holds"):
        expect(card).to_contain_text("Expanding", timeout=PASSING_MS)
        assert "Nothing is frozen." in play.desk.said("freeze")
        play.verify()
