"""What people set for themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.preferences import Preferences
from storage.repository import Repository, ignore_taken
from storage.tables import Utc, preferences

_OF: Final = sa.select(preferences).where(preferences.c.user == sa.bindparam("user"))
_PREFERENCES_OF: Final = sa.select(preferences).where(
    preferences.c.user.in_(sa.bindparam("users", expanding=True))
)
_AWAY_OF: Final = sa.select(preferences.c.user).where(
    preferences.c.user.in_(sa.bindparam("users", expanding=True)),
    preferences.c.away_from <= sa.func.current_timestamp(type_=Utc),
    preferences.c.away_until > sa.func.current_timestamp(type_=Utc),
)
_DIGEST_READERS: Final = sa.select(preferences.c.user).where(
    preferences.c.user.in_(sa.bindparam("users", expanding=True)),
    preferences.c.digest_hour.is_not(None),
)
_ZONE: Final = sa.select(preferences.c.time_zone).where(
    preferences.c.user == sa.bindparam("user")
)
_CHANGE: Final = sa.update(preferences).where(
    preferences.c.user == sa.bindparam("whose")
)


def preferences_of(connection: Connection, user: str) -> Preferences:
    """A person's settings; the defaults for whoever never set any."""
    row = connection.execute(_OF, {"user": user}).first()
    return Preferences() if row is None else preferences_from(row)


def preferences_from(row: Row[Any]) -> Preferences:
    return Preferences(
        wants_dm=row.wants_dm,
        digest_hour=row.digest_hour,
        away_from=row.away_from,
        away_until=row.away_until,
    )


def digest_readers(connection: Connection, users: Iterable[str]) -> frozenset[str]:
    """Who of them has a digest, and reads reminders there."""
    asked = tuple(dict.fromkeys(users))
    if not asked:
        return frozenset()
    return frozenset(connection.execute(_DIGEST_READERS, {"users": asked}).scalars())


def away(connection: Connection, users: Iterable[str]) -> frozenset[str]:
    """Who of them is out of office by the database's clock."""
    asked = tuple(dict.fromkeys(users))
    if not asked:
        return frozenset()
    return frozenset(connection.execute(_AWAY_OF, {"users": asked}).scalars())


def present(connection: Connection, users: Iterable[str]) -> tuple[str, ...]:
    """Leave out who is out of office by the database's clock; never everybody."""
    asked = tuple(dict.fromkeys(users))
    gone = away(connection, asked)
    return tuple(user for user in asked if user not in gone) or asked


def away_until(
    connection: Connection, users: Iterable[str], now: datetime
) -> Mapping[str, datetime]:
    """Until when those of them are away who are away at `now`."""
    asked = tuple(dict.fromkeys(users))
    if not asked:
        return {}
    rows = connection.execute(_PREFERENCES_OF, {"users": asked}).all()
    return {
        row.user: row.away_until for row in rows if preferences_from(row).is_away(now)
    }


class PreferencesOf(Repository):
    def get(self, user: str) -> Preferences:
        return preferences_of(self.connection, user)

    def away_until(self, users: Iterable[str]) -> Mapping[str, datetime]:
        """Until when those of them are away who are away now."""
        return away_until(self.connection, users, self.now)

    def set(self, user: str, given: Preferences) -> None:
        """Keep a person's settings in place of those before."""
        values = {
            "wants_dm": given.wants_dm,
            "digest_hour": given.digest_hour,
            "away_from": given.away_from,
            "away_until": given.away_until,
        }
        self._keep(user, values)

    def time_zone(self, user: str) -> str | None:
        """The zone by its IANA name, as Slack had it; None: it was not asked yet."""
        row = self._one(_ZONE, user=user)
        return None if row is None else row.time_zone

    def learn_zone(self, user: str, name: str) -> None:
        self._keep(user, {"time_zone": name})

    def _keep(self, user: str, values: Mapping[str, object]) -> None:
        added = self.connection.execute(
            ignore_taken(self.connection, preferences), {"user": user, **values}
        )
        if not added.rowcount:
            self.connection.execute(_CHANGE, {"whose": user, **values})
