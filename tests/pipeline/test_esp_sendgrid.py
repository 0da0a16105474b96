from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from domain.campaign import CampaignId
from domain.errors import Refused, TryLater
from pipeline.esp.factor import factor
from pipeline.esp.port import (
    BadSignature,
    Batch,
    BatchState,
    CancelState,
    Esp,
    Mail,
    OutcomeUnknown,
)
from pipeline.esp.sendgrid import SendGrid
from pipeline.esp.sendgrid_events import SIGNATURE, TIMESTAMP, normalise
from practice.esp import PracticeEsp, build_app
from practice.esp.reading import render
from tests.pipeline.wire import Says, Wire, elsewhere, serving, wire

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
KEY = "practice-key"
UNSUBSCRIBE = {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def make_mail(send_id: int, **changes: Any) -> Mail:
    link = f"https://desk.example/u/token{send_id}"
    whole: dict[str, Any] = {
        "send_id": send_id,
        "to": f"reader{send_id}@mail.example",
        "subject": f"Hello Reader{send_id}",
        "text": f"Hi Reader{send_id},\n\nthe reports are here.\n\nLeave: {link}\n",
        "html": f"<p>Hi Reader{send_id},</p><p>They are here.</p><a href='{link}'>x</a>",
        "headers": {"List-Unsubscribe": f"<{link}>", **UNSUBSCRIBE},
    }
    return Mail(**whole | changes)


def make_batch(batch_id: str, *mails: Mail, **changes: Any) -> Batch:
    whole: dict[str, Any] = {
        "batch_id": batch_id,
        "campaign_id": CampaignId(7),
        "from_address": "news@brand.example",
        "from_name": "Brand",
        "mails": mails or (make_mail(1), make_mail(2)),
    }
    return Batch(**whole | changes)


def make_item(**changes: Any) -> dict[str, Any]:
    return {
        "event": "delivered",
        "timestamp": 1_795_000_000,
        "send_id": "4",
        "campaign_id": "7",
        "email": "reader4@mail.example",
        "sg_message_id": "m1",
        "sg_event_id": "e1",
    } | changes


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[str]:
    config = PracticeEsp(
        api_key=KEY, data_dir=tmp_path, pump=False, clock=NOW.timestamp
    )
    with elsewhere(serving(build_app(config))) as url:
        yield url


@pytest.fixture
def line() -> Iterator[Wire]:
    with wire() as ready:
        yield ready


def connected(url: str, **changes: Any) -> SendGrid:
    given: dict[str, Any] = {"api_key": KEY, "clock": lambda: NOW}
    return SendGrid(base_url=url, **given | changes)


@pytest.fixture
def esp(practice: str) -> Iterator[SendGrid]:
    ready = connected(practice)
    yield ready
    ready.close()


@pytest.fixture
def faulty(line: Wire) -> Iterator[SendGrid]:
    timeout = httpx.Timeout(0.5)
    ready = connected(line.url, timeout=timeout, clock=lambda: NOW)
    yield ready
    ready.close()


def test_the_adapter_fits_the_port(esp: SendGrid) -> None:
    fitting: Esp = esp
    assert fitting.name == "sendgrid"


# Sending


def test_each_reader_gets_the_very_bytes_of_their_mail(
    esp: SendGrid, practice: str
) -> None:
    mails = (make_mail(1), make_mail(2), make_mail(3, text="Quite another text.\n"))
    accepted = esp.send(make_batch(esp.new_batch(), *mails))
    assert accepted.accepted == 3
    assert accepted.message_id
    listed = httpx.get(f"{practice}/practice/mails", params={"campaign": "7"}).json()
    rows = listed["mails"] if isinstance(listed, dict) else listed
    for mail in mails:
        (row,) = [row for row in rows if row["to"] == mail.to]
        got = httpx.get(f"{practice}/practice/mail/{row['id']}").json()
        assert got["subject"] == mail.subject
        assert [part["value"] for part in got["content"]] == [mail.text, mail.html]
        assert got["headers"] == mail.headers
        assert got["custom_args"]["send_id"] == str(mail.send_id)


def test_a_thousand_mails_of_four_kilobytes_fit_one_request(line: Wire) -> None:
    body = " ".join(f"word{i}" for i in range(500))
    mails = [
        make_mail(i, text=f"Hi {i},\n{body}\n{i}", html=f"<p>Hi {i},</p><p>{body}</p>")
        for i in range(1000)
    ]
    line.says(Says(status=202))
    esp = connected(line.url)
    esp.send(make_batch("b", *mails))
    esp.close()
    (heard,) = line.heard
    assert len(heard.json["personalizations"]) == 1000
    assert len(heard.body) < 1_000_000


def test_mails_that_differ_too_much_are_refused_before_the_call(
    faulty: SendGrid, line: Wire
) -> None:
    mails = (make_mail(1, html="x" * 12_000), make_mail(2, html="y" * 12_000))
    with pytest.raises(Refused, match="differ by more than the 10,000 bytes"):
        faulty.send(make_batch("b", *mails))
    assert line.heard == []


def test_a_mail_without_a_way_out_is_refused(faulty: SendGrid) -> None:
    with pytest.raises(Refused, match="no one-click unsubscribe"):
        faulty.send(make_batch("b", make_mail(1, headers={})))


def test_what_the_esp_finds_wrong_is_told_without_the_address(esp: SendGrid) -> None:
    bad = make_mail(1, to="not an address@at all")
    with pytest.raises(Refused, match=r"personalizations\.0\.to\.0\.email") as caught:
        esp.send(make_batch(esp.new_batch(), bad))
    assert "not an address" not in str(caught.value)


def test_a_wrong_key_is_refused_with_the_setting_to_mend(practice: str) -> None:
    esp = connected(practice, api_key="wrong")
    with pytest.raises(Refused, match="SENDGRID_API_KEY"):
        esp.new_batch()
    esp.close()


@pytest.mark.parametrize(
    ("answer", "fate"),
    [
        (Says(status=500), OutcomeUnknown),
        (Says(status=503), OutcomeUnknown),
        (Says(hangs=True), OutcomeUnknown),
        (Says(drops=True), OutcomeUnknown),
        (Says(status=429), TryLater),
        (Says(status=413), Refused),
        (Says(status=403, raw=b"<html>"), Refused),
    ],
)
def test_a_send_that_fails_has_the_fate_of_its_fault(
    faulty: SendGrid, line: Wire, answer: Says, fate: type[Exception]
) -> None:
    line.says(answer)
    with pytest.raises(fate):
        faulty.send(make_batch("b"))
    assert len(line.heard) == 1


def test_an_esp_that_is_not_there_took_nothing() -> None:
    with wire() as gone:
        url = gone.url
    esp = connected(url)
    with pytest.raises(TryLater):
        esp.send(make_batch("b"))
    esp.close()


def test_the_rate_limit_says_when_to_come_back(faulty: SendGrid, line: Wire) -> None:
    reset = str(int(NOW.timestamp()) + 42)
    line.says(Says(status=429, headers={"X-RateLimit-Reset": reset}))
    with pytest.raises(TryLater) as caught:
        faulty.new_batch()
    assert caught.value.retry_after == timedelta(seconds=42)


# Stopping


def test_a_cancelled_batch_stays_cancelled_when_asked_again(esp: SendGrid) -> None:
    batch_id = esp.new_batch()
    later = NOW + timedelta(hours=1)
    esp.send(make_batch(batch_id, send_at=later))
    assert esp.batch_state(batch_id) is BatchState.ACTIVE
    assert esp.cancel(batch_id) is CancelState.CANCELLED
    assert esp.cancel(batch_id) is CancelState.CANCELLED
    assert esp.batch_state(batch_id) is BatchState.CANCELLED


def test_a_batch_about_to_leave_is_too_late_to_cancel(esp: SendGrid) -> None:
    batch_id = esp.new_batch()
    soon = NOW + timedelta(minutes=5)
    esp.send(make_batch(batch_id, send_at=soon))
    assert esp.cancel(batch_id) is CancelState.TOO_LATE


def test_an_eleventh_stopped_batch_finds_no_room(esp: SendGrid) -> None:
    stopped = [esp.cancel(esp.new_batch()) for _ in range(11)]
    assert stopped == [CancelState.CANCELLED] * 10 + [CancelState.NO_ROOM]


def test_a_batch_nobody_made_is_unknown(esp: SendGrid) -> None:
    assert esp.cancel("no/such batch") is CancelState.UNKNOWN


def test_stopping_survives_a_fault_as_try_later(faulty: SendGrid, line: Wire) -> None:
    line.says(Says(status=500), Says(hangs=True), Says(raw=b"<html>"))
    for act in (
        lambda: faulty.cancel("b"),
        lambda: faulty.suppress(["a@mail.example"]),
        lambda: faulty.batch_state("b"),
    ):
        with pytest.raises(TryLater):
            act()


def test_a_suppressed_address_is_dropped_until_it_is_lifted(
    esp: SendGrid, practice: str
) -> None:
    esp.suppress(["reader1@mail.example", "a+b/c@mail.example"])
    esp.suppress(["reader1@mail.example"])
    listed = f"{practice}/v3/asm/suppressions/global"
    auth = {"Authorization": f"Bearer {KEY}"}
    assert len(httpx.get(listed, headers=auth).json()) == 2
    for _ in range(2):
        esp.lift("reader1@mail.example")
        esp.lift("a+b/c@mail.example")
    assert httpx.get(listed, headers=auth).json() == []


def test_a_look_up_names_the_sends_of_one_batch(esp: SendGrid) -> None:
    batch_id, other = esp.new_batch(), esp.new_batch()
    esp.send(make_batch(batch_id, make_mail(1), make_mail(2)))
    esp.send(make_batch(other, make_mail(3)))
    people = {i: f"Reader{i}@mail.example" for i in (1, 2, 3)}
    assert esp.look_up(batch_id, people) == frozenset({1, 2})


def test_a_look_up_without_the_add_on_cannot_say(faulty: SendGrid, line: Wire) -> None:
    line.says(Says(status=403, json={"errors": [{"message": "no access"}]}))
    assert faulty.look_up("b", {1: "reader1@mail.example"}) is None


# Events


def sign(
    key: ec.EllipticCurvePrivateKey, body: bytes, at: datetime = NOW
) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    signature = key.sign(stamp.encode() + body, ec.ECDSA(SHA256()))
    return {SIGNATURE.title(): b64encode(signature).decode(), TIMESTAMP.upper(): stamp}


@pytest.fixture
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def verifying(key: ec.EllipticCurvePrivateKey) -> SendGrid:
    public = key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return connected(
        "http://127.0.0.1:1", webhook_public_key=b64encode(public).decode()
    )


def test_only_fresh_and_unaltered_webhooks_pass(
    key: ec.EllipticCurvePrivateKey,
) -> None:
    esp, body = verifying(key), b'[{"event": "open"}]'
    esp.verify(sign(key, body), body, now=NOW)
    for headers, raw, said in (
        (sign(key, body), body + b" ", "signature does not match"),
        ({}, body, "signature does not match"),
        (sign(key, body) | {SIGNATURE: "%%%"}, body, "signature does not match"),
        (sign(key, body, NOW - timedelta(minutes=11)), body, "old timestamp"),
        (sign(key, body, NOW + timedelta(minutes=11)), body, "old timestamp"),
    ):
        with pytest.raises(BadSignature, match=said):
            esp.verify(headers, raw, now=NOW)
    esp.close()


def test_without_a_key_no_webhook_passes(esp: SendGrid) -> None:
    with pytest.raises(BadSignature, match="No public key"):
        esp.verify({}, b"[]", now=NOW)


def test_a_key_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(Refused, match="public key cannot be read"):
        connected("http://127.0.0.1:1", webhook_public_key="nonsense")


def test_the_practice_esp_tells_the_key_it_signs_with(esp: SendGrid) -> None:
    connected("http://127.0.0.1:1", webhook_public_key=esp.webhook_key()).close()


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        ({"event": "processed"}, "accepted"),
        ({"event": "dropped", "reason": "Bounced Address"}, "rejected"),
        ({"event": "spamreport"}, "complained"),
        ({"event": "group_unsubscribe"}, "unsubscribed"),
        ({"event": "brand_new"}, "unknown"),
    ],
)
def test_event_types_read_in_the_fields_own_words(
    item: dict[str, str], kind: str
) -> None:
    (event,) = normalise([make_item(**item)])
    assert (event.type, event.send_id, event.campaign_id) == (kind, 4, 7)


