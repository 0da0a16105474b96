"""Requests signed as Slack and SendGrid sign them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SECRET: Final = "bench-signing-secret"
_TEAM: Final = {"id": "T0BENCH", "domain": "bench"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A body and the headers that make it genuine."""

    body: bytes
    headers: Mapping[str, str]


def from_slack(payload: Mapping[str, Any], secret: str = SECRET) -> Signed:
    body = urlencode({"payload": json.dumps(payload)}).encode()
    stamp = str(int(time.time()))
    digest = hmac.new(
        secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256
    )
    return Signed(
        body=body,
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={digest.hexdigest()}",
        },
    )


def from_sendgrid(
    items: list[dict[str, Any]], key: ec.EllipticCurvePrivateKey
) -> Signed:
    body = json.dumps(items).encode()
    stamp = str(int(time.time()))
    signature = key.sign(stamp.encode() + body, ec.ECDSA(SHA256()))
    return Signed(
        body=body,
        headers={
            "Content-Type": "application/json",
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(
                signature
            ).decode(),
        },
    )


def public_key(key: ec.EllipticCurvePrivateKey) -> str:
    encoded = key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(encoded).decode()


def press(
    action: str, value: int, *, by: str, channel: str = "C0CAMPAIGN"
) -> dict[str, Any]:
    """A press of a button, as Slack sends it."""
    return {
        "type": "block_actions",
        "user": {"id": by, "name": "bench", "team_id": _TEAM["id"]},
        "team": _TEAM,
        "api_app_id": "A0BENCH",
        "token": "unused",
        "trigger_id": f"1.2.{value}",
        "channel": {"id": channel, "name": "campaigns"},
        "container": {
            "type": "message",
            "message_ts": "1700000000.000100",
            "channel_id": channel,
        },
        "message": {"type": "message", "ts": "1700000000.000100", "text": "A card"},
        "response_url": "http://127.0.0.1:9/",
        "actions": [
            {
                "type": "button",
                "action_id": action,
                "block_id": "row",
                "text": {"type": "plain_text", "text": "Press"},
                "value": str(value),
                "action_ts": "1700000000.000200",
            }
        ],
    }


def submit(
    form: str,
    about: int,
    values: Mapping[str, str],
    *,
    by: str,
    chosen: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """A submitted modal, as Slack sends it: what was typed, and chosen in selects."""
    state: dict[str, dict[str, dict[str, Any]]] = {
        block: {block: {"type": "plain_text_input", "value": value}}
        for block, value in values.items()
    }
    for block, value in chosen.items():
        option = {"text": {"type": "plain_text", "text": value}, "value": value}
        state[block] = {block: {"type": "static_select", "selected_option": option}}
    return {
        "type": "view_submission",
        "user": {"id": by, "name": "bench", "team_id": _TEAM["id"]},
        "team": _TEAM,
        "api_app_id": "A0BENCH",
        "token": "unused",
        "trigger_id": f"1.2.{about}",
        "response_urls": [],
        "view": {
            "id": "V0BENCH",
            "type": "modal",
            "callback_id": form,
            "private_metadata": str(about),
            "hash": "1",
            "blocks": [],
            "title": {"type": "plain_text", "text": "Form"},
            "state": {"values": state},
        },
    }
