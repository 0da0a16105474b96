"""Freezes: what may not leave now, who waits for it, and what people did about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.campaign import CampaignId
from domain.errors import AlreadyDecided, Unknown
from domain.freeze import Act, Freeze, FreezeId, Scope
from storage.repository import Repository
from storage.tables import freeze_acts, freeze_notices, freeze_waits, freezes

_GATE: Final = 7_235_003
"""Key of the advisory lock between who freezes and who lets something go."""

_asked = freeze_acts.alias("asked")
_lifted = freeze_acts.alias("lifted")
_each = freeze_acts.alias("each")
_asks = sa.and_(
    _each.c.freeze_id == freezes.c.id, _each.c.act.startswith(Act.LIFT_ASKED.value)
)
_FREEZES: Final = (
    sa.select(
        freezes,
        _asked.c.actor.label("lift_asked_by"),
        _asked.c.at.label("lift_asked_at"),
        _lifted.c.actor.label("lifted_by"),
        _lifted.c.at.label("lifted_at"),
        sa.select(sa.func.count())
        .where(_asks)
        .correlate(freezes)
        .scalar_subquery()
        .label("lift_asks"),
    )
    .select_from(freezes)
    .outerjoin(
        _asked,
        _asked.c.id
        == sa.select(sa.func.max(_each.c.id))
        .where(_asks)
        .correlate(freezes)
        .scalar_subquery(),
    )
    .outerjoin(
        _lifted,
        sa.and_(_lifted.c.freeze_id == freezes.c.id, _lifted.c.act == Act.LIFTED),
    )
)
_ACTIVE: Final = _FREEZES.where(
    freezes.c.until > sa.bindparam("now"), _lifted.c.at.is_(None)
).order_by(freezes.c.until, freezes.c.id)


def _freeze_from(row: Row[Any]) -> Freeze:
    return Freeze(
        id=FreezeId(row.id),
        scope=Scope(row.scope),
        target=row.target,
        reason=row.reason,
        by=row.by,
        frozen_at=row.frozen_at,
        until=row.until,
        lift_asked_by=row.lift_asked_by,
        lift_asked_at=row.lift_asked_at,
        lift_asks=row.lift_asks,
        lifted_by=row.lifted_by,
        lifted_at=row.lifted_at,
    )


def active_freezes(connection: Connection, now: datetime) -> tuple[Freeze, ...]:
    """What is frozen at `now`, what ends first before the rest."""
    return tuple(map(_freeze_from, connection.execute(_ACTIVE, {"now": now})))


def last_freezes(connection: Connection, limit: int) -> tuple[Freeze, ...]:
    """The newest freezes, over or not."""
    newest = _FREEZES.order_by(freezes.c.id.desc()).limit(limit)
    return tuple(map(_freeze_from, connection.execute(newest)))


class Freezes(Repository):
    def add(
        self, *, scope: Scope, target: str, reason: str, by: str, until: datetime
    ) -> Freeze:
        """Freeze; whatever is let go after this commits sees it."""
        self._shut_gate()
        key = self._insert(
            freezes,
            scope=scope,
            target=target,
            reason=reason,
            by=by,
            frozen_at=self.now,
            until=until,
        )
        made = self.get(FreezeId(key))
        self.act(made, Act.FROZEN, actor=by)
        return made

    def act(self, seen: Freeze, act: Act, *, actor: str) -> None:
        """Keep what somebody did about a freeze.

        Args:
            seen: As it was when that was decided.

        Raises:
            AlreadyDecided: Somebody was faster.
        """
        self._shut_gate()
        # the record stays as it is: a second ask is another row, numbered
        again = f".{seen.lift_asks}" if act is Act.LIFT_ASKED and seen.lift_asks else ""
        if not self._insert_new(
            freeze_acts,
            freeze_id=seen.id,
            act=f"{act}{again}",
            actor=actor,
            at=self.now,
        ):
            raise AlreadyDecided(f"Somebody was faster about freeze {seen.id}.")

    def _shut_gate(self) -> None:
        # on SQLite the transaction is the only writer
        if self.connection.dialect.name == "postgresql":
            self.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_GATE)))

    def get(self, freeze_id: FreezeId) -> Freeze:
        """Read a freeze, over or not.

        Raises:
            Unknown: There is none with that number.
        """
        row = self._one(_FREEZES.where(freezes.c.id == freeze_id))
        if row is None:
            raise Unknown(f"There is no freeze {freeze_id}.")
        return _freeze_from(row)

    def active(self) -> tuple[Freeze, ...]:
        """What is frozen now; nothing is added or lifted until we commit.

        Whoever asks this and then lets something go has done so before the freeze, or
        sees it.
        """
        if self.connection.dialect.name == "postgresql":
            shared = sa.func.pg_advisory_xact_lock_shared(_GATE)
            self.connection.execute(sa.select(shared))
        return active_freezes(self.connection, self.now)

    # Who waits ----------------------------------------------------------------------

    def stop(
        self, campaign_id: CampaignId, freeze_id: FreezeId, *, is_passed: bool
    ) -> bool:
        """A campaign waits for a freeze; False when it did before.

        One that went on already waits again: not every process's clock is the same.
        """
        is_new = self._insert_new(
            freeze_waits,
            campaign_id=campaign_id,
            freeze_id=freeze_id,
            since=self.now,
            is_passed=is_passed,
        )
        if not is_new:
            passed = {"is_passed": True} if is_passed else {}
            self.connection.execute(
                sa.update(freeze_waits)
                .where(
                    freeze_waits.c.campaign_id == campaign_id,
                    freeze_waits.c.freeze_id == freeze_id,
                )
                .values(went_on_at=None, **passed)
            )
        return is_new

    def take_back_pass(self, campaign_id: CampaignId) -> None:
        """Forget that the judge let a waiting campaign go on: people decided since."""
        self.connection.execute(
            sa.update(freeze_waits)
            .where(
                freeze_waits.c.campaign_id == campaign_id,
                freeze_waits.c.went_on_at.is_(None),
            )
            .values(is_passed=False)
        )

    def go_on(self, campaign_id: CampaignId) -> tuple[list[int], bool]:
        """A campaign waits no more; which freezes it waited for, and if it had passed."""
        waiting = sa.and_(
            freeze_waits.c.campaign_id == campaign_id,
            freeze_waits.c.went_on_at.is_(None),
        )
        rows = self._all(
            sa.select(freeze_waits).where(waiting).order_by(freeze_waits.c.freeze_id)
        )
        self.connection.execute(
            sa.update(freeze_waits).where(waiting).values(went_on_at=self.now)
        )
        return [row.freeze_id for row in rows], any(row.is_passed for row in rows)

    def waiting(self, freeze_id: FreezeId) -> tuple[CampaignId, ...]:
        """Campaigns that wait for a freeze."""
        rows = self._all(
            sa.select(freeze_waits.c.campaign_id)
            .where(
                freeze_waits.c.freeze_id == freeze_id,
                freeze_waits.c.went_on_at.is_(None),
            )
            .order_by(freeze_waits.c.campaign_id)
        )
        return tuple(CampaignId(row.campaign_id) for row in rows)

    # Who is told ----------------------------------------------------------------------

    def notices(self, freeze_id: FreezeId) -> dict[str, tuple[str, str]]:
        """Channel to (message, hash of what it shows) of what was posted about it."""
        rows = self._all(
            sa.select(freeze_notices).where(freeze_notices.c.freeze_id == freeze_id)
        )
        return {row.channel: (row.ts, row.rendered_sha256) for row in rows}

    def noticed(
        self, freeze_id: FreezeId, channel: str, *, ts: str, rendered_sha256: str
    ) -> None:
        shows = {"ts": ts, "rendered_sha256": rendered_sha256}
        if not self._insert_new(
            freeze_notices, freeze_id=freeze_id, channel=channel, **shows
        ):
            self.connection.execute(
                sa.update(freeze_notices)
                .where(
                    freeze_notices.c.freeze_id == freeze_id,
                    freeze_notices.c.channel == channel,
                )
                .values(**shows)
            )
