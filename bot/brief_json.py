"""Reads a brief that was typed into Slack as JSON, undoing what Slack does to text."""

from __future__ import annotations

import html
import json
import re
from typing import Final

from domain.errors import Refused

# With `should_escape` Slack wraps links: <https://a.example|a.example>.
_WRAPPED: Final = re.compile(r"<(?P<link>https?://[^|<>\s]+)(?:\|[^<>]*)?>")
_WRAPPED_MAIL: Final = re.compile(r"<mailto:[^|<>\s]+\|(?P<shown>[^<>]+)>")
# Some keyboards and Slack's composer turn straight quotes into these.
_SMART: Final = str.maketrans(dict.fromkeys("“”„‟″", '"'))
_NEAR: Final = 12


def as_typed(text: str) -> str:
    """What a person typed after a command, without what Slack made of it."""
    return html.unescape(
        _WRAPPED_MAIL.sub(r"\g<shown>", _WRAPPED.sub(r"\g<link>", text))
    )


EXAMPLE: Final = (
    '{"title": "Recover stalled demos", "objective": "Get people back to the demo",'
    ' "audience": "stalled-demos", "key_message": "Setup takes ten minutes",'
    ' "cta_url": "https://example.com/demo"}'
)


def read_json(text: str) -> dict[str, object]:
    """Read one JSON object as Slack delivers it.

    Raises:
        Refused: Says where the JSON breaks, and shows one that works.
    """
    plain = as_typed(text)
    try:
        return _object(plain)
    except json.JSONDecodeError as first:
        straight = plain.translate(_SMART)
        if straight == plain:
            raise _refused(first) from first
    try:
        return _object(straight)
    except json.JSONDecodeError as error:
        raise _refused(error) from error


def _object(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise Refused("That JSON is nested too deep for a brief.") from error
    if not isinstance(value, dict):
        raise Refused(f"A brief is one JSON object, such as {EXAMPLE}")
    return value


def _refused(error: json.JSONDecodeError) -> Refused:
    near = error.doc[max(error.pos - _NEAR, 0) : error.pos + _NEAR]
    where = f"line {error.lineno}, column {error.colno}"
    return Refused(
        f"That is not JSON: {error.msg} at {where}, near «{near}»."
        f" A brief that works: {EXAMPLE}"
    )
