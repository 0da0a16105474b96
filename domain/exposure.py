"""What a slot shows to whom, by hash, and what its site reports of those who saw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple

from domain.campaign import SENDING, CampaignId, State
from domain.canary_policy import CanaryPolicy, Sending
from domain.channel import Channel, Slot
from domain.cohort import arm_of, is_in_share, salt_of
from domain.errors import Refused
from domain.variant import Copy

TOKEN_LASTS: Final = timedelta(hours=24)
"""How long after an answer the site may report of it: complaints come late."""

AHEAD: Final = timedelta(minutes=5)
"""How far the site's clock may go before ours."""

EVENTS_MOST: Final = 500
"""Events in one post."""

ID_LONGEST: Final = 80
KEY_LONGEST: Final = 200
"""Characters of a visitor's key."""

FIRST_MOST: Final = 50
"""Per cent of the visitors that a first step may be: more is no canary."""

TOKEN_LONGEST: Final = 200
_FIELDS: Final = ("id", "token", "type", "at")

OCCUPIES: Final = SENDING | {State.HELD}
"""In these states a campaign has its slot for itself; parked from them, too."""

MAY_BE_SEEN: Final = OCCUPIES | {State.PARKED}
"""Until it ends, further visitors may still be counted for it."""


class Reported(StrEnum):
    """What a site may say of a visitor who was answered with the new version."""

    # it was on their screen
    EXPOSED = "exposed"
    # they said that it is wrong, offensive or not what was promised
    COMPLAINED = "complained"
    # it could not be drawn, or its link leads nowhere
    FAILED = "failed"
    # they closed it
    DISMISSED = "dismissed"
    CLICKED = "clicked"


class Counted(NamedTuple):
    """Under what a report is counted: the ESP's words, which the judge knows."""

    type: str
    is_hard: bool = False


_TYPES: Final = frozenset(Reported)

COUNTED: Final[Mapping[Reported, Counted]] = {
    Reported.EXPOSED: Counted("delivered"),
    Reported.COMPLAINED: Counted("complained"),
    Reported.FAILED: Counted("bounced", is_hard=True),
    Reported.DISMISSED: Counted("unsubscribed"),
    Reported.CLICKED: Counted("clicked"),
}
"""Counted where mails' events are, so that one judge, one plot and one record do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What an answer with the new version was: proof that we gave it."""

    campaign_id: CampaignId
    variant_id: int
    # keyed hash of the visitor's key
    visitor: str
    issued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteEvent:
    """One report as it was posted, its token not looked at yet."""

    id: str
    token: str
    type: Reported
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A step of a slot's ladder.

    Attributes:
        percent: Of all visitors, who may see the new version.
        planned: Visitors of this step alone who have to have seen it.
    """

    step: int
    percent: float
    planned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """Which campaigns a slot shows now, as one visitor is concerned.

    Attributes:
        new: Whose version is being tried; None: none is, or its gate is shut.
        is_full: As many visitors have seen it as its step is for.
        has_seen: The visitor is one of them.
        live: Whose version everyone else sees; None: the site's own.
    """

    new: CampaignId | None
    step: int
    is_full: bool
    has_seen: bool
    live: CampaignId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotArm:
    variant_id: int
    label: str
    text: Copy
    cta_url: str
    allowed_links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotVersion:
    """A campaign's copy as its slot shows it.

    Attributes:
        shares: Per cent of visitors who may see it, by step.
    """

    campaign_id: CampaignId
    channel: Channel
    shares: tuple[float, ...]
    arms: tuple[SlotArm, ...]


def sees_new(showing: Showing, version: SlotVersion, visitor: str) -> bool:
    """Whether this visitor sees the version that is being tried.

    A step is for a fixed number of visitors, as a mail's is for its recipients: once
    they have seen it, they and nobody else see it until the next step.
    """
    if showing.is_full:
        return showing.has_seen
    percent = version.shares[min(showing.step, len(version.shares) - 1)]
    return is_in_share(visitor, percent, salt_of(version.campaign_id))


def arm_for(visitor: str, version: SlotVersion) -> SlotArm:
    """Which of a version's arms a visitor sees, always the same."""
    arms = {each.label: each for each in version.arms}
    return arms[arm_of(visitor, sorted(arms), salt_of(version.campaign_id))]


