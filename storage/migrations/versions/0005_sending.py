"""Sending under control: freezes, and what chunks wait for"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.append_only import protect

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _freezes()
    _chunks()


def _freezes() -> None:
    op.create_table(
        "freezes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("scope", sa.Text(), server_default="", nullable=False),
        sa.Column("target", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("by", sa.Text(), server_default="", nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freezes")),
    )
    op.create_index("ix_freezes_until", "freezes", ["until"])
    op.create_table(
        "freeze_acts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("freeze_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.Text(), server_default="", nullable=False),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["freeze_id"], ["freezes.id"], name=op.f("fk_freeze_acts_freeze_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freeze_acts")),
        sa.UniqueConstraint(
            "freeze_id", "act", name=op.f("uq_freeze_acts_freeze_id_act")
        ),
    )
    op.create_table(
        "freeze_waits",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("freeze_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_passed", sa.Boolean(), nullable=False),
        sa.Column("went_on_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_freeze_waits_campaign_id"),
        ),
        sa.ForeignKeyConstraint(
            ["freeze_id"], ["freezes.id"], name=op.f("fk_freeze_waits_freeze_id")
        ),
        sa.PrimaryKeyConstraint(
            "campaign_id", "freeze_id", name=op.f("pk_freeze_waits")
        ),
    )
    op.create_index("ix_freeze_waits_freeze_id", "freeze_waits", ["freeze_id"])
    op.create_table(
        "freeze_notices",
        sa.Column("freeze_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), server_default="", nullable=False),
        sa.Column("rendered_sha256", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["freeze_id"], ["freezes.id"], name=op.f("fk_freeze_notices_freeze_id")
        ),
        sa.PrimaryKeyConstraint("freeze_id", "channel", name=op.f("pk_freeze_notices")),
    )
    protect("freezes")
    protect("freeze_acts")


def _chunks() -> None:
    for name in ("capped", "capped_reporting"):
        op.add_column(
            "chunks", sa.Column(name, sa.Integer(), server_default="0", nullable=False)
        )
    for name in ("time_zone", "provider", "esp"):
        op.add_column(
            "chunks", sa.Column(name, sa.Text(), server_default="", nullable=False)
        )
    op.add_column(
        "chunks", sa.Column("not_before", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("chunks", sa.Column("waits_for", sa.Text(), nullable=True))
    op.create_index("ix_chunks_intent_at", "chunks", ["intent_at"])
