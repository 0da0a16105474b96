"""Reading one value of a playbook file: texts, numbers, durations, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from domain.errors import Refused
from domain.lint import did_you_mean

_UNITS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_DURATION: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|min|h|d)\s*")


LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe loader; written in C where PyYAML was built with it, which is ten times faster."""


class PlaybookRefused(Refused):
    """A playbook file is missing, unreadable, or says something impossible."""


def read(path: Path) -> dict[str, Any]:
    """Read a file of names and values.

    Raises:
        PlaybookRefused: It is missing, no YAML, or something else than a table.
    """
    try:
        raw = path.read_text(encoding="utf-8")
    except OSError as error:
        raise PlaybookRefused(f"The playbook has no {path.name}.") from error
    except UnicodeDecodeError as error:
        raise PlaybookRefused(f"{path.name} is not readable YAML.") from error
    return parse(raw, path.name)


def parse(raw: str, where: str) -> dict[str, Any]:
    """Read names and values from YAML.

    Raises:
        PlaybookRefused: It is no YAML, or something else than a table.
    """
    try:
        found = yaml.load(raw, Loader=LOADER)  # noqa: S506  # a safe one, either way
    except (yaml.YAMLError, ValueError) as error:
        # ValueError: a date such as 2026-02-30 breaks the reader
        raise PlaybookRefused(f"{where} is not readable YAML.") from error
    return table(found, where)


def table(raw: object, where: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise PlaybookRefused(f"{where} must be a table of names and values.")
    return raw


def text(raw: Mapping[str, Any], key: str, where: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value:
        raise PlaybookRefused(f"{where}: {key} must be a text.")
    return value


def only(raw: Mapping[str, Any], known: Collection[str], where: str) -> None:
    """Refuse a name that nothing would read: it is misspelt more often than not."""
    unknown = sorted(str(key) for key in raw if key not in known)
    if unknown:
        raise PlaybookRefused(
            f"{where} does not know {', '.join(unknown)};"
            f" it may hold {', '.join(known)}.{did_you_mean(unknown[0], known)}"
        )


def whole(value: object, where: str, *, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise PlaybookRefused(
            f'{where} is "{value}"; a whole number from {least} is allowed.'
        )
    return value


def share(value: object, where: str) -> float:
    """Read a number from 0 to 1."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= float(str(value)) <= 1:
        raise PlaybookRefused(f'{where} is "{value}"; a number from 0 to 1 is allowed.')
    return float(str(value))


def scaled(text: object, time_scale: float, *, where: str) -> timedelta:
    """Read "4 h" and divide it: the one place where practice time is made.

    Raises:
        PlaybookRefused: It is not a number with s, min, h or d.
    """
    match = _DURATION.fullmatch(str(text))
    if match is None:
        raise PlaybookRefused(
            f'{where} is "{text}"; a duration is a number and s, min, h or d.'
        )
    seconds = float(match[1]) * _UNITS[match[2]]
    try:
        return timedelta(seconds=seconds / time_scale)
    except OverflowError as error:
        raise PlaybookRefused(f'{where} is "{text}", which is too long.') from error
