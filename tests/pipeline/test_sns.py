"""Amazon SNS: whose message it is, and what a hostile one gets us to fetch."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import Refused, TryLater
from pipeline.esp import sns
from pipeline.esp.port import BadSignature
from pipeline.esp.ses import Ses
from tests.pipeline.sns_messages import CERTIFICATE, HOST, SUBSCRIBE, TOPIC, Amazon

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
STAMP = "2026-11-22T13:59:58.000Z"


@pytest.fixture(scope="module")
def issued() -> Amazon:
    return Amazon.at(NOW)


@pytest.fixture
def amazon(issued: Amazon) -> Amazon:
    issued.fetched.clear()
    issued.is_away = False
    return issued


def ses(amazon: Amazon, topic: str = TOPIC) -> Ses:
    return Ses(region="eu-west-1", clock=lambda: NOW, topic=topic, fetch=amazon.fetch)


def verify(amazon: Amazon, message: Any, *, now: datetime = NOW) -> None:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    ses(amazon).verify({}, body, now=now)


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("changes", [{}, {"Subject": "Amazon SES"}])
def test_both_versions_of_the_signature_pass(
    amazon: Amazon, version: str, changes: dict[str, str]
) -> None:
    verify(amazon, amazon.message(SignatureVersion=version, Timestamp=STAMP, **changes))
    assert amazon.fetched == [CERTIFICATE]


def test_a_certificate_is_fetched_once(amazon: Amazon) -> None:
    esp = ses(amazon)
    for _ in range(5):
        body = json.dumps(amazon.message(Timestamp=STAMP)).encode()
        esp.verify({}, body, now=NOW)
    assert amazon.fetched == [CERTIFICATE]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"Message": "altered"}, "signature does not match"),
        ({"MessageId": "x"}, "signature does not match"),
        ({"Subject": "added"}, "signature does not match"),
        ({"Signature": "%%%"}, "signature does not match"),
        ({"Signature": ""}, "signature does not match"),
        ({"Signature": 5}, "signature does not match"),
        ({"SignatureVersion": "2"}, "signature does not match"),
        ({"SignatureVersion": "3"}, "no signed message"),
        ({"SignatureVersion": None}, "no signed message"),
        ({"Type": "Other"}, "no signed message"),
        ({"Type": "UnsubscribeConfirmation"}, "signature does not match"),
        ({"TopicArn": TOPIC + "2"}, "of another topic"),
        ({"TopicArn": None}, "of another topic"),
    ],
)
def test_an_altered_message_is_refused(
    amazon: Amazon, changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(BadSignature, match=why):
        verify(amazon, amazon.message(Timestamp=STAMP) | changes)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http" + CERTIFICATE.removeprefix("https"),
        CERTIFICATE.replace(HOST, "sns.us-east-1.amazonaws.com"),
        CERTIFICATE.replace(HOST, HOST + ".evil.example"),
        CERTIFICATE.replace(HOST, "evil.example/" + HOST),
        CERTIFICATE.replace(HOST, HOST + "@evil.example"),
        CERTIFICATE.replace(HOST, "user@" + HOST),
        CERTIFICATE.replace(HOST, HOST + ":8443"),
        CERTIFICATE.replace(HOST, "evil.example#" + HOST),
        CERTIFICATE.replace(HOST, "evil.example\\" + HOST),
        CERTIFICATE.replace(HOST, "s3.amazonaws.com"),
        f"https://{HOST}/../SimpleNotificationService-0a.pem",
        f"https://{HOST}/?Action=Publish",
        "https://[::1",
        "file:///etc/passwd",
    ],
)
def test_nothing_is_fetched_from_another_host(amazon: Amazon, url: str) -> None:
    message = amazon.message(Timestamp=STAMP, SigningCertURL=url)
    with pytest.raises(BadSignature, match="not at Amazon's host"):
        verify(amazon, message)
    assert amazon.fetched == []


def test_a_strangers_key_does_not_do(amazon: Amazon) -> None:
    stranger = Amazon.at(NOW)
    with pytest.raises(BadSignature, match="signature does not match"):
        verify(amazon, stranger.message(Timestamp=STAMP))


@pytest.mark.parametrize("age", [timedelta(hours=8), -timedelta(minutes=11)])
def test_a_replay_of_long_ago_is_refused(amazon: Amazon, age: timedelta) -> None:
    message = amazon.message(Timestamp=(NOW - age).isoformat())
    with pytest.raises(BadSignature, match="old timestamp"):
        verify(amazon, message)


@pytest.mark.parametrize("stamp", ["", "yesterday", "2026-11-22T14:00:00", "9" * 99])
def test_a_message_without_a_time_is_refused(amazon: Amazon, stamp: str) -> None:
    with pytest.raises(BadSignature, match="no timestamp"):
        verify(amazon, amazon.message(Timestamp=stamp))


def test_a_certificate_that_has_run_out_is_refused() -> None:
    old = Amazon.at(NOW, lasts=-timedelta(days=1))
    with pytest.raises(BadSignature, match="certificate is not valid"):
        verify(old, old.message(Timestamp=STAMP))


def test_a_certificate_that_is_none_is_refused(amazon: Amazon) -> None:
    broken = Amazon(key=amazon.key, pem=b"<html>")
    with pytest.raises(BadSignature, match="certificate cannot be read"):
        verify(broken, broken.message(Timestamp=STAMP))


def test_while_amazon_is_away_it_may_send_again(amazon: Amazon) -> None:
    amazon.is_away = True
    with pytest.raises(TryLater):
        verify(amazon, amazon.message(Timestamp=STAMP))


@pytest.mark.parametrize("body", [b"", b"[", b"[" * 100_000, b"[]", b"5", b"\xff"])
def test_what_is_no_json_object_is_refused(amazon: Amazon, body: bytes) -> None:
    with pytest.raises(Refused, match="JSON"):
        verify(amazon, body)


def test_without_a_topic_no_webhook_passes(amazon: Amazon) -> None:
    with pytest.raises(BadSignature, match="No SNS topic"):
        ses(amazon, "").verify({}, b"{}", now=NOW)


@pytest.mark.parametrize(
    ("arn", "host"),
    [
        (TOPIC, HOST),
        (
            "arn:aws-cn:sns:cn-north-1:123456789012:t",
            "sns.cn-north-1.amazonaws.com.cn",
        ),
    ],
)
def test_a_topic_names_its_one_host(arn: str, host: str) -> None:
    assert sns.Topic.of(arn).host == host


# Subscriptions


def confirmation(amazon: Amazon, **changes: Any) -> dict[str, Any]:
    given = {"Type": "SubscriptionConfirmation", "Timestamp": STAMP}
    return amazon.message(**given | changes)


def test_our_topics_subscription_is_confirmed(amazon: Amazon) -> None:
    message = confirmation(amazon)
    verify(amazon, message)
    esp = ses(amazon)
    assert esp.normalise([message]) == ()
    esp.confirm([message])
    assert amazon.fetched[-1] == SUBSCRIBE


@pytest.mark.parametrize(
    "url",
    [
        "",
        SUBSCRIBE.replace(HOST, "evil.example"),
        SUBSCRIBE.replace("https", "http"),
        SUBSCRIBE.replace("ConfirmSubscription", "DeleteTopic"),
        SUBSCRIBE.replace("copydesk", "other"),
        SUBSCRIBE + "&Action=DeleteTopic",
    ],
)
def test_only_a_confirmation_of_ours_is_ever_visited(amazon: Amazon, url: str) -> None:
    with pytest.raises(BadSignature, match="subscription's address"):
        ses(amazon).confirm([confirmation(amazon, SubscribeURL=url)])
    assert amazon.fetched == []


def test_an_event_confirms_nothing(amazon: Amazon) -> None:
    ses(amazon).confirm([amazon.message(SubscribeURL=SUBSCRIBE), "text", None])
    assert amazon.fetched == []
