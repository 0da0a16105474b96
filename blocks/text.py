"""Words as Slack shows them: escaped, never over a limit, times in the reader's zone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# Direction marks could show a line of ours in another order than it was written.
_DIRECTION: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# What Slack reads as bold, struck through or code, as a letter that looks alike: no
# escape exists for them. An underscore inside a word marks nothing.
_LOOKALIKES: Final = str.maketrans({"*": "\u2217", "~": "\u223c", "`": "\u02cb"})
_EDGE_UNDERSCORE: Final = re.compile(r"(?<![^\W_])_+|_+(?![^\W_])")
# An entity such as `&amp;` or a token such as `<@U123>` that a cut left open.
_OPEN_END: Final = re.compile(r"(&[#\w]{0,8}|<[^<>]*)\Z")
_SLACK_USER: Final = re.compile(r"[UW][A-Z0-9]{2,}")
# Slack's own links are shorter; a token's end inside of one would end it early.
_WEB_ADDRESS: Final = re.compile(r"https?://[^\s<>|]{1,1000}")
ELLIPSIS: Final = "…"
SAMPLE_WRITER: Final = "sample writer - no AI model connected"
"""What stands on every card whose text no model wrote."""


def escape(text: str) -> str:
    """Make foreign text harmless in mrkdwn: no mention, link or date token survives.

    Direction-changing characters become a visible replacement character.
    """
    return undirected(text).translate(_ESCAPES)


def unmarked(text: str) -> str:
    """Escape foreign text and take its marks: around it, only ours open and close."""
    edges = _EDGE_UNDERSCORE.sub(lambda match: "\u02cd" * len(match[0]), text)
    return escape(edges).translate(_LOOKALIKES)


def undirected(text: str) -> str:
    """Make direction-changing characters visible, so that nothing reads backwards."""
    return _DIRECTION.sub("\ufffd", text)


def truncate(text: str, limit: int) -> str:
    """Cut to at most `limit` characters, between entities and tokens, never inside.

    Args:
        text: Plain or already escaped text.
        limit: Characters, at least 1.
    """
    if len(text) <= limit:
        return text
    kept = text[: max(limit - 1, 0)]
    return _OPEN_END.sub("", kept).rstrip() + ELLIPSIS


def line(text: str, limit: int = 200) -> str:
    """Escape foreign text, take its marks, put it on one line and cut it."""
    return truncate(unmarked(" ".join(text.split())), limit)


def quoted(text: str, limit: int = 200) -> str:
    """Foreign text in quotation marks, as `line`."""
    return f"“{line(text, limit)}”"


def sentence(text: str, limit: int = 400) -> str:
    """Foreign text as `line`, closed by a full stop unless it closes itself."""
    shown = line(text, limit)
    return shown if not shown or shown[-1] in ".!?…:" else f"{shown}."


def plain(text: str, limit: int) -> str:
    """Cut foreign text for a plain-text object, which shows it as it is."""
    return truncate(undirected(" ".join(text.split())), limit)


def mention(user: str) -> str:
    """A token that Slack shows as the person's name."""
    return f"<@{user}>"


def link(url: str, label: str) -> str:
    """A token that Slack shows as a link; the label alone when the address is none.

    Args:
        label: Words of ours, escaped where they are foreign.
    """
    if not _WEB_ADDRESS.fullmatch(url):
        return label
    return f"<{url.translate(_ESCAPES)}|{label}>"


def who(actor: str) -> str:
    """Name an actor: a Slack user by mention, anything else by its own words."""
    if _SLACK_USER.fullmatch(actor):
        return mention(actor)
    return line(actor.replace("_", " "), 60) or "somebody"


def everyone(actors: Iterable[str]) -> str:
    """Join actors as a person would: `A`, `A and B`, `A, B and C`."""
    return joined([who(each) for each in actors])


def joined(parts: Iterable[str]) -> str:
    """Join words as a person would: `A`, `A and B`, `A, B and C`."""
    *before, last = list(parts) or [""]
    return f"{', '.join(before)} and {last}" if before else last


def date(ts: datetime, fmt: str = "{date_short_pretty} {time}") -> str:
    """A token that Slack shows in each reader's own time zone.

    Args:
        ts: An aware time.
        fmt: Slack's date format, such as `{date_short_pretty} {time}`.
    """
    at = ts.astimezone(UTC)
    day, clock_time = f"{at.day} {at:%b %Y}", f"{at:%H:%M:%S}"
    fallback = clock_time[:5] if "{date" not in fmt else f"{day} {clock_time[:5]}"
    if "{time_secs}" in fmt:
        fallback = fallback[:-5] + clock_time
    return f"<!date^{int(at.timestamp())}^{fmt}|{fallback} UTC>"


def clock(ts: datetime) -> str:
    """The time of day in the reader's zone."""
    return date(ts, "{time}")


def clock_to_the_second(ts: datetime) -> str:
    return date(ts, "{time_secs}")


_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def in_words(span: timedelta) -> str:
    """A length of time in its two largest units, such as `3 h 10 min` or `0.4 s`."""
    seconds = abs(span.total_seconds())
    if seconds < 10:  # noqa: PLR2004  # below ten seconds, tenths can be told apart
        return f"{seconds:.1f} s".replace(".0 s", " s")
    left = round(seconds)
    parts: list[str] = []
    for name, size in _UNITS:
        amount, left = divmod(left, size)
        if amount:
            parts.append(f"{amount} {name}")
        elif parts:
            break
    # seconds say nothing beside minutes, nor minutes beside days
    is_exact = len(parts) > 1 and parts[0].endswith((" d", " h"))
    return " ".join(parts[:2] if is_exact else parts[:1])


def relative(ts: datetime, now: datetime) -> str:
    """How far a time is from now: `in 3 h 10 min`, `23 min ago`, `just now`."""
    if abs(ts - now) < timedelta(seconds=1):
        return "just now"
    words = in_words(ts - now)
    return f"in {words}" if ts > now else f"{words} ago"


def due(ts: datetime, now: datetime) -> str:
    """A deadline, absolute and relative; says so when it has passed."""
    if ts < now:
        ago = in_words(now - ts) if now - ts >= timedelta(seconds=1) else "just now"
        return f"overdue since {date(ts)} ({ago})"
    return f"due {date(ts)} ({relative(ts, now)})"


def percent(part: int, whole: int) -> str:
    """A share such as `2.3 %`; a hyphen when there is nothing to divide by."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def count(n: int) -> str:
    """A number with thousands separators."""
    return f"{n:,}"


def plural(n: int, one: str, many: str | None = None) -> str:
    """A counted noun: `1 mail`, `482 mails`."""
    return f"{count(n)} {one if n == 1 else many or one + 's'}"


def capital(text: str) -> str:
    """Sentence case: the first letter large, the rest as it is."""
    return text[:1].upper() + text[1:]
