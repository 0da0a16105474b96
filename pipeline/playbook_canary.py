"""canary.yaml: the ladder, the limits of the judge, and the times around them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, TypeVar

from domain.canary_policy import (
    GUARDED,
    CanaryPolicy,
    Decides,
    Guardrail,
    Sending,
)
from domain.control import Look
from domain.seeds import SEEDS_MOST
from pipeline.playbook_values import PlaybookRefused, only, scaled, share, table, whole

WHERE: Final = "canary.yaml"

MIN_SILENCE: Final = timedelta(seconds=20)
"""Scaled time never makes a webhook's ordinary lag look like silence."""

WATCHED_MOST: Final = 500

_SIGMA_MOST: Final = 5

_NEEDED: Final = ("window", "no_data_after", "stale_after")
# what a file need not say, and still is scaled
_UNLESS_SAID: Final = {
    "delay_median": "45 min",
    "human_after": "60 s",
    "compare_after": "24 h",
}
_DURATIONS: Final = (*_NEEDED, *_UNLESS_SAID)
_TIMES: Final = ("card_every", "unknown_after", "look_up_lag", "give_up_after")
_TIMES_UNLESS_SAID: Final = {"give_up_after": "1 h"}
_OWN: Final = tuple(each.name for each in fields(CanaryPolicy))
_KNOWN: Final = ("ladder", *_OWN, "watched", "seeds", "control", *_TIMES)
_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryFile:
    """What the file says, with durations scaled."""

    policy: CanaryPolicy
    ladder: tuple[float, ...]
    # addresses of VIPs: one complaint of theirs stops a campaign
    watched: frozenset[str]
    # the team's own mailboxes, which get each variant when a canary starts
    seeds: tuple[str, ...]
    card_every: timedelta
    unknown_after: timedelta
    look_up_lag: timedelta
    control: Look
    give_up_after: timedelta


def load_canary(raw: Mapping[str, Any], time_scale: float) -> CanaryFile:
    """Check every value of the file.

    Args:
        time_scale: Divides every duration.

    Raises:
        PlaybookRefused: Names the key and what is allowed.
    """
    only(raw, _KNOWN, WHERE)
    given = {**_TIMES_UNLESS_SAID, **raw}
    times = {
        key: scaled(given.get(key), time_scale, where=f"{WHERE}, {key}")
        for key in _TIMES
    }
    return CanaryFile(
        policy=_policy(raw, time_scale),
        ladder=_ladder(raw.get("ladder")),
        watched=frozenset(_addresses(raw, "watched", most=WATCHED_MOST)),
        seeds=_seeds(raw),
        card_every=times["card_every"],
        unknown_after=max(times["unknown_after"], MIN_SILENCE),
        look_up_lag=times["look_up_lag"],
        control=_control(raw.get("control")),
        give_up_after=times["give_up_after"],
    )


def _policy(raw: Mapping[str, Any], time_scale: float) -> CanaryPolicy:
    given = {**dict.fromkeys(_NEEDED), **_UNLESS_SAID, **raw}
    values: dict[str, Any] = {
        key: _value(key, given[key], time_scale) for key in _OWN if key in given
    }
    for key in ("no_data_after", "stale_after"):
        values[key] = max(values[key], MIN_SILENCE)
    try:
        return CanaryPolicy(**values)
    except ValueError as error:
        raise PlaybookRefused(f"{WHERE}: {error}") from error


def _value(key: str, value: object, time_scale: float) -> object:
    where = f"{WHERE}, {key}"
    if key in _DURATIONS:
        return scaled(value, time_scale, where=where)
    if key == "sending":
        return _choice(value, Sending, where)
    if key == "guardrails":
        return _guardrails(value)
    if key == "min_reporting":
        return whole(value, where, least=1)
    if key == "delay_sigma":
        return _sigma(value, where)
    return share(value, where)


def _guardrails(value: object) -> dict[str, Guardrail]:
    where = f"{WHERE}, guardrails"
    given = table({} if value is None else value, where)
    only(given, tuple(GUARDED), where)
    return {name: _guardrail(each, f"{where}, {name}") for name, each in given.items()}


def _guardrail(value: object, where: str) -> Guardrail:
    given = table(value, where)
    only(given, ("ok", "limit", "decides"), where)
    # YAML reads a bare yes as true
    decides = given.get("decides", Decides.DRY_RUN)
    try:
        return Guardrail(
            ok=share(given.get("ok"), f"{where}, ok"),
            limit=share(given.get("limit"), f"{where}, limit"),
            decides=_choice("yes" if decides is True else decides, Decides, where),
        )
    except ValueError as error:
        raise PlaybookRefused(f"{where}: {error}") from error


def _choice(value: object, kind: type[Choice], where: str) -> Choice:
    known = [str(each) for each in kind]
    if value not in known:
        raise PlaybookRefused(f'{where} is "{value}"; allowed: {", ".join(known)}.')
    return kind(str(value))


def _sigma(value: object, where: str) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < float(str(value)) <= _SIGMA_MOST:
        raise PlaybookRefused(
            f'{where} is "{value}"; a number above 0, up to {_SIGMA_MOST}, is allowed.'
        )
    return float(str(value))


def _addresses(raw: Mapping[str, Any], key: str, *, most: int) -> list[str]:
    """Addresses, as lists are imported; a refusal names the place, never the address."""
    where = f"{WHERE}, {key}"
    value = raw.get(key)
    given = [] if value is None else value
    if not isinstance(given, list) or len(given) > most:
        raise PlaybookRefused(f"{where} must be a list of up to {most}.")
    for number, each in enumerate(given, start=1):
        if not isinstance(each, str) or not _ADDRESS.fullmatch(each):
            raise PlaybookRefused(f"{where}: entry {number} is no mail address.")
    return given


def _seeds(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Each mailbox once, in the order of the file."""
    given = _addresses(raw, "seeds", most=SEEDS_MOST)
    return tuple({each.lower(): each for each in given}.values())


def _control(raw: object) -> Look:
    """How far back history goes; in days of the wall, whatever the practice time."""
    where = f"{WHERE}, control"
    given = table({} if raw is None else raw, where)
    only(given, ("campaigns", "within"), where)
    usual = Look()
    within = given.get("within")
    return Look(
        campaigns=whole(
            given.get("campaigns", usual.campaigns), f"{where}, campaigns", least=1
        ),
        within=usual.within
        if within is None
        else scaled(within, 1, where=f"{where}, within"),
    )


def _ladder(steps: object) -> tuple[float, ...]:
    if (
        not isinstance(steps, list)
        or not all(
            isinstance(step, int | float)
            and not isinstance(step, bool)
            and 0 < step <= 100  # noqa: PLR2004 - per cent; also no number at all
            for step in steps
        )
        or steps != sorted(set(steps))
        or steps[-1:] != [100]
        or not 0.5 <= steps[0] <= 2  # noqa: PLR2004 - canary.md: 0.5 to 2 percent
    ):
        raise PlaybookRefused(
            f"{WHERE}: ladder must rise from a first step of 0.5 to 2 up to 100."
        )
    return tuple(float(step) for step in steps)
