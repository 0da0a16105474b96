"""What people do in a run: through the record, or as signed requests to the web."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import sqlalchemy as sa
from slack_sdk.signature import SignatureVerifier

from blocks.ids import Action
from domain.brief import parse_brief
from domain.campaign import Actor, CampaignId, State
from domain.freeze import FreezeId, Scope
from domain.review import RequestId
from domain.rollback import Trigger
from pipeline import record
from storage.tables import campaigns, digests, review_requests
from tests.crash.stack import SIGNING_SECRET, Stack

MARKETER: Final = "U0MARKETER"
EDITOR: Final = "U0COPYONE"
ONCALL: Final = "U0ONCALL"
_TEAM: Final = "T0PRACTICE"
_CHANNEL: Final = "C0CAMPAIGN"
_PRESS_AGAIN_S: Final = 0.2
_PATIENCE_S: Final = 120
_FIRST_DAY: Final = date(2026, 1, 1)
_FROZEN_FOR: Final = timedelta(seconds=3)


class Unanswered(TimeoutError):
    """The web process never came back to answer a person."""


@dataclass(kw_only=True)
class People:
    """The team of one desk.

    Attributes:
        silent_since: When the web process first failed to answer the last request.
    """

    desk: Stack
    silent_since: datetime | None = None
    _signer: SignatureVerifier = field(
        default_factory=lambda: SignatureVerifier(SIGNING_SECRET)
    )

    def brief(self, title: str, *, by_slack: bool) -> CampaignId:
        """File a brief; pressed again for as long as nobody answers."""
        if by_slack:
            self._post(_command("/brief", json.dumps(_brief(title)), by=MARKETER))
            return self._titled(title)
        with self.desk.deps.database.begin() as store:
            return record.brief(
                store,
                self.desk.deps.playbook,
                parse_brief(_brief(title)),
                author=MARKETER,
                source="shell",
            ).id

    def approve(self, request_id: int, *, by_slack: bool) -> None:
        if by_slack:
            self._post(_press(Action.APPROVE, request_id, by=EDITOR))
            return
        with self.desk.deps.database.begin() as store:
            record.approve(
                store, self.desk.deps.playbook, RequestId(request_id), actor=EDITOR
            )

    def expand(self, campaign_id: CampaignId) -> None:
        with self.desk.deps.database.begin() as store:
            was = record.expand(
                store, self.desk.deps.playbook, campaign_id, actor=EDITOR
            )
            if was.state is State.HELD:
                # the press that asks; resuming takes a second person
                record.expand(store, self.desk.deps.playbook, campaign_id, actor=ONCALL)

    def roll_back(self, campaign_id: CampaignId) -> None:
        with self.desk.deps.database.begin() as store:
            record.roll_back(
                store,
                self.desk.deps.playbook,
                campaign_id,
                trigger=Trigger.BUTTON,
                actor=Actor(id=ONCALL),
            )

    def digest(self) -> int:
        """Let the marketer's digest of one more day be due; it is never empty."""
        query = sa.select(sa.func.count()).select_from(digests)
        with self.desk.deps.database.begin() as store:
            day = _FIRST_DAY + timedelta(days=store.connection.scalar(query) or 0)
            digest_id = store.digests.add(MARKETER, day, store.now)
            if digest_id is None:
                raise LookupError("The marketer has had the digest of that day.")
            store.outbox.add("digest", digest_id, 1, None)
        return digest_id

    def freeze(self) -> FreezeId:
        """Freeze the desk for a moment; it ends by itself."""
        with self.desk.deps.database.begin() as store:
            return record.freeze(
                store,
                self.desk.deps.playbook,
                scope=Scope.TENANT,
                target="",
                reason="A crash test",
                lasts=_FROZEN_FOR,
                actor=Actor(id=ONCALL),
            ).id

    def open_requests(self, campaign_id: CampaignId) -> list[int]:
        query = sa.select(review_requests.c.id).where(
            review_requests.c.campaign_id == campaign_id,
            review_requests.c.closed_at.is_(None),
        )
        return list(self.desk.deps.database.read(lambda c: c.scalars(query).all()))

    def _titled(self, title: str) -> CampaignId:
        query = sa.select(campaigns.c.id).where(campaigns.c.title == title)
        found = self.desk.deps.database.read(lambda c: c.scalars(query).all())
        if len(found) != 1:
            raise LookupError(f"{len(found)} campaigns came of one brief.")
        return CampaignId(found[0])

    def _post(self, form: Mapping[str, str]) -> None:
        """Deliver one request until it is answered: the same bytes, signed anew."""
        body = urlencode(form)
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            stamp = str(int(time.time()))
            signature = self._signer.generate_signature(timestamp=stamp, body=body)
            headers = {
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Slack-Request-Timestamp": stamp,
                "X-Slack-Signature": signature or "",
            }
            url = f"{self.desk.web_url}/slack/events"
            try:
                if httpx.post(url, content=body, headers=headers, timeout=5).is_success:
                    return
            except httpx.TransportError:
                self.silent_since = self.silent_since or self.desk.deps.clock()
                time.sleep(_PRESS_AGAIN_S)
        raise Unanswered("The web process answered nobody.")


def _brief(title: str) -> dict[str, Any]:
    return {
        "channel": "email",
        "title": title,
        "objective": "Get people back to the demo",
        "audience": "calm",
        "key_message": "Setup takes two working days",
        "cta_url": "https://northwind.example/demo",
        "variants": 2,
        "arms": 2,
        "ab_variable": "subject",
        "tier": "C",
    }


def _command(name: str, text: str, *, by: str) -> dict[str, str]:
    return {
        "command": name,
        "text": text,
        "user_id": by,
        "team_id": _TEAM,
        "channel_id": _CHANNEL,
        "trigger_id": uuid.uuid4().hex,
        "response_url": "http://127.0.0.1:9/reply",
    }


def _press(action: str, value: int, *, by: str) -> dict[str, str]:
    payload = {
        "type": "block_actions",
        "user": {"id": by, "team_id": _TEAM},
        "team": {"id": _TEAM},
        "channel": {"id": _CHANNEL},
        "container": {"type": "message", "channel_id": _CHANNEL, "message_ts": "1.0"},
        "trigger_id": uuid.uuid4().hex,
        "response_url": "http://127.0.0.1:9/reply",
        "actions": [
            {
                "type": "button",
                "action_id": str(action),
                "block_id": "row",
                "value": str(value),
            }
        ],
    }
    return {"payload": json.dumps(payload)}
