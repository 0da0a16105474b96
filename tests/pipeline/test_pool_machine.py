"""People claim, hand over and go away at random while others review: who is asked holds."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from domain.campaign import Campaign, State
from domain.pool import may_decide_all
from domain.preferences import Preferences
from domain.review import Stage
from pipeline import record
from storage.engine import Database
from storage.store import Store
from storage.tables import review_requests
from tests.clock import Clock
from tests.pipeline.test_review_machine import Reviewers, playbook, someone, which


class Pools(Reviewers):
    """The reviewers, who now also say who is asked."""

    assigned = 0

    @rule(n=which, m=which, is_opened=st.booleans())
    def assign(self, n: int, m: int, *, is_opened: bool) -> None:
        request = self.pick(self.requests, n)
        if request is None:
            return
        with self.database.begin() as store:
            holders = playbook().team.holders(store.reviews.get(request).role)
        to = None if is_opened and n % 4 == 1 else holders[n % len(holders)]
        actor = holders[m % len(holders)]
        self.click(record.assign, request, to=to, actor=actor, seen=n)

    @rule(n=which, who=someone)
    def assign_to_anybody(self, n: int, who: str) -> None:
        if (request := self.pick(self.requests, n)) is not None:
            self.click(record.assign, request, to=who, actor=who)

    @rule(n=which, hours=st.integers(-1, 3))
    def go_away(self, n: int, hours: int) -> None:
        """Somebody who is asked, now or in a while."""
        with self.database.begin() as store:
            query = sa.select(review_requests.c.assignee).where(
                review_requests.c.assignee.is_not(None),
                review_requests.c.campaign_id.in_(self.campaigns),
            )
            asked = sorted(set(store.connection.execute(query).scalars()))
        if asked:
            since = self.clock() + timedelta(minutes=hours)
            away = Preferences(away_from=since, away_until=since + timedelta(hours=1))
            self.click(record.set_preferences, away, actor=asked[n % len(asked)])

    @invariant()
    def one_person_is_asked_and_may_decide(self) -> None:
        if not self.is_news("asked"):
            return
        for number in self.campaigns:
            with self.database.begin() as store:
                campaign = store.campaigns.get(number)
                if campaign.state is State.STAGED_REVIEW:
                    for stage in playbook().round(campaign.tier, str(campaign.stage)):
                        self.check_stage(store, campaign, stage)

    def check_stage(self, store: Store, campaign: Campaign, stage: Stage) -> None:
        waiting = [
            each
            for each in store.pools.questions(campaign.id, stage.name)
            if each.closed_at is None and each.approvals_needed == 1
        ]
        asked = {each.assignee for each in waiting}
        assert len(asked) <= 1, (campaign.id, stage.name, waiting)
        for user in asked - {None}:
            self.assigned += 1
            editors = {
                store.variants.last_editor(store.variants.revision(each.revision_id))
                for each in waiting
            }
            assert may_decide_all(
                str(user),
                team=playbook().team,
                stage=stage,
                stages=playbook().stages[campaign.tier],
                tier=campaign.tier,
                brief_author=campaign.author,
                editors=editors,
            )
            last = store.pools.last_assignment(campaign.id, stage.name)
            assert last is not None
            assert last.after == user


def test_who_is_asked_holds_whatever_people_do(
    database: Database, clock: Clock
) -> None:
    played: list[Pools] = []

    class Here(Pools):
        def __init__(self) -> None:
            super().__init__(database, clock)

        def teardown(self) -> None:
            super().teardown()
            played.append(self)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=10,
            stateful_step_count=120,
            deadline=None,
            derandomize=True,
            print_blob=False,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )

    # somebody was asked by name, often
    assert sum(each.assigned for each in played) > 100
