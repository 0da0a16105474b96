"""Seed mails: what the team's own mailboxes got of a campaign"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.tables import Utc

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seed_mails",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("seeds", sa.Integer(), server_default="0", nullable=False),
        sa.Column("mails", sa.Integer(), server_default="0", nullable=False),
        sa.Column("accepted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("intent_at", Utc(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_seed_mails_campaign_id_campaigns"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seed_mails")),
        sa.UniqueConstraint("campaign_id", name=op.f("uq_seed_mails_campaign_id")),
    )
