"""A campaign is stopped: by itself, or by the person on call."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.stories import acts
from tests.stories.person import (
    ANA,
    MARA,
    OMAR,
    ON_CALL,
    PASSING_MS,
    WORK_MS,
    Person,
)
from tests.stories.stage import Play

WHY = "The offer in the mail ended yesterday."


def complaints(play: Play) -> None:
    """Readers complain, and the campaign rolls itself back."""
    _complaints(play, is_phone=False)


def phone_complaints(play: Play) -> None:
    """The same, watched at 390 px."""
    _complaints(play, is_phone=True)


def _complaints(play: Play, *, is_phone: bool) -> None:
    prefix = "phone-" if is_phone else ""
    mara = play.person(MARA, is_phone=is_phone)
    number = acts.brief(play, mara, "Autumn offer", acts.STORMY)
    acts.in_review(play, mara, number)
    acts.approve_everywhere(play, number)
    mara.back_to_channel()
    card = mara.card(number)
    with play.step("the canary draws complaints and it rolls back by itself"):
        expect(card).to_contain_text("Rolled back automatically", timeout=PASSING_MS)
        expect(card).to_contain_text(re.compile(r"[\d,]+ spared"))
        expect(card).to_contain_text("ESP confirmed", timeout=WORK_MS)
        expect(card.get_by_role("button", name="Roll back")).to_have_count(0)
        play.shot(card, f"{prefix}card-rolled-back")
        assert mara.fits()
    _incident(play, number, is_phone=is_phone)
    with play.step("the record says why, and holds"):
        story = play.audit(number)
        assert play.moved(story, "rolled back") == 1, story
        assert "complaint" in story, story
        assert play.moved(story, "expanding") == 0, story
        play.verify()


def _incident(play: Play, number: int, *, is_phone: bool) -> None:
    prefix = "phone-" if is_phone else ""
    with play.step("the on-call channel is told, with a timeline"):
        omar = play.person(OMAR, is_phone=is_phone)
        notice = omar.card(number, ON_CALL)
        expect(notice).to_contain_text("Rolled back automatically", timeout=WORK_MS)
        expect(notice).to_contain_text("gate closed")
        expect(notice).to_contain_text("incident opened")
        expect(notice).to_contain_text("people told", timeout=WORK_MS)
        play.shot(notice, f"{prefix}notice-incident")
    with play.step("omar opens the incident"):
        notice.get_by_role("button", name="Open incident").click()
        incident = omar.dialog("Rolled back")
        expect(incident).to_contain_text("Reason:")
        play.shot(omar.page, f"{prefix}modal-incident")
        incident.get_by_role("button", name="Close", exact=True).click()


def on_call(play: Play) -> None:
    """Omar types `/rollback`, sees how far it reaches, confirms, and says why."""
    number = _live(play, "Spring webinar")
    omar = play.person(OMAR)
    with play.step("omar types /rollback with the number and sees the blast radius"):
        omar.say(f"/rollback {number}")
        question = omar.dialog("Roll back")
        expect(question).to_contain_text("already left and cannot be recalled")
        play.shot(omar.page, "modal-rollback-confirm")
    with play.step("omar confirms: the gate is closed, the reason is asked"):
        question.get_by_role("button", name="Roll back", exact=True).click()
        progress = omar.dialog("Rolled back")
        expect(progress).to_contain_text("gate closed")
        play.shot(omar.page, "modal-rollback-progress")
        _say_why(progress)
    play.shot(_told(play, omar, number), "card-rolled-back-by-hand")
    _second_person(play, number)
    _hand_record(play, number)


def _live(play: Play, title: str) -> int:
    mara = play.person(MARA)
    number = acts.brief(play, mara, title, acts.CALM)
    acts.in_review(play, mara, number)
    acts.approve_everywhere(play, number)
    acts.canary(play, mara, number)
    return number


def _say_why(progress: Locator) -> None:
    progress.get_by_label("Why was it stopped?").fill(WHY)
    progress.get_by_role("button", name="Save reason").click()
    expect(progress).to_have_count(0)


def _told(play: Play, who: Person, number: int) -> Locator:
    with play.step("on-call channel and card say who stopped it and why"):
        notice = who.card(number, ON_CALL)
        expect(notice).to_contain_text("Rolled back by @omar", timeout=WORK_MS)
        card = who.card(number)
        expect(card).to_contain_text("Rolled back by @omar", timeout=WORK_MS)
        expect(card).to_contain_text(WHY, timeout=WORK_MS)
        return card


def _second_person(play: Play, number: int) -> None:
    with play.step("ana stops it too, and is told that omar did"):
        ana = play.person(ANA)
        ana.say(f"/rollback {number} now")
        view = ana.dialog("Rolled back")
        expect(view).to_contain_text("Already rolled back by @omar")
        play.shot(ana.page, "modal-rollback-second")


def _hand_record(play: Play, number: int) -> None:
    with play.step("the record has one rollback, its author and the reason"):
        story = play.audit(number)
        assert play.moved(story, "rolled back") == 1, story
        assert "omar (U0ONCALL)" in story, story
        assert WHY in story, story
        play.verify()


def by_keyboard(play: Play) -> None:
    """The same without a mouse: every step is a key."""
    number = _live(play, "Summer survey")
    omar = play.person(OMAR)
    keys = omar.page.keyboard
    with play.step("omar types /rollback and chooses the campaign by keys"):
        box = omar.page.get_by_label("Message #campaigns")
        _tab_to(omar, box)
        keys.type("/rollback")
        keys.press("Enter")
        picker = omar.dialog("Roll back")
        choice = picker.get_by_role("radio", name=re.compile(f"#{number} "))
        _tab_to(omar, picker.get_by_role("radio").first)
        for _ in range(picker.get_by_role("radio").count()):
            if choice.is_checked():
                break
            keys.press("Space")
            if not choice.is_checked():
                keys.press("ArrowDown")
        expect(choice).to_be_checked()
        play.shot(omar.page, "keyboard-rollback-pick")
    with play.step("omar confirms and says why by keys"):
        keys.press("Control+Enter")
        progress = omar.dialog("Rolled back")
        expect(progress).to_contain_text("gate closed")
        _tab_to(omar, progress.get_by_label("Why was it stopped?"))
        keys.type(WHY)
        keys.press("Control+Enter")
        expect(progress).to_have_count(0)
    _told(play, omar, number)
    _hand_record(play, number)


def _tab_to(who: Person, where: Locator) -> None:
    for _ in range(60):
        if where.evaluate("node => node === document.activeElement"):
            return
        who.page.keyboard.press("Tab")
    raise AssertionError("Tab does not reach it in 60 steps.")
