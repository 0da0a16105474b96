"""People decide: who may, about which text, and what their click sets going."""

from __future__ import annotations

import pytest

from domain.campaign import CampaignId, State
from domain.channel import Channel
from domain.errors import (
    AlreadyDecided,
    MoveNotAllowed,
    NotYourTurn,
    Overtaken,
    Refused,
    Unknown,
)
from domain.rejection import RejectReason
from domain.review import Outcome, RequestId, ReviewRequest
from domain.variant import Copy, Variant, VariantState
from pipeline import record
from tests.pipeline.lab import (
    CASPAR,
    CLEO,
    DEV,
    LENA,
    MARA,
    NOBODY,
    SAM,
    Lab,
)


def in_review(desk: Lab, **brief: object) -> CampaignId:
    number = desk.brief(**brief)
    if desk.state(number) is State.AWAITING_BRAND_LEAD:
        desk.approve_strategy(number)
    desk.drain()
    assert desk.state(number) is State.STAGED_REVIEW
    return number


def text_of(desk: Lab, variant: Variant) -> Copy:
    assert variant.revision_id is not None
    revision_id = variant.revision_id
    return desk.look(lambda s: s.variants.revision(revision_id)).text


def edit(desk: Lab, variant: Variant, *, by: str, body: str | None = None) -> None:
    text = text_of(desk, variant)
    changed = Copy(
        subject=text.subject,
        preheader=text.preheader,
        body=body or text.body + "\n\nBring your own questions.",
    )
    desk.write(
        record.edit,
        desk.deps.playbook,
        variant.revision_id,
        changed,
        actor=by,
    )


def reject(
    desk: Lab,
    request: ReviewRequest,
    *,
    by: str = CLEO,
    code: RejectReason = RejectReason.OFF_BRAND,
    reason: str = "Too loud.",
) -> None:
    desk.write(
        record.reject,
        desk.deps.playbook,
        request.id,
        actor=by,
        code=code,
        reason=reason,
    )


def now(desk: Lab, variant: Variant) -> Variant:
    return desk.look(lambda s: s.variants.get(variant.id))


def of(desk: Lab, number: CampaignId, label: str) -> Variant:
    return next(v for v in desk.variants(number) if v.label == label)


def ask(desk: Lab, number: CampaignId, label: str) -> ReviewRequest:
    variant = of(desk, number, label)
    return next(r for r in desk.requests(number) if r.variant_id == variant.id)


# Who may ---------------------------------------------------------------------------


def test_only_the_stages_role_can_decide(desk: Lab) -> None:
    number = in_review(desk)
    with pytest.raises(NotYourTurn, match="Only copy editor can decide the copy stage"):
        desk.approve(desk.requests(number)[0], by=DEV)


def test_a_person_without_a_role_cannot_brief(desk: Lab) -> None:
    with pytest.raises(NotYourTurn, match="You have no role on this desk yet"):
        desk.brief(author=NOBODY)


def test_the_author_of_the_brief_never_approves(desk: Lab) -> None:
    number = in_review(desk, author=CLEO)
    with pytest.raises(NotYourTurn, match="You wrote the brief"):
        desk.approve(desk.requests(number)[0], by=CLEO)
    desk.approve(desk.requests(number)[0], by=CASPAR)


def test_an_unknown_segment_is_refused_and_nothing_is_kept(desk: Lab) -> None:
    with pytest.raises(Unknown, match='There is no segment "nobody"'):
        desk.brief(audience="nobody")
    assert desk.rows("SELECT count(*) FROM briefs") == [(0,)]


def test_a_segment_that_nobody_can_be_mailed_in_is_refused(desk: Lab) -> None:
    with desk.deps.database.begin() as store:
        store.audiences.replace("empty", "An empty list", source_sha256="e")
    with pytest.raises(Refused, match='Nobody in "An empty list" can be mailed'):
        desk.brief(audience="empty")
    assert desk.rows("SELECT count(*) FROM campaigns") == [(0,)]


# Which click counts ------------------------------------------------------------------


def test_a_second_click_says_who_was_faster(desk: Lab) -> None:
    number = in_review(desk)
    request = desk.requests(number)[0]
    desk.approve(request, by=CLEO)
    with pytest.raises(
        AlreadyDecided, match=f"approved in the copy stage by <@{CLEO}>"
    ):
        desk.approve(request, by=CASPAR)


def test_a_second_click_by_the_next_stages_role_decides_nothing(desk: Lab) -> None:
    desk.give_role(CLEO, "deliverability")
    number = in_review(desk)
    requests = desk.requests(number)
    for request in requests:
        desk.approve(request, by=CLEO)
    assert desk.campaign(number).stage == "deliverability"
    for request in requests:
        with pytest.raises(AlreadyDecided, match="in the copy stage"):
            desk.approve(request, by=CLEO)
    assert {r.closed_at for r in desk.requests(number)} == {None}


def test_a_request_that_does_not_exist_is_unknown(desk: Lab) -> None:
    with pytest.raises(Unknown, match="There is no such review request"):
        desk.write(record.approve, desk.deps.playbook, RequestId(99), actor=CLEO)