def test_a_block_is_no_hard_bounce() -> None:
    bounce, blocked = normalise(
        [make_item(event="bounce", type=kind) for kind in ("bounce", "blocked")]
    )
    assert (bounce.type, bounce.is_hard) == ("bounced", True)
    assert (blocked.type, blocked.is_hard) == ("bounced", False)


def test_machines_are_told_from_people() -> None:
    agents = ("Mozilla/5.0 (compatible; link-scanner/2.1)", "Mozilla/5.0 (iPhone)")
    items = [make_item(event="click", useragent=agent, url="/") for agent in agents]
    items += [make_item(event="open", sg_machine_open=flag) for flag in (True, False)]
    assert [event.is_machine for event in normalise(items)] == [True, False] * 2


def test_copies_with_another_event_id_are_one_event() -> None:
    copies = normalise([make_item(), make_item(sg_event_id="e2")])
    assert len({event.event_id for event in copies}) == 1


def test_two_links_clicked_in_one_second_are_two_events() -> None:
    clicks = [make_item(event="click", url=url) for url in ("/a", "/b")]
    assert len({event.event_id for event in normalise(clicks)}) == 2


def test_mail_of_other_senders_on_the_account_is_left_out() -> None:
    foreign = {"event": "delivered", "timestamp": 1, "email": "x@mail.example"}
    assert normalise([foreign]) == ()


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ("text", "it is no object"),
        (make_item(send_id="four"), "send_id is no whole number"),
        (make_item(send_id=True), "send_id is no whole number"),
        (make_item(campaign_id="9" * 40), "campaign_id is no whole number"),
        (make_item(timestamp=None), "timestamp is no whole number"),
        (make_item(timestamp=10**17), "timestamp is out of range"),
        (make_item(event=5), "event is no text"),
    ],
)
def test_a_malformed_item_is_named_by_index_and_field(item: object, field: str) -> None:
    with pytest.raises(Refused) as caught:
        normalise([make_item(), item])
    assert str(caught.value) == f"Item 1 of the webhook cannot be read: {field}."


