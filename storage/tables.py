"""Every table, once: the metadata that migrations and repositories share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata: Final = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Utc(TypeDecorator[datetime]):
    """An aware UTC time; SQLite keeps it as text that sorts by time."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A time without a zone cannot be stored.")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True, autoincrement=True)


def _fk(name: str, target: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, sa.ForeignKey(target), nullable=nullable)


def _text(name: str, *, nullable: bool = False, default: str = "") -> sa.Column[str]:
    if nullable:
        return sa.Column(name, sa.Text)
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _int(name: str, default: int = 0) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default=str(default))


def _at(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, Utc, nullable=nullable)


# What was asked for ---------------------------------------------------------

briefs = sa.Table(
    "briefs",
    metadata,
    _id(),
    sa.Column("body", sa.JSON, nullable=False),
    _text("sha256"),
    _text("author"),
    # modal, command, shell
    _text("source"),
    # a changed brief is a new row: its version, and the row it was made from
    _int("number", 1),
    sa.Column("parent_id", sa.Integer),
    _at("created_at"),
    sa.Index("ix_briefs_parent_id", "parent_id"),
)

campaigns = sa.Table(
    "campaigns",
    metadata,
    _id(),
    _int("version", 1),
    _text("state"),
    _text("stage", nullable=True),
    _int("step"),
    _text("paused_from", nullable=True),
    _text("reason", nullable=True),
    _fk("brief_id", "briefs.id"),
    _text("title"),
    _text("tier"),
    # why the tier is higher than the brief asked for, in a sentence
    _text("tier_reason", nullable=True),
    _text("author"),
    # whose it is: the key of a team of its own; empty is the centre's
    _text("team"),
    _text("channel"),
    # what its copy is for, and the slot that shows it; empty for mail
    sa.Column("brief_channel", sa.Text, nullable=False, server_default="email"),
    sa.Column("slot", sa.Text, nullable=False, server_default=""),
    _fk("audience_id", "audiences.id"),
    _int("audience_size"),
    _int("suppressed_before"),
    _text("prompt"),
    # policy file version and hash pinned when review opened
    _text("policy_hash"),
    _text("arms_reason", nullable=True),
    _at("send_at", nullable=True),
    _at("step_started_at", nullable=True),
    _at("decides_at", nullable=True),
    _text("judgement", nullable=True),
    _text("moved_by"),
    _at("created_at"),
    _at("updated_at"),
    sa.Index("ix_campaigns_state", "state", "updated_at"),
    sa.Index("ix_campaigns_author", "author", "id"),
    sa.Index("ix_campaigns_brief_id", "brief_id"),
    # every visitor's page asks what its slot shows
    sa.Index("ix_campaigns_slot", "slot", "state", "updated_at"),
)

canary_pins = sa.Table(
    "canary_pins",
    metadata,
    sa.Column(
        "campaign_id",
        sa.Integer,
        sa.ForeignKey("campaigns.id"),
        primary_key=True,
        autoincrement=False,
    ),
    # the canary policy it was approved with, as JSON, and its hash
    _text("body"),
    _text("sha256"),
    _at("pinned_at"),
)

# The words --------------------------------------------------------------------

variants = sa.Table(
    "variants",
    metadata,
    _id(),
    _fk("campaign_id", "campaigns.id"),
    _int("version", 1),
    _text("label"),
    _text("state"),
    sa.Column("revision_id", sa.Integer),
    _int("regenerations"),
    _text("instruction", nullable=True),
    _text("instructed_by", nullable=True),
    # rules that made it be rewritten by itself
    sa.Column("regenerated_for", sa.JSON, nullable=False),
    _text("reason", nullable=True),
    sa.Column("is_arm", sa.Boolean, nullable=False),
    sa.UniqueConstraint("campaign_id", "label"),
)

