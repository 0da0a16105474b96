"""An audience that reacts: what one address does with one mail, by seed alone.

Rates are the temperament's (`*.calm.example`, `*.stormy.example`); what can be
seen of them is the provider's: a gmail-like mailbox never reports a complaint,
some mailboxes prefetch pictures, some companies click every link to scan it.
Delays are practice seconds; the caller divides them by the time scale.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, NamedTuple

_MINUTE: Final = 60.0
# Under this delay after sending, a click is a scanner's, not a person's.
HUMAN_CLICK_FLOOR: Final = 90.0


class Happening(NamedTuple):
    """One event to come, `delay` practice seconds after the mail was released."""

    kind: str
    delay: float
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Temper:
    """How a list behaves. Rates are 0-1 of the recipients, medians seconds."""

    bounce: float = 0.006
    blocked: float = 0.003
    deferred: float = 0.03
    opens: float = 0.30
    click_of_open: float = 0.16
    unsubscribe: float = 0.0015
    complaint: float = 0.0002
    complaint_median: float = 45 * _MINUTE
    complaint_spread: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What a mailbox provider does on its own, and whether it reports complaints."""

    reports: bool
    prefetch: float
    scanner: float
    agent: str


CALM: Final = Temper()
# 5 % of about 240 reporting recipients is 12 complaints in a 1 % canary of the
# practice list: fewer than three happen about once in 2,000 canaries.
STORMY: Final = Temper(
    bounce=0.012,
    opens=0.24,
    click_of_open=0.07,
    unsubscribe=0.015,
    complaint=0.05,
    complaint_median=90 * _MINUTE,
    complaint_spread=0.6,
)
TEMPERS: Final[Mapping[str, Temper]] = {
    "calm.example": CALM,
    "stormy.example": STORMY,
    "bounces.example": Temper(bounce=1.0),
    "complains.example": Temper(
        bounce=0.0, blocked=0.0, deferred=0.0, complaint=1.0, unsubscribe=0.0
    ),
    "leaves.example": Temper(
        bounce=0.0, blocked=0.0, deferred=0.0, complaint=0.0, unsubscribe=1.0
    ),
    "clicks.example": Temper(
        bounce=0.0, blocked=0.0, deferred=0.0, opens=1.0, click_of_open=1.0
    ),
    "defers.example": Temper(bounce=0.0, blocked=0.0, deferred=1.0),
}

_MAC: Final = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15"
_WINDOWS: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Gecko/20100101 Firefox/128"
_PROXY: Final = "Mozilla/5.0 (via image proxy)"
_SCANNER: Final = "Mozilla/5.0 (compatible; link-scanner/2.1)"

CORPORATE: Final = Provider(reports=True, prefetch=0.05, scanner=0.04, agent=_WINDOWS)
PROVIDERS: Final[Mapping[str, Provider]] = {
    "gmail-like": Provider(reports=False, prefetch=0.30, scanner=0.0, agent=_MAC),
    "yahoo-like": Provider(reports=True, prefetch=0.25, scanner=0.0, agent=_MAC),
    "outlook-like": Provider(reports=True, prefetch=0.0, scanner=0.02, agent=_WINDOWS),
}


def temper_of(domain: str) -> Temper:
    """The temperament a mailbox domain belongs to; calm when it names none."""
    return TEMPERS.get(".".join(domain.split(".")[-2:]), CALM)


def provider_of(domain: str) -> Provider:
    """The provider a mailbox domain names in its first label."""
    return PROVIDERS.get(domain.split(".", 1)[0], CORPORATE)


def react(address: str, seed: int, temper: Temper | None = None) -> list[Happening]:
    """Everything `address` will do with a mail, the same for the same seed.

    Args:
        temper: Its list's, unless another is given.
    """
    address = address.lower()
    domain = address.rpartition("@")[2]
    digest = blake2b(f"{seed}:{address}".encode(), digest_size=8).digest()
    rng = random.Random(int.from_bytes(digest))
    temper, provider = temper or temper_of(domain), provider_of(domain)
    events = [Happening("processed", rng.uniform(0.5, 4), {})]
    arrival = 4 + _lognormal(rng, 15, 0.7)
    refusal = _refusal(rng, temper)
    if refusal:
        events.append(Happening("bounce", arrival, refusal))
        return events
    if rng.random() < temper.deferred:
        events.append(Happening("deferred", arrival, dict(_DEFERRED)))
        arrival += _lognormal(rng, 8 * _MINUTE, 0.5)
    events.append(Happening("delivered", arrival, {"response": "250 2.0.0 OK"}))
    events.extend(_machine(rng, provider, arrival))
    events.extend(_human(rng, temper, provider, arrival))
    return events


_DEFERRED: Final = {
    "response": "421 4.7.0 Try again later, this sender is being rate limited.",
    "attempt": "1",
}
_BOUNCED: Final = {
    "type": "bounce",
    "status": "5.1.1",
    "reason": "550 5.1.1 The email account that you tried to reach does not exist.",
    "bounce_classification": "Invalid Address",
}
_BLOCKED: Final = {
    "type": "blocked",
    "status": "5.7.1",
    "reason": "554 5.7.1 Message refused by local policy.",
    "bounce_classification": "Reputation",
}


def _refusal(rng: random.Random, temper: Temper) -> dict[str, Any] | None:
    draw = rng.random()
    if draw < temper.bounce:
        return dict(_BOUNCED)
    if draw < temper.bounce + temper.blocked:
        return dict(_BLOCKED)
    return None


def _machine(
    rng: random.Random, provider: Provider, arrival: float
) -> Iterator[Happening]:
    """Opens and clicks that no person made."""
    if rng.random() < provider.prefetch:
        detail = {"useragent": _PROXY, "ip": _ip(rng), "sg_machine_open": True}
        yield Happening("open", arrival + _lognormal(rng, 5 * _MINUTE, 0.8), detail)
    if rng.random() < provider.scanner:
        detail = {"useragent": _SCANNER, "ip": _ip(rng), "link": 0}
        yield Happening("click", arrival + rng.uniform(1, 8), detail)


def _human(
    rng: random.Random, temper: Temper, provider: Provider, arrival: float
) -> Iterator[Happening]:
    who = {"useragent": provider.agent, "ip": _ip(rng)}
    if rng.random() < temper.opens:
        opened = arrival + _lognormal(rng, 40 * _MINUTE, 1.1)
        yield Happening("open", opened, {**who, "sg_machine_open": False})
        if rng.random() < temper.click_of_open:
            pause = HUMAN_CLICK_FLOOR + _lognormal(rng, 2 * _MINUTE, 0.8)
            yield Happening("click", opened + pause, {**who, "link": 0})
    if rng.random() < temper.unsubscribe:
        yield Happening("unsubscribe", arrival + _lognormal(rng, 3600, 0.8), {})
    delay = _lognormal(rng, temper.complaint_median, temper.complaint_spread)
    if rng.random() < temper.complaint and provider.reports:
        yield Happening("spamreport", arrival + delay, {})


def _lognormal(rng: random.Random, median: float, spread: float) -> float:
    return rng.lognormvariate(math.log(median), spread)


def _ip(rng: random.Random) -> str:
    # 203.0.113.0/24 is set aside for documentation (RFC 5737).
    return f"203.0.113.{rng.randrange(1, 255)}"
