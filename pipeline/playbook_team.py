"""team.yaml: who works here, by person, by user group and by channel."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from domain.review import Group, Person, Team
from domain.strategy import BRAND_LEAD
from pipeline.playbook_values import PlaybookRefused, only, read, table, text

_FILE: Final = "team.yaml"
TEAM_KEYS: Final = (
    "name",
    "channel",
    "on_call_channel",
    "people",
    "groups",
    "channels",
)
_MEMBER_KEYS: Final = ("name", "roles")

# Slack: how an id begins says what it is; enterprise users have a W, private channels
# of old a G
_USER: Final = re.compile(r"[UW][A-Z0-9]+")
_GROUP: Final = re.compile(r"S[A-Z0-9]+")
_CHANNEL: Final = re.compile(r"[CG][A-Z0-9]+")


def load_team(folder: Path) -> Team:
    """Read team.yaml.

    Raises:
        PlaybookRefused: Names the key and what is allowed.
    """
    raw = read(folder / _FILE)
    only(raw, TEAM_KEYS, _FILE)
    team = team_from(raw, _FILE)
    if not team.is_held(BRAND_LEAD):
        raise PlaybookRefused(
            f"{_FILE}: tier A waits for a brand lead, and nobody holds the role"
            f" {BRAND_LEAD}. Give it to at least one person or group."
        )
    return team


def team_from(raw: Mapping[str, Any], file: str) -> Team:
    """What a team's file says of its people and channels.

    Args:
        file: For messages: the file's path in the playbook.

    Raises:
        PlaybookRefused: Names the key and what is allowed.
    """
    return Team(
        name=str(raw.get("name", "Team")),
        channel=text(raw, "channel", file),
        on_call_channel=str(raw.get("on_call_channel") or raw["channel"]),
        people=_people(raw, file),
        groups={
            **_groups(
                raw, f"{file}, groups", _GROUP, "a user group, such as S0123ABCD"
            ),
            **_groups(
                raw, f"{file}, channels", _CHANNEL, "a channel, such as C0123ABCD"
            ),
        },
    )


def _people(raw: Mapping[str, Any], file: str) -> dict[str, Person]:
    given = raw.get("people")
    if not isinstance(given, dict) or not given:
        raise PlaybookRefused(f"{file}: people must name at least one person.")
    where = f"{file}, people"
    return {
        user: Person(id=user, name=name, roles=roles)
        for user, name, roles in _members(
            given, where, _USER, "a person, such as U0123ABCD"
        )
    }


def _groups(
    raw: Mapping[str, Any], where: str, shape: re.Pattern[str], allowed: str
) -> dict[str, Group]:
    given = table(raw.get(where.rpartition(" ")[2]) or {}, where)
    found = _members(given, where, shape, allowed)
    for slack_id, _, roles in found:
        if not roles:
            raise PlaybookRefused(
                f"{where}, {slack_id}: roles must name at least one role."
            )
    return {
        slack_id: Group(id=slack_id, name=name, roles=roles)
        for slack_id, name, roles in found
    }


def _members(
    given: Mapping[Any, object], where: str, shape: re.Pattern[str], allowed: str
) -> list[tuple[str, str, frozenset[str]]]:
    """Each entry's id, name and roles."""
    found = []
    for slack_id, about in given.items():
        which = f"{where}, {slack_id}"
        if shape.fullmatch(str(slack_id)) is None:
            raise PlaybookRefused(f"{which}: the Slack id of {allowed}, is allowed.")
        entry = table(about, which)
        only(entry, _MEMBER_KEYS, which)
        roles = _roles(entry.get("roles"), which)
        found.append((str(slack_id), str(entry.get("name", slack_id)), roles))
    return found


def _roles(raw: object, where: str) -> frozenset[str]:
    given = [] if raw is None else raw
    if not isinstance(given, list) or not all(
        isinstance(role, str) and role for role in given
    ):
        raise PlaybookRefused(
            f"{where}: roles must be a list of names, such as [copy_editor]."
        )
    return frozenset(given)