revisions = sa.Table(
    "revisions",
    metadata,
    _id(),
    _fk("variant_id", "variants.id"),
    _int("number"),
    _fk("parent_id", "revisions.id", nullable=True),
    _text("subject"),
    _text("preheader"),
    _text("body"),
    _text("sha256"),
    sa.Column("origin", sa.JSON, nullable=False),
    _at("created_at"),
    sa.UniqueConstraint("variant_id", "number"),
)

model_calls = sa.Table(
    "model_calls",
    metadata,
    _id(),
    # variant, its version and the attempt: a redelivery does not pay twice
    _text("key"),
    _fk("variant_id", "variants.id"),
    # intent, answered, unusable, failed
    _text("state"),
    _text("endpoint"),
    _text("model"),
    sa.Column("facts", sa.JSON, nullable=False),
    _text("request_sha256"),
    _text("response", nullable=True),
    _at("created_at"),
    _at("answered_at", nullable=True),
    sa.UniqueConstraint("key"),
)

lint_runs = sa.Table(
    "lint_runs",
    metadata,
    _id(),
    _fk("revision_id", "revisions.id"),
    # pass, soft-fail, hard-fail
    _text("outcome"),
    _text("policy_version"),
    _text("policy_hash"),
    _at("created_at"),
    sa.UniqueConstraint("revision_id"),
)

findings = sa.Table(
    "findings",
    metadata,
    _id(),
    _fk("lint_run_id", "lint_runs.id"),
    _text("rule"),
    # hard, soft
    _text("severity"),
    _text("field"),
    _text("message"),
    _text("quote"),
    _int("start"),
    _int("end"),
    sa.Index("ix_findings_lint_run_id", "lint_run_id"),
)

# The people -------------------------------------------------------------------

review_requests = sa.Table(
    "review_requests",
    metadata,
    _id(),
    _fk("campaign_id", "campaigns.id"),
    _fk("variant_id", "variants.id"),
    _fk("revision_id", "revisions.id"),
    _text("stage"),
    # of the stages that were asked at the same time: what campaigns.stage names
    _text("round"),
    _text("role"),
    # how many people have to approve before the question is answered
    _int("approvals_needed", 1),
    # who of the role is asked; None: all of them
    _text("assignee", nullable=True),
    _at("asked_at"),
    _at("due_at"),
    # when the asked were reminded, and when somebody was last asked to step in
    _at("reminded_at", nullable=True),
    _at("escalated_at", nullable=True),
    _at("closed_at", nullable=True),
    _text("outcome", nullable=True),
    _text("decided_by", nullable=True),
    sa.UniqueConstraint("revision_id", "stage"),
    sa.Index("ix_review_requests_open", "role", "closed_at", "due_at"),
    sa.Index("ix_review_requests_campaign_id", "campaign_id"),
    sa.Index("ix_review_requests_assignee", "assignee", "closed_at"),
    sa.Index("ix_review_requests_closed_at", "closed_at"),
)

decisions = sa.Table(
    "decisions",
    metadata,
    _id(),
    _fk("request_id", "review_requests.id"),
    _fk("campaign_id", "campaigns.id"),
    _fk("variant_id", "variants.id"),
    _fk("revision_id", "revisions.id"),
    _text("revision_sha256"),
    _text("stage"),
    _text("actor"),
    sa.Column("is_approval", sa.Boolean, nullable=False),
    # what it was rejected for; none of an approval, nor of older rows
    _text("reason_code", nullable=True),
    _text("reason", nullable=True),
    _text("policy_hash"),
    # the answers to the stage's questions, by question
    sa.Column("answers", sa.JSON, nullable=False, server_default="{}"),
    _at("decided_at"),
    sa.Index("ix_decisions_campaign_id", "campaign_id"),
    sa.Index("ix_decisions_request_id", "request_id"),
    sa.Index("ix_decisions_actor", "actor", "decided_at"),
)

