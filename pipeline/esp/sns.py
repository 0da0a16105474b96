"""Amazon SNS over HTTPS: who signed a message, and confirming a subscription.

Facts: "Verifying the signatures of Amazon SNS messages". Version 1 signs with SHA-1,
which is a topic's default; version 2 with SHA-256.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qs, urlsplit

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from domain.errors import Refused, TryLater
from pipeline import tls
from pipeline.esp.port import BadSignature

# SNS gives up on an address after hours, and says the same time at each try
TOLERANCE: Final = timedelta(hours=7)
AHEAD: Final = timedelta(minutes=10)

NOTIFICATION: Final = "Notification"
CONFIRMATION: Final = "SubscriptionConfirmation"
SIGNED: Final[Mapping[str, tuple[str, ...]]] = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
    "UnsubscribeConfirmation": (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
}
"""The fields a signature covers, in their order; a missing Subject is left out."""

_HASHES: Final[Mapping[str, type[HashAlgorithm]]] = {"1": SHA1, "2": SHA256}
_TOPIC: Final = re.compile(
    r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z0-9-]{5,30}):\d{12}:[\w-]{1,256}"
)
_CERTIFICATE: Final = re.compile(r"/SimpleNotificationService-[0-9a-zA-Z]{1,64}\.pem")
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_TIMEOUT_S: Final = 5.0
_MOST_BYTES: Final = 64 * 1024
_MOST_KEYS: Final = 8
_OUTAGE: Final = timedelta(seconds=30)

Fetch = Callable[[str], bytes]


def fetch(url: str) -> bytes:
    """GET from Amazon; follows no redirect.

    Raises:
        TryLater: It did not answer with 200, or with too much.
    """
    try:
        with httpx.Client(
            timeout=_TIMEOUT_S, follow_redirects=False, verify=tls.trusted()
        ) as http:
            answer = http.get(url)
    except httpx.HTTPError as error:
        raise _away() from error
    if answer.status_code != httpx.codes.OK or len(answer.content) > _MOST_BYTES:
        raise _away()
    return answer.content


def played_by(base: str) -> Fetch:
    """Fetch what is at Amazon's host from the practice ESP that plays it.

    Which host an address names is checked as ever; only the call goes elsewhere.

    Raises:
        Refused: It is not on this machine.
    """
    try:
        host = urlsplit(base).hostname
    except ValueError:
        host = None
    if host not in _LOOPBACK:
        raise Refused("A practice Amazon SES must be on this machine (SES_API_URL).")

    def get(url: str) -> bytes:
        parts = urlsplit(url)
        asked = f"?{parts.query}" if parts.query else ""
        return fetch(f"{base.rstrip('/')}{parts.path}{asked}")

    return get


def _away() -> TryLater:
    return TryLater("Amazon SNS cannot be reached.", retry_after=_OUTAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """The one topic that may post to us.

    Attributes:
        host: The one host that its certificates and confirmations come from.
    """

    arn: str
    host: str

    @classmethod
    def of(cls, arn: str) -> Topic:
        """Read an ARN.

        Raises:
            Refused: It names no SNS topic.
        """
        found = _TOPIC.fullmatch(arn)
        if found is None:
            raise Refused(
                "SES_SNS_TOPIC must be the ARN of an SNS topic:"
                " arn:aws:sns:REGION:ACCOUNT:NAME."
            )
        end = ".cn" if found[1] == "aws-cn" else ""
        return cls(arn=arn, host=f"sns.{found[2]}.amazonaws.com{end}")


@dataclass(frozen=True, slots=True)
class Keys:
    """Amazon's signing keys, fetched once each."""

    topic: Topic
    fetch: Fetch
    _known: dict[str, rsa.RSAPublicKey] = field(default_factory=dict)

    def of(self, url: str, now: datetime) -> rsa.RSAPublicKey:
        """The key of a certificate.

        Raises:
            BadSignature: It is not at the topic's host, is none, or has run out.
            TryLater: Amazon does not answer.
        """
        parts = _parts(url)
        is_theirs = parts == (self.topic.host, True) and _CERTIFICATE.fullmatch(
            urlsplit(url).path
        )
        if not is_theirs:
            raise BadSignature("The webhook's certificate is not at Amazon's host.")
        if url not in self._known:
            key = _key(self.fetch(url), now)
            if len(self._known) >= _MOST_KEYS:
                self._known.clear()
            self._known[url] = key
        return self._known[url]


