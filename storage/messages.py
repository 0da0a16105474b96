"""Slack messages that we posted or mean to post: one row per surface."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from domain.campaign import CampaignId
from storage.repository import Repository
from storage.tables import slack_messages

CLAIM_FOR: Final = timedelta(seconds=20)
"""Longer than a Slack call may take; a job that dies lets go after this."""

_CARD: Final = "campaign:"


def card_key(campaign_id: int) -> str:
    """Key of the campaign's card, which begins its thread."""
    return f"{_CARD}{campaign_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackMessage:
    """A surface and where it stands in Slack.

    Attributes:
        key: What it shows, for example "campaign:42" or "variant:7".
        state: intent (never confirmed), posted, or blocked (the bot is not invited).
        rendered_sha256: Hash of what was last accepted by Slack.
        behind_since: Since when Slack could not be told; None: it shows what it should.
    """

    id: int
    key: str
    campaign_id: CampaignId
    version: int
    state: str
    channel: str
    ts: str | None
    thread_ts: str | None
    rendered_sha256: str
    behind_since: datetime | None = None


class Messages(Repository):
    def claim(
        self, key: str, campaign_id: CampaignId, channel: str
    ) -> SlackMessage | None:
        """Take the surface for one call; None while another job has it."""
        self._insert_new(
            slack_messages,
            key=key,
            campaign_id=campaign_id,
            version=1,
            state="intent",
            channel=channel,
            rendered_sha256="",
        )
        taken = self.connection.execute(
            sa.update(slack_messages)
            .where(
                slack_messages.c.key == key,
                sa.or_(
                    slack_messages.c.claimed_until.is_(None),
                    slack_messages.c.claimed_until < self.now,
                ),
            )
            .values(
                claimed_until=self.now + CLAIM_FOR,
                version=slack_messages.c.version + 1,
            )
        )
        return self.get(key) if taken.rowcount == 1 else None

    def versions(self, campaign_id: CampaignId) -> dict[str, int]:
        """Version of each of the campaign's messages; each claim raises it."""
        query = sa.select(slack_messages.c.key, slack_messages.c.version).where(
            slack_messages.c.campaign_id == campaign_id
        )
        return {row.key: int(row.version) for row in self._all(query)}

    def get(self, key: str) -> SlackMessage | None:
        row = self._one(sa.select(slack_messages).where(slack_messages.c.key == key))
        if row is None:
            return None
        return SlackMessage(
            id=row.id,
            key=row.key,
            campaign_id=CampaignId(row.campaign_id),
            version=row.version,
            state=row.state,
            channel=row.channel,
            ts=row.ts,
            thread_ts=row.thread_ts,
            rendered_sha256=row.rendered_sha256,
            behind_since=row.behind_since,
        )

    def settle(self, message: SlackMessage, **facts: object) -> None:
        """Let go of a claimed surface, with what became of it."""
        self.connection.execute(
            sa.update(slack_messages)
            .where(
                slack_messages.c.id == message.id,
                slack_messages.c.version == message.version,
            )
            .values(claimed_until=None, **facts)
        )

    def let_go(self, message: SlackMessage) -> None:
        """Undo a claim whose call was never made; a message never posted leaves no row."""
        if message.ts is not None or message.state != "intent":
            self.settle(message)
            return
        self.connection.execute(
            sa.delete(slack_messages).where(
                slack_messages.c.id == message.id,
                slack_messages.c.version == message.version,
            )
        )

    def campaign_in(self, channel: str, ts: str) -> CampaignId | None:
        """The campaign whose card begins this thread."""
        row = self._one(
            sa.select(slack_messages.c.campaign_id).where(
                slack_messages.c.channel == channel,
                slack_messages.c.ts == ts,
                slack_messages.c.key.startswith(_CARD),
            )
        )
        return None if row is None else CampaignId(row.campaign_id)

    def blocked_in(self, channel: str) -> tuple[CampaignId, ...]:
        """Campaigns whose cards wait for the bot to be invited."""
        query = (
            sa.select(slack_messages.c.campaign_id)
            .where(
                slack_messages.c.channel == channel, slack_messages.c.state == "blocked"
            )
            .distinct()
        )
        return tuple(CampaignId(row.campaign_id) for row in self._all(query))
