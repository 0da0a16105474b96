"""The channels copy is written for: mail is sent, all else is shown in a slot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from unicodedata import east_asian_width


class Channel(StrEnum):
    """What a brief asks for. Not Slack's channel, where its card is."""

    EMAIL = "email"
    LANDING_PAGE = "landing_page"
    AD = "ad"
    CHAT = "chat"

    @property
    def is_mailed(self) -> bool:
        """Whether it goes to recipients; all else is shown to visitors in a slot."""
        return self is Channel.EMAIL


NAMES: Final = {
    Channel.EMAIL: "Email",
    Channel.LANDING_PAGE: "Landing page",
    Channel.AD: "Ad",
    Channel.CHAT: "Chat reply",
}
"""As people read them."""

MAIL_ONLY: Final = frozenset({"plain_text_part", "no_image_only"})
"""Fields of a brief that say nothing about copy that is no mail."""

SHOWN_ONLY: Final = frozenset({"slot"})
"""Fields of a brief that say nothing about a mail."""


def channel_of(brief: Mapping[str, object]) -> Channel:
    """What a brief as JSON, or as far as its form is filled in, is for; else mail."""
    value = brief.get("channel")
    return Channel(str(value)) if value in list(Channel) else Channel.EMAIL


def left_out(channel: Channel) -> frozenset[str]:
    """Fields of a brief that say nothing about a channel's copy."""
    return SHOWN_ONLY if channel.is_mailed else MAIL_ONLY


PARTS: Final[Mapping[Channel, Mapping[str, str]]] = {
    Channel.EMAIL: {"subject": "Subject", "preheader": "Preheader", "body": "Body"},
    Channel.LANDING_PAGE: {
        "subject": "Headline",
        "preheader": "Subheadline",
        "body": "Body",
    },
    # Google Ads: headline and description; Meta: primary text
    Channel.AD: {
        "subject": "Headline",
        "preheader": "Description",
        "body": "Primary text",
    },
    Channel.CHAT: {"subject": "Topic", "preheader": "Summary", "body": "Reply"},
}
"""What the three parts of a text are called, by channel and `domain.variant.Part`."""


def part_keys(channel: Channel) -> Mapping[str, str]:
    """What programs get each part under, by `domain.variant.Part`: primary_text."""
    return {
        part: name.lower().replace(" ", "_") for part, name in PARTS[channel].items()
    }


def part_name(channel: Channel, part: str) -> str:
    """A part as a label; what is none, such as the footer, keeps its name."""
    return PARTS[channel].get(part, part)


def ad_length(text: str) -> int:
    """Characters as Google Ads counts them: a double-width one is two."""
    return sum(2 if east_asian_width(each) in "WF" else 1 for each in text)


def shown_in(channel: Channel, slots: Iterable[Slot]) -> tuple[Slot, ...]:
    """The slots that take this channel's copy, in the order of their file."""
    return tuple(each for each in slots if each.channel is channel)


def people(channel: Channel, count: int) -> str:
    """How many a text is for: a mail has recipients, all else is written for people."""
    if channel.is_mailed:
        return f"{count:,} {'recipient' if count == 1 else 'recipients'}"
    return f"written for {count:,} {'person' if count == 1 else 'people'}"


SHARES: Final = (5.0, 25.0, 100.0)
EXPOSURES: Final = (500, 2_000, 5_000)
"""What a slot has unless it says: 500 show a complaint rate of 1.2 % 8 times in 10."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A place where copy that is no mail is shown, one campaign's at a time.

    Attributes:
        key: Its name in addresses: lower-case letters, digits and hyphens.
        title: What people call it.
        channel: The only channel whose copy it takes.
        ladder: Per cent of the visitors who may see a new version, step by step.
        exposures: Visitors who have to have seen it by the end of each step.
        generation: Raising it makes another secret for its site, and ends the old.
    """

    key: str
    title: str
    channel: Channel
    ladder: tuple[float, ...] = SHARES
    exposures: tuple[int, ...] = EXPOSURES
    generation: int = 1
