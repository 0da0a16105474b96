from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.audit import GENESIS, Link, Uncanonical, canonical, link, verify


class Colour(StrEnum):
    RED = "red"


def make_chain(*events: dict[str, Any], genesis: str = GENESIS) -> list[Link]:
    chain, head = [], genesis
    for fields in events:
        after = link(head, fields)
        chain.append(Link(prev_hash=head, hash=after, fields=fields))
        head = after
    return chain


THREE = ({"event": "drafted"}, {"event": "linted"}, {"event": "sent", "mails": 482})


def test_canonical_json_is_sorted_and_tight() -> None:
    fields = {"b": [1, None, True], "a": {"z": "é", "y": Colour.RED}}
    assert canonical(fields) == ('{"a":{"y":"red","z":"\\u00e9"},"b":[1,null,true]}')


def test_one_instant_has_one_spelling() -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    abroad = noon.astimezone(timezone(timedelta(hours=2)))
    assert canonical({"at": noon}) == canonical({"at": abroad})
    assert canonical({"at": noon}) == '{"at":"2026-11-22T12:00:00.000000+00:00"}'
    assert canonical({"on": date(2026, 11, 22)}) == '{"on":"2026-11-22"}'


def test_a_whole_float_is_spelled_as_the_integer_a_database_may_return() -> None:
    assert canonical({"n": 2.0}) == canonical({"n": 2}) == '{"n":2}'
    assert canonical({"n": -0.0}) == '{"n":0}'
    assert canonical({"n": 0.002}) == '{"n":0.002}'


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "An audit event cannot hold NaN or infinity."),
        (float("inf"), "An audit event cannot hold NaN or infinity."),
        (datetime(2026, 1, 1), "An audit event's time needs a time zone."),  # noqa: DTZ001 - the point
        ({1: "one"}, "An audit event's keys are text."),
        (b"raw", "An audit event cannot hold a bytes."),
        ({"set"}, "An audit event cannot hold a set."),
    ],
)
def test_what_has_no_single_spelling_is_refused(value: object, message: str) -> None:
    with pytest.raises(Uncanonical) as refused:
        canonical({"value": [value]})
    assert str(refused.value) == message


def test_a_link_is_known_by_its_sha256() -> None:
    # sha256 of 64 zeros, a line feed and {"event":"drafted"}
    assert link(GENESIS, {"event": "drafted"}) == (
        "486a7c9a99deb7610d6ecc4184a0a25e7b78cf19c625973388ae23c4ab987bc7"
    )


@pytest.mark.parametrize("previous", ["", "0" * 63, "G" * 64, "0" * 64 + "\n"])
def test_a_previous_hash_has_64_hex_digits(previous: str) -> None:
    with pytest.raises(Uncanonical, match="64 lower-case hex digits"):
        link(previous, {})


def test_an_untouched_chain_holds() -> None:
    assert verify(make_chain(*THREE)) is None
    assert verify([]) is None


def test_a_pruned_chain_holds_from_the_last_pruned_hash() -> None:
    chain = make_chain(*THREE)
    assert verify(chain[1:], genesis=chain[0].hash) is None
    assert verify(chain[1:]) == 0


@pytest.mark.parametrize("index", [0, 1, 2])
def test_an_edited_event_is_found(index: int) -> None:
    chain = make_chain(*THREE)
    chain[index] = replace(chain[index], fields={"event": "approved"})
    assert verify(chain) == index


def test_an_event_edited_with_its_own_hash_breaks_the_next() -> None:
    chain = make_chain(*THREE)
    forged = {"event": "approved"}
    chain[0] = Link(prev_hash=GENESIS, hash=link(GENESIS, forged), fields=forged)
    assert verify(chain) == 1


def test_a_gap_and_a_swap_are_found() -> None:
    first, second, third = make_chain(*THREE)
    assert verify([first, third]) == 1
    assert verify([second, first, third]) == 0


def test_an_event_that_became_unspellable_is_broken_not_an_error() -> None:
    chain = make_chain(*THREE)
    chain[1] = replace(chain[1], fields={"rate": float("nan")})
    assert verify(chain) == 1


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.text(), JSON, max_size=4)


@given(FIELDS)
def test_a_trip_through_json_keeps_the_hash(fields: dict[str, Any]) -> None:
    stored = json.loads(canonical(fields))
    assert link(GENESIS, stored) == link(GENESIS, fields)
    assert link(GENESIS, dict(reversed(fields.items()))) == link(GENESIS, fields)


@given(st.lists(FIELDS, min_size=1, max_size=5), st.data())
def test_any_single_change_is_found_where_it_was_made(
    events: list[dict[str, Any]], data: st.DataObject
) -> None:
    chain = make_chain(*events)
    assert verify(chain) is None
    index = data.draw(st.integers(0, len(chain) - 1))
    changed = dict(chain[index].fields) | {"added": "later"}
    if canonical(changed) != canonical(chain[index].fields):
        chain[index] = replace(chain[index], fields=changed)
        assert verify(chain) == index
