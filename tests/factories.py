"""Small factories of rows: a campaign in any state, written through a `Store`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.campaign import Campaign, CampaignId, State
from domain.canary import CanaryPolicy
from domain.lint import Severity
from domain.rejection import RejectReason
from domain.review import Outcome, Person, ReviewRequest, Stage, Team
from domain.send import Chunk, ChunkState, DeliveryEvent
from domain.variant import Copy, Origin, Variant, VariantState
from domain.views import Facts
from storage.sends import Cohort
from storage.store import Store

MARKETER = "U0MARKETER"
COPY_ONE = "U0COPYONE"
COPY_TWO = "U0COPYTWO"
MAIL_OPS = "U0MAILOPS"
HOURS_4 = timedelta(hours=4)

BRIEF: Mapping[str, Any] = {
    "channel": "email",
    "title": "Recover stalled demos",
    "audience": "calm",
    "variants": 3,
    "arms": 2,
    "ab_variable": "subject",
}
TEXT = Copy(
    subject="Still weighing the demo?",
    preheader="Two things other teams asked",
    body="Hello {{ first_name }},\n\nstill curious?",
)
MODEL = Origin(endpoint="main", model="gpt-x", temperature=0.7, sources=("product.md",))
SAMPLE = Origin(endpoint="practice", model="sample-writer", is_sample=True)


def make_team() -> Team:
    people = (
        Person(id=MARKETER, name="Mia", roles=frozenset({"marketer", "copy_editor"})),
        Person(id=COPY_ONE, name="Cleo", roles=frozenset({"copy_editor"})),
        Person(id=COPY_TWO, name="Curt", roles=frozenset({"copy_editor"})),
        Person(id=MAIL_OPS, name="Dan", roles=frozenset({"deliverability"})),
    )
    return Team(
        name="Lifecycle",
        channel="C0CAMPAIGNS",
        on_call_channel="C0ONCALL",
        people={person.id: person for person in people},
    )


def make_facts() -> Facts:
    copy = Stage(name="copy", role="copy_editor", sla=HOURS_4)
    mail = Stage(name="deliverability", role="deliverability", sla=HOURS_4)
    return Facts(
        team=make_team(),
        stages={"B": (copy, mail), "C": (copy,)},
        canary=CanaryPolicy(),
        practice=("practice Slack",),
    )


def add_audience(
    store: Store, size: int, *, key: str = "calm", consent: bool = True
) -> int:
    """A list of `size` people, every fifth at a provider that reports no complaints."""
    audience_id = store.audiences.replace(
        key, f"The {key} list", source_sha256=f"sha-{key}"
    )
    store.audiences.add_recipients(
        audience_id,
        [
            {
                "address": f"{n}@{key}.example",
                "address_hash": f"{key}-{n}",
                "first_name": f"Reader {n}",
                "last_name": "Last",
                "company": "Northwind",
                "region": "",
                "time_zone": "Europe/Berlin",
                "locale": "en",
                "provider": "gmail" if n % 5 == 0 else "yahoo",
                "has_consent": consent,
            }
            for n in range(size)
        ],
    )
    store.audiences.settle_size(audience_id)
    return audience_id


def add_campaign(
    store: Store,
    *,
    audience_id: int | None = None,
    recipients: int = 10,
    author: str = MARKETER,
    **brief: object,
) -> Campaign:
    """A briefed campaign; the list is made too unless its id is given."""
    if audience_id is None:
        audience_id = add_audience(store, recipients)
    body = {**BRIEF, **brief}
    brief_id = store.campaigns.add_brief(
        body, sha256="brief-sha", author=author, source="shell"
    )
    return store.campaigns.add(
        brief_id=brief_id,
        title=str(body["title"]),
        tier=str(body.get("tier", "B")),
        author=author,
        channel="C0CAMPAIGNS",
        audience_id=audience_id,
        audience_size=store.audiences.mailable(audience_id),
        suppressed_before=2,
        prompt="demo-recovery@7f3a",
        policy_hash="policy-sha",
        send_at=None,
    )


def move(
    store: Store,
    campaign: Campaign,
    state: State,
    *,
    by: str = "relay",
    **facts: object,
) -> Campaign:
    """Put a campaign in a state, past the rules of the workflow."""
    return store.campaigns.swap(
        store.campaigns.get(campaign.id), state, moved_by=by, **facts
    )


# Words --------------------------------------------------------------------------


def write(
    store: Store, variant: Variant, text: Copy = TEXT, origin: Origin = MODEL
) -> Variant:
    """Give a variant its next revision."""
    revision = store.variants.add_revision(variant, text, origin)
    return store.variants.swap(
        variant, VariantState.DRAFTED, revision_id=revision.id, reason=None
    )


def lint(store: Store, variant: Variant, *found: tuple[str, str]) -> Variant:
    """Store a verdict about a variant's text: (severity, rule) per finding."""
    assert variant.revision_id is not None
    store.variants.add_lint_run(
        variant.revision_id,
        outcome=_worst(severity for severity, _ in found),
        policy_version="1",
        policy_hash="policy-sha",
        found=[
            {
                "rule": rule,
                "severity": severity,
                "field": "body",
                "message": f"{rule} says so.",
                "quote": "still curious",
                "start": 0,
                "end": 5,
            }
            for severity, rule in found
        ],
    )
    return store.variants.swap(variant, VariantState.LINTED)


