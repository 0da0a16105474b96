from __future__ import annotations

from dataclasses import replace

import pytest

from domain.control import CHAMPION, Past, beside_champion, beside_history

PAST = Past(
    campaigns=12,
    delivered=100_000,
    clicks=2_400,
    complaints=30,
    unsubscribes=200,
    hard_bounces=600,
)
PRESENT = Past(
    campaigns=1,
    delivered=1_000,
    clicks=5,
    complaints=0,
    unsubscribes=12,
    hard_bounces=6,
)


def test_history_says_that_it_is_no_control_and_what_differs() -> None:
    assert beside_history(PAST, PRESENT) == (
        "Control: history, 12 campaigns with 100,000 mails delivered. No copy was sent"
        " beside this one, so it decides nothing. Clicks 0.5 %, 2.4 % before (less than"
        " usual); complaints 0 %, 0.03 % before (as usual); unsubscribes 1.2 %, 0.2 %"
        " before (more than usual); hard bounces 0.6 %, 0.6 % before (as usual)."
    )


def test_few_mails_are_not_made_a_rate() -> None:
    few = replace(PRESENT, delivered=199)
    assert "from 200 mails delivered on; 199 are" in beside_history(PAST, few)


@pytest.mark.parametrize(
    "past", [replace(PAST, campaigns=0), replace(PAST, delivered=3)]
)
def test_without_a_past_there_is_no_control(past: Past) -> None:
    assert beside_history(past, PRESENT).startswith("Control: none.")


def test_a_champion_is_named_by_its_arm_and_campaign() -> None:
    assert "Variant A is the copy of #41" in beside_champion("A", 41)


@pytest.mark.parametrize("named", ["41", "#41", "41B", "#41 B", "999999999"])
def test_a_champion_is_a_number_and_perhaps_an_arm(named: str) -> None:
    assert CHAMPION.fullmatch(named)


@pytest.mark.parametrize(
    "named", ["", "0", "B", "41Z", "²", "4 1", "9999999999", "41\n"]
)
def test_anything_else_names_no_champion(named: str) -> None:
    assert CHAMPION.fullmatch(named) is None


def test_what_a_slot_shows_is_held_beside_what_its_visitors_did() -> None:
    none = beside_history(replace(PAST, campaigns=0), PAST, is_slot=True)
    assert "No champion is shown beside it, and too little has been shown" in none
    told = beside_history(PAST, PAST, is_slot=True)
    assert "visitors who saw them. No copy was shown beside this one" in told
    assert "closed " in told
    assert "mails" not in told
    few = replace(PAST, delivered=12)
    young = beside_history(PAST, few, is_slot=True)
    assert young.endswith("from 200 visitors on; 12 have seen it.")
    assert "visitors drawn by the same hash" in beside_champion("A", 3, is_slot=True)
