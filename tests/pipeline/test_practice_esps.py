"""A campaign goes out through each practice ESP as `copydesk up` wires it."""

from __future__ import annotations

import contextlib
import dataclasses
import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import cast

import httpx
import pytest
from aiohttp import ClientSession

from domain.campaign import CampaignId, State
from domain.errors import Refused
from domain.send import ChunkState
from pipeline import record, wiring
from pipeline.esp.sns import played_by
from pipeline.tokens import read_token
from practice.esp.faults import Fault
from practice.esp.keys import SMTP_PORT, TOPIC
from practice.esp.sns import TOPIC as ARN
from tests.clock import Clock
from tests.pipeline.lab import ANA, CLEO, DEV, KEY, OMAR, SECRET, Lab, lab
from tests.pipeline.test_faults import scheduled
from tests.pipeline.wire import Says, Wire, wire


@pytest.fixture
def line() -> Iterator[Wire]:
    """Where the links of mails lead."""
    with wire() as up:
        up.says(Says())
        yield up


@contextmanager
def desk_at(
    vendor: str, database_url: str, clock: Clock, folder: Path, line: Wire
) -> Iterator[Lab]:
    """The desk with the adapter that its own wiring makes."""
    with lab(database_url, clock, folder, vendor=vendor) as up:
        base = up.deps.settings.sendgrid_api_url
        given = {
            "esp": vendor,
            "public_url": line.url,
            "ses_region": "eu-west-1",
            "ses_sns_topic": ARN,
            "ses_api_url": base,
            "smtp_url": type(up.deps.settings.smtp_url)(
                f"smtp://copydesk:{KEY}@127.0.0.1:{up.esp.get(SMTP_PORT)}"
            ),
        }
        settings = up.deps.settings.model_copy(update=given)
        up.deps.esp.close()
        esp = wiring.ESPS[vendor](settings, clock)
        playbook = dataclasses.replace(up.deps.playbook, esp=vendor)
        up.deps = dataclasses.replace(
            up.deps, settings=settings, esp=esp, playbook_now=lambda: playbook
        )
        yield up


@pytest.fixture
def at_ses(
    database_url: str,
    clock: Clock,
    tmp_path: Path,
    line: Wire,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Lab]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)
    with desk_at("ses", database_url, clock, tmp_path, line) as up:
        yield up


@pytest.fixture
def at_smtp(
    database_url: str, clock: Clock, tmp_path: Path, line: Wire
) -> Iterator[Lab]:
    with desk_at("smtp", database_url, clock, tmp_path, line) as up:
        yield up


# Amazon SES


def held_and_sent(desk: Lab, number: CampaignId) -> None:
    """Each step is watched for its window; what is held then, two people let out."""
    rests = (State.HELD, State.SENT)
    for _step in desk.look(lambda s: s.sends.cohorts(number)):
        desk.pass_time(300, until=lambda: desk.state(number) in rests)
        if desk.state(number) is State.HELD:
            for person in (ANA, OMAR):
                desk.write(record.expand, desk.deps.playbook, number, actor=person)
            desk.drain()
    assert desk.state(number) is State.SENT
    mailed = desk.mailed()
    assert len(mailed) == len(set(mailed))


def test_a_campaign_at_the_practice_ses_is_judged_by_signed_events(
    at_ses: Lab,
) -> None:
    at_ses.add_list("calm", 600)
    number = scheduled_to(at_ses, "calm")
    held_and_sent(at_ses, number)
    assert at_ses.esp[TOPIC].is_confirmed
    at_ses.pass_time(120)
    totals = at_ses.look(lambda s: s.events.totals(number))
    assert totals["accepted"] == 600
    assert 500 < totals["delivered"] < 600
    assert totals["clicked"] > 0
    # by what was reported the judge let a step out by itself
    ((_judge,),) = set(
        at_ses.rows(
            "SELECT actor FROM audit_events WHERE event = 'expanded' AND actor = 'judge'"
        )
    )
    assert "reports no complaints" not in said_of(at_ses, number)


def said_of(desk: Lab, number: CampaignId) -> str:
    (card,) = desk.cards(number)
    replies = [str(each.blocks) for each in desk.thread(number)]
    why = desk.rows("SELECT detail FROM audit_events WHERE event = 'held'")
    return f"{card.blocks} {replies} {why}"


def test_a_list_that_complains_is_rolled_back_at_the_practice_ses(
    at_ses: Lab,
) -> None:
    at_ses.add_list("complains", 2_400)
    number = scheduled_to(at_ses, "complains")
    at_ses.pass_time(400, until=lambda: at_ses.state(number) is State.ROLLED_BACK)
    assert at_ses.state(number) is State.ROLLED_BACK


def scheduled_to(desk: Lab, audience: str) -> CampaignId:
    number = desk.brief(audience=audience)
    desk.drain()
    desk.approve_all(number, CLEO, DEV)
    assert desk.state(number) is State.SCHEDULED
    return number


def test_only_a_practice_on_this_machine_plays_amazons_host() -> None:
    for base in (
        "",
        "https://sns.eu-west-1.amazonaws.com",
        "http://10.0.0.1",
        "http://[",
    ):
        with pytest.raises(Refused, match="must be on this machine"):
            played_by(base)


