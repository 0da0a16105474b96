"""Refuse what Slack would refuse: blocks, messages, views."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterator
from typing import Any, Final

from practice.slack.checks import (
    Findings,
    anything,
    flag,
    items,
    objects_in,
    record,
    string,
    text,
)
from practice.slack.shapes import MESSAGE, ON_SURFACE

Json = dict[str, Any]
BLOCKS_MOST: Final = {"message": 50, "modal": 100, "home": 100}
# Undocumented; measured between 11,000 and 13,000 (slackapi/bolt-js#2509)
MESSAGE_TEXT_MOST: Final = 13_000
TOP_TEXT_MOST: Final = 4_000
VIEW_BYTES_MOST: Final = 250_000
MARKDOWN_MOST: Final = 12_000
CHARTS_MOST: Final = 2
INPUT_HOLDERS: Final = ("element", "accessory")

_MODAL: Final = record(
    {"type": anything, "title": text(24, "plain_text"), "blocks": anything},
    {
        "submit": text(24, "plain_text"),
        "close": text(24, "plain_text"),
        "private_metadata": string(3000, least=0),
        "callback_id": string(255, least=0),
        "external_id": string(255, least=0),
        "clear_on_close": flag,
        "notify_on_close": flag,
        "submit_disabled": flag,
    },
)
_HOME: Final = record(
    {"type": anything, "blocks": anything},
    {
        "private_metadata": string(3000, least=0),
        "callback_id": string(255, least=0),
        "external_id": string(255, least=0),
    },
)


def elements_of(block: Json) -> Iterator[tuple[str, Json]]:
    """Yield each interactive element of a block with its place inside it."""
    for name in INPUT_HOLDERS:
        if isinstance(block.get(name), dict):
            yield name, block[name]
    if block.get("type") in ("actions", "context_actions", "card"):
        name = "actions" if block["type"] == "card" else "elements"
        for index, item in enumerate(objects_in(block.get(name))):
            yield f"{name}/{index}", item


def blocks_of(blocks: Any) -> Iterator[Json]:
    """Yield every block, those inside containers and carousels too."""
    for block in objects_in(blocks):
        yield block
        holder = "elements" if block.get("type") == "carousel" else "child_blocks"
        yield from blocks_of(block.get(holder))


def text_length(value: Any) -> int:
    """Count the characters of all text inside a value."""
    if isinstance(value, dict):
        own = value.get("text")
        rest = sum(text_length(item) for item in value.values())
        return rest + (len(own) if isinstance(own, str) else 0)
    return sum(map(text_length, value)) if isinstance(value, list) else 0


def _ids_are_unique(blocks: list[Any], found: Findings) -> None:
    seen: set[str] = set()
    for index, block in enumerate(blocks_of(blocks)):
        block_id = block.get("block_id")
        if isinstance(block_id, str) and block_id in seen:
            found.say(
                f"/blocks/{index}/block_id", f"block_id {block_id} already exists"
            )
        elif isinstance(block_id, str):
            seen.add(block_id)
        named = [str(e["action_id"]) for _, e in elements_of(block) if "action_id" in e]
        for action in sorted({name for name in named if named.count(name) > 1}):
            found.say(f"/blocks/{index}", f"action_id {action} already exists")


def _message_totals(blocks: list[Any], found: Findings) -> None:
    every = list(blocks_of(blocks))
    kinds = [block.get("type") for block in every]
    if kinds.count("table") > 1:
        found.say("/blocks", "only_one_table_allowed")
    if kinds.count("data_visualization") > CHARTS_MOST:
        found.say("/blocks", "no more than 2 data_visualization blocks allowed")
    markdown = sum(
        len(str(block.get("text")))
        for block in every
        if block.get("type") == "markdown"
    )
    if markdown > MARKDOWN_MOST:
        found.say(
            "/blocks", "markdown text must be less than 12001 characters in total"
        )


def _one_focus(blocks: list[Any], found: Findings) -> None:
    focused = [
        element
        for block in blocks_of(blocks)
        for _, element in elements_of(block)
        if element.get("focus_on_load")
    ]
    if len(focused) > 1:
        found.say("/blocks", "only one element may have focus_on_load")


def check_blocks(blocks: Any, surface: str, files: Collection[str] = ()) -> list[str]:
    """List what Slack would say about these blocks on this surface; empty is fine.

    Args:
        surface: `message`, `modal` or `home`.
        files: Ids of uploaded files that an image may show.
    """
    found = Findings(surface=surface, files=files)
    items(ON_SURFACE[surface], 0, BLOCKS_MOST[surface])(blocks, "/blocks", found)
    if isinstance(blocks, list):
        _ids_are_unique(blocks, found)
        _one_focus(blocks, found)
        if surface == MESSAGE:
            _message_totals(blocks, found)
    return found.messages


def check_view(view: Any, surface: str, files: Collection[str] = ()) -> list[str]:
    """List what Slack would say about a view of this type; empty is fine."""
    if not isinstance(view, dict):
        return ["[ERROR] must be an object [json-pointer:/view]"]
    found = Findings(surface=surface, files=files)
    if view.get("type") != surface:
        found.say("/type", f"must be of type {surface}")
        return found.messages
    (_MODAL if surface == "modal" else _HOME)(view, "", found)
    found.messages += check_blocks(view.get("blocks"), surface, files)
    has_input = any(b.get("type") == "input" for b in blocks_of(view.get("blocks")))
    if surface == "modal" and has_input and not view.get("submit"):
        found.say("/submit", "submit is required when the view has input blocks")
    return found.messages


def is_view_too_large(view: Json) -> bool:
    """Say whether the view's JSON is over 250 kB."""
    return len(json.dumps(view).encode()) > VIEW_BYTES_MOST


def fill_ids(blocks: list[Json]) -> list[Json]:
    """Give blocks and elements the ids Slack makes up for those without one."""
    for block in blocks_of(blocks):
        block.setdefault("block_id", secrets.token_urlsafe(4)[:5])
        for _, element in elements_of(block):
            if element.get("type") != "image":
                element.setdefault("action_id", secrets.token_urlsafe(4)[:5])
    return blocks


def has_value(value: Json | None) -> bool:
    """Say whether an input's state holds anything a person entered."""
    given = {k: v for k, v in (value or {}).items() if k != "type"}
    return any(v not in (None, "", [], {}) for v in given.values())
