"""Two A/B tests beside each other: one is won, of the other nobody can tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from playwright.sync_api import Locator, expect

from tests.stories import acts
from tests.stories.person import (
    ANA,
    CLEO,
    DESK_SIZE,
    MARA,
    PASSING_MS,
    WORK_MS,
    Person,
)
from tests.stories.stage import Play

PEOPLE: Final = 12_000
LIKED: Final = "Ready when you are"
_TRIES: Final = 20


def playbook(folder: Path) -> Mapping[str, str]:
    """Two steps: after a canary of 2 % everybody gets it."""
    canary = folder / "canary.yaml"
    canary.write_text(canary.read_text().replace("[1, 10, 100]", "[2, 100]"))
    return {}


def play(play: Play) -> None:
    mara = play.person(MARA)
    _list(play)
    acts.switch_esp(play, mara, liked=LIKED)
    won = _tested(play, mara, "Which subject")
    _edit_subject(play, won)
    acts.approve_everywhere(play, won, copy="ABC", sent="AB")
    _to_everybody(play, mara, won)
    even = _tested(play, mara, "Which greeting")
    acts.approve_everywhere(play, even, copy="ABC", sent="AB")
    _to_everybody(play, mara, even)
    _both_sent(play, mara, (won, even))
    with play.step("B won the first: its evidence says how much more often"):
        window = _evidence(mara, won, re.compile("B won:"))
        expect(window).to_contain_text("times as often as A")
        play.both(mara, window, "modal-evidence-winner", at=_arms(window))
        acts.close(window)
    with play.step("of the second it cannot be told, and that is what is said"):
        window = _evidence(mara, even, re.compile("Cannot tell: [1-9]"))
        expect(window).to_contain_text("may be clicked")
        assert "won" not in window.inner_text()
        at = _arms(window)
        play.both(mara, window, "modal-evidence-cannot-tell", at=at, keep=("",))
        acts.close(window)
    with play.step("the shell says the same, and the record holds"):
        assert "B won:" in play.desk.said("canary", "arms", str(won))
        assert "Cannot tell:" in play.desk.said("canary", "arms", str(even))
        play.verify()


def _list(play: Play) -> None:
    with play.step(f"a list of {PEOPLE:,} comes in"):
        path = play.desk.folder / "readers.csv"
        rows = [f"reader.{n}@cedar.calm.example,yes" for n in range(PEOPLE)]
        path.write_text("\n".join(["email,consent", *rows]) + "\n")
        given = ("--key", "readers", "--title", "Readers")
        play.desk.said("audience", "import", str(path), *given)


def _tested(play: Play, mara: Person, title: str) -> int:
    with play.step(f"a brief with an A/B test of two arms: {title}"):
        form = acts.open_brief(mara)
        acts.fill_brief(form, title, "Readers")
        form.get_by_label("A/B test", exact=True).click()
        form.page.get_by_role("option", name="The subject").click()
        form.get_by_label(re.compile("^Arms")).fill("2")
        number = acts.send_brief(mara, form, title)
    acts.in_review(play, mara, number)
    return number


def _edit_subject(play: Play, number: int) -> None:
    with play.step("cleo gives B a subject that these readers like"):
        cleo = play.person(CLEO)
        variant = cleo.variant(number, "B")
        variant.get_by_role("button", name="Edit variant B").click()
        form = cleo.dialog("Edit variant B")
        form.get_by_label("Subject").fill(LIKED)
        form.get_by_role("button", name="Save").click()
        expect(form).to_have_count(0)
        expect(variant).to_contain_text("revision 2", timeout=WORK_MS)
        expect(acts.approve_button(variant, "B", "Copy")).to_be_visible(timeout=WORK_MS)
        play.goodbye(cleo)


def _to_everybody(play: Play, mara: Person, number: int) -> None:
    acts.canary(play, mara, number)
    with play.step("ana, who does not want to wait, expands it"):
        ana = play.person(ANA)
        card = ana.card(number)
        # not while a part of the step is still on its way to the ESP
        expect(card).to_contain_text("decides at", timeout=WORK_MS)
        ana.choose(card, "Expand")
        going = re.compile("Expanding to 100 %|Sent: ")
        expect(card).to_contain_text(going, timeout=WORK_MS)
        play.goodbye(ana)


def _both_sent(play: Play, mara: Person, numbers: tuple[int, int]) -> None:
    mara.back_to_channel()
    for number in numbers:
        with play.step(f"#{number} is sent, half of it with each subject"):
            card = mara.card(number)
            said = re.compile(r"Sent: [\d,]+ mails out")
            expect(card).to_contain_text(said, timeout=PASSING_MS)
            expect(card).to_contain_text("Chosen: variants A and B")


def _evidence(mara: Person, number: int, said: re.Pattern[str]) -> Locator:
    """The evidence, opened anew until enough people have clicked for it to say this."""
    mara.page.set_viewport_size({"width": DESK_SIZE[0], "height": DESK_SIZE[1]})
    for _ in range(_TRIES):
        window = acts.open_evidence(mara, mara.card(number))
        if said.search(window.inner_text()):
            break
        acts.close(window)
        mara.page.wait_for_timeout(2000)
    else:
        window = acts.open_evidence(mara, mara.card(number))
    expect(window).to_contain_text("Which variant did better")
    expect(window).to_contain_text(said)
    return window


def _arms(window: Locator) -> Locator:
    """The last of the arms' numbers: what was said of them stands above it."""
    return window.get_by_text("B, clicked by people")
