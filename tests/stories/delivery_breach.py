"""A canary that readers or mailboxes turn away rolls back; what it cost is told."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import httpx
from playwright.sync_api import expect

from tests.stories import acts
from tests.stories.person import MARA, OMAR, ON_CALL, PASSING_MS, WORK_MS
from tests.stories.stage import Play


@dataclass(frozen=True, slots=True, kw_only=True)
class _Breach:
    """How readers are switched, and what is said and kept of it.

    Attributes:
        kept: The ESP's own list of whom it mails no more.
        keep: Which widths of its card the docs show.
    """

    readers: str
    title: str
    noun: str
    kept: str
    keep: Collection[str] = ()


def complaints(play: Play) -> None:
    _breach(
        play,
        _Breach(
            readers="One in twenty complains",
            title="Yearly price change",
            noun="complaint",
            kept="spam_reports",
        ),
    )


def bounces(play: Play) -> None:
    _breach(
        play,
        _Breach(
            readers="One address in seven does not exist",
            title="Old trade fair contacts",
            noun="hard bounce",
            kept="bounces",
            keep=("",),
        ),
    )


def _breach(play: Play, breach: _Breach) -> None:
    shown = breach.noun.replace(" ", "-")
    mara = play.person(MARA)
    acts.switch_esp(play, mara, breach.readers)
    number = acts.brief(play, mara, breach.title, acts.CALM)
    acts.in_review(play, mara, number)
    acts.approve_everywhere(play, number)
    card = mara.card(number)
    with play.step(f"too many {breach.noun}s, and it rolls back by itself"):
        expect(card).to_contain_text("Rolled back automatically", timeout=PASSING_MS)
        expect(card).to_contain_text(re.compile(rf"Rolled back at .*{breach.noun}"))
        expect(card).to_contain_text("ESP confirmed", timeout=WORK_MS)
        play.both(mara, card, f"card-rolled-back-{shown}", keep=breach.keep)
    with play.step("only the canary ever left"):
        out = acts.mails_sent(play)
        assert 250 < out < 350, out
        expect(card).to_contain_text(f"{out} mails had left")
    _told(play, number, breach, shown)
    with play.step("the ESP mails none of them again, and the record says why"):
        assert _kept(play, breach.kept), "The ESP keeps nobody."
        story = play.audit(number)
        assert play.moved(story, "rolled back") == 1, story
        assert play.moved(story, "expanding") == 0, story
        assert f"{breach.noun}" in story, story
        play.verify()


def _told(play: Play, number: int, breach: _Breach, shown: str) -> None:
    with play.step("on-call reads it with its evidence"):
        omar = play.person(OMAR)
        notice = omar.card(number, ON_CALL)
        expect(notice).to_contain_text("Rolled back automatically", timeout=WORK_MS)
        expect(notice).to_contain_text("people told", timeout=WORK_MS)
        evidence = acts.open_evidence(omar, omar.card(number))
        expect(evidence).to_contain_text(re.compile(rf"Rolled back at .*{breach.noun}"))
        play.both(omar, evidence, f"modal-evidence-{shown}", keep=())
        acts.close(evidence)


def _kept(play: Play, kind: str) -> list[object]:
    """Who is on one of the ESP's lists, as its API tells the desk."""
    key = {"Authorization": f"Bearer {play.desk.env['SENDGRID_API_KEY']}"}
    answer = httpx.get(f"{acts.esp(play)}/v3/suppression/{kind}", headers=key)
    rows: list[object] = answer.json()
    return rows
