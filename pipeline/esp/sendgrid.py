"""SendGrid v3 over HTTP, or whatever speaks it at another base URL."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import httpx

from domain.errors import CampaignError, Refused, TryLater
from domain.send import CHUNK_SIZE, DeliveryEvent
from pipeline import tls
from pipeline.esp import sendgrid_events
from pipeline.esp.port import (
    Accepted,
    BadSignature,
    Batch,
    BatchState,
    CancelState,
    Capabilities,
    OutcomeUnknown,
)
from pipeline.esp.sendgrid_mail import mail_body

CAPABILITIES: Final = Capabilities(
    batch_size=CHUNK_SIZE,
    cancel_margin=timedelta(minutes=10),
    schedule_ahead=timedelta(hours=72),
    suppresses=True,
    # Email Activity shows a message some minutes after it was taken.
    look_up_lag=timedelta(minutes=15),
)
MAX_STOPPED: Final = 10
"""SendGrid: batches that may be paused or cancelled at a time."""

TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)
_BUSY: Final = 429
_SERVER_ERROR: Final = 500
_OUTAGE: Final = timedelta(seconds=10)
_LONGEST_WAIT: Final = timedelta(minutes=5)
_CANNOT_SAY: Final = frozenset({400, 401, 403, 404})

WIRE_ERRORS: Final[Mapping[int, str]] = {
    400: "SendGrid refused the request",
    401: "SendGrid does not accept the API key (SENDGRID_API_KEY)",
    403: "The SendGrid API key lacks a permission that this call needs",
    404: "SendGrid does not know this address of its API (SENDGRID_API_URL)",
    413: "SendGrid finds the request too large",
}
_STATES: Final = {"cancel": BatchState.CANCELLED, "pause": BatchState.PAUSED}
_STOPS: Final = "/v3/user/scheduled_sends"
_GLOBAL: Final = "/v3/asm/suppressions/global"
_ADDRESS: Final = re.compile(r"\S+@\S+")
_LONGEST_MESSAGE: Final = 300


class SendGrid:
    """Implements `pipeline.esp.port.Esp`."""

    name: Final = "sendgrid"
    title: Final = "SendGrid"
    capabilities: Final = CAPABILITIES

    def __init__(
        self,
        *,
        api_key: str,
        clock: Callable[[], datetime],
        base_url: str = "https://api.sendgrid.com",
        webhook_public_key: str | None = None,
        timeout: httpx.Timeout = TIMEOUT,
    ) -> None:
        """Dial nothing yet.

        Raises:
            Refused: The webhook's public key cannot be read.
        """
        self._clock = clock
        self._key = None
        if webhook_public_key:
            self._key = sendgrid_events.public_key(webhook_public_key)
        self._http = httpx.Client(
            verify=tls.trusted(),
            base_url=base_url,
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=timeout,
            # A kept connection that died in between would make a send's outcome
            # unknown for nothing.
            limits=httpx.Limits(max_keepalive_connections=0),
            # A proxy is for the outside world, not for the practice ESP.
            mounts={"all://127.0.0.1": None, "all://localhost": None},
        )

    def new_batch(self) -> str:
        return _text(self._ask("POST", "/v3/mail/batch"), "batch_id")

    def send(self, batch: Batch) -> Accepted:
        """See `Esp.send`; `pipeline.esp.sendgrid_mail` says what is refused unsent."""
        body = mail_body(batch)
        try:
            answer = self._http.post(
                "/v3/mail/send",
                content=body,
                headers={"Content-Type": "application/json"},
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise _away() from error
        except httpx.TransportError as error:
            raise OutcomeUnknown(
                "SendGrid did not answer, so the mail may be out."
            ) from error
        if answer.status_code >= _SERVER_ERROR:
            raise OutcomeUnknown("SendGrid had a fault, so the mail may be out.")
        self._check(answer)
        message_id = answer.headers.get("X-Message-Id")
        return Accepted(accepted=len(batch.mails), message_id=message_id)

    def cancel(self, batch_id: str) -> CancelState:
        """Cancel a batch; SendGrid's 400 is explained by reading back, not by text."""
        stop = {"batch_id": batch_id, "status": "cancel"}
        answer = self._answer("POST", _STOPS, json=stop)
        if answer.status_code != httpx.codes.BAD_REQUEST:
            self._check(answer)
            return CancelState.CANCELLED
        state = self.batch_state(batch_id)
        if state is BatchState.CANCELLED:
            return CancelState.CANCELLED
        if state is BatchState.PAUSED:
            return self._cancel_paused(batch_id)
        if not self._is_batch(batch_id):
            return CancelState.UNKNOWN
        is_full = len(_rows(self._ask("GET", _STOPS))) >= MAX_STOPPED
        return CancelState.NO_ROOM if is_full else CancelState.TOO_LATE

    def batch_state(self, batch_id: str) -> BatchState:
        """`ACTIVE` also for a batch that SendGrid has never heard of."""
        stopped = self._ask("GET", f"{_STOPS}/{quote(batch_id, safe='')}")
        for row in _rows(stopped):
            if row.get("batch_id") == batch_id:
                return _STATES.get(str(row.get("status")), BatchState.ACTIVE)
        return BatchState.ACTIVE

    def suppress(self, addresses: Sequence[str]) -> None:
        for start in range(0, len(addresses), CHUNK_SIZE):
            part = list(addresses[start : start + CHUNK_SIZE])
            self._ask("POST", _GLOBAL, json={"recipient_emails": part})

    def lift(self, address: str) -> None:
        answer = self._answer("DELETE", f"{_GLOBAL}/{quote(address, safe='')}")
        if answer.status_code != httpx.codes.NOT_FOUND:
            self._check(answer)

    def look_up(
        self, batch_id: str, recipients: Mapping[int, str]
    ) -> frozenset[int] | None:
        """Ask Email Activity, a paid add-on: None on an account without it."""
        query = f"(unique_args['batch']=\"{batch_id}\")"
        given = {"query": query, "limit": str(CHUNK_SIZE)}
        answer = self._answer("GET", "/v3/messages", params=given)
        if answer.status_code in _CANNOT_SAY:
            return None
        self._check(answer)
        rows = _rows(answer, "messages")
        taken = {str(row.get("to_email")).lower() for row in rows}
        return frozenset(
            send_id for send_id, to in recipients.items() if to.lower() in taken
        )

    def webhook_key(self) -> str:
        """The key SendGrid signs with, as base64 DER, for `webhook_public_key`."""
        path = "/v3/user/webhooks/event/settings/signed"
        return _text(self._ask("GET", path), "public_key")

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        if self._key is None:
            raise BadSignature("No public key for the event webhook is set.")
        sendgrid_events.verify(self._key, headers, body, now=now)

    def normalise(self, items: Sequence[object]) -> tuple[DeliveryEvent, ...]:
        return sendgrid_events.normalise(items)

    def confirm(self, items: Sequence[object]) -> None:
        """SendGrid asks nothing."""

    def close(self) -> None:
        self._http.close()

    def _cancel_paused(self, batch_id: str) -> CancelState:
        path = f"{_STOPS}/{quote(batch_id, safe='')}"
        answer = self._answer("PATCH", path, json={"status": "cancel"})
        if answer.status_code == httpx.codes.BAD_REQUEST:
            return CancelState.TOO_LATE
        self._check(answer)
        return CancelState.CANCELLED

    def _is_batch(self, batch_id: str) -> bool:
        answer = self._answer("GET", f"/v3/mail/batch/{quote(batch_id, safe='')}")
        if answer.status_code in {400, 404}:
            return False
        self._check(answer)
        return True

    def _ask(
        self, method: str, path: str, *, json: dict[str, Any] | None = None
    ) -> httpx.Response:
        answer = self._answer(method, path, json=json)
        self._check(answer)
        return answer

    def _answer(
        self,
        method: str,
        path: str,
        *,
        json: dict[str, Any] | None = None,
        params: dict[str, str] | None = None,
    ) -> httpx.Response:
        """One call that may be made twice; only silence and faults raise here."""
        try:
            answer = self._http.request(method, path, json=json, params=params)
        except httpx.TransportError as error:
            raise _away() from error
        if answer.status_code >= _SERVER_ERROR:
            raise TryLater("SendGrid has a fault.", retry_after=_OUTAGE)
        return answer

    def _check(self, answer: httpx.Response) -> None:
        if answer.is_success:
            return
        if answer.status_code == _BUSY:
            raise TryLater(
                "SendGrid is at its rate limit.", retry_after=self._until(answer)
            )
        raise _refused(answer)

    def _until(self, answer: httpx.Response) -> timedelta:
        """X-RateLimit-Reset is a Unix second."""
        reset = answer.headers.get("X-RateLimit-Reset", "")
        if not (reset.isascii() and reset.isdecimal()):
            return _OUTAGE
        left = int(reset) - self._clock().timestamp()
        longest = _LONGEST_WAIT.total_seconds()
        return timedelta(seconds=min(max(left, 1.0), longest))


