"""`/v1/content` and `/v1/events`: what a slot's site is answered, and what it reports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from aiohttp import web as http
from prometheus_client import Counter

from bot.context import Web
from domain.campaign import CampaignId
from domain.channel import Slot
from domain.errors import Refused, TryLater
from domain.exposure import Showing, SlotVersion, Token, arm_for, check_key, sees_new
from pipeline import record
from pipeline.record import check_post
from pipeline.slot_keys import make_token, signed_bytes, slot_secret, visitor_hash
from pipeline.slot_text import Shown, shown
from pipeline.webhook import BadSignature, verify
from storage import queries

log = structlog.get_logger()

SIZE_MOST: Final = 256 * 1024
"""Bytes of a post of events."""

_VERSIONS_MOST: Final = 64
_REFUSALS_TOLD: Final = 20
_PRIVATE: Final = {"Cache-Control": "private, no-store"}

ANSWERS = Counter(
    "copydesk_content_total", "Answers about slots by what was shown", ["shown"]
)
EVENTS = Counter(
    "copydesk_site_events_total", "Sites' events by what became of them", ["outcome"]
)


class _NoSlot(Exception):
    """The playbook has no slot of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A version whose texts are filled already."""

    version: SlotVersion
    texts: Mapping[str, Shown]


class Content:
    """Answers sites. What a version says never changes, so it is kept once read."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self._secret = web.deps.settings.secret_key.get_secret_value()
        # as they were at start; asking the playbook looks at the team's files each time
        self._slots = {
            key: (slot, slot_secret(self._secret, slot))
            for key, slot in web.playbook.slots.items()
        }
        self._ready: dict[CampaignId, _Ready] = {}

    async def show(self, request: http.Request) -> http.Response:
        """What this visitor sees: the version being tried, the live one, or neither."""
        try:
            slot = self._slot(request.match_info["slot"])
            now = self._verified(request, slot, b"")
            key = check_key(request.query.get("key", ""))
            visitor = visitor_hash(self._secret, slot.key, key)
            found = await self._web.read(queries.showing, slot.key, visitor, now=now)
            answer = await self._answer(slot, found, visitor, now)
        except (_NoSlot, Refused, TryLater) as error:
            return _refusal(error)
        ANSWERS.labels(answer["shown"]).inc()
        return http.json_response(answer, headers=_PRIVATE)

    async def take(self, request: http.Request) -> http.Response:
        """Count one signed list of events; what it breaches is stopped on return."""
        try:
            slot = self._slot(request.query.get("slot", ""))
            raw = await _body(request)
            self._verified(request, slot, raw)
            taken = await self._web.write(
                record.site_events,
                self._web.playbook,
                slot,
                check_post(_json(raw)),
                secret=self._secret,
            )
        except (_NoSlot, Refused, TryLater) as error:
            return _refusal(error)
        EVENTS.labels("new").inc(taken.new)
        EVENTS.labels("refused").inc(len(taken.refused))
        log.info(
            "site.events_recorded",
            slot=slot.key,
            new=taken.new,
            refused=len(taken.refused),
            halted=list(taken.halted),
        )
        told = taken.refused[:_REFUSALS_TOLD]
        return http.json_response(
            {
                "new": taken.new,
                "known": taken.known,
                "refused": len(taken.refused),
                "why": [{"event": number, "error": why} for number, why in told],
            }
        )

    def _slot(self, key: str) -> Slot:
        if key not in self._slots:
            raise _NoSlot
        return self._slots[key][0]

    def _verified(self, request: http.Request, slot: Slot, body: bytes) -> datetime:
        """Check the signature over what came on the wire; the time it was checked at."""
        now = self._web.now()
        signed = signed_bytes(request.method, request.raw_path, body)
        verify(self._slots[slot.key][1], request.headers, signed, now=now)
        return now

    async def _answer(
        self, slot: Slot, found: Showing, visitor: str, now: datetime
    ) -> dict[str, object]:
        if found.new is not None:
            new = await self._version(found.new)
            if sees_new(found, new.version, visitor):
                arm = arm_for(visitor, new.version)
                token = Token(
                    campaign_id=found.new,
                    variant_id=arm.variant_id,
                    visitor=visitor,
                    issued_at=now,
                )
                given = make_token(self._secret, token)
                return _shown(slot, "new", new, arm.label, token=given)
        if found.live is not None:
            live = await self._version(found.live)
            return _shown(slot, "live", live, arm_for(visitor, live.version).label)
        return {"slot": slot.key, "shown": "none", "content": None}

    async def _version(self, campaign_id: CampaignId) -> _Ready:
        ready = self._ready.get(campaign_id)
        if ready is None:
            version = await self._web.read(queries.slot_version, campaign_id)
            texts = {
                arm.label: shown(
                    arm,
                    version.channel,
                    campaign_id=campaign_id,
                    footer=self._web.playbook.footer,
                    secret=self._secret,
                )
                for arm in version.arms
            }
            if len(self._ready) >= _VERSIONS_MOST:
                self._ready.clear()
            ready = self._ready[campaign_id] = _Ready(version=version, texts=texts)
        return ready


def _shown(
    slot: Slot, which: str, ready: _Ready, label: str, *, token: str | None = None
) -> dict[str, object]:
    text = ready.texts[label]
    return {
        "slot": slot.key,
        "shown": which,
        "version": text.sha256,
        "campaign": ready.version.campaign_id,
        "variant": label,
        "content": {"parts": text.parts, "html": text.html, "link": text.cta_url},
        **({"token": token} if token is not None else {}),
    }


async def _body(request: http.Request) -> bytes:
    """The posted bytes.

    Raises:
        Refused: There are too many.
    """
    if (request.content_length or 0) > SIZE_MOST:
        raise _TooLarge
    try:
        raw = await request.read()
    except http.HTTPRequestEntityTooLarge:
        raise _TooLarge from None
    if len(raw) > SIZE_MOST:
        raise _TooLarge
    return raw


class _TooLarge(Refused):
    def __init__(self) -> None:
        super().__init__(f"The body is larger than {SIZE_MOST // 1024} KB.")


def _json(raw: bytes) -> object:
    try:
        found: object = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Refused("The body is not JSON.") from error
    return found


def _refusal(error: _NoSlot | Refused | TryLater) -> http.Response:
    if isinstance(error, TryLater):
        wait = max(1, round(error.retry_after.total_seconds()))
        return _error(503, "Busy; ask again.", {"Retry-After": str(wait)})
    if isinstance(error, _NoSlot):
        return _error(404, "There is no slot of that name.")
    if isinstance(error, BadSignature):
        log.warning("site.signature_refused")
        return _error(401, str(error))
    return _error(413 if isinstance(error, _TooLarge) else 400, str(error))


def _error(
    status: int, words: str, headers: Mapping[str, str] | None = None
) -> http.Response:
    return http.json_response(
        {"error": words}, status=status, headers={**_PRIVATE, **(headers or {})}
    )
