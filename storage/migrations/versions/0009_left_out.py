"""Left out: mails that cannot be merged, or are put off for too long, counted by chunk"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("unmerged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("put_off_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_up", sa.Integer(), server_default="0", nullable=False),
    ):
        op.add_column("chunks", column)


def downgrade() -> None:
    for name in ("given_up", "put_off_at", "unmerged"):
        op.drop_column("chunks", name)
