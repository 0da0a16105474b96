"""What holds of every wait that nobody ends: a brief's, and a stage's."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import timedelta

from domain.campaign import CampaignId
from pipeline.relay import fire
from tests.pipeline.lab import Lab

Said = Callable[[Lab, CampaignId], list[str]]


def card(desk: Lab, number: CampaignId) -> str:
    (message,) = desk.cards(number)
    return json.dumps(message.blocks, ensure_ascii=False)


def check_an_hour_without_relay(
    desk: Lab,
    numbers: Sequence[CampaignId],
    *,
    sla: int,
    reminders: Said,
    escalations: Said,
) -> None:
    """Each is escalated once after it, and so late already not soon again."""
    desk.tick(3600)
    for number in numbers:
        # no reminder beside it, and none of those that were missed
        assert reminders(desk, number) == []
        assert len(escalations(desk, number)) == 1
    desk.tick(sla)
    desk.tick(7 * sla - 1)
    assert [len(escalations(desk, number)) for number in numbers] == [1, 1]
    desk.tick(1)
    assert [len(escalations(desk, number)) for number in numbers] == [2, 2]


def check_two_relays(desk: Lab, number: CampaignId, *, sla: int) -> None:
    """Both see that it is due, and one of them escalates."""
    desk.clock.tick(timedelta(seconds=sla))
    due = desk.look(lambda s: s.deadlines.due())
    (overdue,) = [each for each in due if each.kind == "overdue"]
    for _ in range(2):
        with desk.deps.database.begin() as store:
            if store.deadlines.claim(overdue):
                fire(store, desk.deps, overdue)
    assert desk.events(number).count("escalated") == 1
