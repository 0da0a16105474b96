"""A list that somebody gave in Slack: read first, shown, imported when they say so."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NewType

from domain.attributes import Kind, attribute_name
from domain.columns import Wanted
from domain.errors import NotYourTurn
from domain.review import Team

UploadId = NewType("UploadId", int)

LARGEST: Final = 10_000_000
"""Bytes of a file, some 200,000 rows: a worker holds it in memory, and a job has to end in
time. Larger lists come in by the shell."""

STANDS_FOR: Final = timedelta(days=1)
"""How long what was read of a file may still be imported: the list goes on changing."""

KEPT_FOR: Final = timedelta(days=7)
"""How long an upload is remembered; the list itself has nothing to do with it."""

SHOWN: Final = 5
"""Problems that a message shows; the report has them all."""

_NO_KEY: Final = re.compile(r"[^a-z0-9]+")


class UploadState(StrEnum):
    # the file is to be read; nothing is written
    READING = "reading"
    # it was read, and waits for its person
    READ = "read"
    IMPORTING = "importing"
    IMPORTED = "imported"
    # the list has this very file already
    SAME = "same"
    REFUSED = "refused"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found in a file; never a cell of it.

    Attributes:
        header: Its columns' names.
        columns: What each column is taken for, by its name.
        ignored: Columns that are left out.
        rows: All of them, good and broken.
        problems: The first of what is broken, each in words.
        is_reported: All of it is in the message's thread.
        sha256: Of the file; an import takes no other.
    """

    header: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    size: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    gone: int = 0
    forgotten: int = 0
    broken: int = 0
    problems: tuple[str, ...] = ()
    is_reported: bool = False
    sha256: str = ""

    @property
    def rows(self) -> int:
        return self.size + self.forgotten + self.broken


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file that was given in Slack.

    Attributes:
        key: What a brief calls the list.
        file_id: Slack's id of it; the file stays there.
        wanted: What its columns are said to be.
        said: Why it cannot be imported, or what has to be mended first.
        ts: Of the message that shows it; None: it is not posted yet.
    """

    id: UploadId
    version: int
    state: UploadState
    user: str
    key: str
    title: str
    file_id: str
    file_name: str
    wanted: Wanted
    found: Found
    said: str
    channel: str
    ts: str | None
    moved_at: datetime

    @property
    def can_import(self) -> bool:
        return self.state is UploadState.READ and not self.said


def list_key(title: str) -> str:
    """The key of a new list: `Stalled demos` becomes `stalled-demos`."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return _NO_KEY.sub("-", plain.lower()).strip("-")


def require_importer(team: Team, importers: frozenset[str], user: str) -> None:
    """Refuse who may not import lists.

    Raises:
        NotYourTurn: Says who may.
    """
    team.check_not_barred(user)
    if not team.roles_of(user) & importers:
        roles = " or ".join(sorted(each.replace("_", " ") for each in importers))
        roles = roles or "that playbook/privacy.yaml names, and it names none"
        raise NotYourTurn(
            f"Importing a list takes the role {roles};"
            " whoever keeps playbook/team.yaml can give it."
        )


def guessed(
    header: Sequence[str], column_of: Mapping[str, str], kind_of: Mapping[str, Kind]
) -> Wanted:
    """What the columns were the last time, as far as this file has them."""
    lower = {each.strip().lower() for each in header}
    again = {name: each for name, each in column_of.items() if each.lower() in lower}
    left = lower - {each.lower() for each in again.values()}
    names = {attribute_name(each) for each in left}
    return Wanted(
        column_of=again,
        kind_of={name: kind for name, kind in kind_of.items() if name in names},
    )


def wanted_to(wanted: Wanted) -> dict[str, Any]:
    """What was said of the columns, as JSON."""
    return {
        "column_of": dict(wanted.column_of),
        "kind_of": {name: str(kind) for name, kind in wanted.kind_of.items()},
        "everything": wanted.everything,
    }


def wanted_from(raw: Mapping[str, Any]) -> Wanted:
    return Wanted(
        column_of=raw["column_of"],
        kind_of={name: Kind(kind) for name, kind in raw["kind_of"].items()},
        everything=raw["everything"],
    )


def found_from(raw: Mapping[str, Any]) -> Found:
    """What `dataclasses.asdict` made of it, after JSON."""
    lists: Sequence[str] = ("header", "ignored", "problems")
    return Found(**{**raw, **{name: tuple(raw[name]) for name in lists if name in raw}})
