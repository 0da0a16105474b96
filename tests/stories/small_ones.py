"""Short stories: a first look, hostile words, a small list, the app sent away."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.stories import acts
from tests.stories.person import (
    ANA,
    CAMPAIGNS,
    CLEO,
    MARA,
    OMAR,
    PASSING_MS,
    WORK_MS,
)
from tests.stories.stage import Play

HOSTILE = "<!channel> & <@U0ONCALL> <https://evil.example|here>"


def smoke(play: Play) -> None:
    """The page opens, a brief is written, its variants can be read."""
    with play.step("the page opens"):
        mara = play.person(MARA)
        expect(mara.page.get_by_label("Message #campaigns")).to_be_visible()
    number = acts.brief(play, mara, "A first look", acts.CALM)
    with play.step("the variants can be read"):
        for label in "ABC":
            variant = mara.variant(number, label)
            expect(variant).to_contain_text("Subject", timeout=WORK_MS)
    with play.step("the record holds"):
        assert "briefed" in play.audit(number)
        play.verify()


def hostile(play: Play) -> None:
    """Words that are markup in Slack stay words, on the card and in the thread."""
    mara = play.person(MARA)
    title = f"Hostile {HOSTILE}"
    with play.step("a brief full of markup is written"):
        form = acts.open_brief(mara)
        acts.fill_brief(form, title, acts.CALM, goal=f"{HOSTILE} {acts.GOAL}")
        number = acts.send_brief(mara, form, "Hostile")
    with play.step("its card shows it as text, and mentions nobody by it"):
        card = mara.card(number)
        expect(card).to_contain_text("<!channel> & <@U0ONCALL>")
        assert card.locator("a[href*='evil.example']").count() == 0
        expect(card.locator(".mention", has_text="omar")).to_have_count(0)
        play.shot(card, "card-hostile")
        mara.page.emulate_media(color_scheme="dark")
        play.shot(mara.page, "dark-channel")


def _expand_as_two(first: Locator, second: Locator, sent: Locator) -> None:
    """One asks to expand what is held, another confirms."""
    expand = second.get_by_role("button", name="Expand campaign")
    expect(expand.or_(sent).first).to_be_visible(timeout=PASSING_MS)
    if expand.is_visible():
        first.get_by_role("button", name="Expand campaign").click()
        expect(second).to_contain_text("confirms with Expand", timeout=WORK_MS)
        expand.click()
        expect(second).not_to_contain_text("Held", timeout=WORK_MS)


def small_list(play: Play) -> None:
    """A canary too small to see complaints waits for a person, who expands it."""
    mara = play.person(MARA)
    number = acts.brief(play, mara, "Pilot customers", acts.SMALL)
    acts.in_review(play, mara, number)
    acts.approve_everywhere(play, number)
    card = mara.card(number)
    with play.step("it is held, because this canary cannot see complaints"):
        expect(card).to_contain_text("Held", timeout=PASSING_MS)
        expect(card).to_contain_text("cannot")
        play.shot(card, "card-held")
    with play.step("mara, who wrote the brief, may not expand it"):
        card.get_by_role("button", name="Expand campaign").click()
        refused = mara.only_me()
        expect(refused).to_contain_text("another person has to expand it")
        play.shot(mara.page, "notice-refused")
    with play.step("ana asks, omar confirms, and it goes on until it is sent"):
        ana, omar = play.person(ANA), play.person(OMAR)
        card = omar.card(number)
        sent = card.get_by_text(re.compile(r"Sent: [\d,]+ mails out"))
        while not sent.is_visible():
            _expand_as_two(ana.card(number), card, sent)
        play.shot(card, "card-sent-small")
    with play.step("the record says that a person expanded it, and holds"):
        story = play.audit(number)
        assert re.search(r"omar \(U0ONCALL\): .*expand", story), story
        play.verify()


def sent_away(play: Play) -> None:
    """The app is removed from #campaigns: the brief is kept, the card comes later."""
    mara = play.person(MARA)
    with play.step("the app is removed from #campaigns"):
        mara.say("/remove @copydesk")
        expect(mara.page.get_by_role("button", name="13 members")).to_be_visible()
    with play.step("a brief is kept, and mara is told how to invite the app"):
        form = acts.open_brief(mara)
        acts.fill_brief(form, "Nobody home", acts.CALM)
        form.get_by_role("button", name="Write variants").click()
        expect(form).to_have_count(0)
        mara.page.get_by_role("link", name="Copydesk").last.click()
        told = mara.page.get_by_role("log", name="Messages in Copydesk")
        expect(told).to_contain_text("/invite", timeout=WORK_MS)
        play.shot(mara.page, "notice-not-in-channel")
    with play.step("once invited, the card appears"):
        mara.say("/invite @copydesk", CAMPAIGNS)
        card = mara.channel().locator("article.message", has_text="Nobody home")
        expect(card.last).to_be_visible(timeout=WORK_MS)


def preview(play: Play) -> None:
    """A text is read as somebody would, and the record says as whom of the list."""
    cleo = play.person(CLEO)
    mara = play.person(MARA)
    number = acts.brief(play, mara, "Read it as they would", acts.CALM)
    acts.in_review(play, mara, number)
    with play.step("cleo reads the whole text, tokens and all"):
        cleo.choose(cleo.variant(number, "A"), "Read all")
        window = cleo.dialog("Variant A")
        expect(window).to_contain_text("{{ ")
    with play.step("nobody known: every fallback, and no token is left"):
        _preview_as(window, "Nothing known")
        expect(window).to_contain_text("nobody of the list is shown")
        assert "{{" not in window.inner_text()
        assert cleo.fits()
    with play.step("somebody of the list, by first name and never by address"):
        _preview_as(window, "Recipient 2 of 5")
        expect(window).to_contain_text("Recipient 2 of 5, drawn from")
        assert "@calm.example" not in window.inner_text()
        play.both(cleo, window, "modal-preview-recipient")
    with play.step("the record says who looked, and a shell shows the same"):
        assert "previewed" in play.audit(number)
        assert "Subject: " in play.desk.said("preview", str(number), "--as", "rtl")
        play.verify()


def _preview_as(window: Locator, who: str) -> None:
    window.get_by_label("Preview as").click()
    window.page.get_by_role("option", name=who, exact=True).click()
