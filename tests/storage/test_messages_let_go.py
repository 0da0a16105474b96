"""A claim whose call was never made leaves no intent behind."""

from __future__ import annotations

from storage.engine import Database
from tests.factories import add_campaign


def test_a_call_that_was_never_made_leaves_no_intent(database: Database) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        claimed = store.messages.claim("asked:1:copy", campaign.id, "C0CAMPAIGN")
        assert claimed is not None
        store.messages.let_go(claimed)
        assert store.messages.get("asked:1:copy") is None


def test_a_posted_message_keeps_its_row_when_an_update_gets_no_turn(
    database: Database,
) -> None:
    with database.begin() as store:
        campaign = add_campaign(store)
        claimed = store.messages.claim("campaign:1", campaign.id, "C0CAMPAIGN")
        assert claimed is not None
        store.messages.settle(claimed, state="posted", ts="1.1")
        again = store.messages.claim("campaign:1", campaign.id, "C0CAMPAIGN")
        assert again is not None
        store.messages.let_go(again)
        kept = store.messages.get("campaign:1")
        assert kept is not None
        assert (kept.state, kept.ts) == ("posted", "1.1")
