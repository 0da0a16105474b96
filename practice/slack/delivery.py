"""Deliver to the app as Slack does: signed, timed, and events again when unacked."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession, ClientTimeout
from slack_sdk.signature import SignatureVerifier

from practice.slack.bus import Bus
from practice.slack.config import PracticeSlack
from practice.slack.sockets import SocketHub

Json = dict[str, Any]
ROWS_MOST: Final = 100
# How much longer than Slack's patience the practice waits, to show how late it was.
WAIT_FACTOR: Final = 2.0
SOCKET_KINDS: Final = {"command": "slash_commands", "event": "events_api"}
RETRY_REASONS: Final = {
    "late": "http_timeout",
    "error": "http_error",
    "no_reply": "connection_failed",
}
FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One thing to deliver: `raw` is what is signed, `decoded` what it means."""

    kind: str
    label: str
    person: str
    decoded: Json
    raw: str
    retry: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one delivery ended, with what the app answered when it was in time."""

    verdict: str
    verdict_text: str
    ack_ms: int
    status: int | None
    text: str = ""
    may_retry: bool = True

    @property
    def is_ok(self) -> bool:
        return self.verdict == "ok"

    @property
    def body(self) -> Json:
        """The answer as an object; plain text becomes `{"text": ...}`."""
        if not self.is_ok or not self.text.strip():
            return {}
        try:
            parsed = json.loads(self.text)
        except json.JSONDecodeError:
            return {"text": self.text}
        return parsed if isinstance(parsed, dict) else {"text": self.text}

    @property
    def report(self) -> Json:
        """What every reply to the page carries."""
        return {
            "ok": self.is_ok,
            "status": self.status,
            "ack_ms": self.ack_ms,
            "verdict": self.verdict,
            "verdict_text": self.verdict_text,
        }


def _judge(status: int | None, seconds: float, limit_s: float) -> tuple[str, str]:
    shown = f"{seconds:.1f} s"
    if seconds > limit_s:
        if status is None:
            return "no_reply", f"No answer in {shown}: Slack would have shown an error"
        return "late", f"{shown}: Slack would have shown an error"
    if status is None:
        return "no_reply", "The app could not be reached"
    if not 200 <= status < 300:
        return "error", f"Status {status}: Slack would have shown an error"
    return "ok", f"{seconds * 1000:.0f} ms"


class Courier:
    """Carries commands, interactions and events to the app, and keeps the rows."""

    def __init__(self, config: PracticeSlack, bus: Bus, sockets: SocketHub) -> None:
        self.config = config
        self.bus = bus
        self.sockets = sockets
        self.rows: deque[Json] = deque(maxlen=ROWS_MOST)
        self._verifier = SignatureVerifier(config.signing_secret)
        self._session: ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._count = 0

    async def start(self) -> None:
        """Open the client that posts to the app."""
        self._session = ClientSession()

    async def stop(self) -> None:
        """Drop what is still being delivered and close the client."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def settle(self) -> None:
        """Wait until every event under way was acked or given up."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def command(self, label: str, person: str, form: Json) -> Outcome:
        """Deliver a slash command once."""
        parcel = Parcel(
            kind="command",
            label=label,
            person=person,
            decoded=form,
            raw=urlencode(form),
        )
        return await self._deliver(parcel)

    async def interaction(
        self, label: str, person: str, payload: Json, kind: str | None = None
    ) -> Outcome:
        """Deliver a click, a submission, a shortcut or a suggestion once."""
        parcel = Parcel(
            kind=kind or str(payload["type"]),
            label=label,
            person=person,
            decoded=payload,
            raw=urlencode({"payload": json.dumps(payload)}),
        )
        return await self._deliver(parcel)

    def event(self, label: str, person: str, body: Json) -> None:
        """Deliver an event in the background, with Slack's retries."""
        self.spawn(self._event(label, person, body))

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the background until `stop`."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _event(self, label: str, person: str, body: Json) -> None:
        parcel = Parcel(
            kind="event",
            label=label,
            person=person,
            decoded=body,
            raw=json.dumps(body),
        )
        outcome = await self._deliver(parcel)
        for number, delay_s in enumerate(self.config.retry_delays_s, start=1):
            if outcome.is_ok or not outcome.may_retry:
                return
            await asyncio.sleep(delay_s)
            retry = {
                "X-Slack-Retry-Num": str(number),
                "X-Slack-Retry-Reason": RETRY_REASONS[outcome.verdict],
            }
            shown = f"{label} (retry {number})"
            outcome = await self._deliver(replace(parcel, label=shown, retry=retry))

    async def _deliver(self, parcel: Parcel) -> Outcome:
        headers = self._headers(parcel) | parcel.retry
        at = datetime.fromtimestamp(self.config.clock(), UTC).isoformat()
        began = time.monotonic()
        uses_socket = self.sockets.is_connected
        if uses_socket:
            status, text, may_retry = await self._by_socket(parcel)
        else:
            status, text, may_retry = await self._by_post(parcel.raw, headers)
        seconds = time.monotonic() - began
        verdict, shown = _judge(status, seconds, self.config.ack_limit_s)
        outcome = Outcome(
            verdict=verdict,
            verdict_text=shown,
            ack_ms=round(seconds * 1000),
            status=status,
            text=text,
            may_retry=may_retry,
        )
        way = {
            "url": "Socket Mode" if uses_socket else self.config.request_url,
            "headers": {} if uses_socket else headers,
        }
        self._record(parcel, outcome, {"at": at, **way})
        return outcome

    def _record(self, parcel: Parcel, outcome: Outcome, way: Json) -> None:
        self._count += 1
        row = {
            "id": f"R{self._count}",
            "kind": parcel.kind,
            "label": parcel.label,
            "person": parcel.person,
            "body": parcel.raw,
            "decoded": parcel.decoded,
            "response": outcome.text,
            **way,
            **outcome.report,
        }
        self.rows.append(row)
        self.bus.publish("request", request=row)

    def _headers(self, parcel: Parcel) -> dict[str, str]:
        # Signatures use the real time: the app checks them against its own clock.
        timestamp = str(int(time.time()))
        signature = self._verifier.generate_signature(
            timestamp=timestamp, body=parcel.raw
        )
        return {
            "Content-Type": "application/json" if parcel.kind == "event" else FORM,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature or "",
        }

    async def _by_post(
        self, raw: str, headers: dict[str, str]
    ) -> tuple[int | None, str, bool]:
        if self._session is None:
            return None, "The practice workspace has not started.", True
        wait = ClientTimeout(total=self.config.ack_limit_s * WAIT_FACTOR)
        try:
            async with self._session.post(
                self.config.request_url,
                data=raw.encode(),
                headers=headers,
                timeout=wait,
                allow_redirects=False,
            ) as answer:
                may_retry = answer.headers.get("X-Slack-No-Retry") != "1"
                return answer.status, await answer.text(), may_retry
        except (ClientError, TimeoutError) as error:
            return None, type(error).__name__, True

    async def _by_socket(self, parcel: Parcel) -> tuple[int | None, str, bool]:
        extra: Json = {}
        if parcel.kind == "event":
            extra["retry_attempt"] = int(parcel.retry.get("X-Slack-Retry-Num", 0))
            extra["retry_reason"] = parcel.retry.get("X-Slack-Retry-Reason", "")
        try:
            answer = await self.sockets.deliver(
                SOCKET_KINDS.get(parcel.kind, "interactive"),
                parcel.decoded,
                timeout_s=self.config.ack_limit_s * WAIT_FACTOR,
                **extra,
            )
        except (ConnectionError, TimeoutError) as error:
            return None, type(error).__name__, True
        return 200, json.dumps(answer) if answer else "", True
