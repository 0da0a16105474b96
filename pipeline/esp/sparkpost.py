"""SparkPost over HTTP, or whatever speaks it at another base URL."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import httpx

from domain.errors import Refused, TryLater
from domain.send import CHUNK_SIZE, DeliveryEvent
from pipeline import tls
from pipeline.esp import sparkpost_events
from pipeline.esp.batch_rules import without_addresses
from pipeline.esp.port import (
    Accepted,
    BadSignature,
    Batch,
    BatchState,
    CancelState,
    Capabilities,
    OutcomeUnknown,
)
from pipeline.esp.sparkpost_mail import transmission

CAPABILITIES: Final = Capabilities(
    batch_size=CHUNK_SIZE,
    # its own words: the deletion time window is 660 seconds
    cancel_margin=timedelta(seconds=660),
    schedule_ahead=timedelta(hours=72),
    suppresses=True,
    # the Events API shows an injection some minutes later
    look_up_lag=timedelta(minutes=15),
)
MIN_PASSWORD: Final = 16
"""Characters of the webhook's password: it is all that tells SparkPost from others."""

TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)
MAX_SUPPRESSIONS: Final = 10_000
_MAX_EVENTS: Final = 10_000
_KEPT: Final = timedelta(days=9)
"""The Events API keeps ten days, and looks at one unless asked."""

_SERVER_ERROR: Final = 500
_OUTAGE: Final = timedelta(seconds=10)
# SparkPost's own advice is one to five seconds
WAITS: Final[Mapping[int, tuple[str, timedelta]]] = {
    420: ("SparkPost's sending limit is reached", timedelta(minutes=5)),
    429: ("SparkPost is at its rate limit", timedelta(seconds=5)),
}
WIRE_ERRORS: Final[Mapping[int, str]] = {
    400: "SparkPost refused the request",
    401: "SparkPost does not accept the API key (SPARKPOST_API_KEY)",
    403: "The SparkPost API key lacks a permission that this call needs",
    404: "SparkPost does not know this address of its API (SPARKPOST_API_URL)",
    413: "SparkPost finds the request too large",
    422: "SparkPost refused the mail",
}
_CANNOT_SAY: Final = frozenset({400, 401, 403, 404})
_TRANSMISSIONS: Final = "/api/v1/transmissions"
_SUPPRESSIONS: Final = "/api/v1/suppression-list"
_EVENTS: Final = "/api/v1/events/message"
_FOR_CAMPAIGNS: Final = "non_transactional"


