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


_RATES: Final = (
    ("clicks", "clicks"),
    ("complaints", "complaints"),
    ("unsubscribes", "unsubscribes"),
    ("hard bounces", "hard_bounces"),
)
"""What is compared, and the field it is read from."""


def beside_champion(label: str, campaign_id: int) -> str:
    """Say which arm is the control."""
    return (
        f"Control: the champion. Variant {label} is the copy of #{campaign_id}, sent at"
        " the same time to recipients drawn by the same hash."
    )


def beside_history(past: Past, present: Past) -> str:
    """Compare with earlier campaigns in words, and say what that is worth.

    A rate is called different only where it lies outside the 95 % interval (Wilson's
    score) of what this campaign shows.
    """
    if past.campaigns == 0 or past.delivered < RATE_FROM:
        return (
            "Control: none. No champion is sent beside it, and too little has been sent"
            " before to compare with."
        )
    head = (
        f"Control: history, {counted(past.campaigns, 'campaign')} with"
        f" {past.delivered:,} mails delivered. No copy was sent beside this one, so it"
        " decides nothing."
    )
    if present.delivered < RATE_FROM:
        return (
            f"{head} Rates are compared from {RATE_FROM} mails delivered on;"
            f" {present.delivered:,} are."
        )
    told = "; ".join(_told(noun, name, past, present) for noun, name in _RATES)
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
