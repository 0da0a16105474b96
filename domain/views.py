"""Read models: what a card, a command or the Home tab needs to know, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.campaign import CampaignId, State
from domain.canary import CanaryPolicy
from domain.review import RequestId, Stage, Team
from domain.send import ChunkId
from domain.variant import Copy, Origin, RevisionId, VariantId, VariantState


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a view needs that is not in the database: the playbook's share."""

    team: Team
    # per tier, in order
    stages: Mapping[str, tuple[Stage, ...]]
    canary: CanaryPolicy
    practice: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionLine:
    """Who decided what about which text, and when."""

    stage: str
    variant_label: str
    actor: str
    is_approval: bool
    reason: str | None
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingLine:
    rule: str
    # "hard" or "soft"
    severity: str
    field: str
    message: str
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantLine:
    """One variant in a single line of the campaign card."""

    label: str
    state: VariantState
    hard: int
    soft: int
    # rules that made it be rewritten by itself
    regenerated_for: tuple[str, ...]
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewView:
    """Where a campaign stands in review."""

    stage: str
    # 1-based
    number: int
    total: int
    role: str
    asked: tuple[str, ...]
    due_at: datetime | None
    # variants this stage lets through; None when it takes all
    quota: int | None
    approved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One bucket of the live plot: cumulative counts at `at`."""

    at: datetime
    delivered: int
    clicks: int
    complaints: int
    unsubscribes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryView:
    """Live numbers of the mails out so far (cumulative over ladder steps)."""

    # 0-based ladder step and its share of the list in percent
    step: int
    steps_total: int
    percent: float
    planned: int
    reporting: int
    accepted: int
    delivered: int
    opens: int
    machine_opens: int
    clicks: int
    machine_clicks: int
    complaints: int
    # the count at which it rolls back by itself; None when it cannot see complaints
    breach_at: int | None
    unsubscribes: int
    hard_bounces: int
    deferred: int
    started_at: datetime | None
    decides_at: datetime | None
    foresight: str
    # the judge's latest sentence
    judgement: str | None
    last_event_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownChunk:
    """A chunk whose call never answered: a person chooses what it was."""

    chunk_id: ChunkId
    version: int
    number: int
    size: int
    events_seen: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    name: str
    target: str
    state: str
    detail: str | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    id: int
    campaign_id: CampaignId
    title: str
    trigger: str
    actor: str
    reason: str | None
    mails_out: int
    mails_spared: int
    # accepted by the ESP after the gate was shut
    leaked: int
    suppressed: int
    onset_at: datetime | None
    opened_at: datetime
    contained_at: datetime | None
    told_at: datetime | None
    steps: tuple[StepLine, ...]
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignCard:
    """Everything the campaign card shows, in any state."""

    id: CampaignId
    version: int
    title: str
    channel: str
    tier: str
    recipients: int
    state: State
    author: str
    # Slack channel id, and the card's own message when it is posted
    slack_channel: str
    slack_ts: str | None
    prompt: str
    writers: tuple[str, ...]
    is_sample: bool
    # e.g. ("practice Slack", "practice ESP", "practice time: 1 s stands for 4 min")
    practice: tuple[str, ...]
    variants_asked: int
    variants: tuple[VariantLine, ...]
    review: ReviewView | None
    decisions: tuple[DecisionLine, ...]
    # labels of the variants that are sent, and why those
    arms: tuple[str, ...]
    arms_reason: str | None
    canary: CanaryView | None
    unknown_chunks: tuple[UnknownChunk, ...]
    incident: IncidentView | None
    mails_out: int
    mails_left: int
    skipped: int
    suppressed_before: int
    reason: str | None
    paused_from: State | None
    moved_by: str
    moved_at: datetime
    send_at: datetime | None
    created_at: datetime
    # time since the campaign reached its state is counted from `moved_at`


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantCard:
    """Everything a variant's message in the thread shows."""

    campaign_id: CampaignId
    campaign_title: str
    campaign_state: State
    tier: str
    variant_id: VariantId
    version: int
    label: str
    state: VariantState
    revision_id: RevisionId | None
    revision_number: int
    text: Copy | None
    origin: Origin | None
    findings: tuple[FindingLine, ...]
    # the open question about this very text, if any
    request_id: RequestId | None
    stage: str | None
    asked: tuple[str, ...]
    due_at: datetime | None
    decisions: tuple[DecisionLine, ...]
    regenerations: int
    instruction: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionView:
    """A revision beside its parent, for the diff and for reading it all."""

    campaign_id: CampaignId
    variant_id: VariantId
    variant_label: str
    revision_id: RevisionId
    number: int
    text: Copy
    origin: Origin
    parent: Copy | None
    created_at: datetime
    findings: tuple[FindingLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignLine:
    """One campaign in a list (`/brief list`, `/rollback`, Home, `campaign list`)."""

    id: CampaignId
    title: str
    state: State
    stage: str | None
    tier: str
    author: str
    recipients: int
    mails_out: int
    mails_left: int
    complaints: int
    updated_at: datetime
    permalink_channel: str
    permalink_ts: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingLine:
    """A review request that waits for the reader."""

    request_id: RequestId
    campaign_id: CampaignId
    title: str
    variant_label: str
    stage: str
    tier: str
    recipients: int
    due_at: datetime
    slack_channel: str
    slack_ts: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeView:
    user: str
    is_known: bool
    roles: tuple[str, ...]
    waiting: tuple[WaitingLine, ...]
    mine: tuple[CampaignLine, ...]
    live: tuple[CampaignLine, ...]
    practice: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceLine:
    """A segment that a brief can name."""

    key: str
    title: str
    # recipients with consent who are not suppressed
    mailable: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """One audit event as a person reads it."""

    campaign_id: CampaignId
    seq: int
    at: datetime
    actor: str
    event: str
    from_state: str | None
    to_state: str | None
    detail: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskStatus:
    """What `/desk status` prints."""

    by_state: tuple[tuple[str, int], ...]
    queued_jobs: int
    oldest_job_age_s: float | None
    parked: tuple[CampaignLine, ...]
    live: tuple[CampaignLine, ...]
    practice: tuple[str, ...]
