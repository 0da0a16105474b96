"""What people do in more than one story."""

from __future__ import annotations

import re
from typing import Final

import httpx
from playwright.sync_api import Locator, expect

from tests.stories.person import CLEO, DEV, PASSING_MS, WORK_MS, Person
from tests.stories.stage import Play

CALM: Final = "a calm list"
STORMY: Final = "a list that complains"
SMALL: Final = "a small list"
GOAL: Final = "Bring people who stopped half way through a demo back to finish it."
MESSAGE: Final = "Your demo is still there, and it takes ten minutes to finish."
LINK: Final = "https://northwind.example/demo"
_SEED: Final = "team@"
"""How the shipped canary.yaml's seeds begin; no list of the stories has such an address."""
_EVERY_MAIL: Final = 1_000_000


def open_brief(who: Person) -> Locator:
    """Type `/brief` and get the form."""
    who.say("/brief")
    return who.dialog("New brief")


def fill_brief(
    form: Locator, title: str, audience: str, *, goal: str = GOAL, link: str = LINK
) -> None:
    """Fill in what the form requires."""
    form.get_by_label("Title", exact=True).fill(title)
    form.get_by_label("Goal", exact=True).fill(goal)
    form.get_by_label("Audience", exact=True).click()
    form.page.get_by_role("option", name=audience).click()
    form.get_by_label("Key message", exact=True).fill(MESSAGE)
    form.get_by_label("Call-to-action link", exact=True).fill(link)


def choose_tier(form: Locator, tier: str) -> None:
    """Pick tier A, B or C; at A the form is drawn anew."""
    form.get_by_label("Tier", exact=True).click()
    form.page.get_by_role("option", name=re.compile(f"^{tier}: ")).click()
    if tier == "A":
        send = form.get_by_role("button", name="Send to brand lead")
        expect(send).to_be_visible()


def send_brief(
    who: Person, form: Locator, title: str, *, button: str = "Write variants"
) -> int:
    """Submit the form; the number of the campaign whose card appears."""
    cards = who.channel().locator("article.message", has_text=title)
    known = cards.count()
    form.get_by_role("button", name=button).click()
    expect(form).to_have_count(0)
    # an older campaign may have the same title
    expect(cards).to_have_count(known + 1, timeout=WORK_MS)
    found = re.search(r"#(\d+) ", cards.last.inner_text())
    assert found, "The card has no number."
    return int(found[1])


def brief(play: Play, who: Person, title: str, audience: str) -> int:
    """Write a brief without a mistake."""
    with play.step(f"a brief is written for {audience}"):
        form = open_brief(who)
        fill_brief(form, title, audience)
        return send_brief(who, form, title)


def in_review(play: Play, who: Person, number: int) -> None:
    """Wait until the copy editors are asked."""
    with play.step("variants are written, checked and in copy review"):
        expect(who.card(number)).to_contain_text("In copy review", timeout=WORK_MS)


def approve_button(variant: Locator, label: str, stage: str) -> Locator:
    """The button of one stage: stages side by side have one each."""
    name = re.compile(rf"^Approve variant {label}(, {stage} stage)?$", re.IGNORECASE)
    return variant.get_by_role("button", name=name)


def approve(who: Person, number: int, label: str, stage: str) -> None:
    """Approve one variant; its card says who did."""
    variant = who.variant(number, label)
    button = approve_button(variant, label, stage)
    expect(button).to_be_visible(timeout=WORK_MS)
    button.click()
    said = re.compile(rf"{stage} approved by")
    expect(variant).to_contain_text(said, timeout=WORK_MS)


def approve_everywhere(
    play: Play, number: int, *, copy: str = "AB", sent: str = "A"
) -> None:
    """Copy lets one more through than is sent; deliverability chooses those."""
    for who, stage, labels in ((CLEO, "Copy", copy), (DEV, "Deliverability", sent)):
        with play.step(f"{stage.lower()} approves {' and '.join(labels)}"):
            reviewer = play.person(who)
            for label in labels:
                approve(reviewer, number, label, stage)
            play.goodbye(reviewer)


def canary(play: Play, who: Person, number: int) -> Locator:
    """Wait for the first mails; the card that counts them."""
    who.back_to_channel()
    card = who.card(number)
    with play.step("the canary goes live"):
        expect(card).to_contain_text(
            re.compile(r"Canary: [1-9][\d,]* mails out"), timeout=PASSING_MS
        )
    return card


def switch_esp(
    play: Play, who: Person, *choices: str, liked: str | None = None
) -> None:
    """Somebody makes the practice ESP and its readers behave so, on its page."""
    with play.step(
        f"the practice ESP: {', '.join([*choices, liked or '']).strip(', ')}"
    ):
        page = who.context.new_page()
        page.goto(f"{esp(play)}/practice/switches")
        for choice in choices:
            page.get_by_label(choice).check()
        if liked is not None:
            page.get_by_label("They click three times as often").fill(liked)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status")).to_contain_text("Saved")
        page.close()


def esp(play: Play) -> str:
    """The practice ESP's address."""
    return play.desk.env["SENDGRID_API_URL"].rstrip("/")


def mails_sent(play: Play) -> int:
    """How many mails have left the practice ESP, the team's seeds left out."""
    address = f"{esp(play)}/practice/mails?limit={_EVERY_MAIL}"
    return sum(
        each["state"] == "sent" and not each["to"].startswith(_SEED)
        for each in httpx.get(address, timeout=60).json()
    )


def open_evidence(who: Person, card: Locator) -> Locator:
    """Everything that a decision about a canary rests on."""
    # a button while it is decided, in the menu before and after
    button = card.get_by_role("button", name="Evidence")
    if button.count():
        button.click()
    else:
        who.choose(card, "Evidence")
    return who.dialog("Evidence")


def close(window: Locator) -> None:
    window.get_by_role("button", name="Close", exact=True).click()
    expect(window).to_have_count(0)
