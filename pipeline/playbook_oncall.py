"""oncall.yaml and runbooks/: what happens around a stop, and who outside is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from domain.incident import Cause, OnCall, Runbook
from pipeline.playbook_values import PlaybookRefused, only, read, scaled

_FILE: Final = "oncall.yaml"
_KEYS: Final = ("second_person_within", "page_after", "page", "ticket")
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_TITLE_MOST: Final = 100
# Slack: section text 3,000 characters, and a modal shows a handful of them
_TEXT_MOST: Final = 8_000

_LEAST: Final = {
    "second_person_within": timedelta(minutes=2),
    "page_after": timedelta(seconds=20),
}
"""Scaled time makes neither people faster, nor an ordinary stop look late."""


def load_on_call(folder: Path, time_scale: float) -> OnCall:
    """Read oncall.yaml and every runbook; without the file, what is usual.

    Raises:
        PlaybookRefused: Names the file, the key and what is allowed.
    """
    runbooks = load_runbooks(folder / "runbooks")
    if not (folder / _FILE).exists():
        return OnCall(runbooks=runbooks)
    raw = read(folder / _FILE)
    only(raw, _KEYS, _FILE)
    usual = OnCall()
    return OnCall(
        second_person_within=_duration(
            raw, "second_person_within", time_scale, usual.second_person_within
        ),
        page_after=_duration(raw, "page_after", time_scale, usual.page_after),
        page_url=_address(raw, "page"),
        ticket_url=_address(raw, "ticket"),
        runbooks=runbooks,
    )


def _duration(
    raw: Mapping[str, Any], key: str, time_scale: float, usual: timedelta
) -> timedelta:
    where = f"{_FILE}, {key}"
    if key not in raw:
        return max(usual / time_scale, _LEAST[key])
    found = scaled(raw[key], time_scale, where=where)
    if not found:
        raise PlaybookRefused(f'{where} is "{raw[key]}"; more than 0 s is allowed.')
    return max(found, _LEAST[key])


def _address(raw: Mapping[str, Any], key: str) -> str:
    """An address to post to: https, or http on this machine; never one with a password.

    The error does not repeat the address: it may hold a secret.
    """
    value = raw.get(key)
    if value is None:
        return ""
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        is_fine = (
            parts is not None
            and bool(parts.hostname)
            and parts.port != 0
            and parts.username is None
            and parts.password is None
            and (
                parts.scheme == "https"
                or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
            )
        )
    except ValueError:
        is_fine = False
    if not is_fine:
        raise PlaybookRefused(
            f"{_FILE}: {key} must be one https address, without user and password."
        )
    return str(value)


def load_runbooks(folder: Path) -> dict[Cause, Runbook]:
    """Read one Markdown file per cause; its first line is its title.

    Raises:
        PlaybookRefused: A file is named after no cause, or is empty or too long.
    """
    found: dict[Cause, Runbook] = {}
    for path in sorted(folder.glob("*.md")):
        where = f"runbooks/{path.name}"
        if path.stem not in list(Cause):
            raise PlaybookRefused(
                f"{where} is named after no cause; allowed are"
                f" {', '.join(f'{cause}.md' for cause in Cause)}."
            )
        found[Cause(path.stem)] = _runbook(path, where)
    return found


def _runbook(path: Path, where: str) -> Runbook:
    try:
        whole = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlaybookRefused(f"{where} is not readable UTF-8 text.") from error
    first, _, text = whole.partition("\n")
    title = first.removeprefix("# ").strip()
    if not first.startswith("# ") or not title or not text.strip():
        raise PlaybookRefused(
            f'{where} must begin with a line "# Title", and say what to do below it.'
        )
    if len(title) > _TITLE_MOST or len(text) > _TEXT_MOST or "\x00" in whole:
        raise PlaybookRefused(
            f"{where} may have a title of {_TITLE_MOST} and a text of {_TEXT_MOST:,}"
            " characters."
        )
    return Runbook(cause=Cause(path.stem), title=title, text=text.strip())
