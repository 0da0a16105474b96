"""Small checks that compose into the shape of a block, and speak as Slack does."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

Check = Callable[[Any, str, "Findings"], None]


@dataclass(slots=True)
class Findings:
    """What is wrong with one payload, each with its JSON pointer.

    `files` are the ids that a `slack_file` may name.
    """

    surface: str
    files: Collection[str] = ()
    messages: list[str] = field(default_factory=list)

    def say(self, pointer: str, problem: str) -> None:
        """Record one problem the way Slack words it."""
        self.messages.append(f"[ERROR] {problem} [json-pointer:{pointer}]")


def objects_in(value: Any) -> list[dict[str, Any]]:
    """Return the objects of what should be a list; anything else holds none."""
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, dict)]


def string(
    most: int | None = None, *, least: int = 1, like: str | None = None
) -> Check:
    """Accept a string of `least` to `most` characters that matches `like`."""

    def check(value: Any, at: str, found: Findings) -> None:
        if not isinstance(value, str):
            found.say(at, "must be a string")
        elif len(value) < least:
            found.say(at, f"must be more than {least - 1} characters")
        elif most is not None and len(value) > most:
            found.say(at, f"must be less than {most + 1} characters")
        elif like is not None and not re.fullmatch(like, value):
            found.say(at, "must match the documented format")

    return check


def web_address(most: int = 3000) -> Check:
    """Accept an http, https, mailto or slack address."""
    plain = string(most)

    def check(value: Any, at: str, found: Findings) -> None:
        plain(value, at, found)
        if isinstance(value, str) and not re.match(
            r"(https?://[^\s]+|mailto:|slack://)", value
        ):
            found.say(at, "must be a valid url")

    return check


def flag(value: Any, at: str, found: Findings) -> None:
    """Accept true or false."""
    if not isinstance(value, bool):
        found.say(at, "must be a boolean")


def anything(_value: Any, _at: str, _found: Findings) -> None:
    """Accept whatever is there."""


def number(
    least: float | None = None, most: float | None = None, *, whole: bool = False
) -> Check:
    """Accept a number between `least` and `most`, both included."""

    def check(value: Any, at: str, found: Findings) -> None:
        kinds = int if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds):
            found.say(at, "must be an integer" if whole else "must be a number")
        elif least is not None and value < least:
            found.say(at, f"must be at least {least}")
        elif most is not None and value > most:
            found.say(at, f"must be at most {most}")

    return check


def one_of(*choices: str) -> Check:
    """Accept one of a closed set of words."""

    def check(value: Any, at: str, found: Findings) -> None:
        if value not in choices:
            found.say(at, f"must be a valid enum value; one of {', '.join(choices)}")

    return check


def items(check_item: Check, least: int = 1, most: int | None = None) -> Check:
    """Accept a list of `least` to `most` things that each pass."""

    def check(value: Any, at: str, found: Findings) -> None:
        if not isinstance(value, list):
            found.say(at, "must be an array")
            return
        if len(value) < least:
            found.say(at, f"must contain at least {least} items")
        if most is not None and len(value) > most:
            found.say(at, f"no more than {most} items allowed")
        for index, item in enumerate(value):
            check_item(item, f"{at}/{index}", found)

    return check


def _check_fields(
    known: Mapping[str, Check], value: dict[str, Any], at: str, found: Findings
) -> None:
    for name, item in value.items():
        if name not in known:
            found.say(at, f"invalid additional property: {name}")
        elif item is not None:
            known[name](item, f"{at}/{name}", found)


def record(
    required: Mapping[str, Check] | None = None,
    optional: Mapping[str, Check] | None = None,
    *rules: Check,
) -> Check:
    """Accept an object with these fields and no others, then apply `rules` to it."""
    needs = dict(required or {})
    known = {**needs, **(optional or {})}

    def check(value: Any, at: str, found: Findings) -> None:
        if not isinstance(value, dict):
            found.say(at, "must be an object")
            return
        for name in needs:
            if value.get(name) is None:
                found.say(at, f"missing required field: {name}")
        _check_fields(known, value, at, found)
        for rule in rules:
            rule(value, at, found)

    return check


def typed(table: Mapping[str, Check], allowed: Collection[str] | None = None) -> Check:
    """Accept an object whose `type` names a check in `table`.

    The table is read when the check runs, so shapes may contain each other.
    """

    def check(value: Any, at: str, found: Findings) -> None:
        if not isinstance(value, dict):
            found.say(at, "must be an object")
            return
        kind = value.get("type")
        if kind is None:
            found.say(at, "missing required field: type")
        elif (
            not isinstance(kind, str)
            or kind not in table
            or (allowed is not None and kind not in allowed)
        ):
            found.say(f"{at}/type", f"unsupported type: {kind}")
        else:
            table[kind](value, at, found)

    return check


def text(most: int = 3000, *kinds: str) -> Check:
    """Accept a text object; `kinds` narrows it to `plain_text` or `mrkdwn`."""
    names = kinds or ("plain_text", "mrkdwn")
    body = {"type": one_of(*names), "text": string(most)}
    extra = {
        "plain_text": {"emoji": flag},
        "mrkdwn": {"verbatim": flag},
    }
    shapes = {name: record(body, extra[name]) for name in names}
    return typed(shapes)


def exactly_one(*names: str) -> Check:
    """Accept an object that has exactly one of these fields."""

    def check(value: Any, at: str, found: Findings) -> None:
        present = [name for name in names if value.get(name) is not None]
        if len(present) != 1:
            found.say(at, f"must have exactly one of: {', '.join(names)}")

    return check


def at_least_one(*names: str) -> Check:
    """Accept an object that has one or more of these fields."""

    def check(value: Any, at: str, found: Findings) -> None:
        if all(value.get(name) in (None, []) for name in names):
            found.say(at, f"must have at least one of: {', '.join(names)}")

    return check
