"""How many recipients of a campaign's list share a value, and a few of them to look at."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from domain.attributes import Kind, as_text
from domain.campaign import CampaignId
from domain.errors import Unknown
from domain.preview import SAMPLED
from domain.privacy import FieldRule
from domain.send import Recipient
from storage.audiences import Audience, Audiences, is_mailable, recipient_from
from storage.filters import attribute
from storage.tables import campaigns, recipients, sends

_COLUMNS: Final[Mapping[str, sa.ColumnElement[str]]] = {
    "person.first_name": recipients.c.first_name,
    "person.last_name": recipients.c.last_name,
    "person.company": recipients.c.company,
}


def value_counts(
    connection: Connection, campaign_id: CampaignId, rule: FieldRule, *, now: datetime
) -> list[tuple[str, int]]:
    """How many recipients have each value of a field that could be shown.

    A planned campaign's list is who it was planned for; before that, who may be mailed.
    A field that lists do not carry is shared by nobody.
    """
    column = _column(connection, campaign_id, rule, now)
    if column is None:
        return []
    count = sa.func.count().label("n")
    query = (
        sa.select(column.label("value"), count)
        .select_from(recipients)
        .where(column.is_not(None), _is_on_the_list(connection, campaign_id, now))
        # by its name: on PostgreSQL the same expression twice is not the same
        .group_by("value")
    )
    if rule.bucket is None:
        # values of few are not even read: a long list has as many as it has people
        query = query.having(count >= rule.k)
    found = [(as_text(row.value), int(row.n)) for row in connection.execute(query)]
    return [(value, n) for value, n in found if value]


def _column(
    connection: Connection, campaign_id: CampaignId, rule: FieldRule, now: datetime
) -> sa.ColumnElement[Any] | None:
    """Where a field's values are: a column of its own, or one that the list brought."""
    own = _COLUMNS.get(rule.path)
    if own is not None:
        return own
    kind = _audience(connection, campaign_id, now)[1].get(rule.name)
    return None if kind is None else attribute(rule.name, kind)


def _is_on_the_list(
    connection: Connection, campaign_id: CampaignId, now: datetime
) -> sa.ColumnElement[bool]:
    planned = sa.select(sends.c.recipient_id).where(sends.c.campaign_id == campaign_id)
    if connection.execute(planned.limit(1)).first() is not None:
        return recipients.c.id.in_(planned)
    return sa.and_(_people(connection, campaign_id, now), is_mailable())


def _people(
    connection: Connection, campaign_id: CampaignId, now: datetime
) -> sa.ColumnElement[bool]:
    """Who is in the campaign's list or segment today.

    Raises:
        Unknown: There is no such campaign.
    """
    return Audiences(connection, now).people(_audience(connection, campaign_id, now)[0])


def _audience(
    connection: Connection, campaign_id: CampaignId, now: datetime
) -> tuple[Audience, Mapping[str, Kind]]:
    """A campaign's list or segment, and the kinds of what its list brought."""
    audience_id = connection.execute(
        sa.select(campaigns.c.audience_id).where(campaigns.c.id == campaign_id)
    ).scalar()
    if audience_id is None:
        raise Unknown(f"There is no campaign #{campaign_id}.")
    audiences = Audiences(connection, now)
    audience = audiences.get(audience_id)
    return audience, audiences.get(audience.list_id).attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """One recipient of a preview, and what they are called in it: 1 of 5."""

    number: int
    recipient: Recipient


def sampled_recipient(
    connection: Connection, campaign_id: CampaignId, number: int, *, now: datetime
) -> Sampled:
    """One of the few recipients that a campaign is previewed as, always the same.

    They are drawn by hash: nobody can choose whom they look at.

    Args:
        number: From 1 to `SAMPLED`.

    Raises:
        Unknown: The list is shorter than that, or there is no such campaign.
    """
    people = _people(connection, campaign_id, now)
    start = hashlib.sha256(f"preview-{campaign_id}".encode()).hexdigest()
    after = _drawn(connection, people, recipients.c.address_hash >= start)
    found = [
        *after,
        *_drawn(connection, people, recipients.c.address_hash < start),
    ][:SAMPLED]
    if not 1 <= number <= len(found):
        raise Unknown("The list has no such recipient to preview as.")
    return Sampled(number=number, recipient=recipient_from(found[number - 1]))


def recipient_by_address(
    connection: Connection, campaign_id: CampaignId, address_hash: str, *, now: datetime
) -> Recipient | None:
    """Whom of its list a campaign would mail at that address; no other list is asked.

    Raises:
        Unknown: There is no such campaign.
    """
    query = sa.select(recipients).where(
        _people(connection, campaign_id, now),
        recipients.c.address_hash == address_hash,
        is_mailable(),
    )
    row = connection.execute(query).first()
    return None if row is None else recipient_from(row)


def _drawn(
    connection: Connection,
    people: sa.ColumnElement[bool],
    side: sa.ColumnElement[bool],
) -> list[Row[Any]]:
    """The next few on the ring of hashes, by the list's unique index."""
    query = (
        sa.select(recipients)
        .where(people, side, is_mailable())
        .order_by(recipients.c.address_hash)
        .limit(SAMPLED)
    )
    return list(connection.execute(query))
