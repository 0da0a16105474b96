"""Open modals: at most three on a person's stack, each with the hash of its state."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any, Final

from practice.slack.bus import Bus
from practice.slack.config import APP_ID, BOT_ID, TEAM_ID
from practice.slack.tickets import SlackError, Trigger
from practice.slack.validate import (
    blocks_of,
    check_view,
    elements_of,
    fill_ids,
    has_value,
    is_view_too_large,
)
from practice.slack.world import World, view_for_page

Json = dict[str, Any]
STACK_MOST: Final = 3


def _hash(view: Json) -> str:
    body = json.dumps([view["title"], view["blocks"], secrets.token_hex(4)])
    return f"{secrets.randbelow(10**10)}.{hashlib.sha1(body.encode(), usedforsecurity=False).hexdigest()[:8]}"


def _refuse_bad(view: Json, surface: str, files: Any) -> None:
    problems = check_view(view, surface, files)
    if problems:
        raise SlackError("invalid_arguments", response_metadata={"messages": problems})
    if is_view_too_large(view):
        raise SlackError("view_too_large")


def full_view(sent: Json, **extra: Any) -> Json:
    """Complete a view with everything Slack adds to it."""
    view: Json = {
        "id": f"V{secrets.token_hex(5).upper()}",
        "team_id": TEAM_ID,
        "type": sent["type"],
        "blocks": fill_ids(sent["blocks"]),
        "private_metadata": sent.get("private_metadata", ""),
        "callback_id": sent.get("callback_id", ""),
        "state": {"values": {}},
        "title": sent.get("title"),
        "clear_on_close": sent.get("clear_on_close", False),
        "notify_on_close": sent.get("notify_on_close", False),
        "close": sent.get("close"),
        "submit": sent.get("submit"),
        "previous_view_id": None,
        "root_view_id": None,
        "app_id": APP_ID,
        "external_id": sent.get("external_id", ""),
        "app_installed_team_id": TEAM_ID,
        "bot_id": BOT_ID,
    }
    view |= extra
    view["root_view_id"] = view["root_view_id"] or view["id"]
    view["hash"] = _hash(view)
    return view


class Modals:
    """The modal stack of each person, and every person's Home tab."""

    def __init__(self, world: World, bus: Bus) -> None:
        self.world = world
        self.bus = bus
        self.stacks: dict[str, list[Json]] = {}

    def find(self, view_id: str) -> tuple[str, Json] | None:
        """Find an open view and its person."""
        return next(
            (
                (person, view)
                for person, stack in self.stacks.items()
                for view in stack
                if view["id"] == view_id
            ),
            None,
        )

    def open(self, trigger: Trigger, sent: Json) -> Json:
        """Open a view; one asked for from inside a modal goes on top of it."""
        _refuse_bad(sent, "modal", self.world.files)
        stack = self.stacks.get(trigger.person, [])
        if trigger.view_id is None or not stack:
            self.stacks[trigger.person] = stack = []
        return self._push(trigger.person, sent, stack)

    def push(self, trigger: Trigger, sent: Json) -> Json:
        """Put a view on the stack of the modal the trigger came from."""
        _refuse_bad(sent, "modal", self.world.files)
        if trigger.view_id is None:
            raise SlackError("invalid_trigger_id")
        stack = self.stacks.get(trigger.person, [])
        if not stack:
            raise SlackError("not_found")
        return self._push(trigger.person, sent, stack)

    def _push(self, person: str, sent: Json, stack: list[Json]) -> Json:
        if len(stack) >= STACK_MOST:
            raise SlackError("push_limit_reached")
        self._refuse_duplicate(sent.get("external_id"))
        view = full_view(
            sent,
            previous_view_id=stack[-1]["id"] if stack else None,
            root_view_id=stack[0]["root_view_id"] if stack else None,
        )
        stack.append(view)
        self.show(person)
        return view

    def _refuse_duplicate(self, external_id: str | None, but: str = "") -> None:
        for stack in self.stacks.values():
            for view in stack:
                if external_id and view["external_id"] == external_id != but:
                    raise SlackError("duplicate_external_id")

    def update(self, key: Json, sent: Json, given_hash: str | None) -> Json:
        """Replace an open view, named by `view_id` or `external_id`.

        Raises:
            SlackError: `not_found` when it was closed, `hash_conflict` when it
                changed since the hash was read, `invalid_arguments`.
        """
        _refuse_bad(sent, "modal", self.world.files)
        found = self._locate(key)
        if found is None:
            raise SlackError("not_found")
        person, view = found
        if given_hash and given_hash != view["hash"]:
            raise SlackError("hash_conflict")
        self._refuse_duplicate(sent.get("external_id"), view["external_id"])
        fresh = full_view(
            sent,
            id=view["id"],
            root_view_id=view["root_view_id"],
            previous_view_id=view["previous_view_id"],
            external_id=sent.get("external_id") or view["external_id"],
        )
        # what was typed stays only where the new view has the same block
        blocks = {each.get("block_id") for each in fresh["blocks"]}
        typed = view["state"]["values"].items()
        kept = {block: value for block, value in typed if block in blocks}
        fresh["state"] = {"values": kept}
        stack = self.stacks[person]
        stack[stack.index(view)] = fresh
        self.show(person)
        return fresh

    def _locate(self, key: Json) -> tuple[str, Json] | None:
        if key.get("view_id"):
            return self.find(key["view_id"])
        external = key.get("external_id")
        for person, stack in self.stacks.items():
            for view in stack:
                if external and view["external_id"] == external:
                    return person, view
        return None

    def publish_home(self, person: str, sent: Json, given_hash: str | None) -> Json:
        """Replace a person's Home tab."""
        _refuse_bad(sent, "home", self.world.files)
        before = self.world.homes.get(person)
        if given_hash and before and given_hash != before["hash"]:
            raise SlackError("hash_conflict")
        extra = {"id": before["id"]} if before else {}
        view = full_view({**sent, "title": None}, **extra)
        self.world.homes[person] = view
        self.world.is_dirty = True
        self.bus.publish(
            "home", people=[person], person=person, view=view_for_page(view)
        )
        return view

    def close(self, person: str, view_id: str, *, everything: bool) -> list[Json]:
        """Close a view, all above it, or the whole stack; return what was closed."""
        stack = self.stacks.get(person, [])
        index = next((i for i, v in enumerate(stack) if v["id"] == view_id), None)
        if index is None:
            return []
        start = 0 if everything else index
        closed = stack[start:]
        del stack[start:]
        self.show(person)
        return closed

    def show(self, person: str) -> None:
        """Send the whole stack to the person's pages."""
        stack = [view_for_page(view) for view in self.stacks.get(person, [])]
        self.bus.publish("view", people=[person], person=person, stack=stack)