undone_decisions = sa.Table(
    "undone_decisions",
    metadata,
    sa.Column(
        "decision_id", sa.Integer, sa.ForeignKey("decisions.id"), primary_key=True
    ),
    _at("undone_at"),
    sa.Index("ix_undone_decisions_undone_at", "undone_at"),
)

strategy_decisions = sa.Table(
    "strategy_decisions",
    metadata,
    _id(),
    _fk("campaign_id", "campaigns.id"),
    _fk("brief_id", "briefs.id"),
    _text("brief_sha256"),
    _text("actor"),
    sa.Column("is_approval", sa.Boolean, nullable=False),
    _text("reason", nullable=True),
    _at("decided_at"),
    sa.UniqueConstraint("brief_id", "actor"),
    sa.Index("ix_strategy_decisions_campaign_id", "campaign_id"),
)

strategy_waits = sa.Table(
    "strategy_waits",
    metadata,
    # each brief version waits for a brand lead by itself
    sa.Column(
        "brief_id",
        sa.Integer,
        sa.ForeignKey("briefs.id"),
        primary_key=True,
        autoincrement=False,
    ),
    _fk("campaign_id", "campaigns.id"),
    _at("asked_at"),
    _at("due_at"),
    _at("reminded_at", nullable=True),
    # the last time somebody was asked to step in
    _at("escalated_at", nullable=True),
    sa.Index("ix_strategy_waits_campaign_id", "campaign_id"),
)

comments = sa.Table(
    "comments",
    metadata,
    _id(),
    _fk("campaign_id", "campaigns.id"),
    _fk("variant_id", "variants.id"),
    _fk("revision_id", "revisions.id"),
    _text("author"),
    # the words of the text that it is about, letter for letter
    _text("quote"),
    _text("text"),
    _at("created_at"),
    sa.Index("ix_comments_campaign_id", "campaign_id"),
)

suggestions = sa.Table(
    "suggestions",
    metadata,
    _id(),
    _int("version", 1),
    _fk("campaign_id", "campaigns.id"),
    _fk("variant_id", "variants.id"),
    # the text it would replace
    _fk("revision_id", "revisions.id"),
    _text("author"),
    _text("subject"),
    _text("preheader"),
    _text("body"),
    _text("comment"),
    # open, accepted, declined, overtaken
    _text("state"),
    _text("decided_by", nullable=True),
    _at("decided_at", nullable=True),
    _at("created_at"),
    sa.Index("ix_suggestions_campaign_id", "campaign_id"),
)

preferences = sa.Table(
    "preferences",
    metadata,
    sa.Column("user", sa.Text, primary_key=True),
    sa.Column("wants_dm", sa.Boolean, nullable=False, server_default=sa.true()),
    _at("away_from", nullable=True),
    _at("away_until", nullable=True),
    # o'clock of the person's own day; None: no digest
    sa.Column("digest_hour", sa.Integer),
    # as Slack has it, by its IANA name; None: not asked yet
    _text("time_zone", nullable=True),
    # when the relay looks at their digest next
    _at("digest_at", nullable=True),
    sa.Index("ix_preferences_digest_at", "digest_at"),
)

digests = sa.Table(
    "digests",
    metadata,
    _id(),
    _text("user"),
    # the day where the person is: one digest each
    sa.Column("day", sa.Date, nullable=False),
    # due, intent, posted, nothing, late, refused, unknown
    _text("state"),
    _at("due_at"),
    _at("intent_at", nullable=True),
    _text("channel", nullable=True),
    _text("ts", nullable=True),
    _text("error", nullable=True),
    sa.UniqueConstraint("user", "day"),
)

# Who gets it --------------------------------------------------------------------

