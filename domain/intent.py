"""Intent signals: somebody, or an account, looked into a topic; true for a while only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from domain.attributes import Kind, NotAValue, parse_value

LONGEST_TOPIC: Final = 60
HIGHEST_SCORE: Final = 100
LONGEST_LIFE: Final = timedelta(days=730)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One signal.

    Attributes:
        score: 0 to 100.
        expires_at: The last day on which it counts.
    """

    topic: str
    score: float
    source: str
    seen_at: date
    expires_at: date


class SignalInvalid(ValueError):
    """A signal that cannot be; the message never repeats what was given."""

    def __init__(self, field: str, reason: str) -> None:
        self.field, self.reason = field, reason
        super().__init__(f"{field}: {reason}")


def parse_signal(row: dict[str, str], *, today: date, life: timedelta) -> Signal:
    """Read the cells of one signal.

    Args:
        life: How long it counts from the day it was seen, unless the row says.

    Raises:
        SignalInvalid: Names the field and what is wanted.
    """
    seen_at = _date("seen_at", row["seen_at"])
    if seen_at > today + timedelta(days=1):
        raise SignalInvalid("seen_at", "is a day to come")
    given = row.get("expires_at", "")
    expires_at = _date("expires_at", given) if given else seen_at + life
    if not seen_at <= expires_at <= seen_at + LONGEST_LIFE:
        raise SignalInvalid(
            "expires_at", f"must be within {LONGEST_LIFE.days} days after seen_at"
        )
    return Signal(
        topic=_word("topic", row["topic"]).lower(),
        score=_score(row["score"]),
        source=_word("source", row["source"]).lower(),
        seen_at=seen_at,
        expires_at=expires_at,
    )


def _date(field: str, text: str) -> date:
    try:
        value = parse_value(Kind.DATE, text)
    except NotAValue as error:
        raise SignalInvalid(field, str(error)) from None
    if not isinstance(value, date) or not date(2000, 1, 1) <= value <= date(2200, 1, 1):
        raise SignalInvalid(field, "is not a day of this century")
    return value


def _score(text: str) -> float:
    try:
        value = parse_value(Kind.NUMBER, text)
    except NotAValue as error:
        raise SignalInvalid("score", str(error)) from None
    if not isinstance(value, float) or not 0 <= value <= HIGHEST_SCORE:
        raise SignalInvalid("score", f"must be 0 to {HIGHEST_SCORE}")
    return value


def _word(field: str, text: str) -> str:
    if not text:
        raise SignalInvalid(field, "is empty")
    if len(text) > LONGEST_TOPIC:
        raise SignalInvalid(field, f"is longer than {LONGEST_TOPIC} characters")
    return text
