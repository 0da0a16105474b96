"""The ESP is away in the middle of a rollback: the gate is shut all the same."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page, expect

from tests.stories import acts
from tests.stories.person import (
    MARA,
    OMAR,
    ON_CALL,
    PASSING_MS,
    WORK_MS,
    Person,
)
from tests.stories.stage import Play

KEY: Final = "a key for pages that is long enough"
WHY: Final = "The offer in the mail ended yesterday"


def playbook(folder: Path) -> Mapping[str, str]:
    """A pager on this machine, at an address that is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (folder / "oncall.yaml").open("a") as file:
        file.write(f"page: http://127.0.0.1:{port}/hooks/copydesk\n")
    return {"COPYDESK_WEBHOOK_KEY": KEY}


def play(play: Play) -> None:
    mara, omar = play.person(MARA), play.person(OMAR)
    number = acts.brief(play, mara, "Autumn offer", acts.CALM)
    acts.in_review(play, mara, number)
    acts.approve_everywhere(play, number)
    card = acts.canary(play, mara, number)
    with _pager(play) as pages:
        switches = _go_away(play, omar)
        _stop(play, omar, number)
        # what the second half of the canary came to before that is no matter here
        out = acts.mails_sent(play)
        with play.step("the card says that the gate is shut and the ESP silent"):
            expect(card).to_contain_text("the ESP has not confirmed yet")
            play.both(mara, card, "card-rolled-back-esp-away", keep=())
        _late(play, omar, number)
        with play.step("the pager got one page, which names nobody"):
            assert [each["kind"] for each in pages] == ["page"]
            assert pages[0]["campaign"] == number
            assert pages[0]["contained_at"] is None
            assert "@" not in json.dumps(pages[0])
        with play.step("the ESP is back: the steps that were left are done"):
            _choose(switches, "It answers")
            expect(card).to_contain_text("ESP confirmed", timeout=PASSING_MS)
            expect(card).to_contain_text("It was contained late")
            play.both(mara, card, "card-contained-late", keep=("",))
    with play.step("nothing has left since, and the record holds"):
        assert acts.mails_sent(play) == out
        story = play.audit(number)
        assert play.moved(story, "rolled back") == 1, story
        play.verify()


def _go_away(play: Play, omar: Person) -> Page:
    with play.step("by the inspector's link the practice ESP is switched away"):
        omar.page.locator("#inspector-toggle").click()
        with omar.page.expect_popup() as opened:
            omar.page.get_by_role("link", name="Make the ESP or its readers").click()
        switches = opened.value
        expect(switches.get_by_label("It answers")).to_be_checked()
        _choose(switches, "It is away")
        omar.page.get_by_role("button", name="Close inspector").click()
        return switches


def _choose(switches: Page, what: str) -> None:
    switches.get_by_label(what).check()
    switches.get_by_role("button", name="Save").click()
    expect(switches.get_by_role("status")).to_contain_text("Saved")


def _stop(play: Play, omar: Person, number: int) -> None:
    with play.step("omar rolls it back: the gate is shut at once, the rest waits"):
        omar.say(f"/rollback {number} now")
        progress = omar.dialog("Rolled back")
        expect(progress).to_contain_text("gate closed at once")
        expect(progress).to_contain_text(
            re.compile("telling the ESP to cancel: .*(under way|asking again)")
        )
        play.both(omar, progress, "modal-rollback-esp-away", keep=())
        progress.get_by_label("Why was it stopped?").fill(WHY)
        progress.get_by_role("button", name="Save reason").click()
        expect(progress).to_have_count(0)


def _late(play: Play, omar: Person, number: int) -> None:
    with play.step("it is late: on-call is told in Slack and paged outside it"):
        alarm = omar.channel(ON_CALL).locator("article", has_text="is not contained")
        expect(alarm.first).to_be_visible(timeout=PASSING_MS)
        expect(alarm.first).to_contain_text("Paged through 127.0.0.1", timeout=WORK_MS)
        play.both(omar, alarm.first, "notice-not-contained")


@contextmanager
def _pager(play: Play) -> Iterator[list[dict[str, Any]]]:
    """The address that playbook() named, answering; and what was posted to it."""
    pages: list[dict[str, Any]] = []

    class Pager(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            pages.append(json.loads(self.rfile.read(size)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Say nothing: a story prints its own steps."""

    written = (play.desk.folder / "playbook" / "oncall.yaml").read_text()
    found = re.search(r"^page: http://127\.0\.0\.1:(\d+)/", written, re.MULTILINE)
    assert found, "oncall.yaml names no pager."
    with ThreadingHTTPServer(("127.0.0.1", int(found[1])), Pager) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield pages
        finally:
            server.shutdown()
