"""The limits that each campaign was approved with; when an import was replaced"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # campaigns approved before have no row, and go by canary.yaml
    op.create_table(
        "canary_pins",
        sa.Column("campaign_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("pinned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_canary_pins_campaign_id"),
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_canary_pins")),
    )
    op.add_column(
        "audiences",
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
    )
    # what was replaced before begins its time now
    op.execute(
        "UPDATE audiences SET replaced_at = CURRENT_TIMESTAMP"
        " WHERE kind IN ('past', 'swept') OR (kind = 'list' AND import_id IS NOT NULL)"
    )


def downgrade() -> None:
    op.drop_table("canary_pins")
    op.drop_column("audiences", "replaced_at")