def test_a_click_on_an_old_text_is_overtaken(desk: Lab) -> None:
    number = in_review(desk)
    request = ask(desk, number, "A")
    edit(desk, of(desk, number, "A"), by=CLEO)
    with pytest.raises(Overtaken, match="has been changed since this card was drawn"):
        desk.approve(request, by=CASPAR)


def test_an_edit_of_an_old_text_is_overtaken(desk: Lab) -> None:
    number = in_review(desk)
    seen = of(desk, number, "A")
    edit(desk, seen, by=CLEO)
    with pytest.raises(Overtaken, match="newer revision than the one you saw"):
        edit(desk, seen, by=CASPAR, body="Another body")


def test_a_text_that_is_still_linted_cannot_be_approved_unseen(desk: Lab) -> None:
    number = in_review(desk)
    edit(desk, of(desk, number, "A"), by=CLEO)
    assert of(desk, number, "A").id not in {r.variant_id for r in desk.requests(number)}


# What a decision sets going --------------------------------------------------------


def test_the_first_stage_lets_one_more_than_the_arms_through(desk: Lab) -> None:
    number = in_review(desk, variants=4)
    for label in "ABC":
        desk.approve(ask(desk, number, label), by=CLEO)
    assert desk.campaign(number).stage == "deliverability"
    shelved = of(desk, number, "D")
    assert shelved.state is VariantState.SHELVED
    assert shelved.reason == ("The copy stage lets 3 through, and others were chosen.")


def test_the_last_stage_fixes_the_arms(desk: Lab) -> None:
    number = in_review(desk)
    desk.approve_all(number, CLEO)
    for label in "CA":
        desk.approve(ask(desk, number, label), by=DEV)
    arms = desk.look(lambda s: s.variants.arms(number))
    assert [v.label for v in arms] == ["A", "C"]
    assert desk.state(number) is State.APPROVED


def test_one_stage_alone_lets_only_the_arms_through(desk: Lab) -> None:
    number = in_review(desk, tier="C", arms=1, ab_variable="none")
    desk.approve(ask(desk, number, "B"), by=CLEO)
    assert desk.state(number) is State.APPROVED
    states = {v.label: v.state for v in desk.variants(number)}
    assert states == {
        "A": VariantState.SHELVED,
        "B": VariantState.APPROVED,
        "C": VariantState.SHELVED,
    }


def test_a_rejected_variant_leaves_the_others(desk: Lab) -> None:
    number = in_review(desk)
    reject(desk, ask(desk, number, "A"))
    for label in "BC":
        desk.approve(ask(desk, number, label), by=CLEO)
    assert desk.campaign(number).stage == "deliverability"
    assert of(desk, number, "A").reason == "Off brand or tone: Too loud."


def test_with_every_variant_rejected_the_campaign_is(desk: Lab) -> None:
    number = in_review(desk)
    for label in "ABC":
        reject(desk, ask(desk, number, label))
    campaign = desk.campaign(number)
    assert (campaign.state, campaign.reason) == (
        State.REJECTED,
        "Off brand or tone: Too loud.",
    )
    with pytest.raises(MoveNotAllowed):
        desk.write(record.cancel, desk.deps.playbook, number, actor=MARA)


def test_a_cancelled_campaign_withdraws_its_questions(desk: Lab) -> None:
    number = in_review(desk)
    request = ask(desk, number, "A")
    desk.write(record.cancel, desk.deps.playbook, number, actor=MARA)
    assert desk.request(request.id).outcome is Outcome.WITHDRAWN
    with pytest.raises(Overtaken, match="is not asked about any more"):
        desk.approve(request, by=CLEO)


# Words of people -------------------------------------------------------------------


def test_an_edit_voids_approvals_and_reopens_the_first_stage(desk: Lab) -> None:
    number = in_review(desk)
    desk.approve_all(number, CLEO)
    assert desk.campaign(number).stage == "deliverability"
    edit(desk, of(desk, number, "A"), by=DEV)
    desk.drain()
    assert desk.campaign(number).stage == "copy"
    assert ask(desk, number, "A").stage == "copy"
    assert {r.stage for r in desk.requests(number)} == {"copy", "deliverability"}
    with pytest.raises(Overtaken, match="deliverability stage of #1 is not open"):
        desk.approve(ask(desk, number, "B"), by=DEV)
    desk.approve(ask(desk, number, "A"), by=CLEO)
    assert desk.campaign(number).stage == "deliverability"
    desk.approve_all(number, DEV)
    assert desk.state(number) is State.SCHEDULED


def test_an_editor_may_approve_their_own_edit_when_another_stage_follows(
    desk: Lab,
) -> None:
    number = in_review(desk)
    edit(desk, of(desk, number, "A"), by=CLEO)
    desk.drain()
    desk.approve(ask(desk, number, "A"), by=CLEO)
    assert of(desk, number, "A").state is VariantState.APPROVED


def test_an_editor_cannot_approve_their_own_edit_in_the_last_stage(desk: Lab) -> None:
    number = in_review(desk, tier="C")
    edit(desk, of(desk, number, "A"), by=CLEO)
    desk.drain()
    with pytest.raises(NotYourTurn, match="no later stage has another pair of eyes"):
        desk.approve(ask(desk, number, "A"), by=CLEO)
    desk.approve(ask(desk, number, "A"), by=CASPAR)


