from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.esp.ses import Ses
from pipeline.wall_clock import utc_now
from tests.bot.bot_lab import Lab, lab
from tests.bot.stages import sending
from tests.pipeline.sns_messages import CERTIFICATE, SUBSCRIBE, TOPIC, Amazon
from tests.pipeline.sns_messages import event as sns_event


def event(**changes: Any) -> dict[str, Any]:
    return {
        "event": "delivered",
        "timestamp": int(time.time()),
        "sg_event_id": "e1",
        "sg_message_id": "m1",
        "send_id": "1",
        "campaign_id": "1",
    } | changes


async def post(desk: Lab, *events: dict[str, Any], age_s: int = 0) -> int:
    body = json.dumps(events).encode()
    return await desk.webhook(body, desk.signed(body, age_s=age_s))


async def test_a_signed_batch_is_stored_before_its_answer(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    assert await post(desk, event(), event(send_id="2")) == 204
    assert desk.count("delivery_events") == 2


async def test_a_replayed_batch_counts_once(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    body = json.dumps([event()]).encode()
    headers = desk.signed(body)
    assert [await desk.webhook(body, headers) for _ in range(3)] == [204] * 3
    assert desk.count("delivery_events") == 1


async def test_a_batch_with_a_bad_signature_is_refused(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    body = json.dumps([event()]).encode()
    headers = desk.signed(body)
    assert await desk.webhook(body + b" ", headers) == 403
    assert await desk.webhook(body, {"Content-Type": "application/json"}) == 403
    assert desk.count("delivery_events") == 0


async def test_a_batch_that_was_signed_long_ago_is_refused(desk: Lab) -> None:
    assert await post(desk, event(), age_s=86_400) == 403


async def test_a_body_that_is_no_list_of_events_is_refused(desk: Lab) -> None:
    for body in (b"", b"{}", b"[1]", b'[{"send_id": "x"}]', b"[" * 100_000):
        assert await desk.webhook(body, desk.signed(body)) == 400


async def test_a_body_that_is_too_large_is_refused(desk: Lab) -> None:
    body = io.BytesIO(b" " * (2 * 1024 * 1024 + 1))
    address = f"{desk.url}/webhooks/esp/sendgrid"
    async with desk.session.post(address, data=body) as answer:
        assert answer.status == 413


async def test_events_of_other_senders_are_taken_and_left_alone(desk: Lab) -> None:
    stranger = {"event": "delivered", "timestamp": 1, "email": "x@y.example"}
    assert await post(desk, stranger, event(campaign_id="9", send_id="900")) == 204
    assert desk.count("delivery_events") == 0


# Other ESPs ----------------------------------------------------------------------------

PASSWORD = "0123456789abcdef"


@pytest.fixture
async def at_sparkpost(tmp_path: Path) -> AsyncIterator[Lab]:
    async with lab(
        tmp_path,
        COPYDESK_ESP="sparkpost",
        SPARKPOST_WEBHOOK_PASSWORD=PASSWORD,
    ) as up:
        yield up


def basic(password: str = PASSWORD, user: str = "copydesk") -> dict[str, str]:
    packed = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {packed}", "Content-Type": "application/json"}


def sparkpost_event(**changes: Any) -> dict[str, Any]:
    own = {
        "type": "delivery",
        "event_id": "1",
        "timestamp": str(int(time.time())),
        "rcpt_meta": {"send_id": "1", "campaign_id": "1"},
    }
    return {"msys": {"message_event": own | changes}}


async def hook(
    desk: Lab,
    body: bytes | io.BytesIO,
    headers: dict[str, str],
    *,
    esp: str = "sparkpost",
) -> int:
    address = f"{desk.url}/webhooks/esp/{esp}"
    async with desk.session.post(address, data=body, headers=headers) as answer:
        return answer.status


@pytest.mark.parametrize("headers", [basic(), {"Authorization": f"Bearer {PASSWORD}"}])
async def test_sparkposts_batch_is_stored_and_answered_as_it_wants(
    at_sparkpost: Lab, headers: dict[str, str]
) -> None:
    at_sparkpost.write(sending, at_sparkpost.deps.playbook)
    body = json.dumps([sparkpost_event(), {"msys": {}}]).encode()
    assert [await hook(at_sparkpost, body, headers) for _ in range(3)] == [200] * 3
    assert at_sparkpost.count("delivery_events") == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("wrong"),
        basic(user="somebody"),
        {"Authorization": f"Basic {PASSWORD}"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer é"},
    ],
)
async def test_who_does_not_show_the_password_stores_nothing(
    at_sparkpost: Lab, headers: dict[str, str]
) -> None:
    at_sparkpost.write(sending, at_sparkpost.deps.playbook)
    body = json.dumps([sparkpost_event()]).encode()
    assert await hook(at_sparkpost, body, headers) == 403
    assert at_sparkpost.count("delivery_events") == 0


async def test_sparkposts_bodies_are_as_hostile_as_any(at_sparkpost: Lab) -> None:
    deep = b"[" * 100_000
    for body in (b"", b"{}", b"[1]", b'[{"msys": 1}]', deep, b'[{"msys": {"a": 2}}]'):
        assert await hook(at_sparkpost, body, basic()) == 400
    huge = io.BytesIO(b" " * (2 * 1024 * 1024 + 1))
    assert await hook(at_sparkpost, huge, basic()) == 413


async def test_an_event_of_an_unknown_kind_is_kept(at_sparkpost: Lab) -> None:
    at_sparkpost.write(sending, at_sparkpost.deps.playbook)
    body = json.dumps([sparkpost_event(type="brand_new")]).encode()
    assert await hook(at_sparkpost, body, basic()) == 200
    assert at_sparkpost.count("delivery_events") == 1


@pytest.fixture(scope="module")
def amazon() -> Amazon:
    return Amazon.at(utc_now())


@pytest.fixture
async def at_ses(tmp_path: Path, amazon: Amazon) -> AsyncIterator[Lab]:
    amazon.fetched.clear()
    amazon.is_away = False
    esp = Ses(region="eu-west-1", clock=utc_now, topic=TOPIC, fetch=amazon.fetch)
    async with lab(tmp_path, esp=esp) as up:
        yield up


async def notify(desk: Lab, message: object) -> int:
    # as SNS does: JSON that says it is text
    headers = {"Content-Type": "text/plain; charset=UTF-8"}
    return await hook(desk, json.dumps(message).encode(), headers, esp="ses")


@pytest.mark.parametrize("version", ["1", "2"])
async def test_an_event_of_ses_is_stored_once(
    at_ses: Lab, amazon: Amazon, version: str
) -> None:
    at_ses.write(sending, at_ses.deps.playbook)
    message = amazon.message(sns_event(), SignatureVersion=version)
    assert [await notify(at_ses, message) for _ in range(3)] == [204] * 3
    assert at_ses.count("delivery_events") == 1
    assert amazon.fetched == [CERTIFICATE]


async def test_an_altered_or_foreign_message_of_sns_stores_nothing(
    at_ses: Lab, amazon: Amazon
) -> None:
    at_ses.write(sending, at_ses.deps.playbook)
    good = amazon.message(sns_event())
    for changes in (
        {"Message": json.dumps(sns_event("Complaint"))},
        {"TopicArn": TOPIC + "2"},
        {"Signature": ""},
        {"SigningCertURL": CERTIFICATE.replace("amazonaws.com", "evil.example")},
        {"Timestamp": "2020-01-01T00:00:00Z"},
    ):
        assert await notify(at_ses, good | changes) == 403
    assert at_ses.count("delivery_events") == 0


async def test_ses_bodies_are_as_hostile_as_any(at_ses: Lab) -> None:
    for body in (b"", b"[]", b"[1]", b"[" * 100_000, b'{"Type": "Notification"'):
        assert await hook(at_ses, body, {}, esp="ses") == 400
    assert await hook(at_ses, b"{}", {}, esp="ses") == 403
    huge = io.BytesIO(b" " * (2 * 1024 * 1024 + 1))
    assert await hook(at_ses, huge, {}, esp="ses") == 413


async def test_our_topic_is_confirmed_and_no_other(at_ses: Lab, amazon: Amazon) -> None:
    good = amazon.message(Type="SubscriptionConfirmation")
    other = amazon.message(Type="SubscriptionConfirmation", TopicArn=TOPIC + "2")
    assert await notify(at_ses, other) == 403
    assert SUBSCRIBE not in amazon.fetched
    assert await notify(at_ses, good) == 204
    assert amazon.fetched[-1] == SUBSCRIBE
    assert at_ses.count("delivery_events") == 0


async def test_while_amazons_key_is_away_sns_is_asked_to_send_again(
    at_ses: Lab, amazon: Amazon
) -> None:
    at_ses.write(sending, at_ses.deps.playbook)
    amazon.is_away = True
    message = amazon.message(sns_event())
    assert await notify(at_ses, message) == 503
    amazon.is_away = False
    assert await notify(at_ses, message) == 204
    assert at_ses.count("delivery_events") == 1


async def test_a_bad_event_of_ses_is_named(at_ses: Lab, amazon: Amazon) -> None:
    bad = sns_event()
    bad["mail"]["tags"]["send_id"] = ["four"]
    assert await notify(at_ses, amazon.message(bad)) == 400


async def test_only_the_configured_esp_has_an_address(
    desk: Lab, at_sparkpost: Lab
) -> None:
    for lab_, others in ((desk, ("sparkpost", "ses")), (at_sparkpost, ("sendgrid",))):
        for other in (*others, "smtp"):
            assert await hook(lab_, b"[]", basic(), esp=other) == 404
