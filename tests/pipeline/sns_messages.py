"""SNS messages signed with a certificate of our own, in Amazon's form."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from domain.errors import TryLater

TOPIC: Final = "arn:aws:sns:eu-west-1:123456789012:copydesk"
HOST: Final = "sns.eu-west-1.amazonaws.com"
CERTIFICATE: Final = f"https://{HOST}/SimpleNotificationService-{'0a' * 16}.pem"
SUBSCRIBE: Final = (
    f"https://{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37f"
)
_FIELDS: Final = {
    "Notification": (
        "Message",
        "MessageId",
        "Subject",
        "Timestamp",
        "TopicArn",
        "Type",
    ),
    "SubscriptionConfirmation": (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
}


@dataclass
class Amazon:
    """A key, its certificate, and what was fetched from its hosts."""

    key: rsa.RSAPrivateKey
    pem: bytes
    fetched: list[str] = field(default_factory=list)
    is_away: bool = False

    @classmethod
    def at(cls, now: datetime, *, lasts: timedelta = timedelta(days=300)) -> Amazon:
        key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(7)
            .not_valid_before(now - timedelta(days=30))
            .not_valid_after(now + lasts)
            .sign(key, SHA256())
        )
        return cls(key=key, pem=made.public_bytes(Encoding.PEM))

    def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        if self.is_away:
            raise TryLater("Away.", retry_after=timedelta(seconds=1))
        return self.pem

    def message(self, event: object = None, **changes: Any) -> dict[str, Any]:
        """A signed message; `changes` before signing."""
        kind = changes.get("Type", "Notification")
        whole: dict[str, Any] = {
            "Type": kind,
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Message": json.dumps(event) if event is not None else "Hello",
            "Timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),  # noqa: TID251 - as the web process sees it
            "SignatureVersion": "1",
            "SigningCertURL": CERTIFICATE,
        }
        if kind == "SubscriptionConfirmation":
            whole |= {"Token": "2336412f37f", "SubscribeURL": SUBSCRIBE}
        whole |= changes
        return whole | {"Signature": self.sign(whole)}

    def sign(self, given: Mapping[str, Any]) -> str:
        fields = _FIELDS.get(given["Type"], _FIELDS["Notification"])
        text = "".join(f"{name}\n{given[name]}\n" for name in fields if name in given)
        algorithm = SHA256() if given["SignatureVersion"] == "2" else SHA1()  # noqa: S303 - version 1 is that
        signed = self.key.sign(text.encode(), padding.PKCS1v15(), algorithm)
        return b64encode(signed).decode()


def event(kind: str = "Delivery", *, send_id: int = 1, campaign: int = 1) -> Any:
    """One event about a mail of ours."""
    at = datetime.now(UTC).isoformat()  # noqa: TID251 - as the web process sees it
    tags = {"send_id": [str(send_id)], "campaign_id": [str(campaign)]}
    mail = {"timestamp": at, "messageId": f"m{send_id}", "tags": tags}
    return {"eventType": kind, "mail": mail}
