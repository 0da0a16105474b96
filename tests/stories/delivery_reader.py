"""Readers answer a mail: one leaves by its link, others do what it asked for."""

from __future__ import annotations

import json
import re
import time
from typing import Any, Final

import httpx
from playwright.sync_api import Locator, Page, expect

from pipeline.webhook import SIGNATURE, TIMESTAMP, sign
from tests.stories import acts
from tests.stories.person import MARA, PASSING_MS, WORK_MS
from tests.stories.stage import Play

CONVERTED: Final = 7


def play(play: Play) -> None:
    mara = play.person(MARA)
    number = acts.brief(play, mara, "Finish your demo", acts.CALM)
    acts.in_review(play, mara, number)
    acts.approve_everywhere(play, number)
    card = acts.canary(play, mara, number)
    mail = _a_mail(play)
    _leaves(play, mara.page.context.new_page(), mail)
    with play.step("mara's card counts who left"):
        expect(card).to_contain_text(
            re.compile(r"unsubscribes [1-9]"), timeout=PASSING_MS
        )
    _convert(play, mail, card)
    play.both(mara, card, "card-conversions")
    with play.step("the shell shows the same, and the record holds"):
        said = play.desk.said("conversions", "show", str(number))
        assert f"Demo request: {CONVERTED} of" in said, said
        play.verify()


def _a_mail(play: Play) -> dict[str, Any]:
    """A mail as its recipient has it, from the practice ESP; none of the team's seeds."""
    esp = play.desk.env["SENDGRID_API_URL"].rstrip("/")
    for each in httpx.get(f"{esp}/practice/mails?limit=50").json():
        mail: dict[str, Any] = httpx.get(f"{esp}/practice/mail/{each['id']}").json()
        if "/u/seed" not in mail["headers"]["List-Unsubscribe"]:
            return mail
    raise LookupError("No recipient has a mail.")


def _leaves(play: Play, page: Page, mail: dict[str, Any]) -> None:
    with play.step("a reader opens the mail's unsubscribe link and presses its button"):
        link = re.findall(r"<(http\S+)>", mail["headers"]["List-Unsubscribe"])[0]
        page.goto(link)
        leave = page.get_by_role("button", name="Stop these mails")
        expect(leave).to_be_visible()
        play.shot(page, "page-unsubscribe")
        leave.click()
        expect(page.get_by_role("button")).to_have_count(0)
        expect(page.locator("body")).to_contain_text("You are unsubscribed")
        page.close()


def _convert(play: Play, mail: dict[str, Any], card: Locator) -> None:
    with play.step(f"the landing page reports {CONVERTED} demo requests, twice"):
        text = next(
            part["value"] for part in mail["content"] if part["type"] == "text/plain"
        )
        found = re.search(rf"{re.escape(acts.LINK)}\?cd=(\S+)", text)
        assert found, "The call to action carries no link id."
        events = [_event(found[1], number) for number in range(CONVERTED)]
        assert _report(play, events) == {"new": CONVERTED, "known": 0, "unknown": 0}
        assert _report(play, events) == {"new": 0, "known": CONVERTED, "unknown": 0}
        said = re.compile(rf"Demo request: {CONVERTED} of [\d,]+ delivered")
        expect(card).to_contain_text(said, timeout=WORK_MS)


def _event(link_id: str, number: int) -> dict[str, str]:
    at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    return {"link": link_id, "kind": "demo_request", "id": f"lead-{number}", "at": at}


def _report(play: Play, events: list[dict[str, str]]) -> dict[str, int]:
    """Post as the sender's own site would, signed."""
    env = play.desk.env
    body = json.dumps(events).encode()
    stamp = int(time.time())
    headers = {
        TIMESTAMP: str(stamp),
        SIGNATURE: sign(env["COPYDESK_CONVERSIONS_SECRET"], stamp, body),
    }
    base = env["COPYDESK_PUBLIC_URL"].rstrip("/")
    answer = httpx.post(f"{base}/v1/conversions", content=body, headers=headers)
    told: dict[str, int] = answer.json()
    return told
