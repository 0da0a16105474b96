"""Factories of what Home and a comparison are drawn from, and both in every state."""

from __future__ import annotations

from dataclasses import replace

from slack_sdk.models.views import View

from blocks import (
    bulk_approve,
    home_tab,
    settings_form,
    side_by_side,
    variant_window,
)
from blocks.bulk_approve import Answer
from domain.campaign import CampaignId, State
from domain.errors import AlreadyDecided, Refused
from domain.preferences import Preferences
from domain.review import RequestId
from domain.variant import Copy, Origin, RevisionId, VariantId
from domain.views import (
    ColumnView,
    ComparisonView,
    DecidedLine,
    HomeView,
    PassingLine,
    RevisionOption,
    WaitingLine,
    WeekView,
)
from tests.blocks.views import (
    HARD,
    HOSTILE,
    LONG,
    NOW,
    PRACTICE,
    TEXT,
    make_decision,
    make_freeze,
    make_line,
    make_revision,
    make_variant_card,
    minutes,
)

OTHER = Copy(
    subject="Still weighing your demo, or done with it?",
    preheader=TEXT.preheader,
    body='Hello {{ first_name | default: "there" }},\n\nYou asked us for a demo in May.'
    "\n\nNothing has to be decided this week. When you come back, a colleague walks"
    " through the plan with you.\n\nBoth answers fit on one page:"
    " https://example.com/demo\n\nBest regards,\nMara",
)


