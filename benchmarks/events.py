"""A campaign's events as SendGrid posts them: three copies of each, in any order."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.campaigns import OnItsWay

Item = dict[str, Any]

PER_POST: Final = 500
COPIES: Final = 3
"""SendGrid repeats an event about three times on average (sendgrid/docs#2933)."""

# Share of the mails that has each event; complaints stay under every limit, so that
# no campaign rolls back in the middle of a run.
_SHARES: Final = {
    "processed": 1.0,
    "delivered": 0.97,
    "open": 0.3,
    "click": 0.05,
    "bounce": 0.003,
    "unsubscribe": 0.002,
    "spamreport": 0.0001,
}
_METRICS: Final = {
    "processed": "accepted",
    "delivered": "delivered",
    "open": "opened",
    "click": "clicked",
    "bounce": "bounced_hard",
    "unsubscribe": "unsubscribed",
    "spamreport": "complained",
}
_SUPPRESSES: Final = frozenset({"bounce", "unsubscribe", "spamreport"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What is posted, and what has to be on the record after it.

    Attributes:
        unique: Events, each counted once.
        counts: Per metric, the mails that had such an event.
        suppressed: Recipients never to be mailed again.
    """

    posts: Sequence[list[Item]]
    unique: int
    counts: Mapping[str, int]
    suppressed: int

    @property
    def events(self) -> int:
        """Events posted, copies included."""
        return sum(len(post) for post in self.posts)


def traffic(campaign: OnItsWay, *, seed: int = 7) -> Traffic:
    chance = random.Random(seed)  # noqa: S311 - the same traffic in every run
    now = int(time.time())
    items = [
        item
        for send_id in campaign.sends
        for item in _of_one(campaign.campaign_id, send_id, now, chance)
    ]
    suppressed = {i["send_id"] for i in items if i["event"] in _SUPPRESSES}
    posted = items * COPIES
    chance.shuffle(posted)
    return Traffic(
        posts=[posted[at : at + PER_POST] for at in range(0, len(posted), PER_POST)],
        unique=len(items),
        counts=Counter(_METRICS[item["event"]] for item in items),
        suppressed=len(suppressed),
    )


def _of_one(
    campaign_id: int, send_id: int, now: int, chance: random.Random
) -> Iterator[Item]:
    for event, share in _SHARES.items():
        if chance.random() < share:
            yield item(campaign_id, send_id, event, now - chance.randrange(600))


def item(campaign_id: int, send_id: int, event: str, at: int) -> Item:
    """One event, about as large as a real one."""
    return {
        "email": f"reader{send_id}@bench.example",
        "timestamp": at,
        "event": event,
        "type": "bounce",
        "sg_event_id": f"event-{event}-{send_id:022d}",
        "sg_message_id": f"message-{send_id:022d}.recvd-5f7c8d9b4-x2x2x-1-65A1B2C3-7.0",
        "smtp-id": f"<{send_id:022d}@geopod-ismtpd-3>",
        "ip": "203.0.113.7",
        "useragent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605",
        "url": "https://northwind.example/demo",
        "campaign_id": str(campaign_id),
        "send_id": str(send_id),
    }
