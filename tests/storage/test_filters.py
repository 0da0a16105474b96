"""What SQL finds is what the filter says, person by person, on every database."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.attributes import Kind, stored, stored_name
from domain.intent import Signal as Seen
from domain.rfm import Cuts
from domain.segment import (
    OWN_FIELDS,
    All,
    Compare,
    Either,
    Empty,
    Node,
    Not,
    OneOf,
    Op,
    Signal,
    fields_of,
    on_day,
    parse_filter,
)
from storage.engine import Database
from storage.filters import condition
from storage.store import Store
from storage.tables import recipients
from tests.clock import Clock

KINDS = {
    "score": Kind.NUMBER,
    "last_order_at": Kind.DATE,
    "vip": Kind.YES_NO,
    "plan": Kind.TEXT,
}
FIELDS = fields_of(KINDS, has_rfm=True)
CUTS = {
    "r": Cuts(
        attribute="last_order_at",
        kind=Kind.DATE,
        least=("2025-12-01", "2026-01-15", "2026-02-15", "2026-03-01"),
    ),
    "f": Cuts(attribute="score", kind=Kind.NUMBER, least=(1.0, 2.0, 3.0, 4.0)),
    "m": Cuts(attribute="score", kind=Kind.NUMBER, least=(-1.0, 0.0, 2.5, 2.5)),
}
OPS = {
    Op.IS: operator.eq,
    Op.LESS: operator.lt,
    Op.AT_MOST: operator.le,
    Op.MORE: operator.gt,
    Op.AT_LEAST: operator.ge,
}


@dataclass(frozen=True)
class Person:
    address: str
    own: dict[str, str]
    attributes: dict[str, Any]
    signals: tuple[Seen, ...] = ()


def seen(topic: str, score: float, day: date, expires: date) -> Seen:
    return Seen(topic=topic, score=score, source="web", seen_at=day, expires_at=expires)


def people(today: date) -> list[Person]:
    soon, past = today + timedelta(days=9), today - timedelta(days=1)
    long_ago = today - timedelta(days=200)
    return [
        Person(
            "ann@one.example",
            {"region": "DE", "locale": "de-DE"},
            {"score": 3.0, "last_order_at": date(2026, 1, 31), "vip": True},
            (seen("pricing", 10, long_ago, soon), seen("hiring", 90, long_ago, soon)),
        ),
        Person(
            "bob@two.example",
            {"region": "AT"},
            {"score": -2.5, "plan": "trial", "vip": False},
            (seen("pricing", 80, today, soon),),
        ),
        Person(
            "cy@two.example",
            {"region": ""},
            {"last_order_at": today, "plan": "DE"},
            (seen("pricing", 80, long_ago, past),),
        ),
        Person("di@one.example", {"region": "DE", "company": "3"}, {"score": 0.0}),
        Person("ed@three.example", {}, {}),
    ]


ACCOUNTS = {"three.example": ("security", 60.0)}


def fill(store: Store, everybody: Iterable[Person], today: date) -> int:
    list_id = store.audiences.replace("list", "A list", source_sha256="s")
    for person in everybody:
        store.audiences.add_recipients(
            list_id,
            [
                {
                    **person.own,
                    "address": person.address,
                    "address_hash": f"hash-{person.address}",
                    "domain": person.address.partition("@")[2],
                    "has_consent": True,
                    "attributes": {
                        stored_name(name, KINDS[name]): stored(value)
                        for name, value in person.attributes.items()
                    },
                }
            ],
        )
        store.intents.add([(f"hash-{person.address}", each) for each in person.signals])
    for domain, (topic, score) in ACCOUNTS.items():
        store.intents.add([(domain, seen(topic, score, today, today))])
    return list_id


def value_of(person: Person, field: str) -> Any:
    """What a person has; None when nothing."""
    if field == "domain":
        return person.address.partition("@")[2]
    if field in OWN_FIELDS:
        return person.own.get(field) or None
    if field.startswith("rfm."):
        cuts = CUTS[field[-1]]
        have = person.attributes.get(cuts.attribute)
        if have is None:
            return None
        return 1 + sum(stored(have) >= least for least in cuts.least)  # type: ignore[operator]
    return person.attributes.get(field)


def is_true(
    node: Node, person: Person, today: date, signal: Seen | None = None
) -> bool:
    """The filter's meaning, said a second time without SQL."""
    match node:
        case Not(part):
            return not is_true(part, person, today, signal)
        case All(parts):
            return all(is_true(part, person, today, signal) for part in parts)
        case Either(parts):
            return any(is_true(part, person, today, signal) for part in parts)
        case Signal(part):
            return any(
                is_true(part, person, today, each)
                for each in signals_of(person, today)
                if each.expires_at >= today
            )
    have = (
        getattr(signal, node.field.removeprefix("intent."))
        if signal is not None
        else value_of(person, node.field)
    )
    match node:
        case Empty():
            return have is None
        case OneOf():
            return have in node.values
        case Compare():
            return have is not None and bool(
                OPS[node.op](have, on_day(node.value, today))
            )
    raise AssertionError(node)


