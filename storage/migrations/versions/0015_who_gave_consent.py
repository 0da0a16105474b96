"""The index of those who gave consent has nobody else in it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_recipients_consent", table_name="recipients")
    op.create_index(
        "ix_recipients_consent",
        "recipients",
        ["audience_id", "has_consent"],
        sqlite_where=sa.text("has_consent = 1"),
        postgresql_where=sa.text("has_consent"),
    )


def downgrade() -> None:
    op.drop_index("ix_recipients_consent", table_name="recipients")
    op.create_index(
        "ix_recipients_consent", "recipients", ["audience_id", "has_consent"]
    )