def test_a_real_ses_fetches_from_amazon_itself(at_ses: Lab) -> None:
    practice = at_ses.deps.settings
    real = practice.model_copy(update={"practice": "slack,writer"})
    assert wiring.ses_of(practice, at_ses.clock)._fetch is not wiring.sns.fetch
    assert wiring.ses_of(real, at_ses.clock)._fetch is wiring.sns.fetch


# SMTP


def test_a_campaign_at_the_practice_mail_server_waits_for_people_and_is_sent(
    at_smtp: Lab,
) -> None:
    number = scheduled(at_smtp)
    at_smtp.tick(1)
    assert at_smtp.state(number) is State.CANARY
    (card,) = at_smtp.cards(number)
    assert "SMTP reports no complaints" in str(card.blocks)
    held_and_sent(at_smtp, number)
    assert at_smtp.events(number).count("held") == 2
    assert "SMTP reports no complaints" in said_of(at_smtp, number)
    chunks = at_smtp.chunks(number)
    assert {c.state for c in chunks} == {ChunkState.SENT}
    mailed = at_smtp.mailed()
    assert len(mailed) == sum(c.accepted for c in chunks)
    bounced = at_smtp.look(lambda s: s.events.totals(number)).get("bounced_hard", 0)
    assert bounced == sum(c.skipped for c in chunks) == 300 - len(mailed)


def test_the_inbox_shows_what_came_by_smtp(at_smtp: Lab) -> None:
    number = scheduled(at_smtp)
    at_smtp.tick(1)
    base = at_smtp.deps.settings.ses_api_url
    (newest, *_others) = httpx.get(f"{base}/practice/mails").json()
    whole = httpx.get(f"{base}/practice/mail/{newest['id']}").json()
    assert whole["custom_args"]["campaign_id"] == str(number)
    assert "List-Unsubscribe" in whole["headers"]
    assert whole["from"]["email"] == at_smtp.deps.settings.mail_from
    assert whole["from"]["name"] == at_smtp.deps.playbook.footer.sender_name
    assert {part["type"] for part in whole["content"]} == {"text/plain", "text/html"}
    assert whole["subject"] in httpx.get(f"{base}/practice/inbox").text


def test_a_reader_who_leaves_presses_the_link_of_the_mail(
    at_smtp: Lab, line: Wire
) -> None:
    at_smtp.add_list("leaves", 200)
    number = scheduled_to(at_smtp, "leaves")
    at_smtp.tick(1)
    mailed = len(at_smtp.mailed())
    at_smtp.clock.tick(timedelta(days=1))
    at_smtp.hear()
    pressed = [each for each in line.heard if each.path.startswith("/u/")]
    assert len(pressed) == mailed > 0
    assert {each.body for each in pressed} == {b"List-Unsubscribe=One-Click"}
    for each in pressed:
        send_id = read_token(SECRET, each.path.removeprefix("/u/"))
        assert at_smtp.write(record.unsubscribe, send_id) == number
    assert at_smtp.webhook == []


@pytest.mark.parametrize(
    "link",
    ["https://desk.example/u/1", "http://[", "", "http://127.0.0.1.desk.example/u/1"],
)
def test_no_link_to_another_machine_is_ever_pressed(at_smtp: Lab, link: str) -> None:
    async def try_it() -> None:
        from practice.esp.leaving import press

        headers = {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "x"}
        # a session of none: asking it for anything would raise
        await press(cast("ClientSession", None), headers)

    at_smtp.run(try_it())


def test_a_stranger_and_a_broken_talk_get_no_mail_in(at_smtp: Lab) -> None:
    port = at_smtp.esp[SMTP_PORT]
    with smtplib.SMTP("127.0.0.1", port) as talk:
        talk.ehlo()
        assert talk.docmd("MAIL", "FROM:<a@b.example>")[0] == 530
        assert talk.docmd("AUTH", "PLAIN !!!")[0] == 535
        assert talk.docmd("AUTH", "LOGIN")[0] == 504
        assert talk.docmd("WHAT")[0] == 500
        talk.login("copydesk", KEY)
        assert talk.docmd("RCPT", "TO:<a@b.example>")[0] == 503
        assert talk.docmd("DATA")[0] == 503
        assert talk.docmd("MAIL", "FROM:nobody")[0] == 501
        assert talk.docmd("MAIL", "FROM:<a@b.example>")[0] == 250
        assert talk.docmd("RCPT", "TO:<a b>")[0] == 553
        assert talk.docmd("RCPT", "TO:<x@cedar.bounces.example>")[0] == 550
        assert talk.docmd("DATA")[0] == 503
    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.sendall(b"x" * 200_000)
        with contextlib.suppress(ConnectionError):
            while raw.recv(4096):
                pass
    assert at_smtp.mailed() == []


@pytest.mark.parametrize(
    ("fault", "is_out"),
    [
        (Fault.TOO_MANY, False),
        (Fault.BROKEN, False),
        (Fault.REFUSE, False),
        (Fault.TIMEOUT_AFTER_ACCEPT, True),
    ],
)
def test_a_fault_of_the_mail_server_mails_nobody_twice(
    at_smtp: Lab, fault: Fault, *, is_out: bool
) -> None:
    number = scheduled(at_smtp)
    at_smtp.esp_fault(fault)
    at_smtp.tick(1)
    states = {c.state for c in at_smtp.chunks(number) if c.step == 0}
    assert (ChunkState.UNKNOWN in states) is is_out
    for _ in range(6):
        at_smtp.tick(61)
    mailed = at_smtp.mailed()
    assert len(mailed) == len(set(mailed))