def make_waiting(number: int = 42, **changes: object) -> WaitingLine:
    made = WaitingLine(
        request_id=RequestId(500 + number),
        campaign_id=CampaignId(number),
        title="Recover stalled demos",
        variant_id=VariantId(7),
        variant_label="B",
        stage="copy",
        role="copy_editor",
        tier="B",
        recipients=48_200,
        asked_at=NOW - minutes(50),
        due_at=NOW + minutes(number),
        slack_channel="C0CAMPAIGN",
        slack_ts="1790000000.000100",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_home(**changes: object) -> HomeView:
    made = HomeView(
        user="U0COPYONE",
        is_known=True,
        roles=("copy_editor",),
        waiting=(make_waiting(),),
        passing=0,
        strategies=(),
        mine=(make_line(41, state=State.SENT, mails_out=48_200, mails_left=0),),
        live=(make_line(),),
        overdue=(),
        decided=(),
        week=WeekView(sent=4, rolled_back=1, rejected=0, decided=9),
        preferences=Preferences(),
        cut=frozenset(),
        practice=PRACTICE,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_decided(number: int = 42, **changes: object) -> DecidedLine:
    return DecidedLine(
        campaign_id=CampaignId(number),
        title="Recover stalled demos",
        decision=make_decision(**changes),
    )


def make_passing(number: int = 42, **changes: object) -> PassingLine:
    made = PassingLine(
        waiting=make_waiting(number, tier="C", recipients=900),
        subject="Still weighing the demo?",
        has_notes=False,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_column(**changes: object) -> ColumnView:
    made = ColumnView(revision=make_revision(), is_linted=True, questions=())
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_comparison(**changes: object) -> ComparisonView:
    """Variant A's text on the left, what B became of it on the right."""
    first = make_revision(
        variant_id=VariantId(6),
        variant_label="A",
        revision_id=RevisionId(61),
        number=1,
        text=TEXT,
        origin=Origin(model="sample-writer", is_sample=True),
        parent=None,
        findings=(),
    )
    made = ComparisonView(
        campaign_id=CampaignId(42),
        title="Recover stalled demos",
        left=make_column(revision=first, questions=((RequestId(501), "copy"),)),
        right=make_column(
            revision=make_revision(text=OTHER), questions=((RequestId(502), "copy"),)
        ),
        options=(
            make_option(61, "A", 1),
            make_option(72, "B", 2),
            make_option(71, "B", 1, is_current=False),
        ),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name fields


def make_option(
    revision_id: int, label: str, number: int, *, is_current: bool = True
) -> RevisionOption:
    return RevisionOption(
        revision_id=RevisionId(revision_id),
        variant_label=label,
        number=number,
        is_current=is_current,
    )


MANY = tuple(make_line(n, title=f"{HOSTILE} {n}") for n in range(1, 131))
FULL_HOME = make_home(
    waiting=(
        make_waiting(43, tier="A", recipients=310_000, due_at=NOW - minutes(12)),
        make_waiting(42),
        make_waiting(44, tier="C", recipients=900, title="Nudge trial users"),
    ),
    passing=2,
    overdue=(
        make_waiting(
            40, stage="legal", role="legal", variant_label="A", due_at=NOW - minutes(90)
        ),
        make_waiting(40, stage="legal", role="legal", due_at=NOW - minutes(80)),
    ),
    late_strategies=(
        make_line(
            51,
            state=State.AWAITING_BRAND_LEAD,
            tier="A",
            mails_out=0,
            due_at=NOW - minutes(40),
        ),
    ),
    decided=(make_decided(), make_decided(41, is_approval=False, reason="Off brand")),
    preferences=Preferences(away_from=NOW - minutes(1), away_until=NOW + minutes(6000)),
)

HOME: dict[str, View] = {
    "home": home_tab.render(make_home(), now=NOW),
    "home_frozen": home_tab.render(
        make_home(freezes=(make_freeze(), make_freeze(lift_asked_by="U0COPYONE"))),
        now=NOW,
    ),
    "home_first_visit": home_tab.render(make_home(is_known=False), now=NOW),
    "home_nothing": home_tab.render(
        make_home(waiting=(), live=(), mine=(), roles=()), now=NOW
    ),
    "home_only_live": home_tab.render(make_home(waiting=(), mine=()), now=NOW),
    "home_busy": home_tab.render(
        make_home(
            waiting=tuple(make_waiting(n, title=HOSTILE) for n in range(60)),
            passing=30,
            strategies=MANY[:10],
            live=MANY,
            mine=MANY,
            overdue=tuple(
                make_waiting(n, title=HOSTILE, due_at=NOW - minutes(n))
                for n in range(30)
            ),
            decided=(make_decided(stage=HOSTILE),) * 5,
            cut=frozenset({"waiting", "live", "mine", "overdue"}),
        ),
        now=NOW,
    ),
    "home_full": home_tab.render(FULL_HOME, now=NOW),
    "home_brand_lead": home_tab.render(
        make_home(
            roles=("brand_lead",),
            waiting=(),
            live=(),
            mine=(),
            strategies=(
                make_line(
                    51,
                    state=State.AWAITING_BRAND_LEAD,
                    tier="A",
                    mails_out=0,
                    due_at=NOW + minutes(1300),
                ),
            ),
        ),
        now=NOW,
    ),
    "compare": side_by_side.window(make_comparison()),
    "compare_revisions": side_by_side.window(
        make_comparison(
            left=make_column(
                revision=make_revision(
                    revision_id=RevisionId(71), number=1, text=TEXT, findings=(HARD,)
                )
            ),
            right=make_column(revision=make_revision(findings=()), is_linted=False),
        )
    ),
    "compare_hostile": side_by_side.window(
        make_comparison(
            title=HOSTILE,
            left=make_column(
                revision=make_revision(
                    text=replace(
                        TEXT, subject=HOSTILE, body=f"*a* _b_ ~c~ `d` {HOSTILE}"
                    )
                )
            ),
        )
    ),
    "compare_long": side_by_side.window(
        make_comparison(
            left=make_column(revision=make_revision(text=LONG, findings=(HARD,) * 40)),
            right=make_column(
                revision=make_revision(
                    text=replace(LONG, body=LONG.body.replace("A sentence", "*One*"))
                )
            ),
        )
    ),
    "variant_window": variant_window.window(make_variant_card(), now=NOW),
    "settings": settings_form.form(Preferences()),
    "settings_away": settings_form.form(
        Preferences(
            wants_dm=False,
            away_from=NOW,
            away_until=NOW + minutes(600),
        )
    ),
    "bulk": bulk_approve.form(
        (
            make_passing(42),
            make_passing(
                43,
                waiting=make_waiting(
                    43, tier="C", recipients=2_400, title="Nudge trial users"
                ),
                subject="Your trial ends on Friday",
                has_notes=True,
            ),
        ),
        now=NOW,
    ),
    "bulk_none": bulk_approve.form((), now=NOW),
    "bulk_many": bulk_approve.form(
        tuple(
            make_passing(n, subject=HOSTILE, waiting=make_waiting(n, title=HOSTILE * 9))
            for n in range(30)
        ),
        now=NOW,
    ),
    "bulk_answers": bulk_approve.answers(
        (
            Answer(request_id=RequestId(542), error=None),
            Answer(
                request_id=RequestId(543),
                error=AlreadyDecided(
                    "Variant B was already approved in the copy stage by <@U0COPYTWO>."
                ),
            ),
        ),
        {
            RequestId(542): make_waiting(42),
            RequestId(543): make_waiting(43, title="Nudge trial users"),
        },
    ),
    "bulk_answers_hostile": bulk_approve.answers(
        (
            Answer(request_id=RequestId(542), error=None),
            Answer(
                request_id=RequestId(543),
                error=AlreadyDecided(
                    "Variant B was already approved in the copy stage by <@U0COPYTWO>."
                ),
            ),
            Answer(request_id=RequestId(999), error=Refused(HOSTILE)),
        ),
        {
            RequestId(542): make_waiting(42),
            RequestId(543): make_waiting(43, title=HOSTILE),
        },
        unreached=1,
    ),
}