def missing_inputs(view: Json, values: Json) -> dict[str, str]:
    """Name the required inputs that are empty or malformed, by block id."""
    problems = {}
    for block in blocks_of(view["blocks"]):
        if block.get("type") != "input":
            continue
        for _, element in elements_of(block):
            given = (values.get(block["block_id"]) or {}).get(element["action_id"])
            problem = _input_problem(block, element, given)
            if problem:
                problems[block["block_id"]] = problem
    return problems


def _input_problem(block: Json, element: Json, given: Json | None) -> str | None:
    if not has_value(given):
        return None if block.get("optional") else "Please complete this required field."
    value = str((given or {}).get("value") or "")
    most, least = element.get("max_length", 3000), element.get("min_length", 0)
    if element["type"] == "plain_text_input":
        if len(value) > most:
            return f"Must be at most {most} characters long."
        if len(value) < least:
            return f"Must be at least {least} characters long."
    return _format_problem(element, value)


def _format_problem(element: Json, value: str) -> str | None:
    kind = element["type"]
    if kind == "email_text_input" and ("@" not in value or " " in value):
        return "Please enter a valid email address."
    if kind == "url_text_input" and "://" not in value:
        return "Please enter a valid URL."
    if kind == "number_input":
        return _number_problem(element, value)
    return None


def _number_problem(element: Json, value: str) -> str | None:
    try:
        number = float(value)
    except ValueError:
        return "Please enter a valid number."
    if not element.get("is_decimal_allowed") and not number.is_integer():
        return "Please enter a whole number."
    low, high = element.get("min_value"), element.get("max_value")
    if low is not None and number < float(low):
        return f"Must be at least {low}."
    if high is not None and number > float(high):
        return f"Must be at most {high}."
    return None