def signals_of(person: Person, today: date) -> tuple[Seen, ...]:
    account = ACCOUNTS.get(person.address.partition("@")[2])
    of_account = (seen(*account, today, today),) if account else ()
    return (*person.signals, *of_account)


def found(database: Database, text: str, today: date) -> set[str]:
    said = condition(parse_filter(text, FIELDS), today=today, cuts=CUTS)
    with database.engine.connect() as connection:
        rows = connection.execute(sa.select(recipients.c.address).where(said))
        return {row.address for row in rows}


def meant(text: str, today: date) -> set[str]:
    node = parse_filter(text, FIELDS)
    return {each.address for each in people(today) if is_true(node, each, today)}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('region = "DE"', "ann di"),
        ('region != "DE"', "bob cy ed"),
        ("region is empty", "cy ed"),
        ("score >= 0", "ann di"),
        ("not score >= 0", "bob cy ed"),
        ("score is empty", "cy ed"),
        ("vip = no", "bob"),
        ('plan in ("trial", "DE")', "bob cy"),
        ("last_order_at < 3 days ago", "ann"),
        ("last_order_at >= 2026-01-31", "ann cy"),
        # each has one of the two, nobody both in one signal but Bob
        ('intent.topic = "pricing" and intent.score >= 50', "bob"),
        ('intent.topic = "pricing"', "ann bob"),
        ('not intent.topic = "pricing"', "cy di ed"),
        ('intent.topic = "security"', "ed"),
        ("rfm.f >= 4", "ann"),
        ("rfm.r is empty", "bob di ed"),
        ('domain = "two.example" and not vip = no', "cy"),
    ],
)
def test_a_filter_finds_whom_it_says(
    database: Database, clock: Clock, text: str, names: str
) -> None:
    today = clock().date()
    with database.begin() as store:
        fill(store, people(today), today)
    first_names = {each.partition("@")[0] for each in found(database, text, today)}
    assert first_names == set(names.split())
    assert found(database, text, today) == meant(text, today)


COMPARISONS = st.sampled_from(
    [
        'region = "DE"',
        'region in ("AT", "DE")',
        "score >= 0",
        "score < 3",
        "score is not empty",
        "vip = yes",
        "vip != yes",
        'plan = "trial"',
        'plan = "DE"',
        "last_order_at >= 2026-02-01",
        "last_order_at < 1 days ago",
        'intent.topic = "pricing"',
        'intent.topic != "pricing"',
        "intent.score >= 50",
        "intent.seen_at < 100 days ago",
        "rfm.r >= 3",
        "rfm.m = 5",
        'domain = "three.example"',
    ]
)
FILTERS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(" and ".join),
        st.tuples(inner, inner).map(" or ".join),
        inner.map("not ({})".format),
        inner.map("({})".format),
    ),
    max_leaves=6,
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=FILTERS)
def test_sql_finds_whom_the_filter_means(
    database: Database, clock: Clock, text: str
) -> None:
    today = clock().date()
    with database.begin() as store:
        if store.imports.shown("list").audience is None:
            fill(store, people(today), today)
    assert found(database, text, today) == meant(text, today)


def test_an_older_signal_changes_nothing_and_a_newer_one_wins(
    database: Database, clock: Clock
) -> None:
    today = clock().date()
    soon = today + timedelta(days=5)
    with database.begin() as store:
        assert store.intents.add([("a", seen("x", 50, today, soon))]) == 1
        assert store.intents.add([("a", seen("x", 50, today, soon))]) == 0
        older = today - timedelta(days=1)
        assert store.intents.add([("a", seen("x", 99, older, soon))]) == 0
        assert store.intents.add([("a", seen("x", 60, today, soon))]) == 1
        assert store.intents.add([("a", seen("x", 1, today, older))]) == 1
        assert store.intents.drop_expired() == 1
