"""What every ESP offers: to take a chunk, perhaps to stop it, and to tell its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from domain.campaign import CampaignId
from domain.errors import CampaignError, Refused
from domain.send import DeliveryEvent


class OutcomeUnknown(CampaignError):
    """The request left but no answer came: the mail may be out. Never resend it."""


class Unsupported(Refused):
    """The ESP has no such thing, so asking it again never helps."""


class BadSignature(Refused):
    """The webhook was not signed by the ESP, or was signed too long ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One finished mail for one person, as linted. Never logged.

    Attributes:
        headers: Per-recipient headers; `List-Unsubscribe` among them.
        custom_args: Extra strings that come back with each event.
    """

    send_id: int
    to: str
    subject: str
    text: str
    html: str
    headers: Mapping[str, str] = field(default_factory=dict)
    custom_args: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one request carries.

    Attributes:
        mails: At most `Capabilities.batch_size` of them.
        send_at: When the ESP lets it go; None is at once.
    """

    batch_id: str
    campaign_id: CampaignId
    from_address: str
    from_name: str
    mails: tuple[Mail, ...]
    reply_to: str | None = None
    send_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What an ESP answered to a batch: each of its mails is in exactly one of these.

    An ESP that takes all of a batch or none leaves the three sets empty.

    Attributes:
        accepted: Mails taken; never sent again.
        refused: Send ids that it never takes as they stand.
        bounced: Of those refused, whose address there is not, for good.
        later: Send ids of which it took nothing for now; they may go again.
        put_off: Of those, who were asked about and put off one by one; the others met
            something that is about all.
        unknown: Send ids that may be out, because their answer never came.
        retry_after: How long `later` should wait.
    """

    accepted: int
    message_id: str | None = None
    refused: frozenset[int] = frozenset()
    bounced: frozenset[int] = frozenset()
    later: frozenset[int] = frozenset()
    put_off: frozenset[int] = frozenset()
    unknown: frozenset[int] = frozenset()
    retry_after: timedelta = timedelta(0)


class CancelState(StrEnum):
    # nothing more of the batch leaves
    CANCELLED = "cancelled"
    # gone, or so near its time that the ESP no longer stops it
    TOO_LATE = "too_late"
    # the ESP holds as many stopped batches as it can
    NO_ROOM = "no_room"
    # the ESP has never heard of the batch
    UNKNOWN = "unknown"


class BatchState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What an ESP can do; asking for more raises.

    Attributes:
        batch_size: Mails per chunk.
        takes_all_or_none: One answer is for all mails of a batch. Without it each mail
            has its own fate, and evidence about one says nothing of the others.
        cancel_margin: A cancel must come this long before `send_at`; None: no cancel.
        schedule_ahead: How far away `send_at` may be; None: no schedule.
        look_up_lag: How long after a send its look-up may still miss it; None: no
            look-up.
    """

    batch_size: int
    cancel_margin: timedelta | None
    schedule_ahead: timedelta | None
    suppresses: bool
    look_up_lag: timedelta | None
    takes_all_or_none: bool = True


class Esp(Protocol):
    """An email service provider. Safe to call again: all but `send`."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str:
        """As people write its name."""
        ...

    @property
    def capabilities(self) -> Capabilities: ...

    def new_batch(self) -> str:
        """A batch id, made before the send so that the send can be cancelled.

        Raises:
            TryLater: The ESP is away or busy.
            Refused: Wrong key.
        """
        ...

    def send(self, batch: Batch) -> Accepted:
        """Hand over one batch.

        Whatever is raised holds for all of it; mails with fates of their own are told
        apart in the answer.

        Raises:
            OutcomeUnknown: No answer, or a server error, after the request left.
            TryLater: Nothing was taken; the same batch may be sent again.
            Refused: Nothing was taken, and never will be as it stands.
        """
        ...

    def cancel(self, batch_id: str) -> CancelState:
        """Stop what has not left. Cancelling twice is the same as once.

        Raises:
            Unsupported: What it accepted cannot be taken back.
        """
        ...

    def batch_state(self, batch_id: str) -> BatchState:
        """Read back what `cancel` did.

        Raises:
            Unsupported: It cannot cancel.
        """
        ...

    def suppress(self, addresses: Sequence[str]) -> None:
        """Put addresses on the ESP's own suppression list.

        Raises:
            Unsupported: It keeps none.
        """
        ...

    def lift(self, address: str) -> None:
        """Take an address off that list; not being there is fine."""
        ...

    def look_up(
        self, batch_id: str, recipients: Mapping[int, str]
    ) -> frozenset[int] | None:
        """The send ids of a batch that the ESP has taken; None if it cannot say.

        Args:
            recipients: Address by send id. Absence is only proof after
                `Capabilities.look_up_lag`.

        Raises:
            Unsupported: It tells nobody what it has taken.
        """
        ...

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> None:
        """Check a webhook's signature over the raw bytes.

        Raises:
            BadSignature: Not theirs, altered, or too old.
        """
        ...

    def normalise(self, items: Sequence[object]) -> tuple[DeliveryEvent, ...]:
        """Webhook items in anymail's vocabulary; other senders' items are left out.

        A webhook whose body is one object is one item.

        Raises:
            Refused: An item is malformed; names its index and field.
        """
        ...

    def confirm(self, items: Sequence[object]) -> None:
        """Answer what a verified webhook asks of its receiver, such as a subscription.

        May call the ESP; most ask nothing.

        Raises:
            TryLater: The ESP is away.
        """
        ...

    def close(self) -> None: ...
