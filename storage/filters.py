"""A parsed filter as SQL over recipients: what it says, and nothing that was typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from operator import eq, ge, gt, le, lt
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.attributes import Kind, Value, stored, stored_name
from domain.rfm import Cuts
from domain.segment import (
    INTENT,
    INTENT_FIELDS,
    OWN_FIELDS,
    RFM,
    RFM_FIELDS,
    All,
    Compare,
    DaysAgo,
    Either,
    Empty,
    Node,
    Not,
    OneOf,
    Op,
    Signal,
    on_day,
)
from storage.tables import intents, recipients, rfm_thresholds

Expression: TypeAlias = sa.ColumnElement[Any]

_COMPARE: Final[Mapping[Op, Callable[[Any, Any], Any]]] = {
    Op.IS: eq,
    Op.LESS: lt,
    Op.AT_MOST: le,
    Op.MORE: gt,
    Op.AT_LEAST: ge,
}


def rfm_cuts(connection: Connection, list_id: int) -> Mapping[str, Cuts]:
    """The list's newest thresholds by letter; empty when none were computed."""
    body = connection.execute(
        sa.select(rfm_thresholds.c.body)
        .where(rfm_thresholds.c.audience_id == list_id)
        .order_by(rfm_thresholds.c.id.desc())
        .limit(1)
    ).scalar()
    return {
        letter: Cuts(
            attribute=each["attribute"],
            kind=Kind(each["kind"]),
            least=tuple(each["least"]),
        )
        for letter, each in (body or {}).items()
    }


def condition(
    node: Node, *, today: date, cuts: Mapping[str, Cuts]
) -> sa.ColumnElement[bool]:
    """A filter as a condition that is true or false, never unknown.

    Args:
        today: What "days ago" and a signal's expiry are counted from.
        cuts: RFM thresholds by letter.
    """
    return _Compiler(today, cuts).say(node)


class _Compiler:
    def __init__(self, today: date, cuts: Mapping[str, Cuts]) -> None:
        self.today, self.cuts = today, cuts

    def say(self, node: Node) -> sa.ColumnElement[bool]:
        match node:
            case Not(part):
                return sa.not_(self.say(part))
            case All(parts):
                return sa.and_(*map(self.say, parts))
            case Either(parts):
                return sa.or_(*map(self.say, parts))
            case Signal(part):
                return self._signal(part)
            case Compare():
                field = self._field(node.field, node.kind)
                said = _COMPARE[node.op](field, self._given(node.field, node.value))
                # what a person lacks is unknown to SQL, and false to a filter
                return sa.func.coalesce(said, sa.false())
            case OneOf():
                values = [self._given(node.field, each) for each in node.values]
                said = self._field(node.field, node.kind).in_(values)
                return sa.func.coalesce(said, sa.false())
            case Empty():
                field = self._field(node.field, node.kind)
                return field == "" if node.field in OWN_FIELDS else field.is_(None)

    def _signal(self, part: Node) -> sa.ColumnElement[bool]:
        is_theirs = intents.c.subject.in_(
            (recipients.c.address_hash, recipients.c.domain)
        )
        return (
            sa.exists()
            .where(is_theirs, intents.c.expires_at >= self.today, self.say(part))
            .correlate(recipients)
        )

    def _given(self, field: str, value: Value | DaysAgo) -> object:
        moment = on_day(value, self.today)
        return moment if field in INTENT_FIELDS else stored(moment)

    def _field(self, name: str, kind: Kind) -> Expression:
        if name in INTENT_FIELDS:
            return intents.c[name.removeprefix(INTENT)]
        if name in OWN_FIELDS:
            return recipients.c[name]
        if name in RFM_FIELDS:
            return self._quintile(self.cuts[name.removeprefix(RFM)])
        return attribute(name, kind)

    def _quintile(self, cuts: Cuts) -> Expression:
        """1 to 5; unknown of whoever lacks the attribute."""
        value = attribute(cuts.attribute, cuts.kind)
        steps: list[tuple[Expression, Expression]] = [
            (value >= least, sa.literal_column(str(score)))
            for score, least in reversed(list(enumerate(cuts.least, start=2)))
        ]
        return sa.case(
            (value.is_(None), sa.null()), *steps, else_=sa.literal_column("1")
        )


def attribute(name: str, kind: Kind) -> Expression:
    """A recipient's attribute; NULL of whoever has none."""
    value = recipients.c.attributes[stored_name(name, kind)]
    found: Expression
    match kind:
        case Kind.NUMBER:
            found = value.as_float()
        case Kind.YES_NO:
            found = value.as_boolean()
        case Kind.TEXT | Kind.DATE:
            found = value.as_string()
    return found
