"""The review desk"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.append_only import protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("briefs", "comments", "strategy_decisions", "undone_decisions")


def upgrade() -> None:
    op.create_table(
        "preferences",
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("wants_dm", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("away_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("away_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("user", name=op.f("pk_preferences")),
    )
    op.create_table(
        "strategy_decisions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("brief_id", sa.Integer(), nullable=False),
        sa.Column("brief_sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("is_approval", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["brief_id"], ["briefs.id"], name=op.f("fk_strategy_decisions_brief_id")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_strategy_decisions_campaign_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strategy_decisions")),
        sa.UniqueConstraint(
            "brief_id", "actor", name=op.f("uq_strategy_decisions_brief_id_actor")
        ),
    )
    with op.batch_alter_table("strategy_decisions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_strategy_decisions_campaign_id", ["campaign_id"], unique=False
        )

    op.create_table(
        "comments",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("variant_id", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.Column("quote", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_comments_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revisions.id"], name=op.f("fk_comments_revision_id")
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variants.id"], name=op.f("fk_comments_variant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    with op.batch_alter_table("comments", schema=None) as batch_op:
        batch_op.create_index("ix_comments_campaign_id", ["campaign_id"], unique=False)

    op.create_table(
        "suggestions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("variant_id", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("preheader", sa.Text(), server_default="", nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_suggestions_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revisions.id"], name=op.f("fk_suggestions_revision_id")
        ),
        sa.ForeignKeyConstraint(
            ["variant_id"], ["variants.id"], name=op.f("fk_suggestions_variant_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestions")),
    )
    with op.batch_alter_table("suggestions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_suggestions_campaign_id", ["campaign_id"], unique=False
        )

    with op.batch_alter_table("briefs", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("number", sa.Integer(), server_default="1", nullable=False)
        )
        batch_op.add_column(sa.Column("parent_id", sa.Integer(), nullable=True))
        batch_op.create_index("ix_briefs_parent_id", ["parent_id"], unique=False)

    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tier_reason", sa.Text(), nullable=True))
        batch_op.create_index("ix_campaigns_brief_id", ["brief_id"], unique=False)
        batch_op.drop_index("ix_campaigns_author")
        batch_op.create_index("ix_campaigns_author", ["author", "id"], unique=False)
        batch_op.drop_index("ix_campaigns_state")
        batch_op.create_index(
            "ix_campaigns_state", ["state", "updated_at"], unique=False
        )

    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("answers", sa.JSON(), server_default="{}", nullable=False)
        )
        batch_op.drop_constraint(
            batch_op.f("uq_decisions_request_id_actor"), type_="unique"
        )
        batch_op.create_index(
            "ix_decisions_actor", ["actor", "decided_at"], unique=False
        )
        batch_op.create_index("ix_decisions_request_id", ["request_id"], unique=False)

    with op.batch_alter_table("review_requests", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "approvals_needed", sa.Integer(), server_default="1", nullable=False
            )
        )
        batch_op.add_column(sa.Column("assignee", sa.Text(), nullable=True))
        batch_op.add_column(
            sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True)
        )
        batch_op.add_column(
            sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True)
        )
        batch_op.drop_index("ix_review_requests_open")
        batch_op.create_index(
            "ix_review_requests_open", ["role", "closed_at", "due_at"], unique=False
        )
        batch_op.create_index(
            "ix_review_requests_assignee", ["assignee", "closed_at"], unique=False
        )

    op.create_table(
        "undone_decisions",
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["decisions.id"],
            name=op.f("fk_undone_decisions_decision_id"),
        ),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_undone_decisions")),
    )
    if op.get_bind().dialect.name == "sqlite":
        # the table was made anew, without its triggers
        protect("decisions")
    for table in APPEND_ONLY:
        protect(table)


def downgrade() -> None:
    raise NotImplementedError(
        "Decisions that were undone cannot be told any other way."
    )