# Factoring

_WORDS = st.sampled_from(("Hi ", "Ann", "the ", "news ", "<p>", "</p>", "a", "\n"))
_TEXT = st.text(alphabet="ab <>/\n-t.", max_size=40) | st.lists(_WORDS).map("".join)


@given(texts=st.lists(_TEXT, min_size=1, max_size=6))
def test_a_factored_text_renders_to_itself(texts: list[str]) -> None:
    parts = factor(texts, "t")
    for text, values in zip(texts, parts.substitutions, strict=True):
        assert render(parts.template, values) == text


@pytest.mark.parametrize(
    "own",
    [
        ["Ann", "Bo", ""],
        ["Ann", "Bo with a longer name", "Cy,</p><p>you asked for it"],
        ["</p><p>the news</p>", "the", "news "],
    ],
)
def test_what_one_text_says_more_or_less_leaves_the_rest_shared(own: list[str]) -> None:
    after = "</p><p>" + " ".join(f"word{n}" for n in range(200)) + "</p>"
    texts = [f"<p>Hi {each},{after}" for each in own]
    parts = factor(texts, "t")
    assert "word0 word1" in parts.template
    for text, values in zip(texts, parts.substitutions, strict=True):
        assert render(parts.template, values) == text
        assert len(json.dumps(values)) < 80


def test_what_all_texts_share_stays_in_the_template() -> None:
    texts = [f"<p>Hi {name},</p><p>the news</p>" for name in ("Ann", "Bo", "Cy")]
    parts = factor(texts, "t")
    assert parts.template.endswith("news</p>")
    assert all(len(json.dumps(values)) < 60 for values in parts.substitutions)
