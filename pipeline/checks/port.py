"""What a check is given and what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from domain.brief import Brief
from domain.channel import Channel, part_name
from domain.lint import Finding, Policy
from domain.personalize import Footer
from domain.privacy import Privacy
from domain.variant import Copy

FIELDS: Final = ("subject", "preheader", "body")


@dataclass(frozen=True, slots=True, kw_only=True)
class LintContext:
    """Everything a check may look at besides the text.

    Attributes:
        channel: What the text is for; the names of its parts are the channel's.
        dictionary: Words of the brand that spelling accepts, lower case.
        region: Where a phone number without country code is taken to be from.
    """

    policy: Policy
    brief: Brief
    footer: Footer
    privacy: Privacy
    channel: Channel = Channel.EMAIL
    dictionary: frozenset[str] = frozenset()
    region: str = "US"

    def part(self, name: str) -> str:
        """A part as a sentence says it: the subject of an ad is its headline."""
        return part_name(self.channel, name).lower()

    def brief_words(self) -> str:
        """Return what people wrote in the brief, which the copy may repeat."""
        brief = self.brief
        return "\n".join(
            (
                brief.title,
                brief.objective,
                brief.positioning,
                brief.key_message,
                brief.offer,
                *brief.personas,
            )
        )


class Check(Protocol):
    """One way of looking at a draft; holds no state that a draft can change."""

    @property
    def ids(self) -> frozenset[str]:
        """Return the rules this check can report."""
        ...

    def run(self, text: Copy, context: LintContext) -> Iterable[Finding]:
        """Yield what is found; never raises on a text, however broken."""
        ...


def fields_of(text: Copy) -> Iterator[tuple[str, str]]:
    """Yield each field's name and text, in reading order."""
    for name in FIELDS:
        yield name, getattr(text, name)