audiences = sa.Table(
    "audiences",
    metadata,
    _id(),
    _text("key"),
    _text("title"),
    _int("size"),
    _text("source_sha256"),
    _at("imported_at"),
    # list, segment; and the imports of a list: importing, shown, past, swept
    _text("kind", default="list"),
    # of a segment or an import: its list
    sa.Column("list_id", sa.Integer),
    # of a list: the import whose recipients it has; None: they stand under the list
    sa.Column("import_id", sa.Integer),
    # of an import, or a list that had recipients under itself: since when it has not
    # been shown; None: it is, or nothing of it is left to blank
    _at("replaced_at", nullable=True),
    # of a list or an import: kind by attribute
    sa.Column("attributes", sa.JSON, nullable=False, server_default="{}"),
    # of a segment: its filter, and how many could be mailed when it was counted last
    _text("filter"),
    _int("mailable"),
    sa.UniqueConstraint("key"),
)

rfm_thresholds = sa.Table(
    "rfm_thresholds",
    metadata,
    _id(),
    _fk("audience_id", "audiences.id"),
    # by letter: the attribute, its kind, and the four values that part the quintiles
    sa.Column("body", sa.JSON, nullable=False),
    _int("people"),
    _at("computed_at"),
    sa.Index("ix_rfm_thresholds_audience_id", "audience_id"),
)

intents = sa.Table(
    "intents",
    metadata,
    _id(),
    # a keyed hash of an address, or the domain of an account
    _text("subject"),
    _text("topic"),
    sa.Column("score", sa.Float, nullable=False),
    _text("source"),
    sa.Column("seen_at", sa.Date, nullable=False),
    sa.Column("expires_at", sa.Date, nullable=False),
    sa.UniqueConstraint("subject", "topic", "source"),
)

audience_events = sa.Table(
    "audience_events",
    metadata,
    _id(),
    _int("seq"),
    _at("at"),
    _text("actor"),
    _text("event"),
    # canonical JSON, exactly the bytes that were hashed
    _text("detail"),
    _text("prev_hash"),
    _text("hash"),
    sa.UniqueConstraint("seq"),
)

recipients = sa.Table(
    "recipients",
    metadata,
    _id(),
    _fk("audience_id", "audiences.id"),
    _text("address"),
    # keyed hash of the lower-cased address: what suppressions remember
    _text("address_hash"),
    _text("first_name"),
    _text("last_name"),
    _text("company"),
    _text("region"),
    _text("time_zone"),
    _text("locale"),
    _text("provider"),
    sa.Column("has_consent", sa.Boolean, nullable=False),
    _text("domain"),
    # by kind and name, so that what a key holds is always of one kind
    sa.Column("attributes", sa.JSON, nullable=False, server_default="{}"),
    sa.UniqueConstraint("audience_id", "address_hash"),
    # a form counts a million of them while somebody waits
    sa.Index(
        "ix_recipients_consent",
        "audience_id",
        "has_consent",
        sqlite_where=sa.text("has_consent = 1"),
        postgresql_where=sa.text("has_consent"),
    ),
)

suppressions = sa.Table(
    "suppressions",
    metadata,
    _id(),
    _text("address_hash"),
    # complained, unsubscribed, bounced, forgotten
    _text("reason"),
    _fk("campaign_id", "campaigns.id", nullable=True),
    _fk("recipient_id", "recipients.id", nullable=True),
    _at("created_at"),
    _at("pushed_at", nullable=True),
    sa.UniqueConstraint("address_hash"),
    sa.Index("ix_suppressions_campaign_id", "campaign_id"),
    sa.Index("ix_suppressions_recipient_id", "recipient_id"),
)

# What left, and what came back ----------------------------------------------------

cohorts = sa.Table(
    "cohorts",
    metadata,
    _id(),
    _fk("campaign_id", "campaigns.id"),
    _int("step"),
    sa.Column("percent", sa.Float, nullable=False),
    # mails of this step alone
    _int("planned"),
    # of those, at mailbox providers that report complaints
    _int("reporting"),
    sa.Column("expands_itself", sa.Boolean, nullable=False),
    sa.UniqueConstraint("campaign_id", "step"),
)

