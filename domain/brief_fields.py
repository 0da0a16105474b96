"""The table of the brief's fields, read by parser, JSON Schema and form alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from domain import link
from domain.channel import Channel

Kind = Literal[
    "choice",
    "text",
    "long_text",
    "texts",
    "url",
    "urls",
    "int",
    "number",
    "bool",
    "time",
]
Json = str | int | float | bool | None | list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of the brief, as parser, JSON Schema and form all read it.

    Attributes:
        max_length: Characters, for a list of each entry; Slack's text input takes
            3,000.
        max_items: Entries of a list.
        low: Smallest number allowed.
        high: Largest number allowed.
    """

    name: str
    label: str
    help: str
    kind: Kind
    required: bool = False
    max_length: int = 0
    max_items: int = 0
    low: int = 0
    high: int = 0
    choices: tuple[str, ...] = ()
    default: Json = None


FIELDS: Final[tuple[Field, ...]] = (
    Field(
        name="channel",
        label="Channel",
        help="What the copy is for: mail is sent, all else is shown in a slot.",
        kind="choice",
        choices=tuple(Channel),
        default=Channel.EMAIL,
    ),
    Field(
        name="title",
        label="Title",
        help="What people call this campaign in Slack.",
        kind="text",
        required=True,
        max_length=80,
    ),
    Field(
        name="objective",
        label="Goal",
        help="In one sentence, what the reader should do and why it matters.",
        kind="long_text",
        required=True,
        max_length=500,
    ),
    Field(
        name="audience",
        label="Audience",
        help="The key of the segment to write to, or for.",
        kind="text",
        required=True,
        max_length=64,
    ),
    Field(
        name="personas",
        label="Personas",
        help="Who reads it, one per line.",
        kind="texts",
        max_length=200,
        max_items=10,
        default=[],
    ),
    Field(
        name="positioning",
        label="Positioning",
        help="How this differs from what the reader has now.",
        kind="long_text",
        max_length=1500,
        default="",
    ),
    Field(
        name="key_message",
        label="Key message",
        help="The one thing to remember.",
        kind="long_text",
        required=True,
        max_length=500,
    ),
    Field(
        name="offer",
        label="Offer",
        help="What the reader gets, with its conditions.",
        kind="long_text",
        max_length=1000,
        default="",
    ),
    Field(
        name="cta_url",
        label="Call-to-action link",
        help="The https page the reader should open.",
        kind="url",
        required=True,
        max_length=link.MAX_URL,
    ),
    Field(
        name="allowed_links",
        label="Other allowed links",
        help="Every other link the text may hold, one per line.",
        kind="urls",
        max_length=link.MAX_URL,
        max_items=20,
        default=[],
    ),
    Field(
        name="tone",
        label="Tone",
        help="How it should sound.",
        kind="text",
        max_length=200,
        default="plain and helpful",
    ),
    Field(
        name="metric",
        label="Success metric",
        help="The number that decides whether it worked, such as demo requests.",
        kind="text",
        max_length=80,
        default="clicks",
    ),
    Field(
        name="metric_target",
        label="Target",
        help="The value of that number to reach.",
        kind="number",
        low=0,
        high=1_000_000_000,
    ),
    Field(
        name="forbidden_phrases",
        label="Forbidden phrases",
        help="Words that must not appear, one per line; end with * for any ending.",
        kind="texts",
        max_length=100,
        max_items=50,
        default=[],
    ),
    Field(
        name="max_links",
        label="Most links",
        help="How many links the text may hold, the call to action included.",
        kind="int",
        low=1,
        high=20,
        default=3,
    ),
    Field(
        name="max_words",
        label="Most words",
        help="How many words the body may have.",
        kind="int",
        low=20,
        high=2000,
        default=220,
    ),
    Field(
        name="plain_text_part",
        label="Plain-text part",
        help="Send a plain-text part beside the HTML one; of a mail only.",
        kind="bool",
        default=True,
    ),
    Field(
        name="no_image_only",
        label="No image-only mail",
        help="The message must make sense with images off; of a mail only.",
        kind="bool",
        default=True,
    ),
    Field(
        name="ab_variable",
        label="A/B test",
        help="What differs between the arms.",
        kind="choice",
        choices=("none", "subject", "body"),
        default="none",
    ),
    Field(
        name="arms",
        label="Arms",
        help="How many variants are sent, or shown, side by side.",
        kind="int",
        low=1,
        high=8,
        default=1,
    ),
    Field(
        name="variants",
        label="Variants",
        help="How many variants are written for the reviewers to choose from.",
        kind="int",
        low=1,
        high=8,
        default=3,
    ),
    Field(
        name="tier",
        label="Tier",
        help="A: high risk, every review stage. B: customer-facing. C: low risk.",
        kind="choice",
        choices=("A", "B", "C"),
        default="B",
    ),
    Field(
        name="champion",
        label="Champion",
        help="A sent campaign, such as 41 or 41B, whose copy goes out beside the new.",
        kind="text",
        max_length=12,
        default="",
    ),
    Field(
        name="slot",
        label="Slot",
        help="The key of the place where copy that is no mail is shown.",
        kind="text",
        max_length=40,
        default="",
    ),
    Field(
        name="send_at",
        label="Send time",
        help="When to send, or show first, with a time zone; empty: as soon as approved.",
        kind="time",
    ),
)
BY_NAME: Final[Mapping[str, Field]] = {each.name: each for each in FIELDS}


def field_words(name: str) -> str:
    """A field as it is said inside a sentence: `goal`, `call-to-action link`."""
    if name not in BY_NAME:
        return name.replace("_", " ")
    label = BY_NAME[name].label
    # "A/B test" keeps its capitals
    return label if label[1:2] == "/" else label.lower()
