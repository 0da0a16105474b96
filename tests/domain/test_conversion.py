"""A conversion is checked at the edge; a count is held against its target with care."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import link
from domain.conversion import ConversionLine, Standing, is_about, parse, wilson
from domain.errors import Refused

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
GOOD = {
    "link": "42-A-0123456789abcdef0123",
    "kind": "demo_request",
    "id": "lead-9",
    "at": "2026-05-04T11:00:00+02:00",
}


def make_line(**changes: Any) -> ConversionLine:
    made: dict[str, Any] = {
        "kind": "demo_request",
        "n": 12,
        "by_variant": (("A", 8), ("B", 4)),
        "delivered": 480,
        "planned": 48_000,
    }
    return ConversionLine(**(made | changes))


def test_a_conversion_is_read_with_its_time_in_utc() -> None:
    found = parse(GOOD | {"value": "12.5"}, now=NOW, where="event 1")
    assert found.at == datetime(2026, 5, 4, 9, tzinfo=UTC)
    assert (found.kind, found.external_id, found.value) == (
        "demo_request",
        "lead-9",
        12.5,
    )


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no link": ({"link": ""}, "event 1, link: must be 1 to 64"),
    "a link of control characters": ({"link": "a\x00"}, "event 1, link"),
    "half a surrogate": ({"id": "\ud800"}, "event 1, id"),
    "a number for an id": ({"id": 7}, "event 1, id"),
    "a long id": ({"id": "x" * 201}, "event 1, id: must be 1 to 200"),
    "a kind with a space": ({"kind": "demo request"}, "event 1, kind"),
    "an injected kind": ({"kind": "<!channel>"}, "event 1, kind"),
    "a list for a kind": ({"kind": ["mql"]}, "event 1, kind"),
    "no zone": ({"at": "2026-05-04T11:00:00"}, "event 1, at: must be a time with"),
    "no time": ({"at": "yesterday"}, "event 1, at"),
    "a number for a time": ({"at": 1_777_000_000}, "event 1, at"),
    "the future": ({"at": "2026-05-04T13:00:00+00:00"}, "within the last 400 days"),
    "long ago": ({"at": "2020-01-01T00:00:00+00:00"}, "within the last 400 days"),
    "the calendar's start": ({"at": "0001-01-01T00:00:00+14:00"}, "event 1, at"),
    "the calendar's end": ({"at": "9999-12-31T23:59:59-14:00"}, "event 1, at"),
    "a value below nothing": ({"value": -1}, "event 1, value"),
    "no number": ({"value": "nan"}, "event 1, value"),
    "a number as Python writes one": ({"value": "1_0"}, "event 1, value"),
    "endless": ({"value": "inf"}, "event 1, value"),
    "a truth": ({"value": True}, "event 1, value"),
    "a huge number": ({"value": 10**400}, "event 1, value"),
    "another field": ({"email": "a@b.example"}, "there is no field 'email'"),
}


@pytest.mark.parametrize(("change", "told"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_with_its_field(
    change: dict[str, Any], told: str
) -> None:
    with pytest.raises(Refused, match=told):
        parse(GOOD | change, now=NOW, where="event 1")


@pytest.mark.parametrize("raw", [None, 1, "x", [], [GOOD]], ids=str)
def test_what_is_no_object_is_refused(raw: object) -> None:
    with pytest.raises(Refused, match="event 3: is no object"):
        parse(raw, now=NOW, where="event 3")


def test_an_error_never_quotes_what_was_given() -> None:
    with pytest.raises(Refused) as refused:
        parse(GOOD | {"id": "secret@x.example\tmore"}, now=NOW, where="event 1")
    assert "secret" not in str(refused.value)


# Wilson's interval against values from R's prop.test(correct = FALSE)
@pytest.mark.parametrize(
    ("n", "of", "low", "high"),
    [(12, 480, 0.01436, 0.04320), (0, 100, 0.0, 0.03699), (5, 5, 0.56552, 1.0)],
)
def test_the_interval_is_wilsons(n: int, of: int, low: float, high: float) -> None:
    found = wilson(n, of)
    assert found == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_an_interval_holds_its_rate_and_stays_within_a_whole(n: int, of: int) -> None:
    low, high = wilson(n, of)
    assert 0 <= low <= high <= 1
    if of:
        assert low - 1e-12 <= min(n, of) / of <= high + 1e-12


@pytest.mark.parametrize(
    ("target", "standing"),
    [
        (12, Standing.REACHED),
        (600, Standing.ON_COURSE),
        (1_200, Standing.CANNOT_TELL),
        (2_500, Standing.BEHIND),
        (None, Standing.NO_TARGET),
    ],
)
def test_the_interval_decides_how_it_stands(
    target: float | None, standing: Standing
) -> None:
    assert make_line(target=target).standing is standing


def test_without_a_delivered_mail_nothing_can_be_told() -> None:
    line = make_line(n=0, by_variant=(), delivered=0, target=10)
    assert line.standing is Standing.CANNOT_TELL


@pytest.mark.parametrize(
    ("metric", "kind", "same"),
    [
        ("Demo requests", "demo_request", True),
        ("demo-request", "demo_requests", True),
        ("MQLs", "mql", True),
        ("clicks", "demo_request", False),
        ("", "mql", False),
    ],
)
def test_a_metric_names_a_kind_however_it_is_written(
    metric: str, kind: str, *, same: bool
) -> None:
    assert is_about(metric, kind) is same


URL = "https://northwind.example/demo"


@pytest.mark.parametrize(
    ("url", "made"),
    [
        (URL, f"{URL}?cd=1-A-f"),
        (f"{URL}?a=1", f"{URL}?a=1&cd=1-A-f"),
        (f"{URL}?", f"{URL}?cd=1-A-f"),
        (f"{URL}#plans", f"{URL}?cd=1-A-f#plans"),
        (f"{URL}?a=%20#b?c", f"{URL}?a=%20&cd=1-A-f#b?c"),
    ],
)
def test_a_link_gets_one_more_parameter_and_keeps_the_rest(url: str, made: str) -> None:
    assert link.with_parameter(url, "cd", "1-A-f") == made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (f"See {URL}.", "See TOKEN."),
        (f"({URL})", "(TOKEN)"),
        (f"{URL}\n{URL}, or not", "TOKEN\nTOKEN, or not"),
        (f"{URL}-two and {URL}/b and {URL}?x=1", None),
        (f"https://other.example/?to={URL}", None),
        (f"{URL}.html", None),
    ],
)
def test_only_exactly_this_link_is_replaced(text: str, made: str | None) -> None:
    assert link.replaced(text, URL, "TOKEN") == (text if made is None else made)


def test_a_conversion_may_be_as_old_as_is_said() -> None:
    at = (NOW - timedelta(days=400)).isoformat()
    assert parse(GOOD | {"at": at}, now=NOW, where="e").at == NOW - timedelta(days=400)
