"""A calm canary goes on to everybody by itself, for reasons that anybody can read."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.stories import acts
from tests.stories.person import MARA, PASSING_MS, WORK_MS
from tests.stories.stage import Play


def play(play: Play) -> None:
    mara = play.person(MARA)
    number = acts.brief(play, mara, "Winter workshops", acts.CALM)
    acts.in_review(play, mara, number)
    acts.approve_everywhere(play, number)
    card = acts.canary(play, mara, number)
    with play.step("while the window is open its evidence says what is waited for"):
        expect(card).to_contain_text("the window is open", timeout=WORK_MS)
        window = acts.open_evidence(mara, card)
        expect(window).to_contain_text("1 of 3 (1 %)")
        play.both(mara, window, "modal-evidence-canary", keep=())
        acts.close(window)
    for percent in (10, 100):
        with play.step(f"it expands to {percent} % by itself"):
            expanding = f"Expanding to {percent} %"
            sent = card.get_by_text(re.compile("Sent: "))
            shown = card.get_by_text(re.compile(expanding))
            expect(shown.or_(sent).first).to_be_visible(timeout=PASSING_MS)
    with play.step("it is sent, one mail for each that the card counts"):
        expect(card).to_contain_text(
            re.compile(r"Sent: [\d,]+ mails out"), timeout=PASSING_MS
        )
        found = re.search(r"Sent: ([\d,]+) mails out", card.inner_text())
        assert found, card.inner_text()
        assert acts.mails_sent(play) == int(found[1].replace(",", ""))
        play.both(mara, card, "card-sent-calm", keep=())
    with play.step("the record says that the judge let it on, twice, and why"):
        story = play.audit(number)
        assert play.moved(story, "expanding") >= 1, story
        assert len(re.findall(r"Passed: .*None seen rules out|Passed: ", story)) >= 2, (
            story
        )
        assert play.moved(story, "rolled back") == 0, story
        play.verify()
