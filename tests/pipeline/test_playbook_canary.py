"""canary.yaml: what it may say, and what is refused by name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.canary import CanaryPolicy
from domain.canary_policy import Decides, Guardrail, Sending
from pipeline.playbook_canary import MIN_SILENCE, load_canary
from pipeline.playbook_values import PlaybookRefused, parse, read

SHIPPED = Path(__file__).resolve().parents[2] / "playbook" / "canary.yaml"


def raw(**changed: Any) -> dict[str, Any]:
    return read(SHIPPED) | changed


def test_the_shipped_limits_are_the_published_ones() -> None:
    found = load_canary(raw(), 1)
    assert found.policy == CanaryPolicy(
        guardrails={
            "unsubscribes": Guardrail(ok=0.005, limit=0.01),
            "deferrals": Guardrail(ok=0.05, limit=0.1),
        }
    )
    assert (found.ladder, found.watched) == ((1.0, 10.0, 100.0), frozenset())
    assert found.card_every == timedelta(seconds=30)


def test_durations_are_scaled_and_silence_is_never_too_short() -> None:
    found = load_canary(raw(), 240)
    assert found.policy.window == timedelta(minutes=1)
    assert found.policy.delay_median == timedelta(minutes=45) / 240
    assert found.policy.stale_after == found.unknown_after == MIN_SILENCE


def test_a_bare_yes_of_yaml_decides() -> None:
    text = "{unsubscribes: {ok: 0.01, limit: 0.02, decides: yes}}"
    rails = parse(text, "canary.yaml")
    found = load_canary(raw(guardrails=rails, sending="drip"), 1).policy
    assert found.guardrails["unsubscribes"].decides is Decides.YES
    assert found.sending is Sending.DRIP


def test_watched_addresses_are_read_as_lists_are() -> None:
    found = load_canary(raw(watched=["vip@northwind.example"]), 1)
    assert found.watched == {"vip@northwind.example"}


def test_seeds_keep_their_order_and_each_mailbox_is_one() -> None:
    found = load_canary(raw(seeds=["b@x.example", "a@x.example", "B@x.example"]), 1)
    assert found.seeds == ("B@x.example", "a@x.example")
    assert load_canary(raw(seeds=None), 1).seeds == ()


RAIL = {"ok": 0.01, "limit": 0.02}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"limit_rat": 0.1},
            "canary.yaml does not know limit_rat; it may hold ladder,",
        ),
        ({"limit_rat": 0.1}, "Did you mean 'limit_rate'?"),
        ({"window": None}, 'canary.yaml, window is "None"; a duration is a number'),
        ({"window": 4}, 'canary.yaml, window is "4"; a duration is a number'),
        ({"alpha": "x"}, 'canary.yaml, alpha is "x"; a number from 0 to 1 is allowed.'),
        ({"alpha": True}, 'canary.yaml, alpha is "True"; a number from 0 to 1'),
        ({"alpha": float("nan")}, 'canary.yaml, alpha is "nan"'),
        ({"alpha": 0.6}, "canary.yaml: The error rates need 0 < first step < whole"),
        ({"ok_rate": 0.5}, "canary.yaml: A canary policy needs 0 < healthy rate"),
        ({"min_reporting": 0}, 'canary.yaml, min_reporting is "0"; a whole number'),
        ({"delay_sigma": float("inf")}, 'canary.yaml, delay_sigma is "inf"; a number'),
        ({"sending": "fast"}, 'canary.yaml, sending is "fast"; allowed: burst, drip.'),
        ({"sending": ["drip"]}, "canary.yaml, sending is"),
        ({"ladder": [1, True, 100]}, "ladder must rise from a first step of 0.5 to 2"),
        ({"ladder": [3, 100]}, "ladder must rise from a first step of 0.5 to 2"),
        ({"ladder": 1}, "ladder must rise from a first step of 0.5 to 2 up to 100"),
        ({"ladder": [1, float("nan"), 100]}, "ladder must rise"),
        ({"guardrails": []}, "canary.yaml, guardrails must be a table"),
        (
            {"guardrails": {"unsubscribe": RAIL}},
            (
                "canary.yaml, guardrails does not know unsubscribe; it may hold unsubscribes,"
                " deferrals. Did you mean 'unsubscribes'?"
            ),
        ),
        ({"guardrails": {"deferrals": 1}}, "guardrails, deferrals must be a table"),
        (
            {"guardrails": {"deferrals": {**RAIL, "warn": 1}}},
            "canary.yaml, guardrails, deferrals does not know warn",
        ),
        (
            {"guardrails": {"deferrals": {"ok": 0.1}}},
            'canary.yaml, guardrails, deferrals, limit is "None"; a number from 0 to 1',
        ),
        (
            {"guardrails": {"deferrals": {"ok": 0.2, "limit": 0.1}}},
            "canary.yaml, guardrails, deferrals: A guardrail needs 0 < ok <= limit < 1.",
        ),
        (
            {"guardrails": {"deferrals": {**RAIL, "decides": "maybe"}}},
            'guardrails, deferrals is "maybe"; allowed: yes, dry_run.',
        ),
        ({"seeds": "me"}, "canary.yaml, seeds must be a list of up to 20."),
        ({"seeds": ["a@b.example"] * 21}, "seeds must be a list of up to 20."),
        ({"seeds": {"a@b.example": 1}}, "seeds must be a list of up to 20."),
        ({"watched": "me"}, "canary.yaml, watched must be a list of up to 500."),
        ({"watched": ["a@b.example"] * 501}, "watched must be a list of up to 500."),
    ],
)
def test_what_cannot_be_is_refused_by_name(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(PlaybookRefused) as caught:
        load_canary(raw(**changed), 1)
    assert said in str(caught.value)


@pytest.mark.parametrize("key", ["watched", "seeds"])
@pytest.mark.parametrize(
    "address", ["secret person@x", "secret@x.example\nBcc: b@x.example", 7, None]
)
def test_an_address_is_never_in_a_refusal(key: str, address: object) -> None:
    with pytest.raises(PlaybookRefused) as caught:
        load_canary(raw(**{key: ["ok@x.example", address]}), 1)
    assert str(caught.value) == f"canary.yaml, {key}: entry 2 is no mail address."
