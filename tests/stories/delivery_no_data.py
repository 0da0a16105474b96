"""The ESP tells nothing: nothing goes on, and all goes on when it speaks again."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.stories import acts
from tests.stories.person import MARA, PASSING_MS
from tests.stories.stage import Play


def play(play: Play) -> None:
    mara = play.person(MARA)
    acts.switch_esp(play, mara, "It keeps them back")
    number = acts.brief(play, mara, "Roadmap news", acts.CALM)
    acts.in_review(play, mara, number)
    acts.approve_everywhere(play, number)
    card = acts.canary(play, mara, number)
    with play.step("the window ends without a word from the ESP: it stays a canary"):
        expect(card).to_contain_text(
            re.compile("window is over without a delivered event"), timeout=PASSING_MS
        )
        expect(card).to_contain_text("nothing expands until data returns")
        expect(card).to_contain_text("Canary:")
        play.both(mara, card, "card-no-data", keep=("",))
    with play.step("the evidence says that nothing has been heard"):
        evidence = acts.open_evidence(mara, card)
        expect(evidence).to_contain_text("Nothing has been heard from the ESP yet")
        play.both(mara, evidence, "modal-evidence-no-data", keep=())
        acts.close(evidence)
        assert acts.mails_sent(play) < 350
    acts.switch_esp(play, mara, "It posts them to the desk")
    with play.step("the ESP tells everything at once, and it expands by itself"):
        expect(card).to_contain_text("Expanding to 10 %", timeout=PASSING_MS)
        expect(card).to_contain_text(re.compile(r"delivered [1-9]"))
    with play.step("the record has the silence, and holds"):
        story = play.audit(number)
        assert play.moved(story, "expanding") == 1, story
        play.verify()
