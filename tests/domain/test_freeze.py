from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import AlreadyDecided, NotYourTurn, Refused
from domain.freeze import (
    REASON_MOST,
    Act,
    Freeze,
    FreezeId,
    Scope,
    check_freeze,
    check_lift,
    covered,
    frozen,
    parse_freeze,
    parse_lasts,
    sentence,
)

NOW = datetime(2026, 11, 24, 14, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


def make_freeze(**changes: object) -> Freeze:
    made = Freeze(
        id=FreezeId(1),
        scope=Scope.TENANT,
        target="",
        reason="Wrong price on the site",
        by="U0ONCALL",
        frozen_at=NOW,
        until=NOW + HOUR,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def test_a_freeze_ends_by_itself_on_the_second() -> None:
    made = make_freeze()
    assert made.is_active(NOW + HOUR - timedelta(microseconds=1))
    assert not made.is_active(NOW + HOUR)


def test_a_lifted_freeze_stops_nothing() -> None:
    made = make_freeze(lifted_by="U0COPYONE", lifted_at=NOW)
    assert frozen([made], team="", esp="sendgrid", now=NOW) is None


@pytest.mark.parametrize(
    ("scope", "target", "stopped"),
    [
        (Scope.TENANT, "", {("", "sendgrid"), ("emea", "sendgrid"), ("emea", "ses")}),
        (Scope.TEAM, "emea", {("emea", "sendgrid"), ("emea", "ses")}),
        (Scope.ESP, "sendgrid", {("", "sendgrid"), ("emea", "sendgrid")}),
    ],
)
def test_a_freeze_stops_what_its_scope_covers(
    scope: Scope, target: str, stopped: set[tuple[str, str]]
) -> None:
    made = make_freeze(scope=scope, target=target)
    asked = {("", "sendgrid"), ("emea", "sendgrid"), ("emea", "ses")}
    found = {
        (team, esp)
        for team, esp in asked
        if frozen([made], team=team, esp=esp, now=NOW) is not None
    }
    assert found == stopped


def test_of_several_freezes_the_longest_is_named() -> None:
    short = make_freeze()
    long = make_freeze(id=FreezeId(2), until=NOW + 3 * HOUR)
    other = make_freeze(
        id=FreezeId(3), scope=Scope.TEAM, target="x", until=NOW + 9 * HOUR
    )
    found = frozen([long, short, other], team="", esp="sendgrid", now=NOW)
    assert found == long


@given(
    st.lists(
        st.builds(
            make_freeze,
            scope=st.sampled_from([Scope.TENANT, Scope.TEAM]),
            target=st.sampled_from(["", "emea"]),
            until=st.integers(-5, 5).map(lambda n: NOW + n * HOUR),
            lifted_at=st.sampled_from([None, NOW - HOUR]),
        ),
        max_size=6,
    ),
    st.sampled_from(["", "emea"]),
)
def test_something_is_frozen_exactly_when_one_freeze_says_so(
    freezes: list[Freeze], team: str
) -> None:
    found = frozen(freezes, team=team, esp="sendgrid", now=NOW)
    stopping = [
        each
        for each in freezes
        if each.until > NOW
        and each.lifted_at is None
        and (each.scope is Scope.TENANT or each.target == team)
    ]
    assert (found is not None) == bool(stopping)
    if found is not None:
        assert found.until == max(each.until for each in stopping)


def test_the_sentence_names_until_when_who_and_why() -> None:
    words = sentence(make_freeze())
    assert words.startswith("All sending is frozen until <!date^")
    assert words.endswith("by <@U0ONCALL>: Wrong price on the site.")
    assert "by shell:root:" in sentence(make_freeze(by="shell:root"))


def checked(**changes: object) -> None:
    usual: dict[str, object] = {
        "scope": Scope.TENANT,
        "target": "",
        "reason": "Wrong price",
        "lasts": HOUR,
        "longest": timedelta(days=14),
        "teams": ("emea",),
        "esps": ("sendgrid",),
    }
    check_freeze(**usual | changes)  # type: ignore[arg-type]  # tests name arguments


def test_what_may_be_frozen_is_checked_by_name() -> None:
    checked()
    checked(scope=Scope.TEAM, target="emea")
    checked(scope=Scope.ESP, target="sendgrid")
    with pytest.raises(Refused, match='no team "apac"; there is emea'):
        checked(scope=Scope.TEAM, target="apac")
    with pytest.raises(Refused, match="freeze everything instead"):
        checked(scope=Scope.TEAM, target="x", teams=())
    with pytest.raises(Refused, match='no tenant "x"'):
        checked(target="x")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reason": "  "}, "needs a reason"),
        ({"reason": "x" * (REASON_MOST + 1)}, "501 characters; 500 are allowed"),
        ({"lasts": timedelta(0)}, "has to end in the future"),
        ({"lasts": -HOUR}, "has to end in the future"),
        ({"lasts": timedelta(days=14, seconds=1)}, "may last 14 days at most"),
        ({"lasts": 3 * HOUR, "longest": 2 * HOUR}, "may last 2 hours at most"),
    ],
)
def test_a_freeze_that_may_not_be_says_why(
    changes: dict[str, object], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        checked(**changes)


def test_lifting_takes_two_people() -> None:
    made = make_freeze()
    assert check_lift(made, actor="U0ONCALL", now=NOW, asker_may=True) is Act.LIFT_ASKED
    asked = make_freeze(lift_asked_by="U0ONCALL", lift_asked_at=NOW)
    with pytest.raises(NotYourTurn, match="another person has to confirm"):
        check_lift(asked, actor="U0ONCALL", now=NOW, asker_may=True)
    assert check_lift(asked, actor="U0COPYONE", now=NOW, asker_may=True) is Act.LIFTED


def test_who_has_lost_their_role_has_not_asked() -> None:
    asked = make_freeze(lift_asked_by="U0ONCALL", lift_asked_at=NOW, lift_asks=1)
    found = check_lift(asked, actor="U0COPYONE", now=NOW, asker_may=False)
    assert found is Act.LIFT_ASKED


def test_what_is_over_is_not_lifted() -> None:
    lifted = make_freeze(lifted_by="U0COPYONE", lifted_at=NOW)
    with pytest.raises(AlreadyDecided, match="lifted already by <@U0COPYONE>"):
        check_lift(lifted, actor="U0LEGAL", now=NOW, asker_may=True)
    with pytest.raises(AlreadyDecided, match="ended by itself"):
        check_lift(make_freeze(), actor="U0LEGAL", now=NOW + HOUR, asker_may=True)


@pytest.mark.parametrize(
    ("typed", "scope", "target", "lasts", "reason"),
    [
        ("wrong price", Scope.TENANT, "", None, "wrong price"),
        ("for 2h wrong price", Scope.TENANT, "", 2 * HOUR, "wrong price"),
        ("all for 90min x", Scope.TENANT, "", 1.5 * HOUR, "x"),
        ("team emea for 1.5d x", Scope.TEAM, "emea", 36 * HOUR, "x"),
        ("ESP sendgrid outage there", Scope.ESP, "sendgrid", None, "outage there"),
        ("", Scope.TENANT, "", None, ""),
    ],
)
def test_a_typed_freeze_is_read(
    typed: str, scope: Scope, target: str, lasts: timedelta | None, reason: str
) -> None:
    asked = parse_freeze(typed.split())
    assert (asked.scope, asked.target) == (scope, target)
    assert (asked.lasts, asked.reason) == (lasts, reason)


@pytest.mark.parametrize("word", ["", "2", "h", "-2h", "2 h", "1e9h", "٣h", "1.2.3h"])
def test_what_is_no_length_of_time_is_refused(word: str) -> None:
    with pytest.raises(Refused, match="no length of time; say it as 30min"):
        parse_lasts(word)


def test_a_scope_without_a_name_is_refused() -> None:
    with pytest.raises(Refused, match="Say which team"):
        parse_freeze(["team"])


@given(st.lists(st.text(max_size=12), max_size=6))
def test_whatever_is_typed_is_read_or_refused(words: list[str]) -> None:
    try:
        asked = parse_freeze(words)
    except Refused:
        return
    assert asked.lasts is None or asked.lasts >= timedelta(0)
    assert covered(make_freeze(scope=asked.scope, target=asked.target))
