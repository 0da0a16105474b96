"""Read models: what a card, a command or the Home tab needs to know, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.campaign import CampaignId, State
from domain.canary import CanaryPolicy, Reading
from domain.channel import Channel
from domain.comment import CommentId, SuggestionId, SuggestionState
from domain.comparison import PostedComparison
from domain.conversion import ConversionLine
from domain.federation import TeamRules, everyone
from domain.freeze import Freeze
from domain.incident import ActionItem, Alert, Cause, OnCall, Runbook
from domain.preferences import Preferences
from domain.rejection import RejectReason
from domain.review import EscalateBy, RequestId, Stage, Team
from domain.review_rules import ReviewRules
from domain.second_person import Act
from domain.seeds import SeedMails
from domain.send import ChunkId
from domain.sending import WaitsFor
from domain.strategy import StrategyDecision
from domain.undo import DecisionId
from domain.variant import Copy, Origin, RevisionId, VariantId, VariantState


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a view needs that is not in the database: the playbook's share."""

    team: Team
    # per tier, in order
    stages: Mapping[str, tuple[Stage, ...]]
    canary: CanaryPolicy
    practice: tuple[str, ...]
    rules: ReviewRules = field(default_factory=ReviewRules)
    # the name of the ESP that mails leave by
    esp: str = ""
    # its title, when it reports nothing of what it took
    mute_esp: str = ""
    # teams of their own, by key
    teams: Mapping[str, TeamRules] = field(default_factory=dict)
    # mailboxes of the team that get each variant
    seeds: int = 0

    def of(self, team: str) -> Facts:
        """What holds for a team's campaigns; a team that is gone falls to the centre."""
        found = self.teams.get(team)
        if found is None or found.team is self.team:
            return self
        return replace(self, team=found.team, stages=found.stages, rules=found.rules)

    @property
    def everyone(self) -> Team:
        """All who work here, with every role that any team gives them."""
        return everyone(self.team, self.teams)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionLine:
    """Who decided what about which text, and when.

    Attributes:
        holds_from: Number of the earlier revision that was approved, when the approval
            still holds for the present one.
        code: What it was rejected for; None for an approval, or in an older record.
    """

    stage: str
    variant_label: str
    actor: str
    is_approval: bool
    reason: str | None
    decided_at: datetime
    holds_from: int | None = None
    code: RejectReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectLine:
    """What a new revision did to an approval of an earlier one."""

    stage: str
    approver: str
    # number of the revision that was approved
    given_for: int
    holds: bool
    # a clause
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoLine:
    """The newest decision about a variant, while its decider may take it back."""

    decision_id: DecisionId
    actor: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawnLine:
    """A stage that was asked too early: the decision before it was taken back."""

    stage: str
    role: str
    # who took their decision back
    actor: str
    at: datetime
    # who of the role had been asked; None: all of them
    assignee: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoneLine:
    """A decision that was taken back."""

    decision_id: DecisionId
    stage: str
    variant_label: str
    actor: str
    is_approval: bool
    undone_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentLine:
    """What a person said about a revision."""

    id: CommentId
    variant_label: str
    revision_number: int
    author: str
    # empty when it is about the whole text
    quote: str
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionView:
    """Other words for a revision, beside those it has."""

    id: SuggestionId
    campaign_id: CampaignId
    campaign_state: State
    variant_label: str
    revision_number: int
    author: str
    before: Copy
    after: Copy
    comment: str
    state: SuggestionState
    decided_by: str | None
    decided_at: datetime | None
    # who may accept or decline it
    owners: tuple[str, ...]
    # what the text is for, which names its parts
    channel: Channel = Channel.EMAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingLine:
    rule: str
    # "hard" or "soft"
    severity: str
    # the part as people call it: an ad has a headline
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
class Nudge:
    """A word about questions that nobody has answered: a reminder or an escalation."""

    at: datetime
    # of the variants that are asked about
    labels: tuple[str, ...]
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewView:
    """Where a campaign stands in one stage of the open round.

    Attributes:
        quota: Variants the round lets through; None when it takes all.
        approved: Texts that every stage of the round has approved.
        is_through: The stage has approved every text that is in review.
        approvals_needed: How many people have to approve each open text.
        reminded: The last reminder to those asked; None once it is answered.
        escalated: The last time others were asked to step in; None once answered.
        escalated_to: Whom that tells.
        passes_by_itself: What passes lint is approved when it is due.
        is_spot_checked: It would be, but it is in the sample that people look at.
    """

    stage: str
    role: str
    asked: tuple[str, ...]
    # None: nothing is open in it
    due_at: datetime | None
    # 1-based
    number: int = 1
    total: int = 1
    # other stages that are asked at the same time
    beside: tuple[str, ...] = ()
    quota: int | None = None
    approved: int = 0
    is_through: bool = False
    approvals_needed: int = 1
    reminded: Nudge | None = None
    escalated: Nudge | None = None
    escalated_to: tuple[str, ...] = ()
    escalated_by: EscalateBy = EscalateBy.THREAD
    passes_by_itself: bool = False
    is_spot_checked: bool = False
    # all who hold the role are out of office
    is_pool_empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyView:
    """Where a brief stands with the brand leads, and what they read before deciding."""

    brief_id: int
    # the brief's version, 1-based
    number: int
    # brand leads who may decide
    asked: tuple[str, ...]
    # fields that differ from the version before
    changed: tuple[str, ...]
    decision: StrategyDecision | None
    objective: str
    audience: str
    key_message: str
    offer: str
    cta_url: str
    # None: nobody is asked now, it is decided or given back
    due_at: datetime | None = None
    reminded_at: datetime | None = None
    # the last time others were asked to step in, and whom that tells
    escalated_at: datetime | None = None
    escalated_to: tuple[str, ...] = ()
    escalated_by: EscalateBy = EscalateBy.THREAD


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
    guardrails: tuple[Reading, ...] = ()
    # which policy judges it, and since when, in a sentence
    limits: str = ""
    # where visitors see it, who are counted for mails then; empty for mails
    slot: str = ""
    # the ESP's title, when it reports nothing of what it took
    mute_esp: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitLine:
    """Mails that leave by themselves later, and what they wait for."""

    mails: int
    until: datetime
    why: WaitsFor
    # where their recipients are, and `until` on the clock there; None when not known
    time_zone: str = ""
    there: datetime | None = None


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
class AskLine:
    """What one person asked for and a second has to confirm.

    Attributes:
        chunk: Number of the chunk it is about; None: the campaign.
    """

    act: Act
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    chunk: int | None


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
    # where visitors saw it, who are counted for mails then; empty for mails
    slot: str = ""
    ingested_at: datetime | None = None
    detected_at: datetime | None = None
    # not contained in time
    late_at: datetime | None = None
    cause: Cause | None = None
    missed_by: str | None = None
    missed_why: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    alerts: tuple[Alert, ...] = ()
    actions: tuple[ActionItem, ...] = ()
    # what the playbook says: where to begin, and whether anybody outside is paged
    runbook: Runbook | None = None
    pages: bool = False

    def with_playbook(self, on_call: OnCall) -> IncidentView:
        """With the playbook's share, which is not in the database."""
        return replace(
            self,
            runbook=on_call.runbook(self.cause, self.trigger),
            pages=bool(on_call.page_url),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignCard:
    """Everything the campaign card shows, in any state."""

    id: CampaignId
    version: int
    title: str
    # what its copy is for; Slack's is `slack_channel`
    channel: Channel
    tier: str
    # of a campaign that is no mail: people it is written for
    recipients: int
    state: State
    author: str
    # key of the team of its own that it is of, and that team's name; empty: the centre's
    team: str
    team_name: str
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
    # None for a brief that no brand lead is asked about
    strategy: StrategyView | None
    # the stages of the open round, in order
    reviews: tuple[ReviewView, ...]
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
    # why it is reviewed more strictly than its brief asked for
    tier_reason: str | None = None
    # what the sender's own pages reported, the brief's metric first
    conversions: tuple[ConversionLine, ...] = ()
    # what keeps its mails from leaving, of several what lasts longest
    frozen: Freeze | None = None
    # of the steps so far, what leaves first before the rest
    waits: tuple[WaitLine, ...] = ()
    # of those skipped, who have had as many mails as they may
    capped: int = 0
    # of those skipped, whom the ESP has put off for too long
    given_up: int = 0
    # what waits for a second person
    asks: tuple[AskLine, ...] = ()
    # recipients who read a fallback for privacy
    kept_back: int = 0
    # where visitors see it, and whose version everybody sees there; empty for mails
    slot: str = ""
    slot_live: CampaignId | None = None
    # mailboxes of the team that will get each variant; what became of that, once begun
    seeds_named: int = 0
    seeds: SeedMails | None = None
    # time since the campaign reached its state is counted from `moved_at`


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionView:
    """What one stage is asked about a text, and how far it is with the answer."""

    request_id: RequestId
    stage: str
    role: str
    # who may answer and has not
    asked: tuple[str, ...]
    due_at: datetime
    approvals_needed: int = 1
    approved_by: tuple[str, ...] = ()
    # all who hold the role are out of office
    is_pool_empty: bool = False


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
    # open questions about this very text: one, or one for each stage of the round
    questions: tuple[QuestionView, ...]
    decisions: tuple[DecisionLine, ...]
    regenerations: int
    instruction: str | None
    reason: str | None
    undo: UndoLine | None = None
    withdrawn: tuple[WithdrawnLine, ...] = ()
    channel: Channel = Channel.EMAIL


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
    channel: Channel = Channel.EMAIL


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
    # of a strategy that waits for a brand lead
    due_at: datetime | None = None
    channel: Channel = Channel.EMAIL
    # where visitors see it, who are counted for mails then; empty for mails
    slot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingLine:
    """A review request that waits for the reader, or for somebody else on the team."""

    request_id: RequestId
    campaign_id: CampaignId
    title: str
    variant_id: VariantId
    variant_label: str
    stage: str
    role: str
    tier: str
    recipients: int
    asked_at: datetime
    due_at: datetime
    slack_channel: str
    slack_ts: str | None
    # to the reader
    is_assigned: bool = False
    reminded_at: datetime | None = None
    channel: Channel = Channel.EMAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLine:
    """One person who could be asked, and what they have been asked already."""

    user: str
    name: str
    # open questions that are assigned to them
    waiting: int
    # None: they are in
    away_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignView:
    """Who is asked in a stage, and who could be.

    Attributes:
        reader: Who wants to say so.
        assignee: Who is asked now; None: everyone of the role.
        seen: The last assignment (`domain.pool.Assignment.seq`); 0: there was none.
        pool: Those whom role and separation of duties allow, in file order.
    """

    request_id: RequestId
    campaign_id: CampaignId
    title: str
    stage: str
    role: str
    reader: str
    labels: tuple[str, ...]
    assignee: str | None
    due_at: datetime
    seen: int
    pool: tuple[PoolLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedLine:
    """One of the reader's own decisions that still stands."""

    campaign_id: CampaignId
    title: str
    decision: DecisionLine


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekView:
    """The last seven days in numbers."""

    sent: int
    rolled_back: int
    rejected: int
    # the reader's own
    decided: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeView:
    """One person's Home.

    Attributes:
        waiting: The most pressing first; of very many, those due first.
        passing: How many of the lowest tier could be approved in one go.
        strategies: Briefs whose strategy waits for the reader, a brand lead.
        late_strategies: Those that are overdue, for whoever is no brand lead.
        cut: Names of the lists that had more than they hold.
    """

    user: str
    is_known: bool
    roles: tuple[str, ...]
    waiting: tuple[WaitingLine, ...]
    passing: int
    strategies: tuple[CampaignLine, ...]
    mine: tuple[CampaignLine, ...]
    live: tuple[CampaignLine, ...]
    overdue: tuple[WaitingLine, ...]
    decided: tuple[DecidedLine, ...]
    week: WeekView
    preferences: Preferences
    cut: frozenset[str]
    practice: tuple[str, ...]
    late_strategies: tuple[CampaignLine, ...] = ()
    freezes: tuple[Freeze, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestView:
    """What one person's digest tells them.

    Attributes:
        waiting: As on Home, the most pressing first.
        overdue: What others of the reader's roles are late with.
        live: Campaigns of theirs whose mail is going out, or held.
        mine: Their other briefs that have not ended, or ended within a day.
        cut: Names of the lists that had more than they hold.
    """

    user: str
    waiting: tuple[WaitingLine, ...]
    strategies: tuple[CampaignLine, ...]
    overdue: tuple[WaitingLine, ...]
    live: tuple[CampaignLine, ...]
    mine: tuple[CampaignLine, ...]
    cut: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        return not any(
            (self.waiting, self.strategies, self.overdue, self.live, self.mine)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PassingLine:
    """A question of the lowest tier about a text that passes lint."""

    waiting: WaitingLine
    subject: str
    has_notes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionOption:
    """A revision that can be put in a column, by name."""

    revision_id: RevisionId
    variant_label: str
    number: int
    # the text the variant has now
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnView:
    """One side of a comparison."""

    revision: RevisionView
    is_linted: bool
    # open questions about this very text and the stage of each; empty when it may not
    # be approved as it stands
    questions: tuple[tuple[RequestId, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonView:
    """Two revisions of one campaign beside each other."""

    campaign_id: CampaignId
    title: str
    left: ColumnView
    right: ColumnView
    # every revision of every variant, by label, the newest first
    options: tuple[RevisionOption, ...]
    # these two columns, when somebody has put them in the thread
    posted: PostedComparison | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceLine:
    """A segment that a brief can name."""

    key: str
    title: str
    # recipients with consent who are not suppressed
    mailable: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLine:
    """A list that a newer file can replace."""

    key: str
    title: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceView:
    """A list or a segment as the shell shows it.

    Attributes:
        filter: Of a segment; empty when it is a list.
        attributes: Kind by attribute of the list.
        rfm_at: When its thresholds were computed; None: never.
    """

    key: str
    title: str
    list_key: str
    filter: str
    size: int
    mailable: int
    without_consent: int
    suppressed: int
    attributes: Mapping[str, str]
    segments: tuple[str, ...]
    imported_at: datetime | None
    rfm_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceEvent:
    """One thing that was done to audiences."""

    seq: int
    at: datetime
    actor: str
    event: str
    detail: str


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
    freezes: tuple[Freeze, ...] = ()
