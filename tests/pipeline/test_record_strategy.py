"""A tier A brief waits for a brand lead; nothing is written before."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from domain.brief import BriefInvalid, parse_brief
from domain.campaign import Actor, Campaign, CampaignId, Event, State
from domain.errors import (
    AlreadyDecided,
    MoveNotAllowed,
    NotYourTurn,
    Overtaken,
    Refused,
)
from pipeline import record
from pipeline.advance import advance
from pipeline.playbook import load_playbook
from pipeline.playbook_values import PlaybookRefused
from storage import queries
from tests.pipeline.lab import BEA, CAMPAIGNS, CLEO, MARA, NOBODY, SAM, Lab, make_brief

PLAYBOOK = Path(__file__).resolve().parents[2] / "playbook"
WHY = "Say what the reader gets."


def brief_of(desk: Lab, number: CampaignId) -> int:
    return desk.campaign(number).brief_id


def ask_for_changes(
    desk: Lab, brief_id: int, *, by: str = BEA, reason: str = WHY
) -> Campaign:
    return desk.write(
        record.ask_for_changes, desk.deps.playbook, brief_id, actor=by, reason=reason
    )


def approve(desk: Lab, brief_id: int, *, by: str = BEA) -> Campaign:
    return desk.write(record.approve_strategy, desk.deps.playbook, brief_id, actor=by)


def change(desk: Lab, brief_id: int, *, by: str = MARA, **changes: Any) -> Campaign:
    body = parse_brief(make_brief(**{"tier": "A"} | changes))
    return desk.write(
        record.change_brief,
        desk.deps.playbook,
        brief_id,
        body,
        author=by,
        source="modal",
    )


def waiting(desk: Lab, **brief: Any) -> CampaignId:
    number = desk.brief(**{"tier": "A"} | brief)
    desk.drain()
    return number


def detail(desk: Lab, number: CampaignId, event: str) -> str:
    lines = desk.deps.database.read(queries.audit, number)
    return next(line.detail for line in reversed(lines) if line.event == event)


# Waiting -------------------------------------------------------------------------------


def test_nothing_is_written_before_a_brand_lead_has_approved(desk: Lab) -> None:
    number = waiting(desk)
    assert desk.state(number) is State.AWAITING_BRAND_LEAD
    assert desk.variants(number) == ()
    assert desk.rows("SELECT count(*) FROM model_calls") == [(0,)]
    said = [m.text for m in desk.thread(number)]
    assert [text for text in said if text.startswith(f"<@{BEA}>")]
    assert len(said) == 1


def test_tiers_b_and_c_are_written_at_once(desk: Lab) -> None:
    for tier in "BC":
        assert desk.state(desk.brief(tier=tier)) is State.BRIEFED


def test_an_approved_strategy_is_written_and_reviewed(desk: Lab) -> None:
    number = waiting(desk)
    assert approve(desk, brief_of(desk, number)).state is State.BRIEFED
    assert len(desk.variants(number)) == 3
    desk.drain()
    assert desk.state(number) is State.STAGED_REVIEW
    assert desk.events(number)[:2] == ["briefed", "strategy_approved"]
    assert desk.write(lambda s: s.audit.verify()).broken == ()


def test_the_decision_binds_to_the_exact_brief(desk: Lab) -> None:
    number = waiting(desk)
    approve(desk, brief_of(desk, number))
    bound = desk.rows(
        "SELECT d.actor, d.brief_sha256 = b.sha256 FROM strategy_decisions d"
        " JOIN briefs b ON b.id = d.brief_id"
    )
    assert bound == [(BEA, True)]


def test_a_campaign_that_waits_can_be_cancelled(desk: Lab) -> None:
    number = waiting(desk)
    brief_id = brief_of(desk, number)
    desk.write(record.cancel, desk.deps.playbook, number, actor=MARA)
    assert desk.state(number) is State.CANCELLED
    with pytest.raises(
        Overtaken, match="does not wait for a brand lead any more; it is"
    ):
        approve(desk, brief_id)
    with pytest.raises(MoveNotAllowed):
        desk.write(record.cancel, desk.deps.playbook, number, actor=MARA)
    assert desk.rows("SELECT count(*) FROM strategy_decisions") == [(0,)]


# Who may -------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [MARA, CLEO, SAM, NOBODY])
def test_only_a_brand_lead_decides(desk: Lab, by: str) -> None:
    brief_id = brief_of(desk, waiting(desk))
    for act in (approve, ask_for_changes):
        with pytest.raises(NotYourTurn, match=f"Only a brand lead.*<@{BEA}> can"):
            act(desk, brief_id, by=by)


def test_a_brand_lead_never_approves_a_brief_of_their_own(desk: Lab) -> None:
    desk.give_role(SAM, "brand_lead")
    number = waiting(desk, author=BEA)
    with pytest.raises(NotYourTurn, match=f"You wrote the brief.*<@{SAM}> can"):
        approve(desk, brief_of(desk, number), by=BEA)
    approve(desk, brief_of(desk, number), by=SAM)


def test_a_brief_that_nobody_could_approve_is_refused_at_once(desk: Lab) -> None:
    with pytest.raises(BriefInvalid) as refused:
        desk.brief(tier="A", author=BEA)
    assert list(refused.value.errors) == ["tier"]
    assert desk.rows("SELECT count(*) FROM briefs") == [(0,)]
    desk.brief(tier="B", author=BEA)


def test_a_tier_that_rose_to_a_waits_too_and_says_why(desk: Lab) -> None:
    hard = "A price increase from January"
    number = waiting(desk, tier="C", objective=hard)
    assert (desk.state(number), desk.campaign(number).tier) == (
        State.AWAITING_BRAND_LEAD,
        "A",
    )
    with pytest.raises(BriefInvalid, match=r"increase.*Tier A waits"):
        desk.brief(tier="C", objective=hard, author=BEA)
    # without the hard words the tier falls again, and the brand lead stays asked
    changed = change(desk, brief_of(desk, number), tier="C")
    assert (changed.state, changed.tier) == (State.AWAITING_BRAND_LEAD, "C")


def test_a_playbook_without_a_brand_lead_does_not_load(tmp_path: Path) -> None:
    folder = tmp_path / "playbook"
    shutil.copytree(PLAYBOOK, folder)
    team = folder / "team.yaml"
    text = team.read_text(encoding="utf-8")
    team.write_text(text.replace("brand_lead", "brand_fan"), encoding="utf-8")
    with pytest.raises(PlaybookRefused, match=r"team\.yaml: tier A waits for a brand"):
        load_playbook(folder, time_scale=1)


# Which click counts ----------------------------------------------------------------------


def test_a_second_click_says_who_was_faster(desk: Lab) -> None:
    desk.give_role(SAM, "brand_lead")
    brief_id = brief_of(desk, waiting(desk))
    approve(desk, brief_id)
    for act in (approve, ask_for_changes):
        with pytest.raises(
            AlreadyDecided, match=f"already approved by <@{BEA}> at <!d"
        ):
            act(desk, brief_id, by=SAM)
    assert desk.rows("SELECT count(*) FROM strategy_decisions") == [(1,)]


def test_what_was_given_back_is_not_approved_unchanged(desk: Lab) -> None:
    desk.give_role(SAM, "brand_lead")
    number = waiting(desk)
    ask_for_changes(desk, brief_of(desk, number))
    with pytest.raises(AlreadyDecided, match=f"<@{BEA}> already asked for changes"):
        approve(desk, brief_of(desk, number), by=SAM)
    assert desk.state(number) is State.AWAITING_BRAND_LEAD
    assert desk.variants(number) == ()


def test_an_older_versions_button_is_overtaken(desk: Lab) -> None:
    number = waiting(desk)
    seen = brief_of(desk, number)
    change(desk, seen, objective="Something else")
    with pytest.raises(Overtaken, match="has been changed since this card"):
        approve(desk, seen)
    with pytest.raises(Overtaken, match="version 2 is the newest"):
        ask_for_changes(desk, seen)
    with pytest.raises(Overtaken, match="version 2 is the newest"):
        change(desk, seen, objective="A third thing")
    assert desk.variants(number) == ()


# Changing the brief ----------------------------------------------------------------------


def test_changes_are_asked_made_and_asked_about_again(desk: Lab) -> None:
    number = waiting(desk)
    first = brief_of(desk, number)
    ask_for_changes(desk, first)
    desk.drain()
    assert desk.campaign(number).reason == WHY
    (card,) = desk.cards(number)
    assert WHY in str(card.blocks)
    told = [m for m in desk.thread(number) if m.text.startswith(f"<@{MARA}>")]
    assert len(told) == 1
    changed = change(desk, first, objective="What the reader gets", title="Demos again")
    assert (changed.state, changed.title) == (State.AWAITING_BRAND_LEAD, "Demos again")
    assert changed.reason is None
    desk.drain()
    assert desk.rows("SELECT number, parent_id FROM briefs ORDER BY id") == [
        (1, None),
        (2, first),
    ]
    assert detail(desk, number, "brief_changed").startswith(
        "brief version 2, changed title and goal"
    )
    asked = [m for m in desk.thread(number) if m.text.startswith(f"<@{BEA}>")]
    assert len(asked) == 2
    approve(desk, changed.brief_id)
    desk.drain()
    assert desk.state(number) is State.STAGED_REVIEW
    assert desk.events(number)[:4] == [
        "briefed",
        "changes_asked",
        "brief_changed",
        "strategy_approved",
    ]


def test_the_author_may_change_it_before_anybody_asked(desk: Lab) -> None:
    number = waiting(desk)
    change(desk, brief_of(desk, number), variants=2, arms=1, ab_variable="none")
    approve(desk, brief_of(desk, number))
    assert len(desk.variants(number)) == 2


def test_a_change_is_of_something_and_by_the_author(desk: Lab) -> None:
    brief_id = brief_of(desk, waiting(desk))
    with pytest.raises(BriefInvalid, match="Nothing was changed yet"):
        change(desk, brief_id)
    with pytest.raises(NotYourTurn, match=f"Only <@{MARA}>, who wrote the brief"):
        change(desk, brief_id, by=BEA, objective="My own goal")
    with desk.deps.database.begin() as store:
        store.audiences.replace("empty", "An empty list", source_sha256="e")
    with pytest.raises(Refused, match="can be mailed"):
        change(desk, brief_id, audience="empty")
    assert desk.rows("SELECT count(*) FROM briefs") == [(1,)]


def test_an_approved_brief_is_frozen(desk: Lab) -> None:
    number = waiting(desk)
    approve(desk, brief_of(desk, number))
    with pytest.raises(
        Overtaken, match=f"approved by <@{BEA}>, so its brief is frozen"
    ):
        change(desk, brief_of(desk, number), objective="Something else")


def test_a_lower_tier_does_not_get_round_the_brand_lead(desk: Lab) -> None:
    number = waiting(desk)
    ask_for_changes(desk, brief_of(desk, number))
    changed = change(desk, brief_of(desk, number), tier="C")
    assert (changed.state, changed.tier) == (State.AWAITING_BRAND_LEAD, "C")
    desk.drain()
    assert desk.variants(number) == ()
    approve(desk, changed.brief_id)
    desk.drain()
    assert desk.state(number) is State.STAGED_REVIEW


def test_what_the_row_says_follows_the_newest_brief(desk: Lab) -> None:
    desk.add_list("calm", 40)
    number = waiting(desk)
    change(desk, brief_of(desk, number), audience="calm")
    assert desk.campaign(number).audience_size == 40


def test_hostile_words_are_words_on_card_and_in_thread(desk: Lab) -> None:
    number = waiting(desk, title="Hi <!channel>", objective="<!here> & <@U0ONCALL>")
    ask_for_changes(desk, brief_of(desk, number), reason="<!channel> " * 90)
    desk.drain()
    shown = str([(m.text, m.blocks) for m in desk.messages(CAMPAIGNS)])
    assert "&lt;!channel&gt;" in shown
    blocks = str([m.blocks for m in desk.messages(CAMPAIGNS)])
    assert "<!channel>" not in blocks
    assert "<!here>" not in blocks
    assert "<@U0ONCALL>" not in blocks


def test_a_campaign_parked_while_it_waits_goes_on_waiting(desk: Lab) -> None:
    number = waiting(desk)
    brief_id = brief_of(desk, number)
    machine = Actor.machine("desk")
    desk.write(advance, number, Event.PARKED, actor=machine, reason="A job failed.")
    with pytest.raises(Overtaken, match="it is parked now"):
        approve(desk, brief_id)
    desk.write(record.retry, desk.deps.playbook, number, actor=machine)
    desk.drain()
    assert desk.state(number) is State.AWAITING_BRAND_LEAD
    approve(desk, brief_id)
