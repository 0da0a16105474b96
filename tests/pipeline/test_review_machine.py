"""Many people click at random on a real database, and the rules of review hold.

The writer and lint are played by their record functions; relay's deadlines fire as they
fall due. Clicks go to whatever question, text or decision was ever on a card, however
old. Set `COPYDESK_REVIEW_STEPS` for a longer run.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from domain.brief import parse_brief
from domain.campaign import Campaign, CampaignId, State
from domain.channel import Channel
from domain.checklist import Question
from domain.comment import SuggestionId
from domain.errors import Refused
from domain.lint import decide
from domain.rejection import RejectReason
from domain.review import BY_ITSELF, Person, RequestId
from domain.undo import DecisionId
from domain.variant import Copy, Origin, Part, RevisionId, VariantState
from pipeline import record
from pipeline.playbook import Playbook, load_playbook
from storage.engine import Database
from storage.store import Store
from storage.tables import (
    audit_events,
    briefs,
    campaigns,
    decisions,
    lint_runs,
    review_requests,
    revisions,
    undone_decisions,
    variants,
)
from tests.clock import Clock
from tests.factories import add_audience

STEPS: Final = int(os.environ.get("COPYDESK_REVIEW_STEPS", "2000"))
_PER_EXAMPLE: Final = 200
_REFUSALS_UNSEEN: Final = 10
_CLICKS_USUAL: Final = 50
"""Clicks that an example makes on average, at least."""
PEOPLE: Final = 200
ROLES: Final = (
    "copy_editor",
    "deliverability",
    "legal",
    "stakeholder",
    "brand_lead",
    "marketer",
)
_PAST_REVIEW: Final = (State.APPROVED, State.SCHEDULED)

_BRIEF: Final = {
    "title": "Recover stalled demos",
    "objective": "Get people back to the demo",
    "key_message": "Setup takes two working days",
    "cta_url": "https://northwind.example/demo",
}

_WAITING: Final = (
    sa.select(
        review_requests.c.variant_id,
        review_requests.c.round,
        campaigns.c.stage.label("now"),
    )
    .join(campaigns, campaigns.c.id == review_requests.c.campaign_id)
    .where(
        campaigns.c.id == sa.bindparam("number"),
        campaigns.c.state == State.STAGED_REVIEW,
        review_requests.c.closed_at.is_(None),
    )
)
_ASKED: Final = (
    sa.select(variants.c.id)
    .join(campaigns, campaigns.c.id == variants.c.campaign_id)
    .where(
        campaigns.c.id == sa.bindparam("number"),
        campaigns.c.state == State.STAGED_REVIEW,
        variants.c.state == VariantState.IN_REVIEW,
    )
)

someone = st.integers(0, PEOPLE - 1).map(lambda n: f"U{n:08d}")
which = st.integers(0, 10_000)


@cache
def playbook() -> Playbook:
    """The shipped playbook with two hundred people, most with one role, some with two.

    Copy leaves the body to the stages after it, so that approvals often outlast an edit.
    At tier A deliverability and legal are asked at the same time.
    """
    shipped = load_playbook(Path("playbook"), time_scale=240, allow_sample_copy=True)
    people: Mapping[str, Person] = {
        f"U{n:08d}": Person(
            id=f"U{n:08d}",
            name=f"person {n}",
            roles=frozenset(
                {ROLES[n % len(ROLES)]} | ({ROLES[n // 7 % 5]} if n % 5 == 0 else set())
            ),
        )
        for n in range(PEOPLE)
    }
    heads = frozenset({Part.SUBJECT, Part.PREHEADER})
    stages = {
        tier: (dataclasses.replace(row[0], scope=heads), *row[1:])
        for tier, row in shipped.stages.items()
        if tier != "C"
    }
    sides = ("deliverability", "legal")
    stages["A"] = tuple(
        dataclasses.replace(each, beside=sides) if each.name in sides else each
        for each in stages["A"]
    )
    return dataclasses.replace(
        shipped,
        team=dataclasses.replace(shipped.team, people=people),
        stages={**shipped.stages, **stages},
    )


class Reviewers(RuleBasedStateMachine):
    """Everybody at once; what a card ever showed may be clicked at any later time."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__()
        self.database, self.clock = database, clock
        self.campaigns: list[CampaignId] = []
        self.briefs: list[int] = []
        self.requests: list[RequestId] = []
        self.texts: list[RevisionId] = []
        self.decisions: list[DecisionId] = []
        self.suggestions: list[SuggestionId] = []
        self.done = 0
        self.steps = 0
        self.passed = 0
        self.carried = 0
        # how often anything can have changed, and at which of these each rule was checked
        self.news = 0
        self.checked: dict[str, int] = {}
        with database.begin() as store:
            count = store.connection.exec_driver_sql("SELECT count(*) FROM audiences")
            self.audience = f"list{count.scalar_one()}"
            add_audience(store, 3, key=self.audience)

    # What people do -------------------------------------------------------------

    def click(self, act: Callable[..., object], *args: Any, **given: Any) -> None:
        """One click: done whole, or refused and nothing changed."""
        self.steps += 1
        # a refusal changes nothing; that too is looked at, now and then
        self.news += self.steps % _REFUSALS_UNSEEN == 0
        try:
            with self.database.begin() as store:
                act(store, playbook(), *args, **given)
        except Refused:
            return
        self.done += 1
        self.news += 1
        self.machinery()

    def pick(self, seen: list[Any], n: int) -> Any:
        """One of what was seen, the newest more often."""
        return seen[-1 - n % min(len(seen), 1 + n % 12)] if seen else None

    @initialize()
    def begin(self) -> None:
        self.brief("U00000005", "B", 3, 1)
        self.brief("U00000011", "A", 2, 2)

    @rule(
        who=someone,
        tier=st.sampled_from("AABBC"),
        count=st.integers(1, 3),
        arms=st.integers(1, 2),
    )
    def brief(self, who: str, tier: str, count: int, arms: int) -> None:
        if len(self.campaigns) >= 4:
            return
        body = parse_brief(
            _BRIEF
            | {
                "tier": tier,
                "audience": self.audience,
                "variants": count,
                "arms": min(arms, count),
                "ab_variable": "subject" if min(arms, count) > 1 else "none",
            }
        )
        with self.database.begin() as store:
            made = record.brief(store, playbook(), body, author=who, source="modal")
        self.campaigns.append(made.id)
        self.news += 1
        self.machinery()

    @rule(who=someone, n=which, is_approval=st.booleans())
    def decide_strategy(self, who: str, n: int, *, is_approval: bool) -> None:
        brief_id = self.pick(self.briefs, n)
        if brief_id is None:
            return
        if is_approval:
            self.click(record.approve_strategy, brief_id, actor=who)
        else:
            self.click(
                record.ask_for_changes, brief_id, actor=who, reason="Say whom it is for"
            )

    @rule(n=which, m=which)
    def approve_strategy_as_asked(self, n: int, m: int) -> None:
        if (brief_id := self.pick(self.briefs, n)) is not None:
            leads = playbook().team.holders("brand_lead")
            self.click(record.approve_strategy, brief_id, actor=leads[m % len(leads)])

    @rule(n=which, who=someone)
    def change_brief(self, n: int, who: str) -> None:
        brief_id = self.pick(self.briefs, n)
        if brief_id is None:
            return
        body = parse_brief(
            _BRIEF
            | {"tier": "A", "audience": self.audience, "objective": f"Because of {n}"}
        )
        self.click(record.change_brief, brief_id, body, author=who, source="modal")

    @rule(who=someone, n=which)
    def approve(self, who: str, n: int) -> None:
        if (request := self.pick(self.requests, n)) is not None:
            self.click(record.approve, request, actor=who)

    @rule(n=which, m=which)
    def approve_as_asked(self, n: int, m: int) -> None:
        """The same by somebody of the role: else hardly any click is taken."""
        request = self.pick(self.requests, n)
        if request is None:
            return
        with self.database.begin() as store:
            role = store.reviews.get(request).role
        holders = playbook().team.holders(role)
        who = holders[m % len(holders)]
        self.click(record.approve, request, actor=who, answered=tuple(Question))

    @rule(n=which, m=which)
    def reject(self, n: int, m: int) -> None:
        request = self.pick(self.requests, n)
        if request is None or m % 3 != 1:
            return
        who = f"U{m % PEOPLE:08d}"
        code = list(RejectReason)[n % len(RejectReason)]
        self.click(record.reject, request, actor=who, code=code, reason="Too long")

    @rule(n=which, m=which)
    def edit_as_asked(self, n: int, m: int) -> None:
        text = self.pick(self.texts, n)
        if text is None or m % 4 != 1:
            return
        editors = playbook().team.holders(ROLES[m % 4])
        copy = self.edited(text, n, f"Edited {n}.{m}")
        self.click(record.edit, text, copy, actor=editors[m % len(editors)])

    @rule(n=which, who=someone)
    def suggest(self, n: int, who: str) -> None:
        if (text := self.pick(self.texts, n)) is not None:
            copy = Copy(subject=f"Suggested {n}", preheader="", body="Hello again")
            with contextlib.suppress(Refused), self.database.begin() as store:
                made = record.suggest(
                    store,
                    playbook(),
                    text,
                    copy,
                    actor=who,
                    comment="Shorter",
                    delivery=f"{text}.{n}.{who}",
                )
                self.see(self.suggestions, made)

    @rule(n=which, m=which)
    def accept(self, n: int, m: int) -> None:
        if (suggestion := self.pick(self.suggestions, n)) is not None:
            editors = playbook().team.holders(ROLES[m % 4])
            who = editors[m % len(editors)]
            act = record.decline if m % 5 == 1 else record.accept
            self.click(act, suggestion, actor=who)

    @rule(n=which)
    def edit_what_was_approved(self, n: int) -> None:
        """By the author, who may change the text in every stage, and approves in none."""
        decision = self.pick(self.decisions, n)
        if decision is None or n % 3 != 1:
            return
        with self.database.begin() as store:
            variant = store.variants.get(store.decisions.get(decision).variant_id)
            author = store.campaigns.get(variant.campaign_id).author
        if (text := variant.revision_id) is not None:
            # the body, or the text before it
            copy = self.edited(text, 3 + n % 2, f"By {n}")
            self.click(record.edit, text, copy, actor=author)

    @rule(n=which)
    def undo_own(self, n: int) -> None:
        if (decision := self.pick(self.decisions, n)) is not None:
            with self.database.begin() as store:
                who = store.decisions.get(decision).actor
            self.click(record.undo, decision, actor=who)

    @rule(who=someone, n=which)
    def edit(self, who: str, n: int) -> None:
        if (text := self.pick(self.texts, n)) is not None:
            copy = self.edited(text, n, f"Edited {n}")
            self.click(record.edit, text, copy, actor=who)

    def edited(self, text: RevisionId, n: int, words: str) -> Copy:
        """One part is changed, or all, or an earlier text is given back."""
        with self.database.begin() as store:
            seen = store.variants.revision(text)
            if n % 5 == 4 and seen.parent_id is not None:
                return store.variants.revision(seen.parent_id).text
        changed = [list(Part), [Part.SUBJECT], [Part.PREHEADER], [Part.BODY], [*Part]]
        return dataclasses.replace(
            seen.text, **dict.fromkeys(map(str, changed[n % 5]), words)
        )

    @rule(who=someone, n=which)
    def regenerate(self, who: str, n: int) -> None:
        if (text := self.pick(self.texts, n)) is not None and n % 3 == 1:
            self.click(record.regenerate, text, actor=who, instruction="Shorter")

    @rule(n=which, who=someone)
    def undo(self, n: int, who: str) -> None:
        if (decision := self.pick(self.decisions, n)) is not None:
            self.click(record.undo, decision, actor=who)

    @rule(n=which, who=someone)
    def cancel(self, n: int, who: str) -> None:
        if self.campaigns and n % 25 == 7:
            number = self.campaigns[n % len(self.campaigns)]
            self.click(record.cancel, number, actor=who)

    @rule(seconds=st.integers(1, 90))
    def wait(self, seconds: int) -> None:
        """Time passes, and what falls due because nobody acted is done."""
        self.clock.tick(timedelta(seconds=seconds))
        for number in self.campaigns:
            with self.database.begin() as store:
                record.remind(store, playbook(), number)
                record.overdue(store, playbook(), number)
        self.news += 1
        self.machinery()

    # What the machinery does -------------------------------------------------------

    def machinery(self) -> None:
        """The writer writes, lint finds nothing, review opens; then people look."""
        for number in list(self.campaigns):
            with self.database.begin() as store:
                self.work(store, number)
            if self.look(number).state in (State.REJECTED, State.CANCELLED):
                self.campaigns.remove(number)
            elif self.look(number).state in _PAST_REVIEW:
                self.check_approved(number)
                if len(self.campaigns) > 2:
                    self.campaigns.remove(number)

    def work(self, store: Store, number: CampaignId) -> None:
        campaign = store.campaigns.get(number)
        if campaign.state is State.AWAITING_BRAND_LEAD:
            self.see(self.briefs, campaign.brief_id)
            return
        self.write(store, campaign)
        for variant in store.variants.of(number):
            if variant.state is VariantState.DRAFTED:
                verdict = decide((), playbook().policies[Channel.EMAIL])
                record.linted(store, playbook(), variant, verdict)
        if store.campaigns.get(number).state is State.LINTED:
            record.open_review(store, playbook(), number)
        for request in store.reviews.open_requests(number):
            self.see(self.requests, request.id)
            self.see(self.texts, request.revision_id)
        for row in store.connection.execute(
            sa.select(decisions.c.id).where(decisions.c.campaign_id == number)
        ):
            self.see(self.decisions, DecisionId(row.id))

    @staticmethod
    def write(store: Store, campaign: Campaign) -> None:
        for variant in store.variants.of(campaign.id):
            if variant.state is VariantState.BRIEFED and campaign.state in (
                State.BRIEFED,
                State.STAGED_REVIEW,
            ):
                text = Copy(
                    subject=f"Text {variant.id}.{variant.version}",
                    preheader="",
                    body="Hello",
                )
                origin = Origin(endpoint="bench", model="bench")
                record.drafted(store, variant, text, origin)

    @staticmethod
    def see(seen: list[Any], what: Any) -> None:
        if what not in seen[-40:]:
            seen.append(what)

    # What must hold ------------------------------------------------------------------

    def is_news(self, rule_name: str) -> bool:
        """Whether anything can have changed since the rule was last checked."""
        is_old = self.checked.get(rule_name) == self.news
        self.checked[rule_name] = self.news
        return not is_old

    def look(self, number: CampaignId) -> Campaign:
        with self.database.begin() as store:
            return store.campaigns.get(number)

    @invariant()
    def the_record_explains_every_state(self) -> None:
        if not self.is_news("explained"):
            return
        with self.database.engine.connect() as connection:
            for number in self.campaigns:
                moves = connection.execute(
                    sa.select(audit_events.c.from_state, audit_events.c.to_state)
                    .where(
                        audit_events.c.campaign_id == number,
                        audit_events.c.to_state.is_not(None),
                    )
                    .order_by(audit_events.c.seq)
                ).all()
                state = connection.execute(
                    sa.select(campaigns.c.state).where(campaigns.c.id == number)
                ).scalar_one()
                assert moves[-1].to_state == state
                for before, after in pairwise(moves):
                    assert after.from_state == before.to_state

    @invariant()
    def whatever_is_in_review_waits_for_somebody(self) -> None:
        if not self.is_news("waits"):
            return
        with self.database.engine.connect() as connection:
            for number in self.campaigns:
                waiting = connection.execute(_WAITING, {"number": number}).all()
                asked = connection.execute(_ASKED, {"number": number}).scalars()
                now = {each.variant_id for each in waiting if each.round == each.now}
                if waiting:
                    assert now
                # reopened at an earlier stage, a later stage's question rests
                assert now <= {each.variant_id for each in waiting} == set(asked)

    @invariant()
    def every_decision_was_allowed(self) -> None:
        if not self.is_news("allowed"):
            return
        team = playbook().team
        rows = (
            sa.select(
                decisions,
                campaigns.c.author,
                campaigns.c.tier,
                review_requests.c.role,
                review_requests.c.revision_id.label("asked_revision"),
                revisions.c.sha256,
                revisions.c.origin,
            )
            .join(campaigns, campaigns.c.id == decisions.c.campaign_id)
            .join(review_requests, review_requests.c.id == decisions.c.request_id)
            .join(revisions, revisions.c.id == decisions.c.revision_id)
            .where(decisions.c.campaign_id.in_(self.campaigns))
        )
        with self.database.engine.connect() as connection:
            for row in connection.execute(rows):
                assert row.revision_id == row.asked_revision
                assert row.revision_sha256 == row.sha256
                if row.actor == BY_ITSELF:
                    assert row.tier == "C"
                    continue
                assert row.actor != row.author
                assert team.has_role(row.actor, row.role)
                if row.tier == "A":
                    assert row.origin.get("editor") != row.actor
                if row.tier == "A" and row.is_approval:
                    stage = playbook().stage("A", row.stage)
                    assert set(row.answers) == set(stage.questions)

    def check_approved(self, number: CampaignId) -> None:
        """Enough people approved each arm in every stage, as far as the stage reads it."""
        self.passed += 1
        standing = (
            sa.select(
                decisions.c.stage,
                decisions.c.actor,
                decisions.c.revision_id,
                review_requests.c.approvals_needed,
            )
            .join(review_requests, review_requests.c.id == decisions.c.request_id)
            .where(
                decisions.c.is_approval,
                decisions.c.variant_id == sa.bindparam("variant"),
                ~sa.exists().where(undone_decisions.c.decision_id == decisions.c.id),
            )
            .order_by(decisions.c.id)
        )
        with self.database.engine.connect() as connection:
            campaign = connection.execute(
                sa.select(campaigns).where(campaigns.c.id == number)
            ).one()
            arms = connection.execute(
                sa.select(variants).where(
                    variants.c.campaign_id == number, variants.c.is_arm
                )
            ).all()
            brief = connection.execute(
                sa.select(briefs.c.body).where(briefs.c.id == campaign.brief_id)
            ).scalar_one()
            assert 0 < len(arms) <= brief["arms"]
            for arm in arms:
                texts = {
                    row.id: row
                    for row in connection.execute(
                        sa.select(revisions).where(revisions.c.variant_id == arm.id)
                    )
                }
                outcome = sa.select(lint_runs.c.outcome).where(
                    lint_runs.c.revision_id == arm.revision_id
                )
                assert connection.execute(outcome).scalar_one() == "pass"
                stages = {each.name: each for each in playbook().stages[campaign.tier]}
                given: dict[str, set[str]] = {}
                wanted: dict[str, int] = {}
                for row in connection.execute(standing, {"variant": arm.id}):
                    if row.stage in stages and self.covers(
                        row, arm.revision_id, texts, stages[row.stage].scope
                    ):
                        given.setdefault(row.stage, set()).add(row.actor)
                        wanted[row.stage] = row.approvals_needed
                assert set(given) == set(stages)
                assert all(len(given[name]) >= wanted[name] for name in stages)

    @staticmethod
    def covers(
        approval: Any, newest: int, texts: Mapping[int, Any], scope: Collection[str]
    ) -> bool:
        """The rule told anew: the same in scope, by edits of other people alone."""
        step = newest
        while step != approval.revision_id:
            editor = texts[step].origin.get("editor")
            if editor in (None, approval.actor) or texts[step].parent_id is None:
                return False
            step = texts[step].parent_id
        seen, text = texts[approval.revision_id], texts[newest]
        return all(getattr(seen, part) == getattr(text, part) for part in scope)

    def teardown(self) -> None:
        with self.database.begin() as store:
            assert not store.audit.verify().broken
            held = sa.select(sa.func.count()).where(
                audit_events.c.event == "approval_holds",
                audit_events.c.campaign_id.in_(self.campaigns),
            )
            self.carried = store.connection.execute(held).scalar_one()


@pytest.mark.timeout(600)
def test_two_hundred_people_at_random_cannot_break_the_rules(
    database: Database, clock: Clock
) -> None:
    played: list[Reviewers] = []

    class Here(Reviewers):
        def __init__(self) -> None:
            super().__init__(database, clock)

        def teardown(self) -> None:
            super().teardown()
            played.append(self)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=max(STEPS // _CLICKS_USUAL, 1),
            stateful_step_count=_PER_EXAMPLE,
            deadline=None,
            derandomize=True,
            print_blob=False,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )

    steps = sum(each.steps for each in played)
    done = sum(each.done for each in played)
    passed = sum(each.passed for each in played)
    assert steps >= STEPS
    # clicks that were taken, and campaigns that came through; not refusals alone
    assert done > STEPS // 10
    assert passed > STEPS // 400
    # approvals that outlasted an edit
    assert sum(each.carried for each in played) > 0
