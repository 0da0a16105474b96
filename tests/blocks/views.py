"""Factories of the read models that cards are drawn from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from domain.campaign import CampaignId, State
from domain.channel import Channel
from domain.comment import CommentId, SuggestionId, SuggestionState
from domain.conversion import ConversionLine
from domain.freeze import Freeze, FreezeId, Scope
from domain.incident import (
    ActionItem,
    Alert,
    AlertKind,
    AlertState,
    Cause,
    Runbook,
)
from domain.personalize import Fallback, Rendered
from domain.preview import Preview
from domain.review import RequestId
from domain.second_person import Act
from domain.seeds import SeedMails, SeedState
from domain.send import ChunkId
from domain.sending import WaitsFor
from domain.strategy import StrategyDecision
from domain.undo import DecisionId
from domain.variant import Copy, Origin, RevisionId, VariantId, VariantState
from domain.views import (
    AskLine,
    AudienceLine,
    AuditLine,
    CampaignCard,
    CampaignLine,
    CanaryView,
    CommentLine,
    DecisionLine,
    DeskStatus,
    EffectLine,
    FindingLine,
    IncidentView,
    Nudge,
    QuestionView,
    ReviewView,
    RevisionView,
    StepLine,
    StrategyView,
    SuggestionView,
    UndoLine,
    UndoneLine,
    UnknownChunk,
    VariantCard,
    VariantLine,
    WaitLine,
    WithdrawnLine,
)
from storage.time_zones import zone_named

NOW = datetime(2026, 11, 24, 14, 20, tzinfo=UTC)
HOSTILE = "<!channel> & <@U1> *now* \u202etxt.exe\u200b <https://evil.example|here>"
PRACTICE = ("practice Slack", "practice ESP", "practice time: 1 s stands for 4 min")


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def make_freeze(**changes: object) -> Freeze:
    made = Freeze(
        id=FreezeId(3),
        scope=Scope.TENANT,
        target="",
        reason="Wrong price on the site",
        by="U0ONCALL",
        frozen_at=NOW - minutes(20),
        until=NOW + minutes(220),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_seeds(**changes: object) -> SeedMails:
    made = SeedMails(
        id=5,
        campaign_id=CampaignId(42),
        version=3,
        state=SeedState.SENT,
        seeds=3,
        mails=6,
        accepted=6,
        intent_at=NOW - minutes(23),
        reason=None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_wait(**changes: object) -> WaitLine:
    made = WaitLine(
        mails=12,
        until=NOW + minutes(640),
        why=WaitsFor.WINDOW,
        time_zone="America/New_York",
    )
    made = replace(made, **changes)  # type: ignore[arg-type]  # tests name fields
    zone = zone_named(made.time_zone)
    return replace(made, there=zone and made.until.astimezone(zone))


def make_variant(label: str = "A", **changes: object) -> VariantLine:
    made = VariantLine(
        label=label,
        state=VariantState.IN_REVIEW,
        hard=0,
        soft=0,
        regenerated_for=(),
        reason=None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_review(**changes: object) -> ReviewView:
    made = ReviewView(
        stage="copy",
        number=1,
        total=3,
        role="copy_editor",
        asked=("U0COPYONE", "U0COPYTWO"),
        due_at=NOW + minutes(190),
        quota=2,
        approved=1,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_conversions(**changes: object) -> ConversionLine:
    made = ConversionLine(
        kind="demo_request",
        n=12,
        by_variant=(("A", 8), ("B", 4)),
        delivered=476,
        planned=48_200,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def one_side(stage: str, number: int, *, beside: str, **changes: object) -> ReviewView:
    """One of two stages that are asked at the same time."""
    return make_review(
        stage=stage,
        role=stage,
        number=number,
        beside=(beside,),
        total=4,
        quota=None,
        **changes,
    )


def make_strategy_decision(**changes: object) -> StrategyDecision:
    made = StrategyDecision(
        brief_id=81,
        actor="U0BRAND",
        is_approval=False,
        reason="Say what the reader gets, not what we want.",
        decided_at=NOW - minutes(4),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_strategy(**changes: object) -> StrategyView:
    made = StrategyView(
        brief_id=81,
        number=1,
        asked=("U0BRAND",),
        changed=(),
        decision=None,
        objective="Bring people back who stopped half way through a demo.",
        audience="calm",
        key_message="Your demo is still there, and takes ten minutes to finish.",
        offer="",
        cta_url="https://northwind.example/demo",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_nudge(at: datetime, **changes: object) -> Nudge:
    made = Nudge(at=at, labels=("A", "B"), due_at=NOW + minutes(190))
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_canary(**changes: object) -> CanaryView:
    made = CanaryView(
        step=0,
        steps_total=3,
        percent=1.0,
        planned=482,
        reporting=260,
        accepted=482,
        delivered=476,
        opens=120,
        machine_opens=38,
        clicks=11,
        machine_clicks=4,
        complaints=1,
        breach_at=3,
        unsubscribes=1,
        hard_bounces=4,
        deferred=0,
        started_at=NOW - minutes(23),
        decides_at=NOW + minutes(60),
        foresight="This canary would catch a 0.9 % complaint rate 8 times in 10;"
        " it cannot see 0.3 %.",
        judgement=None,
        last_event_at=NOW - minutes(0.1),
        limits="Judged by limits 3f9a1c07b2de, pinned when it was approved.",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_steps() -> tuple[StepLine, ...]:
    start = NOW - minutes(1)

    def done(
        name: str, seconds: float, target: str = "", detail: str | None = None
    ) -> StepLine:
        at = start + timedelta(seconds=seconds)
        return StepLine(
            name=name, target=target, state="done", detail=detail, done_at=at
        )

    return (
        done("halt", 0.2),
        done("revoke", 0.2),
        done("cancel", 1.1, "batch-1"),
        done("cancel", 1.4, "batch-2"),
        done("read_back", 1.9),
        done("suppress", 2.3),
        done("notify", 2.8),
    )


def make_incident(**changes: object) -> IncidentView:
    start = NOW - minutes(1)
    made = IncidentView(
        id=1,
        campaign_id=CampaignId(42),
        title="Recover stalled demos",
        trigger="complaints",
        actor="judge",
        reason="3rd complaint of 482 (a healthy send does this about 2 in 1,000 times)",
        mails_out=482,
        mails_spared=47_718,
        leaked=0,
        suppressed=3,
        onset_at=start,
        opened_at=start + timedelta(seconds=0.4),
        contained_at=start + timedelta(seconds=2.3),
        told_at=start + timedelta(seconds=3),
        steps=make_steps(),
        told=("U0ONCALL", "U0MARKETER"),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_alert(**changes: object) -> Alert:
    made = Alert(
        id=1,
        incident_id=1,
        kind=AlertKind.PAGE,
        version=1,
        state=AlertState.INTENT,
        host="pager.example.com",
        attempts=3,
        error="answered 503",
        created_at=NOW,
        done_at=None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_action(**changes: object) -> ActionItem:
    made = ActionItem(
        id=5,
        incident_id=1,
        text="Check the list's last opt-in",
        owner="U0DELIVER",
        due_at=NOW + minutes(1440),
        created_by="U0ONCALL",
        created_at=NOW,
        reminded_at=None,
        done_at=None,
        done_by=None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


RUNBOOK = Runbook(
    cause=Cause.DELIVERABILITY_HIT,
    title="Deliverability hit",
    text="1. Confirm that it is contained.\n\n2. Look at complaints by provider.",
)


def make_late(**changes: object) -> IncidentView:
    """Not contained after five minutes."""
    start = NOW - minutes(6)
    late: dict[str, object] = {
        "opened_at": start,
        "contained_at": None,
        "late_at": start + minutes(5),
    }
    return make_incident(**late | changes)


def make_decision(**changes: object) -> DecisionLine:
    made = DecisionLine(
        stage="copy",
        variant_label="A",
        actor="U0COPYONE",
        is_approval=True,
        reason=None,
        decided_at=NOW - minutes(18),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_effect(**changes: object) -> EffectLine:
    made = EffectLine(
        stage="copy",
        approver="U0COPYONE",
        given_for=1,
        holds=False,
        why="the subject changed",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_ask(**changes: object) -> AskLine:
    made = AskLine(
        act=Act.EXPAND,
        asked_by="U0COPYONE",
        asked_at=NOW - minutes(3),
        expires_at=NOW + minutes(27),
        chunk=None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_chunk(**changes: object) -> UnknownChunk:
    made = UnknownChunk(
        chunk_id=ChunkId(914),
        version=2,
        number=14,
        size=1000,
        events_seen=0,
        since=NOW - minutes(15),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_card(**changes: object) -> CampaignCard:
    made = CampaignCard(
        id=CampaignId(42),
        version=7,
        title="Recover stalled demos",
        channel=Channel.EMAIL,
        tier="B",
        recipients=48_200,
        state=State.STAGED_REVIEW,
        author="U0MARKETER",
        team="",
        team_name="",
        slack_channel="C0CAMPAIGN",
        slack_ts="1790000000.000100",
        prompt="demo-recovery@7f3a",
        writers=("sample-writer",),
        is_sample=True,
        practice=PRACTICE,
        variants_asked=3,
        variants=(
            make_variant("A"),
            make_variant("B", soft=2),
            make_variant("C", regenerated_for=("phrase.banned",)),
        ),
        strategy=None,
        reviews=(),
        decisions=(),
        arms=(),
        arms_reason=None,
        canary=None,
        unknown_chunks=(),
        incident=None,
        mails_out=0,
        mails_left=48_200,
        skipped=0,
        suppressed_before=12,
        reason=None,
        paused_from=None,
        moved_by="U0COPYONE",
        moved_at=NOW - minutes(2),
        send_at=None,
        created_at=NOW - minutes(60),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


TEXT = Copy(
    subject="Still weighing the demo?",
    preheader="Two things other teams asked before they decided",
    body='Hello {{ first_name | default: "there" }},\n\nYou asked for a demo in spring.\n\n'
    "Teams like yours wanted to know two things first: how long it takes to set up,"
    " and who helps when it breaks.\n\nBoth answers fit on one page:"
    " https://example.com/demo\n\nBest regards,\nMara",
)
LONG = Copy(
    subject="Long",
    preheader="Long as well",
    body="\n\n".join(f"Paragraph {n}. " + "A sentence of it. " * 20 for n in range(34)),
)
HARD = FindingLine(
    rule="phrase.banned",
    severity="hard",
    field="body",
    message="The policy bans this phrase.",
    quote="guarantee",
)
SOFT = FindingLine(
    rule="grammar.style",
    severity="soft",
    field="subject",
    message="A question needs no second mark.",
    quote="demo??",
)


def make_question(**changes: object) -> QuestionView:
    made = QuestionView(
        request_id=RequestId(501),
        stage="copy",
        role="copy_editor",
        asked=("U0COPYONE", "U0COPYTWO"),
        due_at=NOW + minutes(190),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_variant_card(**changes: object) -> VariantCard:
    made = VariantCard(
        campaign_id=CampaignId(42),
        campaign_title="Recover stalled demos",
        campaign_state=State.STAGED_REVIEW,
        tier="B",
        variant_id=VariantId(7),
        version=3,
        label="B",
        state=VariantState.IN_REVIEW,
        revision_id=RevisionId(71),
        revision_number=1,
        text=TEXT,
        origin=Origin(
            model="sample-writer",
            sources=("product.md", "case-northwind.md"),
            is_sample=True,
        ),
        findings=(),
        questions=(make_question(),),
        decisions=(),
        regenerations=0,
        instruction=None,
        reason=None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_undo(**changes: object) -> UndoLine:
    made = UndoLine(
        decision_id=DecisionId(901), actor="U0COPYONE", until=NOW + minutes(0.5)
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_withdrawn(**changes: object) -> WithdrawnLine:
    made = WithdrawnLine(
        stage="legal", role="legal", actor="U0COPYONE", at=NOW - minutes(0.2)
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_undone(**changes: object) -> UndoneLine:
    made = UndoneLine(
        decision_id=DecisionId(901),
        stage="copy",
        variant_label="B",
        actor="U0COPYONE",
        is_approval=True,
        undone_at=NOW - minutes(0.2),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_comment(**changes: object) -> CommentLine:
    made = CommentLine(
        id=CommentId(5),
        variant_label="B",
        revision_number=2,
        author="U0LEGAL",
        quote="Teams like yours",
        text="Which teams? Name two that agreed to be named.",
        created_at=NOW - minutes(3),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_suggestion(**changes: object) -> SuggestionView:
    made = SuggestionView(
        id=SuggestionId(31),
        campaign_id=CampaignId(42),
        campaign_state=State.STAGED_REVIEW,
        variant_label="B",
        revision_number=2,
        author="U0LEGAL",
        before=TEXT,
        after=replace(TEXT, subject="Still weighing your demo?"),
        comment="It is the reader's demo.",
        state=SuggestionState.OPEN,
        decided_by=None,
        decided_at=None,
        owners=("U0MARKETER", "U0COPYONE"),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_revision(**changes: object) -> RevisionView:
    made = RevisionView(
        campaign_id=CampaignId(42),
        variant_id=VariantId(7),
        variant_label="B",
        revision_id=RevisionId(72),
        number=2,
        text=replace(TEXT, subject="Still weighing your demo, or done with it?"),
        origin=Origin(editor="U0COPYONE"),
        parent=TEXT,
        created_at=NOW - minutes(5),
        findings=(SOFT,),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_preview(**changes: object) -> Preview:
    made = Preview(
        key="hostile",
        mail=Rendered(
            subject='Still weighing the demo, O\'Brien & "Sons" *Ltd*?',
            preheader="Two things",
            text="Hi there,\n\n<!channel> *bold* `code` <https://evil.example|x>\n",
            html="<p>Hi there,</p>",
        ),
        account={
            "person.company": 'O\'Brien & "Sons" *Ltd*',
            "person.first_name": Fallback.UNFIT,
            "person.city": Fallback.RARE,
        },
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_line(number: int = 42, **changes: object) -> CampaignLine:
    made = CampaignLine(
        id=CampaignId(number),
        title="Recover stalled demos",
        state=State.CANARY,
        stage=None,
        tier="B",
        author="U0MARKETER",
        recipients=48_200,
        mails_out=482,
        mails_left=47_718,
        complaints=1,
        updated_at=NOW - minutes(number),
        permalink_channel="C0CAMPAIGN",
        permalink_ts="1790000000.000100",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_audit(number: int = 1, **changes: object) -> AuditLine:
    made = AuditLine(
        campaign_id=CampaignId(42),
        seq=number,
        at=NOW - minutes(60 - number % 60),
        actor="U0COPYONE",
        event="stage_passed",
        from_state="staged_review",
        to_state="staged_review",
        detail="copy",
        hash="0" * 64,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_status(**changes: object) -> DeskStatus:
    made = DeskStatus(
        by_state=(("staged_review", 2), ("canary", 1), ("sent", 0)),
        queued_jobs=3,
        oldest_job_age_s=4.2,
        parked=(),
        live=(make_line(),),
        practice=PRACTICE,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


AUDIENCES = (
    AudienceLine(key="calm", title="A calm list", mailable=30_000, size=30_500),
    AudienceLine(
        key="complains", title="A list that complains", mailable=28_000, size=28_000
    ),
)
