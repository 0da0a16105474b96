"""What Slack says of people and groups, and when each is asked about next."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.members import Roster, SlackPerson
from storage.repository import Repository, ignore_taken
from storage.tables import slack_asks, slack_groups, slack_people

_PEOPLE: Final = sa.select(slack_people)
_GROUPS: Final = sa.select(slack_groups.c.id, slack_groups.c.members)
_ASK: Final = sa.select(slack_asks).where(slack_asks.c.id == sa.bindparam("ask_id"))
_IS_ASKED: Final = sa.select(slack_asks.c.id).where(
    slack_asks.c.slack_id == sa.bindparam("slack_id")
)


def roster(connection: Connection) -> Roster:
    """All that Slack has said so far."""
    return Roster(
        people={
            row.user: SlackPerson(
                id=row.user,
                name=row.name,
                is_deleted=row.is_deleted,
                is_external=row.is_external,
                is_guest=row.is_guest,
                is_bot=row.is_bot,
            )
            for row in connection.execute(_PEOPLE)
        },
        groups={row.id: tuple(row.members) for row in connection.execute(_GROUPS)},
    )


def is_concerned(connection: Connection, slack_id: str) -> bool:
    """Whether this person, group or channel decides who holds a role."""
    return connection.execute(_IS_ASKED, {"slack_id": slack_id}).first() is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Something Slack is asked about.

    Attributes:
        version: Rises with each asking and with each word from Slack in between, so
            that an answer older than the word is not believed.
    """

    id: int
    slack_id: str
    version: int


class Members(Repository):
    def roster(self) -> Roster:
        return roster(self.connection)

    def ask(self, ask_id: int) -> Ask | None:
        row = self._one(_ASK, ask_id=ask_id)
        return None if row is None else _ask_from(row)

    def due(self, limit: int) -> tuple[Ask, ...]:
        query = (
            sa.select(slack_asks)
            .where(slack_asks.c.ask_at <= self.now)
            .order_by(slack_asks.c.ask_at, slack_asks.c.id)
            .limit(limit)
        )
        return tuple(_ask_from(row) for row in self._all(query))

    def claim(self, ask: Ask, next_at: datetime) -> int | None:
        """Ask next at `next_at`; the version to answer, or None: others were faster."""
        changed = self.connection.execute(
            sa.update(slack_asks)
            .where(slack_asks.c.id == ask.id, slack_asks.c.version == ask.version)
            .values(version=ask.version + 1, ask_at=next_at)
        )
        return ask.version + 1 if changed.rowcount else None

    def ask_now(self, slack_ids: Collection[str]) -> None:
        """Ask as soon as may be; an answer that is on its way is too old."""
        self.connection.execute(
            sa.update(slack_asks)
            .where(slack_asks.c.slack_id.in_(tuple(slack_ids)))
            .values(version=slack_asks.c.version + 1, ask_at=self.now)
        )

    def is_any(self) -> bool:
        """Whether anybody is asked about at all."""
        return self._one(sa.select(slack_asks.c.id).limit(1)) is not None

    def ask_all_now(self) -> None:
        self.connection.execute(sa.update(slack_asks).values(ask_at=self.now))

    def hold(self, ask_id: int, version: int) -> bool:
        """Whether nothing was heard since the asking; until the commit nothing is."""
        held = self.connection.execute(
            sa.update(slack_asks)
            .where(slack_asks.c.id == ask_id, slack_asks.c.version == version)
            .values(version=version)
        )
        return bool(held.rowcount)

    def concern(self, slack_ids: Iterable[str]) -> None:
        """Ask about exactly these from now on, and forget all others."""
        wanted = frozenset(slack_ids)
        query = sa.select(slack_asks.c.slack_id)
        asked = {row.slack_id for row in self._all(query)}
        for slack_id in sorted(wanted - asked):
            self.connection.execute(
                ignore_taken(self.connection, slack_asks),
                {"slack_id": slack_id, "version": 1, "ask_at": self.now},
            )
        for slack_id in sorted(asked - wanted):
            for column in (slack_asks.c.slack_id, slack_people.c.user):
                self._forget(column, slack_id)
            self._forget(slack_groups.c.id, slack_id)

    def put_person(self, person: SlackPerson) -> None:
        self._forget(slack_people.c.user, person.id)
        self.connection.execute(
            sa.insert(slack_people),
            {
                "user": person.id,
                "name": person.name,
                "is_deleted": person.is_deleted,
                "is_external": person.is_external,
                "is_guest": person.is_guest,
                "is_bot": person.is_bot,
                "seen_at": self.now,
            },
        )

    def put_group(self, group_id: str, members: Iterable[str]) -> None:
        self._forget(slack_groups.c.id, group_id)
        self.connection.execute(
            sa.insert(slack_groups),
            {"id": group_id, "members": sorted(members), "seen_at": self.now},
        )

    def _forget(self, column: sa.Column[Any], value: str) -> None:
        self.connection.execute(sa.delete(column.table).where(column == value))


def _ask_from(row: Any) -> Ask:
    return Ask(id=row.id, slack_id=row.slack_id, version=row.version)
