"""Channels: a campaign knows what its copy is for, and where it is shown"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "campaigns",
        sa.Column("brief_channel", sa.Text(), server_default="email", nullable=False),
    )
    op.add_column(
        "campaigns",
        sa.Column("slot", sa.Text(), server_default="", nullable=False),
    )
