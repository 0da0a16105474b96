"""A tier A text passes all of its reviewers, each with what they stand behind."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.stories import acts
from tests.stories.person import (
    BEA,
    CASPAR,
    CLEO,
    DEV,
    LENA,
    SAM,
    WORK_MS,
    Person,
)
from tests.stories.stage import Play

TITLE = "New terms for everybody"
COMMENT = "Read aloud twice; no sentence is longer than its point."


def play(play: Play) -> None:
    """Cleo, who edits copy, writes a brief herself; five others review it."""
    cleo = play.person(CLEO)
    number = _brief(play, cleo)
    _refused(play, cleo, number)
    _copy(play, number)
    for who, stage in (
        (DEV, "Deliverability"),
        (LENA, "Legal"),
        (SAM, "Stakeholder"),
    ):
        _next(play, number, who, stage)
    with play.step("with the last of them the campaign is approved"):
        passed = re.compile(r"(Approved|Scheduled|Canary|Held)")
        expect(cleo.card(number)).to_contain_text(passed, timeout=WORK_MS)
        last = cleo.variant(number, "A").get_by_text("Stakeholder approved by")
        play.both(cleo, cleo.page, "thread-tier-a-approved", at=last)
    with play.step("the record names all five, what they answered, and holds"):
        story = play.audit(number)
        for name in ("bea", "caspar", "dev", "lena", "sam"):
            assert re.search(rf"{name} \(U0\w+\): .*approved", story), story
        assert not re.search(r"cleo \(U0COPYONE\): .*approved", story), story
        assert play.moved(story, "approved") == 1, story
        play.verify()


def _brief(play: Play, cleo: Person) -> int:
    with play.step("cleo briefs tier A, one text; bea approves the strategy"):
        form = acts.open_brief(cleo)
        acts.fill_brief(form, TITLE, acts.CALM)
        acts.choose_tier(form, "A")
        form.get_by_label(re.compile("^Variants")).fill("1")
        number = acts.send_brief(cleo, form, TITLE, button="Send to brand lead")
        bea = play.person(BEA)
        card = bea.card(number)
        card.get_by_role("button", name="Approve the strategy").click()
        expect(card).to_contain_text("Strategy approved by @bea", timeout=WORK_MS)
        play.goodbye(bea)
    acts.in_review(play, cleo, number)
    return number


def _approve(who: Person, number: int, stage: str) -> Locator:
    """Press Approve on the one variant; its message."""
    variant = who.variant(number, "A")
    button = acts.approve_button(variant, "A", stage)
    expect(button).to_be_visible(timeout=WORK_MS)
    button.click()
    return variant


def _refused(play: Play, cleo: Person, number: int) -> None:
    with play.step("cleo has the role, but it is her brief: she is told the rule"):
        _approve(cleo, number, "Copy")
        refused = cleo.only_me()
        expect(refused).to_contain_text("separation of duties")
        play.both(cleo, cleo.page, "notice-author-refused", at=refused)


def _copy(play: Play, number: int) -> None:
    caspar = play.person(CASPAR)
    with play.step("caspar is asked what no machine can answer"):
        variant = _approve(caspar, number, "Copy")
        form = caspar.dialog("Approve variant A")
        expect(form).to_contain_text("Already checked")
        boxes = form.get_by_role("checkbox")
        open_questions = boxes.count()
        assert open_questions > 1, form.inner_text()
        play.both(caspar, form, "modal-approve")
    with play.step("he leaves one unticked, and it comes back on its field"):
        for at in range(open_questions - 1):
            boxes.nth(at).check()
        form.get_by_label("Comment").fill(COMMENT)
        form.get_by_role("button", name="Approve copy").click()
        expect(form).to_contain_text("Tick each line")
        expect(form.get_by_label("Comment")).to_have_value(COMMENT)
        play.both(caspar, form, "modal-approve-error")
    with play.step("with each line ticked copy is approved"):
        boxes.last.check()
        form.get_by_role("button", name="Approve copy").click()
        expect(form).to_have_count(0)
        expect(variant).to_contain_text("Copy approved by @caspar", timeout=WORK_MS)
        play.goodbye(caspar)


def _next(play: Play, number: int, who: str, stage: str) -> None:
    with play.step(f"{stage.lower()} approves"):
        one = play.person(who)
        variant = _approve(one, number, stage)
        said = variant.get_by_text(re.compile(f"{stage} approved by"))
        form = one.page.get_by_role("dialog", name="Approve variant A")
        expect(said.or_(form).first).to_be_visible(timeout=WORK_MS)
        if form.is_visible():
            for box in form.get_by_role("checkbox").all():
                box.check()
            play.both(one, form, f"modal-approve-{stage.lower()}")
            form.get_by_role("button", name=f"Approve {stage.lower()}").click()
            expect(form).to_have_count(0)
        expect(said.first).to_be_visible(timeout=WORK_MS)
        play.goodbye(one)
