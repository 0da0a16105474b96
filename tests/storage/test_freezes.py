"""Freezes on the record: who is first, and what both sides of the gate see."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from domain.errors import AlreadyDecided, Unknown
from domain.freeze import Act, Freeze, FreezeId, Scope
from storage.engine import Database
from storage.store import Store
from tests.clock import Clock
from tests.factories import add_campaign

HOUR = timedelta(hours=1)


def freeze(store: Store, **changes: object) -> Freeze:
    usual: dict[str, object] = {
        "scope": Scope.TENANT,
        "target": "",
        "reason": "Wrong price",
        "by": "U0ONCALL",
        "until": store.now + HOUR,
    }
    return store.freezes.add(**usual | changes)  # type: ignore[arg-type]  # tests name fields


def test_a_freeze_is_active_until_its_end(database: Database, clock: Clock) -> None:
    with database.begin() as store:
        made = freeze(store)
        assert store.freezes.active() == (made,)
    clock.tick(HOUR)
    with database.begin() as store:
        assert store.freezes.active() == ()
        assert store.freezes.get(made.id) == made


def test_each_act_is_done_once(database: Database) -> None:
    with database.begin() as store:
        made = freeze(store)
        store.freezes.act(made, Act.LIFT_ASKED, actor="U0ONE")
        store.freezes.act(made, Act.LIFTED, actor="U0TWO")
        found = store.freezes.get(made.id)
        assert (found.lift_asked_by, found.lifted_by) == ("U0ONE", "U0TWO")
        assert store.freezes.active() == ()
    with (
        pytest.raises(AlreadyDecided, match="faster about freeze 1"),
        database.begin() as store,
    ):
        store.freezes.act(made, Act.LIFTED, actor="U0THREE")
    with pytest.raises(Unknown, match="no freeze 9"), database.begin() as store:
        store.freezes.get(FreezeId(9))


def test_who_asks_again_is_another_row_and_the_one_that_counts(
    database: Database,
) -> None:
    with database.begin() as store:
        first = freeze(store)
        freeze(store)
        store.freezes.act(first, Act.LIFT_ASKED, actor="U0ONE")
        seen = store.freezes.get(first.id)
        store.freezes.act(seen, Act.LIFT_ASKED, actor="U0TWO")
    for asked in (first, seen):
        # whoever saw what was there before is too late
        with (
            pytest.raises(AlreadyDecided, match="faster about freeze"),
            database.begin() as store,
        ):
            store.freezes.act(asked, Act.LIFT_ASKED, actor="U0THREE")
    with database.begin() as store:
        found, other = (store.freezes.get(each) for each in (first.id, FreezeId(2)))
        assert (found.lift_asked_by, found.lift_asks) == ("U0TWO", 2)
        assert (other.lift_asked_by, other.lift_asks) == (None, 0)
        assert store.freezes.active() == (found, other)


def test_what_waits_goes_on_once_and_remembers_that_it_had_passed(
    database: Database,
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        first, second = freeze(store), freeze(store)
        assert store.freezes.stop(campaign.id, first.id, is_passed=False)
        assert not store.freezes.stop(campaign.id, first.id, is_passed=True)
        assert store.freezes.stop(campaign.id, second.id, is_passed=False)
        assert store.freezes.waiting(first.id) == (campaign.id,)
        assert store.freezes.go_on(campaign.id) == ([first.id, second.id], True)
        assert store.freezes.go_on(campaign.id) == ([], False)
        assert store.freezes.waiting(first.id) == ()


def test_whoever_lets_something_go_has_done_so_before_the_freeze_or_sees_it(
    database: Database,
) -> None:
    """A freeze that begins meanwhile commits after what looked before it."""
    order: list[str] = []
    asked = threading.Event()

    def freezes() -> None:
        asked.set()
        with database.begin() as store:
            freeze(store)
            order.append("frozen")

    thread = threading.Thread(target=freezes)
    with database.begin() as store:
        assert store.freezes.active() == ()
        thread.start()
        asked.wait(5)
        # it is at the gate now, or will be; either way it has to wait for us
        thread.join(0.3)
        order.append("let go")
    thread.join(20)
    assert order == ["let go", "frozen"]
    with database.begin() as store:
        assert len(store.freezes.active()) == 1
