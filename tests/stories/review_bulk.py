"""Low risk in one go: an editor leaves one out, and a colleague presses meanwhile."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from playwright.sync_api import Locator, expect

from tests.stories import acts
from tests.stories.person import CASPAR, CLEO, MARA, WORK_MS, Person
from tests.stories.stage import Play

TITLES = tuple(f"Tips for week {each}" for each in range(1, 8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hers:
    """The campaigns on Cleo's list, by what becomes of them; the rest is Caspar's."""

    taken: int
    contested: int
    approved: int
    left_out: int


def play(play: Play) -> None:
    """Mara and Cleo at desks, Caspar on a phone."""
    mara = play.person(MARA)
    with play.step("mara briefs seven tier C campaigns of one text each"):
        numbers = {title: _brief(mara, title) for title in TITLES}
    with play.step("they wait in copy review, shared between two editors"):
        for number in numbers.values():
            expect(mara.card(number)).to_contain_text("In copy review", timeout=WORK_MS)
    cleo, caspar = play.person(CLEO), play.person(CASPAR, is_phone=True)
    with play.step("cleo opens her list from Home and leaves one out"):
        form = _list(cleo)
        hers = _shared(form, numbers)
        remove = form.get_by_role(
            "button", name=re.compile(f"^Remove #{hers.left_out} ")
        )
        remove.click()
        # what was taken out is still listed, to be looked at by itself
        expect(form).to_contain_text(f"#{hers.left_out} ")
        expect(remove).to_have_count(0)
        play.both(cleo, form, "modal-bulk")
    with play.step("caspar approves one of hers on its card meanwhile"):
        acts.approve(caspar, hers.taken, "A", "Copy")
    _confirmed(play, cleo, caspar, form, hers)
    _afterwards(play, mara, cleo, hers)


def _brief(mara: Person, title: str) -> int:
    """A whole brief in one line, as people do who write many."""
    kept = mara.channel().locator("article.ephemeral", has_text=f"{title} is kept")
    body = {
        "title": title,
        "objective": acts.GOAL,
        "audience": "small",
        "key_message": acts.MESSAGE,
        "cta_url": acts.LINK,
        "tier": "C",
        "variants": 1,
    }
    mara.say(f"/brief {json.dumps(body)}")
    expect(kept).to_be_visible()
    found = re.search(r"#(\d+) ", kept.inner_text())
    assert found, f"{title!r} has no number."
    return int(found[1])


def _list(who: Person) -> Locator:
    who.go("home")
    home = who.page.locator("main")
    expect(home).to_contain_text("Waiting on you (4)", timeout=WORK_MS)
    home.get_by_text("Approve all passing of tier C").click()
    form = who.dialog("Approve tier C")
    expect(form).to_contain_text("4 texts of tier C pass lint")
    return form


def _shared(form: Locator, numbers: dict[str, int]) -> Hers:
    listed = form.inner_text()
    hers = [number for title, number in numbers.items() if title in listed]
    taken, contested, approved, left_out = hers
    return Hers(taken=taken, contested=contested, approved=approved, left_out=left_out)


def _confirmed(
    play: Play, cleo: Person, caspar: Person, form: Locator, hers: Hers
) -> None:
    caspar.back_to_channel()
    contested = caspar.variant(hers.contested, "A")
    button = acts.approve_button(contested, "A", "Copy")
    expect(button).to_be_visible(timeout=WORK_MS)
    with play.step("she confirms once while he presses as well; the slower is told"):
        form.get_by_role("button", name="Approve all").click()
        button.click()
        expect(form).to_contain_text("of 3 texts approved.")
        _slower_is_told(form, caspar, hers)
        play.both(cleo, form, "modal-bulk-answers")
        assert caspar.fits()
        form.get_by_role("button", name="Close").last.click()
        expect(form).to_have_count(0)


def _slower_is_told(form: Locator, caspar: Person, hers: Hers) -> None:
    """The taken one is named with who took it; the contested one has one winner."""
    told = form.inner_text()
    assert re.search(rf"#{hers.approved} .*: approved$", told, re.MULTILINE), told
    by_caspar = r".*: not approved\. .*already approved in the copy stage by @caspar"
    assert re.search(rf"#{hers.taken} {by_caspar}", told), told
    if re.search(rf"#{hers.contested} .*: approved$", told, re.MULTILINE):
        expect(caspar.only_me()).to_contain_text(
            re.compile("already approved in the copy stage by @cleo")
        )
    else:
        assert re.search(rf"#{hers.contested} {by_caspar}", told), told


def _afterwards(play: Play, mara: Person, cleo: Person, hers: Hers) -> None:
    with play.step("Home keeps the one that was left out"):
        home = cleo.page.locator("main")
        expect(home).to_contain_text("Waiting on you (1)", timeout=WORK_MS)
        waiting = home.inner_text().split("Live now")[0]
        assert f"#{hers.left_out} " in waiting, waiting
        play.both(cleo, cleo.page, "home-after-bulk")
    with play.step("the cards say who approved; the last one still waits"):
        for number in (hers.taken, hers.contested, hers.approved):
            card = mara.card(number)
            expect(card).not_to_contain_text("In copy review", timeout=WORK_MS)
            expect(card).to_contain_text(
                re.compile("Copy: .*approved by @(cleo|caspar)"), timeout=WORK_MS
            )
        expect(mara.card(hers.left_out)).to_contain_text("In copy review")
    with play.step("the record has one decision on what both pressed, and holds"):
        story = play.audit(hers.contested)
        assert play.moved(story, "approved") == 1, story
        play.verify()