def _parts(url: str) -> tuple[str | None, bool]:
    """(host, whether it is plain https): no port, no user, no query tricks."""
    try:
        parts = urlsplit(url)
        is_plain = parts.scheme == "https" and parts.netloc == parts.hostname
    except ValueError:
        return None, False
    return parts.hostname, is_plain


def _key(pem: bytes, now: datetime) -> rsa.RSAPublicKey:
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise BadSignature("The webhook's certificate cannot be read.") from error
    key = certificate.public_key()
    starts, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not isinstance(key, rsa.RSAPublicKey) or not starts <= now <= ends:
        raise BadSignature("The webhook's certificate is not valid.")
    return key


def read(body: bytes) -> Mapping[str, str]:
    """The texts of a message; what is no text is left out.

    Raises:
        Refused: It is no JSON object.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused("The body is not JSON.") from error
    if not isinstance(found, dict):
        raise Refused("The body is no JSON object.")
    return {name: value for name, value in found.items() if isinstance(value, str)}


def verify(body: bytes, keys: Keys, *, now: datetime) -> None:
    """Check topic, signature and age.

    Raises:
        Refused: It is no JSON object.
        BadSignature: Another topic's, not Amazon's, altered, or too old.
        TryLater: Amazon's key cannot be fetched now.
    """
    given = read(body)
    fields = SIGNED.get(given.get("Type", ""))
    algorithm = _HASHES.get(given.get("SignatureVersion", ""))
    if fields is None or algorithm is None:
        raise BadSignature("The webhook is no signed message of Amazon SNS.")
    if given.get("TopicArn") != keys.topic.arn:
        raise BadSignature("The webhook is of another topic.")
    key = keys.of(given.get("SigningCertURL", ""), now)
    try:
        signature = b64decode(given.get("Signature", ""), validate=True)
        key.verify(signature, signed_text(given), padding.PKCS1v15(), algorithm())
    except (InvalidSignature, ValueError) as error:
        raise BadSignature("The webhook's signature does not match.") from error
    if not -AHEAD <= now - _stamp(given) <= TOLERANCE:
        raise BadSignature("The webhook carries an old timestamp.")


def signed_text(given: Mapping[str, str]) -> bytes:
    """What Amazon signs: each field's name and value on lines of their own."""
    fields = SIGNED[given["Type"]]
    lines = (f"{name}\n{given[name]}\n" for name in fields if name in given)
    return "".join(lines).encode()


def _stamp(given: Mapping[str, str]) -> datetime:
    try:
        at = datetime.fromisoformat(given.get("Timestamp", ""))
    except ValueError as error:
        raise BadSignature("The webhook has no timestamp.") from error
    if at.tzinfo is None:
        raise BadSignature("The webhook has no timestamp.")
    return at


def confirm(given: Mapping[str, str], topic: Topic, get: Fetch) -> None:
    """Say yes to a verified subscription of our topic; saying it twice is fine.

    Raises:
        BadSignature: The address is not Amazon's, or confirms something else.
        TryLater: Amazon does not answer.
    """
    url = given.get("SubscribeURL", "")
    if _parts(url) != (topic.host, True):
        raise BadSignature("The subscription's address is not at Amazon's host.")
    asked = parse_qs(urlsplit(url).query)
    if (asked.get("Action"), asked.get("TopicArn")) != (
        ["ConfirmSubscription"],
        [topic.arn],
    ):
        raise BadSignature("The subscription's address confirms something else.")
    get(url)
