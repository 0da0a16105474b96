"""Digests: when each person's is looked at next, and what became of each day's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import sqlalchemy as sa

from domain.digest import Digest, DigestState
from domain.errors import Unknown
from storage.repository import Repository
from storage.tables import digests, preferences

_DUE: Final = (
    sa.select(preferences.c.user, preferences.c.digest_at)
    .where(preferences.c.digest_at <= sa.bindparam("now"))
    .order_by(preferences.c.digest_at)
    # in a second, so that cards need not wait behind everybody's nine o'clock
    .limit(10)
)
_DIGEST: Final = sa.select(digests).where(digests.c.id == sa.bindparam("digest_id"))
_OF: Final = sa.select(digests.c.id).where(
    digests.c.user == sa.bindparam("user"), digests.c.day == sa.bindparam("day")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestTimer:
    """A person whose digest is to be looked at.

    Attributes:
        at: When it was due; also what a claim compares.
    """

    user: str
    at: datetime


class Digests(Repository):
    def due(self) -> tuple[DigestTimer, ...]:
        rows = self._all(_DUE, now=self.now)
        return tuple(DigestTimer(user=row.user, at=row.digest_at) for row in rows)

    def claim(self, timer: DigestTimer, again: datetime | None) -> bool:
        """Set the timer to when it is due next; False when another relay was faster."""
        result = self.connection.execute(
            sa.update(preferences)
            .where(
                preferences.c.user == timer.user, preferences.c.digest_at == timer.at
            )
            .values(digest_at=again)
        )
        return result.rowcount == 1

    def arm(self, user: str, at: datetime | None) -> None:
        self.connection.execute(
            sa.update(preferences)
            .where(preferences.c.user == user)
            .values(digest_at=at)
        )

    def add(self, user: str, day: date, due_at: datetime) -> int | None:
        """Begin a person's digest of a day; None when they have had that day's."""
        is_first = self._insert_new(
            digests, user=user, day=day, state=DigestState.DUE, due_at=due_at
        )
        if not is_first:
            return None
        row = self.connection.execute(_OF, {"user": user, "day": day}).one()
        return int(row.id)

    def get(self, digest_id: int) -> Digest:
        row = self._one(_DIGEST, digest_id=digest_id)
        if row is None:
            raise Unknown("There is no such digest.")
        return Digest(
            id=row.id,
            user=row.user,
            day=row.day,
            state=DigestState(row.state),
            due_at=row.due_at,
            intent_at=row.intent_at,
        )

    def intend(self, digest_id: int) -> bool:
        """Say that the call is about to be made; False when another job has said so."""
        result = self.connection.execute(
            sa.update(digests)
            .where(digests.c.id == digest_id, digests.c.state == DigestState.DUE)
            .values(state=DigestState.INTENT, intent_at=self.now)
        )
        return result.rowcount == 1

    def settle(self, digest_id: int, state: DigestState, **facts: object) -> None:
        """Keep what became of it."""
        self.connection.execute(
            sa.update(digests)
            .where(digests.c.id == digest_id)
            .values(state=state, **facts)
        )
