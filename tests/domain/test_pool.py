"""Who of a pool is asked next, and who may say so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import NotYourTurn
from domain.pool import (
    Load,
    check_may_assign,
    fit_to_decide,
    may_decide_all,
    next_asked,
)
from domain.review import Person, Stage, Team

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
COPY = Stage(name="copy", role="copy_editor", sla=4 * HOUR)
LEGAL = Stage(name="legal", role="legal", sla=4 * HOUR)
TEAM = Team(
    name="Team",
    channel="C1",
    on_call_channel="C1",
    people={
        user: Person(id=user, name=user, roles=frozenset(roles))
        for user, roles in {
            "U1": {"copy_editor"},
            "U2": {"copy_editor", "marketer"},
            "U3": {"legal"},
            "U4": {"on_call"},
            "U5": {"marketing_engineer"},
            "U6": {"marketer", "brand_lead"},
        }.items()
    },
)


def test_whoever_has_the_fewest_waiting_is_asked() -> None:
    loads = [
        Load(user="U1", waiting=2, last_asked=NOW - 9 * HOUR),
        Load(user="U2", waiting=1, last_asked=NOW),
    ]
    assert next_asked(loads) == "U2"


def test_of_equals_whoever_was_not_asked_for_longest_is() -> None:
    loads = [
        Load(user="U1", last_asked=NOW),
        Load(user="U2", last_asked=NOW - HOUR),
    ]
    assert next_asked(loads) == "U2"
    assert next_asked([*loads, Load(user="U3")]) == "U3"


def test_of_those_never_asked_the_first_in_the_team_file_is() -> None:
    assert next_asked([Load(user="U2"), Load(user="U1")]) == "U2"


def test_fit_is_every_holder_whom_no_duty_bars_in_the_files_order() -> None:
    def fit(author: str, *editors: str | None) -> tuple[str, ...]:
        return fit_to_decide(
            TEAM,
            stage=COPY,
            stages=(COPY,),
            tier="B",
            brief_author=author,
            editors=editors,
        )

    assert fit("U6", None) == ("U1", "U2")
    assert fit("U1", None) == ("U2",)
    # the last stage has no other pair of eyes on an edit
    assert fit("U6", "U1", None) == ("U2",)
    assert fit("U6", "U1", "U2") == ()


def test_an_empty_pool_has_nobody() -> None:
    assert next_asked([]) is None


def give(loads: list[Load], at: datetime, work: int = 1) -> list[Load]:
    chosen = next_asked(loads)
    return [
        replace(each, waiting=each.waiting + work, last_asked=at)
        if each.user == chosen
        else each
        for each in loads
    ]


@given(people=st.integers(1, 8), rounds=st.integers(0, 60))
def test_equal_work_is_shared_to_within_one(people: int, rounds: int) -> None:
    loads = [Load(user=f"U{n}") for n in range(people)]
    for number in range(rounds):
        loads = give(loads, NOW + number * HOUR)
    had = [each.waiting for each in loads]
    assert sum(had) == rounds
    assert max(had) - min(had) <= 1


@given(
    began=st.lists(st.integers(0, 9), min_size=1, max_size=6),
    rounds=st.integers(0, 80),
)
def test_an_unequal_start_never_grows_more_unequal(
    began: list[int], rounds: int
) -> None:
    loads = [Load(user=f"U{n}", waiting=had) for n, had in enumerate(began)]
    gap = max(1, max(began) - min(began))
    for number in range(rounds):
        loads = give(loads, NOW + number * HOUR)
        had = [each.waiting for each in loads]
        assert max(had) - min(had) <= gap
    if rounds >= sum(max(began) - each for each in began):
        assert max(had if rounds else began) - min(had if rounds else began) <= 1


@given(
    people=st.integers(2, 6),
    done=st.lists(st.integers(0, 5), min_size=6, max_size=30),
)
def test_nobody_is_asked_twice_running_while_another_has_as_little(
    people: int, done: list[int]
) -> None:
    loads = [Load(user=f"U{n}") for n in range(people)]
    for number, finisher in enumerate(done):
        before = loads
        chosen = next_asked(before)
        loads = give(loads, NOW + number * HOUR)
        mine = next(each for each in before if each.user == chosen)
        assert all(
            each.waiting > mine.waiting
            or each.user == chosen
            or (each.waiting == mine.waiting and _older(mine, each))
            for each in before
        )
        # somebody answers what they were asked
        loads = [
            replace(each, waiting=0) if each.user == f"U{finisher}" else each
            for each in loads
        ]


def _older(mine: Load, other: Load) -> bool:
    if mine.last_asked is None:
        return True
    return other.last_asked is not None and mine.last_asked <= other.last_asked


def may(user: str, *, tier: str = "B", author: str = "U6", editor: str | None) -> bool:
    return may_decide_all(
        user,
        team=TEAM,
        stage=COPY,
        stages=(COPY, LEGAL),
        tier=tier,
        brief_author=author,
        editors=(None, editor),
    )


@pytest.mark.parametrize(
    ("user", "given", "is_fit"),
    [
        ("U1", {"editor": None}, True),
        # an editor of one of the texts: another stage follows, but not at tier A
        ("U1", {"editor": "U1"}, True),
        ("U1", {"editor": "U1", "tier": "A"}, False),
        ("U2", {"editor": "U1", "tier": "A"}, True),
        ("U2", {"editor": None, "author": "U2"}, False),
        ("U3", {"editor": None}, False),
        ("U9", {"editor": None}, False),
    ],
)
def test_whom_duties_bar_from_any_text_is_not_fit_for_all(
    user: str, given: dict[str, str], is_fit: bool
) -> None:
    assert may(user, **given) is is_fit


@pytest.mark.parametrize("actor", ["U1", "U2", "U4", "U5"])
def test_the_stages_own_people_and_those_who_keep_the_desk_may_assign(
    actor: str,
) -> None:
    check_may_assign(actor, team=TEAM, stage=COPY)


@pytest.mark.parametrize("actor", ["U3", "U6", "U9", ""])
def test_nobody_else_may_say_who_is_asked(actor: str) -> None:
    with pytest.raises(NotYourTurn) as refused:
        check_may_assign(actor, team=TEAM, stage=COPY)
    assert str(refused.value) == (
        "Only copy editor, marketing engineer and on call can say who is asked in the"
        " copy stage."
    )
