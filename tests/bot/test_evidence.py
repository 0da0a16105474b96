"""Evidence, pressed on a card: what a canary rests on, and what its arms came to."""

from __future__ import annotations

import json
from datetime import timedelta

from blocks.ids import Action
from storage.store import Store
from tests.bot.bot_lab import CLEO, Lab
from tests.factories import add_campaign
from tests.sent_arms import LINK, happened, sent_arms


def out(store: Store) -> int:
    campaign, ids = sent_arms(store)
    for arm in "AB":
        happened(store, campaign, ids[arm], "delivered", at=store.now)
    later = store.now + timedelta(seconds=1)
    happened(store, campaign, ids["B"][:30], "clicked", at=later, url=LINK)
    return campaign.id


async def test_a_sent_campaign_says_which_variant_did_better(desk: Lab) -> None:
    number = desk.write(out)
    await desk.press(Action.EVIDENCE, number, by=CLEO)
    shown = json.dumps(desk.view(CLEO)["blocks"])
    assert "*Which variant did better*" in shown
    assert "of 300" in shown
    assert "by machines alone" in shown


async def test_a_campaign_that_is_not_out_compares_nothing(desk: Lab) -> None:
    number = desk.write(lambda store: add_campaign(store).id)
    await desk.press(Action.EVIDENCE, number, by=CLEO)
    shown = json.dumps(desk.view(CLEO)["blocks"])
    assert "No mail has left yet" in shown
    assert "did better" not in shown
