"""A champion: copy that was sent before, sent beside new copy, and what the judge makes of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.brief import BriefInvalid
from domain.campaign import CampaignId, State
from domain.lint import Finding, LintVerdict, Severity
from domain.send import ChunkState
from domain.variant import VariantState
from pipeline import record
from storage import queries
from tests.factories import move
from tests.pipeline.lab import CLEO, DEV, Lab
from tests.pipeline.test_record_events import event, take_in
from tests.sent_arms import happened, sent_arms

LINK = "https://northwind.example/demo"


def champion(desk: Lab) -> CampaignId:
    """A campaign of two arms, written and approved, that went to everyone."""
    number = desk.brief()
    desk.drain()
    desk.approve_all(number, CLEO, DEV)
    campaign = desk.campaign(number)
    return desk.write(move, campaign, State.SENT).id


def beside(desk: Lab, number: CampaignId) -> str:
    playbook = desk.deps.playbook
    return desk.deps.database.read(
        queries.control, number, look=playbook.control, now=desk.clock()
    )


def test_the_copy_of_a_champion_is_variant_a_word_by_word(desk: Lab) -> None:
    before = champion(desk)
    number = desk.brief(champion=f"{before}B")
    desk.drain()
    first, *others = desk.variants(number)
    old = next(each for each in desk.variants(before) if each.label == "B")
    assert first.revision_id is not None
    assert old.revision_id is not None
    new, was = (
        desk.look(lambda s, key=key: s.variants.revision(key))
        for key in (first.revision_id, old.revision_id)
    )
    assert new.text.sha256 == was.text.sha256
    assert new.origin.champion_of == before
    assert all(each.revision_id != first.revision_id for each in others)
    assert desk.state(number) is State.STAGED_REVIEW


def test_a_champion_is_never_rewritten_by_itself(desk: Lab) -> None:
    number = desk.brief(champion=f"{champion(desk)}A")
    first, *_ = desk.variants(number)
    hard = Finding(rule="copy.links", field="body", message="No.", quote="")
    verdict = LintVerdict(
        outcome=Severity.HARD, hard=(hard,), soft=(), policy_version=1, policy_hash="p"
    )
    desk.write(record.linted, desk.deps.playbook, first, verdict)
    first, *_ = desk.variants(number)
    assert first.state is VariantState.LINTED
    assert first.regenerations == 0


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("99999", "There is no campaign with that number."),
        ("{}", "sent A and B: say which, such as {}A."),
        ("{}C", "sent A and B: say which, such as {}A."),
    ],
)
def test_a_champion_that_cannot_be_is_refused_at_the_brief(
    desk: Lab, named: str, said: str
) -> None:
    before = champion(desk)
    with pytest.raises(BriefInvalid) as refused:
        desk.brief(champion=named.format(before))
    assert said.format(before) in refused.value.errors["champion"]


def test_a_campaign_that_was_not_sent_to_everyone_is_no_champion(desk: Lab) -> None:
    number = desk.brief()
    with pytest.raises(BriefInvalid, match="is no champion"):
        desk.brief(champion=str(number))


def test_a_champion_needs_a_second_arm(desk: Lab) -> None:
    with pytest.raises(BriefInvalid, match="ask for 2 arms"):
        desk.brief(champion="1", arms=1, ab_variable="none")


def test_evidence_names_the_champion_or_says_that_history_is_none(desk: Lab) -> None:
    before = champion(desk)
    assert beside(desk, before).startswith("Control: none.")
    number = desk.brief()
    assert beside(desk, number).startswith("Control: none.")
    with desk.deps.database.begin() as store:
        sent, ids = sent_arms(store)
        everyone = [*ids["A"], *ids["B"]]
        happened(store, sent, everyone, "delivered", at=store.now)
    assert beside(desk, number).startswith(
        "Control: history, 2 campaigns with 600 mails"
    )


def _expand_once(desk: Lab) -> CampaignId:
    """A campaign with a champion, its canary out and its window over."""
    desk.add_list("large", 20_000)
    number = desk.brief(champion=f"{champion(desk)}A", audience="large")
    desk.drain()
    desk.approve_all(number, CLEO, DEV)
    desk.tick(1)
    assert desk.state(number) is State.CANARY
    return number


@pytest.mark.parametrize(
    ("clicks", "state"),
    [({"A": 60, "B": 2}, State.HELD), ({"A": 30, "B": 30}, State.EXPANDING)],
)
def test_copy_that_people_click_clearly_less_than_the_champion_is_held(
    desk: Lab, clicks: dict[str, int], state: State
) -> None:
    number = _expand_once(desk)
    out = [c for c in desk.chunks(number) if c.state is ChunkState.SENT]
    rows = desk.rows(
        "SELECT s.id, v.label FROM sends s JOIN variants v ON v.id = s.variant_id"  # noqa: S608  # a test's own numbers
        f" WHERE s.chunk_id IN ({', '.join(str(c.id) for c in out)})"
    )
    at = desk.clock()
    campaign = desk.campaign(number)
    desk.clock.tick(timedelta(seconds=30))
    with desk.deps.database.begin() as store:
        everyone = [int(key) for key, _ in rows]
        happened(store, campaign, everyone, "delivered", at=at)
        for label, n in clicks.items():
            ids = [int(key) for key, arm in rows if arm == label][:n]
            later = at + timedelta(seconds=20)
            happened(store, campaign, ids, "clicked", at=later, url=LINK)
    wait = (campaign.decides_at or at) - desk.clock()
    desk.clock.tick(wait + timedelta(seconds=1))
    # the news that has the campaign judged
    take_in(desk, event(desk, number, everyone[0], "opened"))
    after = desk.campaign(number)
    assert after.state is state
    if state is State.HELD:
        assert "people click the champion more. A won" in str(after.reason)