chunks = sa.Table(
    "chunks",
    metadata,
    _id(),
    _fk("campaign_id", "campaigns.id"),
    _int("version", 1),
    _int("step"),
    _int("number"),
    _int("size"),
    _text("state"),
    _text("batch_id", nullable=True),
    _at("intent_at", nullable=True),
    _at("accepted_at", nullable=True),
    _int("accepted"),
    _int("skipped"),
    # of those skipped: had as many mails as the cap allows
    _int("capped"),
    # of those, at mailbox providers that report complaints
    _int("capped_reporting"),
    _text("reason", nullable=True),
    # where its recipients are; empty while no window asks
    _text("time_zone"),
    # their mailbox provider; empty while no warm-up asks
    _text("provider"),
    # whom it was handed to; empty before, and in older rows
    _text("esp"),
    # it does not leave before, and what it waits for: window, warm_up
    _at("not_before", nullable=True),
    _text("waits_for", nullable=True),
    # of its mails, how many could not be merged
    _int("unmerged"),
    # since when the ESP has put it off, and how many of those skipped it did so for too long
    _at("put_off_at", nullable=True),
    _int("given_up"),
    # two people had it sent again without knowing whether it had left
    sa.Column("may_duplicate", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("campaign_id", "number"),
    sa.Index("ix_chunks_intent_at", "intent_at"),
    # after each of ten thousand chunks it is asked whether any is left
    sa.Index("ix_chunks_state", "campaign_id", "state", "step"),
)

half_plans = sa.Table(
    "half_plans",
    metadata,
    # a plan under way; gone when it is whole
    sa.Column(
        "campaign_id",
        sa.ForeignKey("campaigns.id"),
        primary_key=True,
        autoincrement=False,
    ),
    # the campaign's, and whose recipients its list showed, when it was begun
    _int("version"),
    _int("import_id"),
    # the last recipient who has a place
    _int("after_id"),
    # where the steps end in the order of each mailbox provider
    sa.Column("division", sa.JSON, nullable=False),
    # mails of each step so far, and of those at providers that report complaints
    sa.Column("planned", sa.JSON, nullable=False),
    sa.Column("reporting", sa.JSON, nullable=False),
)

seed_mails = sa.Table(
    "seed_mails",
    metadata,
    # what the team's own mailboxes get: no recipients, and in none of their counts
    _id(),
    _fk("campaign_id", "campaigns.id"),
    _int("version", 1),
    # planned, intent, sent, unknown, failed
    _text("state"),
    _int("seeds"),
    _int("mails"),
    _int("accepted"),
    _at("intent_at", nullable=True),
    _text("reason", nullable=True),
    sa.UniqueConstraint("campaign_id"),
)

sends = sa.Table(
    "sends",
    metadata,
    _id(),
    _fk("campaign_id", "campaigns.id"),
    _fk("recipient_id", "recipients.id"),
    _fk("chunk_id", "chunks.id"),
    _fk("variant_id", "variants.id"),
    _fk("revision_id", "revisions.id"),
    sa.Column("is_skipped", sa.Boolean, nullable=False),
    # at most one mail per recipient per campaign, always
    sa.UniqueConstraint("campaign_id", "recipient_id"),
    sa.Index("ix_sends_chunk_id", "chunk_id"),
    sa.Index("ix_sends_recipient_id", "recipient_id"),
)

exposures = sa.Table(
    "exposures",
    metadata,
    # a visitor who saw a campaign's copy in its slot; events name it as mails' do sends
    _id(),
    _fk("campaign_id", "campaigns.id"),
    _fk("variant_id", "variants.id"),
    # keyed hash of the visitor's key
    _text("visitor"),
    # when we answered with it
    _at("answered_at"),
    # when the site first said anything of this visitor
    _at("reported_at"),
    # each counts once
    sa.UniqueConstraint("campaign_id", "visitor"),
)

delivery_events = sa.Table(
    "delivery_events",
    metadata,
    # led by campaign and time: 4-6 times faster to append than a random key
    sa.Column("campaign_id", sa.Integer, nullable=False),
    # seconds since the epoch
    sa.Column("at", sa.Integer, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("send_id", sa.Integer, nullable=False),
    sa.Column("is_hard", sa.Boolean, nullable=False),
    sa.Column("is_machine", sa.Boolean, nullable=False),
    sa.Column("url", sa.Text),
    sa.PrimaryKeyConstraint("campaign_id", "at", "event_id"),
    sqlite_with_rowid=False,
)

firsts = sa.Table(
    "firsts",
    metadata,
    # the first event of a kind per mail: what rates count
    sa.Column("campaign_id", sa.Integer, nullable=False),
    sa.Column("metric", sa.Text, nullable=False),
    sa.Column("send_id", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("campaign_id", "metric", "send_id"),
    sqlite_with_rowid=False,
)

counters = sa.Table(
    "counters",
    metadata,
    sa.Column("campaign_id", sa.Integer, nullable=False),
    sa.Column("metric", sa.Text, nullable=False),
    # start of the bucket, seconds since the epoch
    sa.Column("bucket", sa.Integer, nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("campaign_id", "metric", "bucket"),
    sqlite_with_rowid=False,
)

pulses = sa.Table(
    "pulses",
    metadata,
    # when a campaign's events last arrived: stale data never expands
    sa.Column("campaign_id", sa.Integer, primary_key=True, autoincrement=False),
    _at("last_event_at"),
    _at("last_ingest_at"),
)

conversions = sa.Table(
    "conversions",
    metadata,
    _id(),
    _fk("campaign_id", "campaigns.id"),
    _fk("variant_id", "variants.id"),
    _text("kind"),
    # keyed hash of the sender's own id of the event: it counts once
    _text("event_hash"),
    sa.Column("value", sa.Float),
    # webhook, file
    _text("source"),
    _at("at"),
    _at("received_at"),
    sa.UniqueConstraint("campaign_id", "kind", "event_hash"),
)

# Stopping -------------------------------------------------------------------------

second_asks = sa.Table(
    "second_asks",
    metadata,
    # an act that takes two people: who asked first, and until when another may confirm
    _id(),
    _fk("campaign_id", "campaigns.id"),
    # expand, extend, send_again
    _text("act"),
    # the row it acts on and the version it was asked about: a move voids it
    _int("row_id"),
    _int("row_version"),
    _text("asked_by"),
    _at("asked_at"),
    _at("expires_at"),
    _text("confirmed_by", nullable=True),
    _at("confirmed_at", nullable=True),
    sa.UniqueConstraint("act", "row_id", "row_version"),
    sa.Index("ix_second_asks_campaign_id", "campaign_id"),
)

incidents = sa.Table(
    "incidents",
    metadata,
    _id(),
    _fk("campaign_id", "campaigns.id"),
    _text("trigger"),
    _text("actor"),
    _text("reason", nullable=True),
    _int("mails_out"),
    _int("mails_spared"),
    _int("leaked"),
    sa.Column("evidence", sa.JSON, nullable=False),
    _at("onset_at", nullable=True),
    # when the first bad event was taken in, and when the numbers broke the limit
    _at("ingested_at", nullable=True),
    _at("detected_at", nullable=True),
    _at("opened_at"),
    _at("contained_at", nullable=True),
    _at("told_at", nullable=True),
    # not contained in time: since when that is said loudly
    _at("late_at", nullable=True),
    # what people say of it afterwards
    _text("cause", nullable=True),
    _text("missed_by", nullable=True),
    _text("missed_why", nullable=True),
    _at("closed_at", nullable=True),
    _text("closed_by", nullable=True),
    sa.UniqueConstraint("campaign_id"),
)

alerts = sa.Table(
    "alerts",
    metadata,
    # what an address outside Slack is told about an incident, once of each kind
    _id(),
    _fk("incident_id", "incidents.id"),
    # page, ticket
    _text("kind"),
    _int("version", 1),
    # intent, delivered, failed
    _text("state"),
    # host it goes to; the rest of the address may be a secret
    _text("host"),
    _int("attempts"),
    _text("error", nullable=True),
    _at("created_at"),
    _at("done_at", nullable=True),
    sa.UniqueConstraint("incident_id", "kind"),
)

action_items = sa.Table(
    "action_items",
    metadata,
    _id(),
    _fk("incident_id", "incidents.id"),
    _text("text"),
    _text("owner"),
    _at("due_at"),
    _text("created_by"),
    _at("created_at"),
    _at("reminded_at", nullable=True),
    _at("done_at", nullable=True),
    _text("done_by", nullable=True),
    sa.Index("ix_action_items_incident_id", "incident_id"),
)

rollback_steps = sa.Table(
    "rollback_steps",
    metadata,
    _id(),
    _fk("incident_id", "incidents.id"),
    _text("name"),
    _text("target"),
    _text("state"),
    _int("version", 1),
    _int("attempts"),
    _text("detail", nullable=True),
    _at("done_at", nullable=True),
    sa.UniqueConstraint("incident_id", "name", "target"),
)

# append-only, both: what is frozen, and what people did about it
freezes = sa.Table(
    "freezes",
    metadata,
    _id(),
    # tenant, team, esp
    _text("scope"),
    # a team's key or an ESP's name; empty: the whole desk
    _text("target"),
    _text("reason"),
    _text("by"),
    _at("frozen_at"),
    _at("until"),
    sa.Index("ix_freezes_until", "until"),
)

freeze_acts = sa.Table(
    "freeze_acts",
    metadata,
    _id(),
    _fk("freeze_id", "freezes.id"),
    # frozen, lift_asked, lifted: each once; lift_asked.1 and on, asked again
    _text("act"),
    _text("actor"),
    _at("at"),
    sa.UniqueConstraint("freeze_id", "act"),
)

freeze_waits = sa.Table(
    "freeze_waits",
    metadata,
    # a campaign that would have gone on, and which freeze stopped it
    _fk("campaign_id", "campaigns.id"),
    _fk("freeze_id", "freezes.id"),
    _at("since"),
    # the judge let it go on before it was stopped
    sa.Column("is_passed", sa.Boolean, nullable=False),
    _at("went_on_at", nullable=True),
    sa.PrimaryKeyConstraint("campaign_id", "freeze_id"),
    sa.Index("ix_freeze_waits_freeze_id", "freeze_id"),
)

freeze_notices = sa.Table(
    "freeze_notices",
    metadata,
    # the one message about a freeze in each channel, edited in place
    _fk("freeze_id", "freezes.id"),
    sa.Column("channel", sa.Text, nullable=False),
    _text("ts"),
    _text("rendered_sha256"),
    sa.PrimaryKeyConstraint("freeze_id", "channel"),
)

# The machinery ----------------------------------------------------------------------

slack_messages = sa.Table(
    "slack_messages",
    metadata,
    _id(),
    # which surface it is, for example campaign:42 or variant:7
    _text("key"),
    _fk("campaign_id", "campaigns.id"),
    _int("version", 1),
    # intent, posted, blocked
    _text("state"),
    _text("channel"),
    _text("ts", nullable=True),
    _text("thread_ts", nullable=True),
    _text("rendered_sha256"),
    # a job that holds the row; another may take it after this
    _at("claimed_until", nullable=True),
    # since when Slack could not be told what it should show; None: it shows it
    _at("behind_since", nullable=True),
    _text("error", nullable=True),
    sa.UniqueConstraint("key"),
    sa.Index("ix_slack_messages_campaign_id", "campaign_id"),
)

uploads = sa.Table(
    "uploads",
    metadata,
    _id(),
    _int("version", 1),
    # one of `domain.upload.UploadState`
    _text("state"),
    _text("user"),
    # what a brief calls the list, and what people call it
    _text("key"),
    _text("title"),
    # Slack has the file; nothing of it is kept but what was found
    _text("file_id"),
    _text("file_name"),
    sa.Column("wanted", sa.JSON, nullable=False),
    sa.Column("found", sa.JSON, nullable=False),
    _text("said"),
    _text("channel"),
    _text("ts", nullable=True),
    _at("moved_at"),
    sa.Index("ix_uploads_moved_at", "moved_at"),
)

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("external_id", sa.Text, nullable=False),
    _text("response"),
    _at("created_at"),
    sa.PrimaryKeyConstraint("source", "external_id"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    _id(),
    _text("dedup_key"),
    _text("task"),
    # the row the task works on and the version it expects
    _int("row_id"),
    _int("row_version"),
    # None: the job is about a person, not a campaign
    _fk("campaign_id", "campaigns.id", nullable=True),
    _at("available_at"),
    _int("attempts"),
    _at("published_at", nullable=True),
    _at("finished_at", nullable=True),
    _at("created_at"),
    sa.UniqueConstraint("dedup_key"),
    sa.Index("ix_outbox_unfinished", "finished_at", "published_at", "available_at"),
    sa.Index("ix_outbox_row", "task", "row_id", "id"),
)

deadlines = sa.Table(
    "deadlines",
    metadata,
    _id(),
    _fk("campaign_id", "campaigns.id"),
    # start, judge, resolve, remind, overdue, thaw
    _text("kind"),
    # a transition makes older versions inert
    _int("version"),
    _at("due_at"),
    _at("fired_at", nullable=True),
    sa.UniqueConstraint("campaign_id", "kind", "version"),
    sa.Index("ix_deadlines_due", "fired_at", "due_at"),
)

audit_events = sa.Table(
    "audit_events",
    metadata,
    _id(),
    _fk("campaign_id", "campaigns.id"),
    _int("seq"),
    _at("at"),
    _text("actor"),
    _text("event"),
    _text("from_state", nullable=True),
    _text("to_state", nullable=True),
    # canonical JSON, exactly the bytes that were hashed
    _text("detail"),
    _text("prev_hash"),
    _text("hash"),
    sa.UniqueConstraint("campaign_id", "seq"),
)

audit_seals = sa.Table(
    "audit_seals",
    metadata,
    _id(),
    _fk("audit_event_id", "audit_events.id"),
    _text("prev_hash"),
    _text("hash"),
    sa.UniqueConstraint("audit_event_id"),
)

# What Slack says of people and groups -------------------------------------------

slack_people = sa.Table(
    "slack_people",
    metadata,
    sa.Column("user", sa.Text, primary_key=True),
    _text("name"),
    sa.Column("is_deleted", sa.Boolean, nullable=False),
    sa.Column("is_external", sa.Boolean, nullable=False),
    sa.Column("is_guest", sa.Boolean, nullable=False),
    sa.Column("is_bot", sa.Boolean, nullable=False),
    _at("seen_at"),
)

slack_groups = sa.Table(
    "slack_groups",
    metadata,
    # a user group's id, or a channel's
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("members", sa.JSON, nullable=False),
    _at("seen_at"),
)

slack_asks = sa.Table(
    "slack_asks",
    metadata,
    _id(),
    _text("slack_id"),
    # an answer to an older asking is not believed
    _int("version", 1),
    _at("ask_at"),
    sa.UniqueConstraint("slack_id"),
    sa.Index("ix_slack_asks_ask_at", "ask_at"),
)

APPEND_ONLY: Final = (
    "audience_events",
    "audit_events",
    "audit_seals",
    "decisions",
    "freeze_acts",
    "freezes",
    "revisions",
)
"""Tables that a trigger protects from update and delete."""