def _worst(found: Iterable[str]) -> Severity:
    there = set(found)
    return next(
        (each for each in (Severity.HARD, Severity.SOFT) if each in there),
        Severity.PASS,
    )


def write_all(store: Store, campaign: Campaign, labels: str = "ABC") -> list[Variant]:
    """Variants that are written and pass lint."""
    added = store.variants.add(campaign.id, list(labels))
    return [lint(store, write(store, variant)) for variant in added]


# People ----------------------------------------------------------------------------


def open_review(
    store: Store,
    campaign: Campaign,
    variants: Sequence[Variant],
    *,
    stage: str = "copy",
    role: str = "copy_editor",
    due_in: timedelta = HOURS_4,
) -> Campaign:
    """Ask one stage about each variant's text."""
    for variant in variants:
        assert variant.revision_id is not None
        now = store.variants.get(variant.id)
        if now.state is not VariantState.IN_REVIEW:
            store.variants.swap(now, VariantState.IN_REVIEW)
        store.reviews.ask(
            campaign.id,
            variant.id,
            variant.revision_id,
            stage=stage,
            round_name=stage,
            role=role,
            due_at=store.now + due_in,
        )
    return move(store, campaign, State.STAGED_REVIEW, stage=stage)


def open_request(store: Store, variant: Variant) -> ReviewRequest:
    (found,) = store.reviews.open_requests(variant.campaign_id, variant_id=variant.id)
    return found


def decide(
    store: Store,
    request: ReviewRequest,
    *,
    actor: str = COPY_ONE,
    is_approval: bool = True,
    code: RejectReason | None = None,
    reason: str | None = None,
) -> None:
    """Close a request with a decision, and move its variant."""
    outcome = Outcome.APPROVED if is_approval else Outcome.REJECTED
    store.reviews.close(request, outcome, decided_by=actor)
    store.reviews.decide(
        request,
        actor=actor,
        is_approval=is_approval,
        code=code,
        reason=reason,
        policy_hash="policy-sha",
        answers={},
    )
    variant = store.variants.get(request.variant_id)
    after = VariantState.APPROVED if is_approval else VariantState.REJECTED
    store.variants.swap(variant, after, reason=reason)


# Mail ---------------------------------------------------------------------------------


def plan(
    store: Store,
    campaign: Campaign,
    variant: Variant,
    *,
    steps: Sequence[tuple[float, int]] = ((10.0, 1), (100.0, 1)),
    chunk_size: int = 5,
    reporting: Sequence[int] | None = None,
) -> tuple[Chunk, ...]:
    """Plan a ladder: (cumulative per cent, chunks) per step, filled in list order.

    Args:
        reporting: Per step; else all recipients are thought to report complaints.
    """
    people = store.audiences.mailable_keys(campaign.audience_id)
    assert variant.revision_id is not None
    rows = [
        {
            "recipient_id": key,
            "variant_id": variant.id,
            "revision_id": variant.revision_id,
        }
        for key, *_ in people
    ]
    steps_of_chunks = [step for step, (_, n) in enumerate(steps) for _ in range(n)]
    chunked = [
        (step, rows[at * chunk_size : (at + 1) * chunk_size])
        for at, step in enumerate(steps_of_chunks)
    ]
    cohorts = [
        Cohort(
            step=step,
            percent=percent,
            planned=n * chunk_size,
            reporting=n * chunk_size if reporting is None else reporting[step],
            expands_itself=True,
        )
        for step, (percent, n) in enumerate(steps)
    ]
    store.sends.plan(campaign.id, cohorts, chunked)
    return store.sends.chunks(campaign.id)


def hand_over(store: Store, chunk: Chunk, *, accepted: int | None = None) -> Chunk:
    """The ESP took a chunk."""
    took = chunk.size if accepted is None else accepted
    return store.sends.swap(
        chunk,
        ChunkState.SENT,
        intent_at=store.now,
        accepted_at=store.now,
        accepted=took,
        skipped=chunk.size - took,
    )


def make_event(
    campaign: Campaign | CampaignId,
    send_id: int,
    type_: str = "delivered",
    *,
    at: datetime,
    **facts: Any,
) -> DeliveryEvent:
    key = campaign.id if isinstance(campaign, Campaign) else campaign
    return DeliveryEvent(
        event_id=str(facts.pop("event_id", f"{type_}-{send_id}")),
        type=type_,
        at=at,
        send_id=send_id,
        campaign_id=key,
        **facts,
    )


def send_ids(store: Store, chunks: Sequence[Chunk]) -> list[int]:
    return sorted(key for chunk in chunks for key in store.sends.addresses(chunk.id))