def steps(slot: Slot) -> tuple[Shared, ...]:
    """The ladder of a slot, its exposures cut into each step's own."""
    before = (0, *slot.exposures)
    return tuple(
        Shared(step=step, percent=percent, planned=upto - before[step])
        for step, (percent, upto) in enumerate(
            zip(slot.ladder, slot.exposures, strict=True)
        )
    )


def policy_of(policy: CanaryPolicy, slot: str) -> CanaryPolicy:
    """The limits by which a slot's campaign is judged: visitors come over hours."""
    return replace(policy, sending=Sending.DRIP) if slot else policy


def read_event(raw: object, *, now: datetime) -> SiteEvent:
    """Check one posted report.

    Raises:
        Refused: Names the field, and what is allowed.
    """
    if not isinstance(raw, Mapping):
        raise Refused(f"It is no object with {', '.join(_FIELDS)}.")
    unknown = [str(name)[:40] for name in raw if name not in _FIELDS]
    if unknown:
        raise Refused(
            f"There is no field {unknown[0]!r}; there are {', '.join(_FIELDS)}."
        )
    return SiteEvent(
        id=_text(raw.get("id"), "id", ID_LONGEST),
        token=_text(raw.get("token"), "token", TOKEN_LONGEST),
        type=_type(raw.get("type")),
        at=_at(raw.get("at"), now),
    )


def check_fits(event: SiteEvent, token: Token, *, now: datetime) -> None:
    """Check that a report can be of the answer that its token was given with.

    Raises:
        Refused: The token is too old, or what is reported came before the answer.
    """
    if now - token.issued_at > TOKEN_LASTS:
        raise Refused("token: is older than 24 hours.")
    if event.at < token.issued_at - AHEAD:
        raise Refused("at: is before the answer that the token came with.")


def _text(given: object, field: str, most: int) -> str:
    text = given if isinstance(given, str) else ""
    if not text or len(text) > most or not text.isascii() or not text.isprintable():
        raise Refused(f"{field}: must be 1 to {most} printable ASCII characters.")
    return text


def _type(given: object) -> Reported:
    if not isinstance(given, str) or given not in _TYPES:
        raise Refused(f"type: must be one of {', '.join(Reported)}.")
    return Reported(given)


def _at(given: object, now: datetime) -> datetime:
    wanted = "at: must be a time with its zone, such as 2026-05-01T14:02:00Z."
    try:
        at = datetime.fromisoformat(given if isinstance(given, str) else "")
    except ValueError:
        raise Refused(wanted) from None
    if at.utcoffset() is None:
        raise Refused(wanted)
    # at the ends of the calendar no other zone can be told
    if not now - TOKEN_LASTS - AHEAD <= at <= now + AHEAD:
        raise Refused("at: must lie within the last 24 hours.")
    return at.astimezone(UTC)


def check_key(key: str) -> str:
    """A visitor's key as a site gives it: opaque, and the same at each visit.

    Raises:
        Refused: It is empty, too long or holds what no key should.
    """
    if not key or len(key) > KEY_LONGEST or not key.isprintable():
        raise Refused(f"key must be 1 to {KEY_LONGEST} printable characters.")
    return key


def check_ladder(ladder: Sequence[float], exposures: Sequence[int]) -> None:
    """Whether a slot's steps can be: rising, the last everybody's, each with visitors.

    Raises:
        ValueError: Says what is needed.
    """
    rises = all(low < high for low, high in pairwise((0, *ladder)))
    if len(ladder) < 2 or not rises or ladder[-1] != 100:  # noqa: PLR2004 - per cent, and a canary before everyone
        raise ValueError(
            "ladder must rise from above 0 up to 100, in two steps or more."
        )
    if ladder[0] > FIRST_MOST:
        raise ValueError(f"ladder must begin with {FIRST_MOST} per cent at most.")
    grows = all(low < high for low, high in pairwise((0, *exposures)))
    if len(exposures) != len(ladder) or not grows:
        raise ValueError("exposures must rise, one number for each step of the ladder.")
