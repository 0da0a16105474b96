"""Conversions in words: the count, its rate with an interval, and the brief's target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from blocks.text import capital, count, joined, line
from domain.canary_words import RATE_FROM
from domain.conversion import ConversionLine, Standing
from domain.views import CampaignCard

MOST: Final = 3
"""Kinds on a card; the brief's own metric is the first."""


def lines(view: CampaignCard) -> str:
    """What the sender's own pages reported; empty when they reported nothing."""
    shown = [_told(each) for each in view.conversions[:MOST]]
    more = len(view.conversions) - MOST
    if more > 0:
        kinds = "kind" if more == 1 else "kinds"
        shown.append(f"and {count(more)} more {kinds} of conversion")
    return "\n".join(shown)


def _told(each: ConversionLine) -> str:
    name = capital(line(each.kind.replace("_", " "), 40))
    arms = joined(f"{line(label, 5)} {count(n)}" for label, n in each.by_variant)
    said = f"{name}: {count(each.n)} of {count(each.delivered)} delivered{_rate(each)}"
    return " ".join(filter(None, (f"{said} · {arms}.", _against(each))))


def _rate(each: ConversionLine) -> str:
    if each.delivered < RATE_FROM:
        return ""
    low, high = each.interval
    share = min(1.0, each.n / each.delivered)
    return f" ({_percent(share)}; 95 %: {_percent(low)} to {_percent(high)})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _against(each: ConversionLine) -> str:
    if each.target is None:
        return ""
    target = f"Target {each.target:,.0f}"
    if each.standing is Standing.REACHED:
        return f"{target} reached."
    if each.delivered < RATE_FROM:
        return f"{target}: too few mails are out to tell."
    low, high = each.expected
    rate = f"at this rate the whole list brings {low:,.0f} to {high:,.0f}"
    return f"{target}: {rate}{_SO[each.standing]}"


_SO: Final[Mapping[Standing, str]] = {
    Standing.ON_COURSE: ", which is enough.",
    Standing.BEHIND: ", which is too few.",
    Standing.CANNOT_TELL: ", so it cannot be told yet.",
}
