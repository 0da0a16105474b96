"""Amazon SES v2 through boto3. It can neither schedule nor take back nor look up."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import formataddr
from typing import Any, Final

from domain.errors import CampaignError, Refused, TryLater
from domain.send import DeliveryEvent
from pipeline.esp import ses_events, sns
from pipeline.esp.batch_rules import check_batch
from pipeline.esp.port import (
    Accepted,
    BadSignature,
    Batch,
    BatchState,
    CancelState,
    Capabilities,
    Unsupported,
)
from pipeline.esp.ses_answers import OUTAGE, Silence, asking, note
from pipeline.esp.ses_mail import TEMPLATE, Entry, entries
from pipeline.esp.tally import Fate, Tally

CAPABILITIES: Final = Capabilities(
    # ten requests; a sender that dies in the middle leaves these unknown
    batch_size=500,
    takes_all_or_none=False,
    cancel_margin=None,
    schedule_ahead=None,
    suppresses=True,
    look_up_lag=None,
)
MAX_ENTRIES: Final = 50
"""SES: destinations of one SendBulkEmail."""

TIMEOUT_S: Final = 30.0
TIME_LIMIT_S: Final = 20.0
"""After this no further request is begun; its answer still fits within `send_limit`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What SES says of the account, for the doctor."""

    can_send: bool
    is_sandbox: bool


class Ses:
    """Implements `pipeline.esp.port.Esp`."""

    name: Final = "ses"
    title: Final = "Amazon SES"
    capabilities: Final = CAPABILITIES

    def __init__(
        self,
        *,
        region: str,
        clock: Callable[[], datetime],
        configuration_set: str = "",
        topic: str = "",
        api_url: str = "",
        credentials: tuple[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
        time_limit_s: float = TIME_LIMIT_S,
        fetch: sns.Fetch = sns.fetch,
    ) -> None:
        """Dial nothing yet.

        Args:
            topic: The ARN of the SNS topic that the configuration set publishes to.
            api_url: Another endpoint than the region's.
            credentials: Access key and secret; None: as boto3 finds them.

        Raises:
            Refused: The topic is no ARN.
        """
        self._region, self._set, self._api_url = region, configuration_set, api_url
        self._clock, self._credentials = clock, credentials
        self._timeout_s, self._time_limit_s = timeout_s, time_limit_s
        self._fetch = fetch
        self._keys = sns.Keys(sns.Topic.of(topic), fetch) if topic else None

    def new_batch(self) -> str:
        """Ours alone: a tag of each mail."""
        return secrets.token_hex(16)

    def send(self, batch: Batch) -> Accepted:
        """Hand over up to 50 mails a request; each has its own answer."""
        most = CAPABILITIES.batch_size
        check_batch(batch, title=self.title, most=most, can_schedule=False)
        tally = Tally(batch.mails)
        ready = list(entries(batch, tally))
        stopped_by: CampaignError | None = None
        try:
            if ready:
                with self._line() as line:
                    self._hand_over(line, batch, ready, tally)
        except CampaignError as error:
            stopped_by = error
        return tally.answer(stopped_by)

    def cancel(self, batch_id: str) -> CancelState:
        raise _gone()

    def batch_state(self, batch_id: str) -> BatchState:
        raise _gone()

    def suppress(self, addresses: Sequence[str]) -> None:
        """Put addresses on the account's list. SES knows no reason "unsubscribed"."""
        with self._line() as line, asking():
            for each in addresses:
                line.put_suppressed_destination(EmailAddress=each, Reason="COMPLAINT")

    def lift(self, address: str) -> None:
        with self._line() as line, asking(but="NotFoundException"):
            line.delete_suppressed_destination(EmailAddress=address)

    def look_up(
        self, batch_id: str, recipients: Mapping[int, str]
    ) -> frozenset[int] | None:
        raise Unsupported("Amazon SES cannot say what it has accepted.")

    def account(self) -> Account:
        """Ask whether the account may send, and to whom.

        Raises:
            TryLater: SES is away.
            Refused: It does not take our credentials.
        """
        with self._line() as line, asking():
            found: dict[str, Any] = line.get_account()
        return Account(
            can_send=found.get("SendingEnabled") is True,
            is_sandbox=found.get("ProductionAccessEnabled") is not True,
        )

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        """Check SNS's signature; fetches Amazon's certificate the first time."""
        if self._keys is None:
            raise BadSignature("No SNS topic for events is set.")
        sns.verify(body, self._keys, now=now)

    def normalise(self, items: Sequence[object]) -> tuple[DeliveryEvent, ...]:
        return ses_events.normalise(items)

    def confirm(self, items: Sequence[object]) -> None:
        """Confirm the subscription of our own topic, when a message asks for it."""
        for item in items:
            given = item if isinstance(item, dict) else {}
            if self._keys is not None and given.get("Type") == sns.CONFIRMATION:
                sns.confirm(given, self._keys.topic, self._fetch)

    def close(self) -> None:
        """No connection outlives its batch."""

    def _hand_over(
        self, line: Any, batch: Batch, ready: Sequence[Entry], tally: Tally
    ) -> None:
        ends_at = time.monotonic() + self._time_limit_s
        for start in range(0, len(ready), MAX_ENTRIES):
            if time.monotonic() > ends_at:
                raise TryLater("Amazon SES is slow.", retry_after=timedelta(seconds=1))
            part = ready[start : start + MAX_ENTRIES]
            note(part, self._bulk(line, batch, part, tally), tally)

    def _bulk(
        self, line: Any, batch: Batch, part: Sequence[Entry], tally: Tally
    ) -> Sequence[Mapping[str, Any]]:
        """One request; when its answer is missing, all of it may be out.

        Raises:
            TryLater: Nothing of it was taken, or nobody knows and the rest can wait.
            Refused: Nothing of it was taken.
        """
        try:
            with asking():
                answer = line.send_bulk_email(**self._request(batch, part))
        except Silence as silence:
            for each in part:
                tally.note(each.mail, Fate.UNKNOWN)
            raise TryLater(str(silence), retry_after=OUTAGE) from silence
        results: Sequence[Mapping[str, Any]] = answer.get("BulkEmailEntryResults", [])
        return results

    def _request(self, batch: Batch, part: Sequence[Entry]) -> dict[str, Any]:
        given: dict[str, Any] = {
            "FromEmailAddress": formataddr((batch.from_name, batch.from_address)),
            "DefaultContent": {"Template": TEMPLATE},
            "BulkEmailEntries": [each.body for each in part],
        }
        if batch.reply_to:
            given["ReplyToAddresses"] = [batch.reply_to]
        if self._set:
            given["ConfigurationSetName"] = self._set
        return given

    @contextlib.contextmanager
    def _line(self) -> Iterator[Any]:
        """A client of its own for each use: a kept connection may have died meanwhile.

        Raises:
            Refused: boto3 is not installed.
        """
        try:
            import boto3  # noqa: PLC0415 - only who uses SES has it
            from botocore.config import Config  # noqa: PLC0415
        except ImportError as error:
            raise Refused(
                "Amazon SES needs boto3, which is the extra `ses`:"
                " pip install -r requirements/ses.txt."
            ) from error
        key, secret = self._credentials or (None, None)
        line = boto3.session.Session().client(
            "sesv2",
            region_name=self._region,
            endpoint_url=self._api_url or None,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(
                connect_timeout=5,
                read_timeout=self._timeout_s,
                # boto3 would send again by itself what was not answered
                retries={"total_max_attempts": 1},
            ),
        )
        try:
            yield line
        finally:
            line.close()


def _gone() -> Unsupported:
    return Unsupported("Amazon SES cannot take back what it has accepted.")