def test_at_tier_a_nobody_approves_their_own_edit(desk: Lab) -> None:
    number = in_review(desk, tier="A")
    edit(desk, of(desk, number, "A"), by=CLEO)
    desk.drain()
    with pytest.raises(NotYourTurn, match="at tier A nobody approves their own edit"):
        desk.approve(ask(desk, number, "A"), by=CLEO)


def test_who_is_not_asked_in_this_stage_cannot_change_the_text(desk: Lab) -> None:
    number = in_review(desk)
    with pytest.raises(NotYourTurn, match="the text can be changed by copy editor"):
        edit(desk, of(desk, number, "A"), by=LENA)
    edit(desk, of(desk, number, "A"), by=MARA)


def test_an_edit_that_changes_nothing_is_refused(desk: Lab) -> None:
    number = in_review(desk)
    variant = of(desk, number, "A")
    with pytest.raises(Refused, match="Nothing was changed"):
        edit(desk, variant, by=CLEO, body=text_of(desk, variant).body)


def test_an_edit_that_fails_lint_is_shown_and_cannot_be_approved(desk: Lab) -> None:
    number = in_review(desk)
    edit(desk, of(desk, number, "A"), by=CLEO, body="Dear [Your Name], {{ nonsense }}")
    desk.drain()
    variant = of(desk, number, "A")
    # a person's words are never rewritten by a machine
    assert (variant.state, variant.regenerations) == (VariantState.IN_REVIEW, 0)
    with pytest.raises(Refused, match="fails lint, so it cannot be approved"):
        desk.approve(ask(desk, number, "A"), by=CASPAR)


def test_an_edit_is_told_in_the_thread(desk: Lab) -> None:
    number = in_review(desk)
    before = len(desk.thread(number))
    edit(desk, of(desk, number, "A"), by=CLEO)
    desk.drain()
    assert len(desk.thread(number)) == before + 1


def test_an_instruction_has_the_variant_written_anew(desk: Lab) -> None:
    number = in_review(desk)
    variant = of(desk, number, "A")
    seen = variant.revision_id
    desk.write(
        record.regenerate,
        desk.deps.playbook,
        seen,
        actor=CLEO,
        instruction="Shorter, please.",
    )
    assert now(desk, variant).state is VariantState.BRIEFED
    desk.drain()
    again = now(desk, variant)
    assert again.revision_id != seen
    assert again.state is VariantState.IN_REVIEW
    origin = desk.look(lambda s: s.variants.revision(again.revision_id)).origin  # type: ignore[arg-type]  # it has one
    assert origin.instruction == "Shorter, please."
    assert ask(desk, number, "A").revision_id == again.revision_id


def test_a_text_being_rewritten_does_not_pass_on_its_old_approval(desk: Lab) -> None:
    number = in_review(desk, tier="C", variants=2)
    desk.approve(ask(desk, number, "A"), by=CLEO)
    desk.write(
        record.regenerate,
        desk.deps.playbook,
        of(desk, number, "A").revision_id,
        actor=CASPAR,
        instruction="Warmer.",
    )
    desk.approve(ask(desk, number, "B"), by=CLEO)
    assert desk.state(number) is State.STAGED_REVIEW
    desk.drain()
    desk.approve(ask(desk, number, "A"), by=CLEO)
    assert desk.state(number) is State.APPROVED


def test_a_rewrite_that_never_came_asks_about_the_old_text_again(desk: Lab) -> None:
    number = in_review(desk)
    variant = of(desk, number, "A")
    desk.with_model("sample-writer-garbage")
    desk.write(
        record.regenerate,
        desk.deps.playbook,
        variant.revision_id,
        actor=CLEO,
        instruction="Shorter.",
    )
    desk.drain()
    back = now(desk, variant)
    assert back.revision_id == variant.revision_id
    assert back.state is VariantState.IN_REVIEW
    assert back.reason is not None
    desk.approve(ask(desk, number, "A"), by=CLEO)


def test_words_can_only_be_changed_in_review(desk: Lab) -> None:
    number = in_review(desk)
    desk.approve_all(number, CLEO, DEV)
    with pytest.raises(Refused, match="campaign #1 is scheduled"):
        edit(desk, of(desk, number, "A"), by=MARA)


def test_every_decision_binds_to_the_hash_of_its_text(desk: Lab) -> None:
    number = in_review(desk)
    request = ask(desk, number, "A")
    desk.approve(request, by=CLEO)
    (row,) = desk.rows("SELECT revision_sha256, policy_hash, actor FROM decisions")
    assert row == (
        text_of(desk, of(desk, number, "A")).sha256,
        desk.deps.playbook.policies[Channel.EMAIL].hash,
        CLEO,
    )


def test_sam_is_not_asked_at_tier_b(desk: Lab) -> None:
    number = in_review(desk)
    with pytest.raises(NotYourTurn):
        desk.approve(desk.requests(number)[0], by=SAM)
