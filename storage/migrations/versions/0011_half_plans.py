"""Half plans: a long list is planned in batches; chunks are found by their state"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "half_plans",
        sa.Column("campaign_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("import_id", sa.Integer(), server_default="0", nullable=False),
        sa.Column("after_id", sa.Integer(), server_default="0", nullable=False),
        sa.Column("division", sa.JSON(), nullable=False),
        sa.Column("planned", sa.JSON(), nullable=False),
        sa.Column("reporting", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_half_plans_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_half_plans")),
    )
    op.create_index("ix_chunks_state", "chunks", ["campaign_id", "state", "step"])


def downgrade() -> None:
    op.drop_index("ix_chunks_state", "chunks")
    op.drop_table("half_plans")