def _away() -> TryLater:
    return TryLater("SendGrid cannot be reached.", retry_after=_OUTAGE)


def _rows(answer: httpx.Response, name: str | None = None) -> list[dict[str, Any]]:
    """The list of objects that is the answer, or that stands in it under `name`."""
    try:
        found = answer.json() if name is None else answer.json()[name]
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable() from error
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise _unreadable()
    return found


def _text(answer: httpx.Response, name: str) -> str:
    try:
        return str(answer.json()[name])
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable() from error


def _unreadable() -> TryLater:
    return TryLater("SendGrid's answer cannot be read.", retry_after=_OUTAGE)


def _refused(answer: httpx.Response) -> CampaignError:
    sentence = WIRE_ERRORS.get(
        answer.status_code, f"SendGrid answered with status {answer.status_code}"
    )
    why = _why(answer)
    return Refused(f"{sentence}: {why}" if why else f"{sentence}.")


def _why(answer: httpx.Response) -> str:
    """SendGrid's own first error and its field, without any address in it."""
    try:
        first = json.loads(answer.content)["errors"][0]
        field, message = first.get("field"), str(first["message"])
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return ""
    text = f"{field}: {message}" if field else message
    return _ADDRESS.sub("[address]", text)[:_LONGEST_MESSAGE]
