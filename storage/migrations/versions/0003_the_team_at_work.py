"""The team at work: reasons, members by Slack, digests, rounds"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("decisions", sa.Column("reason_code", sa.Text(), nullable=True))
    op.create_index("ix_review_requests_closed_at", "review_requests", ["closed_at"])
    op.create_index("ix_undone_decisions_undone_at", "undone_decisions", ["undone_at"])
    op.add_column(
        "review_requests",
        sa.Column("round", sa.Text(), server_default="", nullable=False),
    )
    op.add_column(
        "campaigns", sa.Column("team", sa.Text(), server_default="", nullable=False)
    )
    op.add_column(
        "slack_messages",
        sa.Column("behind_since", sa.DateTime(timezone=True), nullable=True),
    )
    # until now every stage was asked alone
    op.execute("UPDATE review_requests SET round = stage")
    _digests()
    _strategy_waits()
    _members()


def _digests() -> None:
    op.add_column("preferences", sa.Column("digest_hour", sa.Integer(), nullable=True))
    op.add_column("preferences", sa.Column("time_zone", sa.Text(), nullable=True))
    op.add_column(
        "preferences",
        sa.Column("digest_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index("ix_preferences_digest_at", "preferences", ["digest_at"])
    op.create_table(
        "digests",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("user", sa.Text(), server_default="", nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("intent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("ts", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digests")),
        sa.UniqueConstraint("user", "day", name=op.f("uq_digests_user_day")),
    )
    # SQLite makes the table anew; outbox has no triggers to lose
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.alter_column("campaign_id", existing_type=sa.Integer(), nullable=True)


def _strategy_waits() -> None:
    op.create_table(
        "strategy_waits",
        sa.Column("brief_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["brief_id"], ["briefs.id"], name=op.f("fk_strategy_waits_brief_id")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_strategy_waits_campaign_id"),
        ),
        sa.PrimaryKeyConstraint("brief_id", name=op.f("pk_strategy_waits")),
    )
    op.create_index("ix_strategy_waits_campaign_id", "strategy_waits", ["campaign_id"])
    # what waits already starts its time when the relay comes by: the hours are the
    # playbook's
    op.execute(
        "INSERT INTO deadlines (campaign_id, kind, version, due_at)"
        " SELECT c.id, 'remind', c.version, c.updated_at FROM campaigns c"
        " WHERE c.state = 'awaiting_brand_lead' AND NOT EXISTS"
        " (SELECT 1 FROM strategy_decisions d WHERE d.brief_id = c.brief_id)"
    )


def _members() -> None:
    op.create_table(
        "slack_people",
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.Column("is_external", sa.Boolean(), nullable=False),
        sa.Column("is_guest", sa.Boolean(), nullable=False),
        sa.Column("is_bot", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user", name=op.f("pk_slack_people")),
    )
    op.create_table(
        "slack_groups",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("members", sa.JSON(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_groups")),
    )
    op.create_table(
        "slack_asks",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("slack_id", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("ask_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_asks")),
        sa.UniqueConstraint("slack_id", name=op.f("uq_slack_asks_slack_id")),
    )
    op.create_index("ix_slack_asks_ask_at", "slack_asks", ["ask_at"])


def downgrade() -> None:
    raise NotImplementedError(
        "Questions of stages side by side cannot be told any other way."
    )