class SparkPost:
    """Implements `pipeline.esp.port.Esp`."""

    name: Final = "sparkpost"
    title: Final = "SparkPost"
    capabilities: Final = CAPABILITIES

    def __init__(
        self,
        *,
        api_key: str,
        clock: Callable[[], datetime],
        base_url: str = "https://api.sparkpost.com",
        webhook_user: str = "copydesk",
        webhook_password: str | None = None,
        timeout: httpx.Timeout = TIMEOUT,
    ) -> None:
        """Dial nothing yet.

        Raises:
            Refused: The webhook's password is too short to be one.
        """
        if webhook_password and len(webhook_password) < MIN_PASSWORD:
            raise Refused(
                f"SPARKPOST_WEBHOOK_PASSWORD must have {MIN_PASSWORD} characters or more."
            )
        self._clock = clock
        self._user, self._password = webhook_user, webhook_password
        self._http = httpx.Client(
            verify=tls.trusted(),
            base_url=base_url,
            headers={"Authorization": api_key},
            timeout=timeout,
            # A kept connection that died in between would make a send's outcome
            # unknown for nothing.
            limits=httpx.Limits(max_keepalive_connections=0),
            # A proxy is for the outside world, not for the practice ESP.
            mounts={"all://127.0.0.1": None, "all://localhost": None},
        )

    def new_batch(self) -> str:
        """Ours alone: SparkPost calls it campaign_id, and cancels and searches by it."""
        return f"copydesk-{secrets.token_hex(16)}"

    def send(self, batch: Batch) -> Accepted:
        """See `Esp.send`; `pipeline.esp.sparkpost_mail` says what is refused unsent."""
        body = transmission(batch)
        try:
            answer = self._http.post(
                _TRANSMISSIONS,
                content=body,
                headers={"Content-Type": "application/json"},
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise _away() from error
        except httpx.TransportError as error:
            raise OutcomeUnknown(
                "SparkPost did not answer, so the mail may be out."
            ) from error
        if answer.status_code >= _SERVER_ERROR:
            raise OutcomeUnknown("SparkPost had a fault, so the mail may be out.")
        _check(answer)
        results = _results(answer)
        # it counts whom it leaves out, without saying who: nobody of them is tried again
        left_out = _count(results.get("total_rejected_recipients"), len(batch.mails))
        message_id = results.get("id")
        return Accepted(
            accepted=len(batch.mails) - left_out,
            message_id=str(message_id) if message_id else None,
        )

    def cancel(self, batch_id: str) -> CancelState:
        """Stop a batch; SparkPost answers at once and works in the background."""
        answer = self._answer(
            "DELETE", _TRANSMISSIONS, params={"campaign_id": batch_id}
        )
        if answer.status_code == httpx.codes.NOT_FOUND:
            return CancelState.UNKNOWN
        if answer.status_code == httpx.codes.CONFLICT:
            return CancelState.TOO_LATE
        _check(answer)
        return CancelState.CANCELLED

    def batch_state(self, batch_id: str) -> BatchState:
        """`CANCELLED` when every transmission it lists is; else `ACTIVE`."""
        answer = self._answer("GET", _TRANSMISSIONS, params={"campaign_id": batch_id})
        _check(answer)
        rows = _rows(answer)
        is_stopped = rows and all(row.get("state") == "Canceled" for row in rows)
        return BatchState.CANCELLED if is_stopped else BatchState.ACTIVE

    def suppress(self, addresses: Sequence[str]) -> None:
        for start in range(0, len(addresses), MAX_SUPPRESSIONS):
            part = addresses[start : start + MAX_SUPPRESSIONS]
            rows = [{"recipient": each, "type": _FOR_CAMPAIGNS} for each in part]
            _check(self._answer("PUT", _SUPPRESSIONS, json={"recipients": rows}))

    def lift(self, address: str) -> None:
        path = f"{_SUPPRESSIONS}/{quote(address, safe='')}"
        answer = self._answer("DELETE", path, json={"type": _FOR_CAMPAIGNS})
        if answer.status_code != httpx.codes.NOT_FOUND:
            _check(answer)

    def look_up(
        self, batch_id: str, recipients: Mapping[int, str]
    ) -> frozenset[int] | None:
        """Ask the Events API what it has of the batch; None if the key may not."""
        given = {
            "campaigns": batch_id,
            "per_page": str(_MAX_EVENTS),
            "from": f"{self._clock() - _KEPT:%Y-%m-%dT%H:%M}",
            # left out, it ends a minute ago
            "to": f"{self._clock() + timedelta(minutes=1):%Y-%m-%dT%H:%M}",
        }
        answer = self._answer("GET", _EVENTS, params=given)
        if answer.status_code in _CANNOT_SAY:
            return None
        _check(answer)
        metas = [row.get("rcpt_meta") for row in _rows(answer)]
        found = {str(meta.get("send_id")) for meta in metas if isinstance(meta, dict)}
        return frozenset(send_id for send_id in recipients if str(send_id) in found)

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        """Check who posts; a batch posted again counts once, by its events."""
        if not self._password:
            raise BadSignature("No password for the event webhook is set.")
        sparkpost_events.verify(self._user, self._password, headers)

    def normalise(self, items: Sequence[object]) -> tuple[DeliveryEvent, ...]:
        return sparkpost_events.normalise(items)

    def confirm(self, items: Sequence[object]) -> None:
        """SparkPost asks nothing."""

    def close(self) -> None:
        self._http.close()

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
            raise TryLater("SparkPost has a fault.", retry_after=_OUTAGE)
        return answer


def _away() -> TryLater:
    return TryLater("SparkPost cannot be reached.", retry_after=_OUTAGE)


def _check(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    why = _why(answer)
    if answer.status_code in WAITS:
        sentence, wait = WAITS[answer.status_code]
        raise TryLater(_sentence(sentence, why), retry_after=wait)
    unlisted = f"SparkPost answered with status {answer.status_code}"
    raise Refused(_sentence(WIRE_ERRORS.get(answer.status_code, unlisted), why))


def _sentence(words: str, why: str) -> str:
    return f"{words}: {why}" if why else f"{words}."


def _why(answer: httpx.Response) -> str:
    """SparkPost's own first error, without any address in it."""
    try:
        first = json.loads(answer.content)["errors"][0]
        said = [str(first["message"]), str(first.get("description") or "")]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return ""
    return without_addresses(". ".join(filter(None, said)))


def _results(answer: httpx.Response) -> Mapping[str, Any]:
    """What a success says of itself; when it is unreadable it is a success still."""
    try:
        found = answer.json()["results"]
    except (ValueError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _count(value: object, most: int) -> int:
    return min(value, most) if isinstance(value, int) and value > 0 else 0


def _rows(answer: httpx.Response) -> list[dict[str, Any]]:
    try:
        found = answer.json()["results"]
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable() from error
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise _unreadable()
    return found


def _unreadable() -> TryLater:
    return TryLater("SparkPost's answer cannot be read.", retry_after=_OUTAGE)
