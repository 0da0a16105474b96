"""What a canary is held beside: the champion's copy sent with it, or past campaigns.

Only a champion that leaves at the same time, to recipients drawn by the same hash, is a
control. History is a yardstick, and is called one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from domain.canary_words import RATE_FROM, counted, percent
from domain.conversion import wilson
from domain.experiment import Finding, Outcome

CHAMPION: Final = re.compile(r"#?(?P<campaign>[1-9][0-9]{0,8}) ?(?P<arm>[A-H])?")
"""How a brief names a champion: a campaign, and where it sent several arms, which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How far back history goes.

    Attributes:
        campaigns: At most so many, the newest.
        within: Those that ended no longer ago than this.
    """

    campaigns: int = 20
    within: timedelta = timedelta(days=180)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What came of mails: of earlier campaigns together, or of the one at hand."""

    campaigns: int
    delivered: int
    clicks: int
    complaints: int
    unsubscribes: int
    hard_bounces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """How a channel's copy is spoken of.

    Attributes:
        done: What is done with it.
        whom: Those who get it.
        counted: What rates are taken of.
        young: There are too few of them yet.
        rates: What is compared, and the field of `Past` that it is read from.
    """

    done: str
    whom: str
    counted: str
    young: str
    rates: tuple[tuple[str, str], ...]


_MAILS: Final = _Words(
    done="sent",
    whom="recipients",
    counted="mails delivered",
    young="Rates are compared from {least} mails delivered on; {now:,} are.",
    rates=(
        ("clicks", "clicks"),
        ("complaints", "complaints"),
        ("unsubscribes", "unsubscribes"),
        ("hard bounces", "hard_bounces"),
    ),
)
_VISITORS: Final = _Words(
    done="shown",
    whom="visitors",
    counted="visitors who saw them",
    young="Rates are compared from {least} visitors on; {now:,} have seen it.",
    rates=(
        ("clicks", "clicks"),
        ("complaints", "complaints"),
        ("closed", "unsubscribes"),
        ("failed", "hard_bounces"),
    ),
)


def beside_champion(label: str, campaign_id: int, *, is_slot: bool = False) -> str:
    """Say which arm is the control."""
    words = _VISITORS if is_slot else _MAILS
    return (
        f"Control: the champion. Variant {label} is the copy of #{campaign_id},"
        f" {words.done} at the same time to {words.whom} drawn by the same hash."
    )


def beside_history(past: Past, present: Past, *, is_slot: bool = False) -> str:
    """Compare with earlier campaigns in words, and say what that is worth.

    A rate is called different only where it lies outside the 95 % interval (Wilson's
    score) of what this campaign shows.
    """
    words = _VISITORS if is_slot else _MAILS
    if past.campaigns == 0 or past.delivered < RATE_FROM:
        return (
            f"Control: none. No champion is {words.done} beside it, and too little has"
            f" been {words.done} before to compare with."
        )
    head = (
        f"Control: history, {counted(past.campaigns, 'campaign')} with"
        f" {past.delivered:,} {words.counted}. No copy was {words.done} beside this"
        " one, so it decides nothing."
    )
    if present.delivered < RATE_FROM:
        return f"{head} {words.young.format(least=RATE_FROM, now=present.delivered)}"
    told = "; ".join(_told(noun, name, past, present) for noun, name in words.rates)
    return f"{head} {told[0].upper()}{told[1:]}."


def _told(noun: str, name: str, past: Past, present: Past) -> str:
    count: int = getattr(present, name)
    usual = getattr(past, name) / past.delivered
    low, high = wilson(count, present.delivered)
    is_usual = low <= usual <= high
    less_or_more = "less" if usual > high else "more"
    against = "as usual" if is_usual else f"{less_or_more} than usual"
    now, before = percent(count / present.delivered), percent(usual)
    return f"{noun} {now}, {before} before ({against})"


def worse_than(champion: str, finding: Finding | None) -> bool:
    """Whether people clearly click another arm less than the champion's."""
    return (
        finding is not None
        and finding.outcome is Outcome.WINNER
        and finding.best.name == champion
    )
