"""Who may decide what, and which stage is next: rules without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import NotYourTurn
from domain.review import (
    Approval,
    Person,
    Stage,
    Team,
    check_may_decide,
    fully_approved,
    open_round,
    quota,
    round_named,
    rounds,
)
from domain.variant import RevisionId, VariantId

SLA = timedelta(hours=4)
COPY = Stage(name="copy", role="copy_editor", sla=SLA)
LEGAL = Stage(name="legal", role="legal", sla=SLA)
STAGES = (COPY, LEGAL)
_SIDES = ("legal", "brand")
SIDE_BY_SIDE = (
    COPY,
    replace(LEGAL, beside=_SIDES),
    Stage(name="brand", role="brand_lead", sla=SLA, beside=_SIDES),
    Stage(name="stakeholder", role="stakeholder", sla=SLA),
)


def make_team() -> Team:
    people = (
        Person(id="U1", name="cleo", roles=frozenset({"copy_editor"})),
        Person(id="U2", name="caspar", roles=frozenset({"copy_editor", "legal"})),
        Person(id="U3", name="mara", roles=frozenset({"marketer", "copy_editor"})),
        Person(id="U4", name="tess", roles=frozenset()),
    )
    return Team(
        name="Team",
        channel="C1",
        on_call_channel="C2",
        people={person.id: person for person in people},
    )


def check(
    actor: str,
    *,
    stage: Stage = COPY,
    stages: tuple[Stage, ...] = STAGES,
    tier: str = "B",
    author: str = "U3",
    editor: str | None = None,
) -> None:
    check_may_decide(
        actor,
        team=make_team(),
        stage=stage,
        stages=stages,
        tier=tier,
        brief_author=author,
        editor=editor,
    )


def test_the_role_of_the_stage_may_decide() -> None:
    check("U1")
    check("U2")
    check("U2", stage=LEGAL)


@pytest.mark.parametrize("actor", ["U4", "U9"])
def test_nobody_else_may_and_it_says_who_can(actor: str) -> None:
    with pytest.raises(NotYourTurn) as refused:
        check(actor)
    assert str(refused.value) == (
        "Only copy editor can decide the copy stage. <@U1>, <@U2>, <@U3> can."
    )


def test_a_role_that_nobody_holds_is_said() -> None:
    orphan = Stage(name="brand", role="brand_lead", sla=SLA)
    with pytest.raises(NotYourTurn, match="Nobody holds that role yet"):
        check("U1", stage=orphan, stages=(orphan,))


def test_the_author_never_decides_whatever_the_role() -> None:
    with pytest.raises(NotYourTurn, match=r"separation of duties"):
        check("U3")
    with pytest.raises(NotYourTurn, match=r"separation of duties"):
        check("U2", stage=LEGAL, author="U2")


@pytest.mark.parametrize("tier", ["B", "C"])
def test_an_editor_may_decide_when_a_later_stage_follows(tier: str) -> None:
    check("U1", editor="U1", tier=tier)


def test_an_editor_may_not_decide_the_last_stage() -> None:
    with pytest.raises(NotYourTurn, match="no later stage has another pair of eyes"):
        check("U2", stage=LEGAL, editor="U2")
    with pytest.raises(NotYourTurn, match="no later stage has another pair of eyes"):
        check("U1", stages=(COPY,), editor="U1", tier="C")


def test_at_tier_a_an_editor_never_decides() -> None:
    with pytest.raises(NotYourTurn, match="at tier A nobody approves their own edit"):
        check("U1", editor="U1", tier="A")


@pytest.mark.parametrize("tier", ["A", "B", "C"])
def test_somebody_elses_edit_is_no_bar(tier: str) -> None:
    check("U1", editor="U2", tier=tier)
    check("U2", stage=LEGAL, editor="U1", tier=tier)


def test_only_people_in_the_team_with_a_role_count() -> None:
    team = make_team()
    assert team.has_any_role("U1")
    assert not team.has_any_role("U4")
    assert not team.has_any_role("U9")
    assert team.holders("legal") == ("U2",)


# Stages ------------------------------------------------------------------------------

VARIANTS = st.dictionaries(
    st.integers(1, 4).map(VariantId), st.integers(1, 9).map(RevisionId), min_size=1
)
APPROVALS = st.lists(
    st.builds(
        Approval,
        variant_id=st.integers(1, 4).map(VariantId),
        revision_id=st.integers(1, 9).map(RevisionId),
        stage=st.sampled_from(["copy", "legal"]),
        actor=st.just("U1"),
    )
)


@given(current=VARIANTS, approvals=APPROVALS)
def test_a_stage_before_the_next_has_approved_every_present_text(
    current: dict[VariantId, RevisionId], approvals: list[Approval]
) -> None:
    for stages in (STAGES, SIDE_BY_SIDE):
        found = open_round(stages, current, approvals)
        given_ = {(a.variant_id, a.revision_id, a.stage) for a in approvals}
        passed = stages[: stages.index(found[0])] if found else stages
        for stage in passed:
            assert {(v, r, stage.name) for v, r in current.items()} <= given_
        wanted = {(v, r, s.name) for s in found for v, r in current.items()}
        assert not found or not wanted <= given_


def test_a_team_may_let_nobody_approve_their_own_edit() -> None:
    strict = (replace(COPY, own_edits=False), LEGAL)
    check("U1", editor="U1")
    with pytest.raises(NotYourTurn, match="at tier B nobody approves their own edit"):
        check("U1", stage=strict[0], stages=strict, editor="U1")
    check("U2", stage=strict[0], stages=strict, editor="U1")


def test_stages_side_by_side_are_one_round_that_opens_as_a_whole() -> None:
    text = {VariantId(1): RevisionId(1)}
    copy, legal, brand, last = SIDE_BY_SIDE
    assert rounds(SIDE_BY_SIDE) == ((copy,), (legal, brand), (last,))
    given = [approval("U1", needed=1)]
    assert open_round(SIDE_BY_SIDE, text, given) == (legal, brand)
    given.append(approval("U2", stage="brand", needed=1))
    assert open_round(SIDE_BY_SIDE, text, given) == (legal, brand)
    given.append(approval("U3", stage="legal", needed=1))
    assert open_round(SIDE_BY_SIDE, text, given) == (last,)
    given.append(approval("U4", stage="stakeholder", needed=1))
    assert open_round(SIDE_BY_SIDE, text, given) == ()


def test_a_round_goes_by_its_name_and_else_by_a_stage_of_it() -> None:
    copy, legal, brand, _ = SIDE_BY_SIDE
    assert legal.round == brand.round == "legal and brand"
    assert round_named(SIDE_BY_SIDE, "legal and brand") == (legal, brand)
    assert round_named(SIDE_BY_SIDE, "copy") == (copy,)
    # the playbook was changed meanwhile
    assert round_named(SIDE_BY_SIDE, "brand") == (legal, brand)
    assert round_named(STAGES, "brand and legal") == (LEGAL,)
    assert round_named(STAGES, "brand") == ()
    assert round_named(STAGES, None) == ()


def test_an_editor_cannot_approve_in_any_stage_of_the_last_round() -> None:
    stages = SIDE_BY_SIDE[:-1]
    for stage in stages[1:]:
        with pytest.raises(NotYourTurn, match="no later stage has another pair of"):
            check_may_decide(
                "U9",
                team=Team(
                    name="x",
                    channel="C1",
                    on_call_channel="C2",
                    people={
                        "U9": Person(id="U9", name="x", roles=frozenset([stage.role]))
                    },
                ),
                stage=stage,
                stages=stages,
                tier="B",
                brief_author="U0",
                editor="U9",
            )


@given(current=VARIANTS, approvals=APPROVALS)
def test_a_new_text_is_asked_about_from_the_first_stage(
    current: dict[VariantId, RevisionId], approvals: list[Approval]
) -> None:
    edited = {**current, min(current): RevisionId(10)}
    assert open_round(STAGES, edited, approvals) == (COPY,)


@given(current=VARIANTS, approvals=APPROVALS, more=APPROVALS)
def test_an_approval_never_takes_a_campaign_back(
    current: dict[VariantId, RevisionId],
    approvals: list[Approval],
    more: list[Approval],
) -> None:
    def place(given_: list[Approval]) -> int:
        found = open_round(SIDE_BY_SIDE, current, given_)
        return SIDE_BY_SIDE.index(found[0]) if found else len(SIDE_BY_SIDE)

    assert place(approvals + more) >= place(approvals)


@given(arms=st.integers(1, 4))
def test_the_first_stage_shortlists_and_the_last_fixes_the_arms(arms: int) -> None:
    middle = Stage(name="brand", role="brand_lead", sla=SLA)
    stages = (COPY, middle, LEGAL)
    assert quota("copy", stages, arms=arms) == arms + 1
    assert quota("brand", stages, arms=arms) is None
    assert quota("legal", stages, arms=arms) == arms


def test_a_stage_alone_fixes_the_arms() -> None:
    assert quota("copy", (COPY,), arms=2) == 2


# Several people ---------------------------------------------------------------------


def approval(
    actor: str, *, revision: int = 1, needed: int = 2, stage: str = "copy"
) -> Approval:
    return Approval(
        variant_id=VariantId(1),
        revision_id=RevisionId(revision),
        stage=stage,
        actor=actor,
        needed=needed,
    )


@pytest.mark.parametrize(
    ("given", "is_through"),
    [
        ([], False),
        ([approval("U1", needed=1)], True),
        ([approval("U1")], False),
        # one person twice is one person
        ([approval("U1"), approval("U1")], False),
        ([approval("U1"), approval("U2")], True),
        # each about its own text
        ([approval("U1"), approval("U2", revision=2)], False),
        ([approval(f"U{n}", needed=3) for n in range(2)], False),
        ([approval(f"U{n}", needed=3) for n in range(3)], True),
    ],
)
def test_a_text_is_through_when_so_many_different_people_approved(
    given: list[Approval], is_through: bool
) -> None:
    assert bool(fully_approved(given)) is is_through
    asked = open_round(STAGES, {VariantId(1): RevisionId(1)}, given)
    assert asked == ((LEGAL,) if is_through else (COPY,))


def test_a_team_names_people_by_role_or_by_id() -> None:
    team = make_team()
    assert team.named("legal") == ("U2",)
    assert team.named("U4") == ("U4",)
    assert team.named("nobody_holds_this") == ()
