"""What every surface must hold: Slack's limits, one id per button, escaped text."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slack_sdk.models.views import View

from blocks.ids import parse_option
from blocks.message import Message
from practice.slack.validate import check_blocks, check_view, text_length

SNAPSHOTS = Path(__file__).parent / "snapshots"
MESSAGE_TEXT_MOST = 13_000


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object inside a payload."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from walk(each)
    if isinstance(value, list):
        for each in value:
            yield from walk(each)


def shown(value: Any) -> str:
    """All text of a payload in one string."""
    return "\n".join(
        each["text"] for each in walk(value) if isinstance(each.get("text"), str)
    )


def labels(value: Any) -> list[str]:
    """The labels of all buttons, in order."""
    return [
        each["text"]["text"] for each in walk(value) if each.get("type") == "button"
    ]


def menu(value: Any) -> list[str]:
    """The labels of an overflow menu's options, in order."""
    return [
        option["text"]["text"]
        for each in walk(value)
        if each.get("type") == "overflow"
        for option in each["options"]
    ]


def check_message(message: Message) -> dict[str, Any]:
    payload = message.payload()
    assert check_blocks(payload["blocks"], "message") == []
    assert len(payload["blocks"]) < 50
    assert text_length(payload["blocks"]) < MESSAGE_TEXT_MOST
    assert 10 < len(message.text) <= 400
    _check(payload)
    return payload


def check_modal(view: View) -> dict[str, Any]:
    payload = view.to_dict()
    assert check_view(payload, payload["type"]) == []
    _check(payload)
    metadata = payload.get("private_metadata", "")
    assert metadata == "" or metadata.isdigit()
    return payload


def _check(payload: dict[str, Any]) -> None:
    for each in walk(payload):
        if each.get("type") == "button":
            assert each.get("value") is None or each["value"].isdigit()
        if each.get("type") == "overflow":
            assert all(parse_option(option["value"])[1] for option in each["options"])
        if each.get("type") == "mrkdwn":
            assert "<!channel" not in each["text"]
            assert "<@U1>" not in each["text"]
            assert "<https://evil" not in each["text"]
            assert "\u202e" not in each["text"]
    words = shown(payload).replace("!doctype", "")
    assert "please" not in words.lower()
    assert "oops" not in words.lower()


def check_snapshot(name: str, payload: dict[str, Any]) -> None:
    """Compare with the stored JSON; COPYDESK_UPDATE_SNAPSHOTS=1 stores it instead."""
    path = SNAPSHOTS / f"{name}.json"
    text = json.dumps(payload, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if os.environ.get("COPYDESK_UPDATE_SNAPSHOTS") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
