"""Lists and segments as the shell shows and exports them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.attributes import stored_name
from domain.audit_words import fragment
from domain.export import cell_of
from domain.views import AudienceEvent, AudienceView
from storage import tables
from storage.audiences import Audience, Audiences, is_mailable
from storage.audit import detail_from
from storage.tables import recipients, rfm_thresholds, suppressions

_AT_ONCE: Final = 1_000
_COLUMNS: Final = (
    "first_name",
    "last_name",
    "company",
    "region",
    "time_zone",
    "locale",
)


def audience_view(connection: Connection, key: str, now: datetime) -> AudienceView:
    """A list or a segment, counted now.

    Raises:
        Unknown: Nothing of that name was imported or saved.
    """
    repository = Audiences(connection, now)
    audience = repository.by_key(key)
    whole = repository.get(audience.list_id)
    row = connection.execute(
        sa.select(
            sa.func.count().label("size"),
            sa.func.count().filter(is_mailable()).label("mailable"),
            sa.func.count().filter(~recipients.c.has_consent).label("no_consent"),
            sa.func.count().filter(_is_suppressed()).label("suppressed"),
        )
        .select_from(recipients)
        .where(repository.people(audience))
    ).one()
    named = tables.audiences
    segments = connection.execute(
        sa.select(named.c.key)
        .where(named.c.kind == "segment", named.c.list_id == audience.id)
        .order_by(named.c.key)
    )
    return AudienceView(
        key=audience.key,
        title=audience.title,
        list_key=whole.key,
        filter=audience.filter,
        size=row.size,
        mailable=row.mailable,
        without_consent=row.no_consent,
        suppressed=row.suppressed,
        attributes={name: str(kind) for name, kind in whole.attributes.items()},
        segments=tuple(each.key for each in segments),
        imported_at=_imported_at(connection, audience.list_id),
        rfm_at=_rfm_at(connection, audience.list_id),
    )


def _is_suppressed() -> sa.ColumnElement[bool]:
    return (
        sa.exists()
        .where(suppressions.c.address_hash == recipients.c.address_hash)
        .correlate(recipients)
    )


def _imported_at(connection: Connection, list_id: int) -> datetime | None:
    return connection.execute(
        sa.select(tables.audiences.c.imported_at).where(
            tables.audiences.c.id == list_id
        )
    ).scalar()


def _rfm_at(connection: Connection, list_id: int) -> datetime | None:
    return connection.execute(
        sa.select(rfm_thresholds.c.computed_at)
        .where(rfm_thresholds.c.audience_id == list_id)
        .order_by(rfm_thresholds.c.id.desc())
        .limit(1)
    ).scalar()


def export_audience(
    connection: Connection,
    key: str,
    now: datetime,
    write: Callable[[Sequence[str]], object],
) -> int:
    """Write a header and a row per recipient, in constant memory; returns how many.

    No cell is a formula to a spreadsheet.

    Raises:
        Unknown: Nothing of that name was imported or saved.
    """
    repository = Audiences(connection, now)
    audience = repository.by_key(key)
    kinds = repository.get(audience.list_id).attributes
    names = [stored_name(name, kind) for name, kind in kinds.items()]
    write(("email", "consent", *_COLUMNS, *kinds, "suppressed"))
    rows = 0
    for row in _recipients(connection, repository, audience):
        write(
            (
                cell_of(row.address),
                cell_of(row.has_consent),
                *(cell_of(getattr(row, name)) for name in _COLUMNS),
                *(cell_of(row.attributes.get(name)) for name in names),
                cell_of(row.suppressed),
            )
        )
        rows += 1
    return rows


def _recipients(
    connection: Connection, repository: Audiences, audience: Audience
) -> Iterator[Row[Any]]:
    query = (
        sa.select(recipients, _is_suppressed().label("suppressed"))
        .where(repository.people(audience))
        .order_by(recipients.c.id)
    )
    yield from connection.execute(query, execution_options={"yield_per": _AT_ONCE})


def audience_events(
    connection: Connection, limit: int = 50
) -> tuple[AudienceEvent, ...]:
    """What was done to audiences, oldest first, the newest of them."""
    events = tables.audience_events
    query = sa.select(events).order_by(events.c.seq.desc()).limit(limit)
    found = [
        AudienceEvent(
            seq=row.seq,
            at=row.at,
            actor=row.actor,
            event=row.event,
            detail=_said(row.detail),
        )
        for row in connection.execute(query)
    ]
    return tuple(reversed(found))


def _said(packed: str) -> str:
    detail = detail_from(packed)
    return fragment(detail) if isinstance(detail, dict) else str(detail)
