"""Copy that is no mail, as a page, an ad or a chat would show it, letter for letter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from slack_sdk.models.blocks import Block, DividerBlock

from blocks.message import context, literal, quote, run
from domain.channel import PARTS, Channel
from domain.variant import Copy

# a rich text element takes 3,000 characters
_PART_MOST: Final = 2900
_EMPTY: Final = "(empty)"


def blocks(text: Copy, channel: Channel) -> list[Block]:
    """Each part under its name, in the order in which a visitor sees them."""
    return _LAYOUTS[channel](text, PARTS[channel])


def _landing_page(text: Copy, names: Mapping[str, str]) -> list[Block]:
    return [
        *_named(names["subject"], text.subject, bold=True),
        *_named(names["preheader"], text.preheader),
        DividerBlock(),
        *_whole(names["body"], text.body),
    ]


def _ad(text: Copy, names: Mapping[str, str]) -> list[Block]:
    return [
        *_whole(names["body"], text.body),
        DividerBlock(),
        *_named(names["subject"], text.subject, bold=True),
        *_named(names["preheader"], text.preheader),
    ]


def _chat(text: Copy, names: Mapping[str, str]) -> list[Block]:
    """What the visitor asked about, then the bubble that answers."""
    return [
        *_named(names["subject"], text.subject),
        *_named(names["preheader"], text.preheader),
        DividerBlock(),
        *_small(names["body"]),
        *(quote([run(each)]) for each in pieces(text.body)),
    ]


_LAYOUTS: Final[Mapping[Channel, Callable[[Copy, Mapping[str, str]], list[Block]]]] = {
    Channel.LANDING_PAGE: _landing_page,
    Channel.AD: _ad,
    Channel.CHAT: _chat,
}


def _small(name: str) -> list[Block]:
    block = context(name)
    return [] if block is None else [block]


def _named(name: str, words: str, *, bold: bool = False) -> list[Block]:
    shown = run(words, bold=bold) if words.strip() else run(_EMPTY)
    return [*_small(name), literal([shown])]


def _whole(name: str, body: str) -> list[Block]:
    return [*_small(name), *(literal([run(each)]) for each in pieces(body))]


def pieces(body: str) -> list[str]:
    """The body in pieces, cut at line ends where there are any."""
    parts = []
    while len(body) > _PART_MOST:
        at = body.rfind("\n", 1, _PART_MOST)
        cut = at if at > 0 else _PART_MOST
        parts.append(body[:cut])
        body = body[cut:].removeprefix("\n")
    return [*parts, body] if body.strip() else parts or [_EMPTY]
