"""Audiences: imports, attributes, segments, intent, RFM, and their own record"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.append_only import protect

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # columns are added only: SQLite would make a table anew for anything else, and
    # sends lead to these rows
    for column in (
        sa.Column("kind", sa.Text(), server_default="list", nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=True),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("attributes", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("filter", sa.Text(), server_default="", nullable=False),
        sa.Column("mailable", sa.Integer(), server_default="0", nullable=False),
    ):
        op.add_column("audiences", column)
    for column in (
        sa.Column("domain", sa.Text(), server_default="", nullable=False),
        sa.Column("attributes", sa.JSON(), server_default="{}", nullable=False),
    ):
        op.add_column("recipients", column)
    # erasing a recipient asks whether anything leads to it
    op.create_index("ix_sends_recipient_id", "sends", ["recipient_id"])
    op.create_index("ix_suppressions_recipient_id", "suppressions", ["recipient_id"])
    op.create_index(
        "ix_recipients_consent", "recipients", ["audience_id", "has_consent"]
    )
    op.execute(_DOMAINS[op.get_bind().dialect.name])
    _intents()
    _rfm()
    _events()


_DOMAINS = {
    "postgresql": "UPDATE recipients SET domain = split_part(address, '@', 2)",
    "sqlite": (
        "UPDATE recipients SET domain = substr(address, instr(address, '@') + 1)"
        " WHERE instr(address, '@') > 0"
    ),
}


def _intents() -> None:
    op.create_table(
        "intents",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("topic", sa.Text(), server_default="", nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("seen_at", sa.Date(), nullable=False),
        sa.Column("expires_at", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intents")),
        sa.UniqueConstraint(
            "subject",
            "topic",
            "source",
            name=op.f("uq_intents_subject_topic_source"),
        ),
    )


def _rfm() -> None:
    op.create_table(
        "rfm_thresholds",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("audience_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("people", sa.Integer(), server_default="0", nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["audience_id"],
            ["audiences.id"],
            name=op.f("fk_rfm_thresholds_audience_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rfm_thresholds")),
    )
    op.create_index("ix_rfm_thresholds_audience_id", "rfm_thresholds", ["audience_id"])


def _events() -> None:
    op.create_table(
        "audience_events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("seq", sa.Integer(), server_default="0", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("event", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("prev_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("hash", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audience_events")),
        sa.UniqueConstraint("seq", name=op.f("uq_audience_events_seq")),
    )
    protect("audience_events")


def downgrade() -> None:
    raise NotImplementedError("A segment cannot be told as a list.")
