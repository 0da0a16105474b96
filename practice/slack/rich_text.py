"""The rich text block, which other blocks also hold in their cells."""

from __future__ import annotations

from typing import Final

from practice.slack.checks import (
    Check,
    anything,
    flag,
    items,
    number,
    one_of,
    record,
    string,
    typed,
    web_address,
)

KIND: Final = {"type": anything}
STYLE: Final = record(
    {},
    dict.fromkeys(
        (
            "bold",
            "italic",
            "strike",
            "code",
            "underline",
            "highlight",
            "client_highlight",
            "unlink",
        ),
        flag,
    ),
)
STYLED: Final = {"style": STYLE}
INLINE: Final[dict[str, Check]] = {
    "text": record({**KIND, "text": string()}, STYLED),
    "link": record(
        {**KIND, "url": web_address()}, {**STYLED, "text": string(), "unsafe": flag}
    ),
    "emoji": record(
        {**KIND, "name": string()},
        {**STYLED, "unicode": string(), "skin_tone": anything},
    ),
    "user": record({**KIND, "user_id": string()}, STYLED),
    "channel": record({**KIND, "channel_id": string()}, STYLED),
    "usergroup": record({**KIND, "usergroup_id": string()}, STYLED),
    "broadcast": record(
        {**KIND, "range": one_of("here", "channel", "everyone")}, STYLED
    ),
    "color": record({**KIND, "value": string()}, STYLED),
    "date": record(
        {**KIND, "timestamp": number(0), "format": string()},
        {**STYLED, "url": web_address(), "fallback": string()},
    ),
}
RUN: Final = items(typed(INLINE), 0)
BORDER: Final = number(0, 1, whole=True)
SECTION: Final = record({**KIND, "elements": RUN})
PARTS: Final[dict[str, Check]] = {
    "rich_text_section": SECTION,
    "rich_text_list": record(
        {
            **KIND,
            "style": one_of("bullet", "ordered"),
            "elements": items(typed({"rich_text_section": SECTION}), 1),
        },
        {
            "indent": number(0, 8, whole=True),
            "offset": number(0, whole=True),
            "border": BORDER,
        },
    ),
    "rich_text_preformatted": record(
        {**KIND, "elements": RUN}, {"border": BORDER, "language": string()}
    ),
    "rich_text_quote": record({**KIND, "elements": RUN}, {"border": BORDER}),
}
RICH_TEXT: Final = record(
    {**KIND, "elements": items(typed(PARTS), 1)}, {"block_id": string(255)}
)
