"""Which approvals outlast an edit: by what the stage covers, and whose edit it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.review import Approval, Stage, fully_approved
from domain.scope import changed_parts, edits_since, effects, holding, holds
from domain.variant import Copy, Origin, Part, Revision, RevisionId, VariantId

VARIANT = VariantId(7)
AT = datetime(2026, 11, 22, tzinfo=UTC)
ALL = frozenset(Part)
HOUR = timedelta(hours=1)
COPY = Stage(name="copy", role="copy_editor", sla=HOUR)
LEGAL = Stage(name="legal", role="legal", sla=HOUR, scope=frozenset({Part.BODY}))
STAGES = (COPY, LEGAL)

words = st.sampled_from(["", "a", "b", "<!channel>"])
texts = st.builds(Copy, subject=words, preheader=words, body=words)
people = st.sampled_from(["U1", "U2", "U3"])
scopes = st.frozensets(st.sampled_from(list(Part)), min_size=1)


def text(subject: str = "s", preheader: str = "p", body: str = "b") -> Copy:
    return Copy(subject=subject, preheader=preheader, body=body)


def chain(*made: tuple[Copy, str | None]) -> dict[RevisionId, Revision]:
    """Revisions 1, 2, 3 of one variant: each a text, and who edited it."""
    return {
        RevisionId(number): Revision(
            id=RevisionId(number),
            variant_id=VARIANT,
            number=number,
            parent_id=RevisionId(number - 1) if number > 1 else None,
            text=copy,
            origin=Origin(editor=editor, endpoint=None if editor else "writer"),
            created_at=AT,
        )
        for number, (copy, editor) in enumerate(made, start=1)
    }


chains = st.lists(
    st.tuples(texts, st.one_of(people, people, people, st.none())),
    min_size=1,
    max_size=6,
).map(lambda made: chain((made[0][0], None), *made[1:]))


def approval(revision: int = 1, *, actor: str = "U1", stage: str = "copy") -> Approval:
    return Approval(
        variant_id=VARIANT, revision_id=RevisionId(revision), stage=stage, actor=actor
    )


def carried(
    given_: list[Approval],
    revisions: Mapping[RevisionId, Revision],
    *,
    is_passed: bool = True,
) -> tuple[Approval, ...]:
    newest = max(revisions)
    passed = {newest} if is_passed else set[RevisionId]()
    return holding(given_, {VARIANT: newest}, revisions, STAGES, passed=passed)


# Parts -------------------------------------------------------------------------------


@given(one=texts, other=texts)
def test_changed_parts_are_those_that_differ(one: Copy, other: Copy) -> None:
    assert bool(changed_parts(one, other)) is (one.sha256 != other.sha256)
    assert changed_parts(one, other) == changed_parts(other, one)


def test_parts_come_in_the_order_of_a_mail() -> None:
    assert changed_parts(text("x", body="x"), text()) == (Part.SUBJECT, Part.BODY)


# Holding -----------------------------------------------------------------------------


@given(revisions=chains, scope=scopes, data=st.data())
def test_an_approval_never_holds_when_a_part_of_its_scope_differs(
    revisions: dict[RevisionId, Revision], scope: frozenset[Part], data: st.DataObject
) -> None:
    one, other = (data.draw(st.sampled_from(sorted(revisions))) for _ in "12")
    given_ = approval(one, actor=data.draw(people))
    if holds(given_, other, revisions, scope):
        seen, now = revisions[one].text, revisions[other].text
        assert all(getattr(seen, part) == getattr(now, part) for part in scope)


@given(revisions=chains, scope=scopes, data=st.data())
def test_it_never_outlasts_a_text_written_anew_or_an_edit_by_its_approver(
    revisions: dict[RevisionId, Revision], scope: frozenset[Part], data: st.DataObject
) -> None:
    one, other = (data.draw(st.sampled_from(sorted(revisions))) for _ in "12")
    actor = data.draw(people)
    if holds(approval(one, actor=actor), other, revisions, scope):
        assert one <= other
        between = [revisions[RevisionId(n)] for n in range(one + 1, other + 1)]
        assert not {each.origin.editor for each in between} & {actor, None}


@given(texts_=st.lists(texts, max_size=5), first=texts, scope=scopes)
def test_it_always_holds_for_the_same_text_again(
    texts_: list[Copy], first: Copy, scope: frozenset[Part]
) -> None:
    revisions = chain((first, None), *((each, "U2") for each in [*texts_, first]))
    assert holds(approval(1, actor="U1"), max(revisions), revisions, scope)


@given(revisions=chains, scope=scopes)
def test_it_always_holds_for_the_text_it_was_given_for(
    revisions: dict[RevisionId, Revision], scope: frozenset[Part]
) -> None:
    for number in revisions:
        assert holds(approval(number), number, revisions, scope)


@given(revisions=chains, data=st.data())
def test_a_smaller_scope_holds_wherever_a_larger_one_does(
    revisions: dict[RevisionId, Revision], data: st.DataObject
) -> None:
    large = data.draw(scopes)
    small = data.draw(st.sets(st.sampled_from(sorted(large)), min_size=1))
    one, other = (data.draw(st.sampled_from(sorted(revisions))) for _ in "12")
    if holds(approval(one), other, revisions, large):
        assert holds(approval(one), other, revisions, small)


def test_texts_are_compared_not_the_steps_between_them() -> None:
    back = chain((text(), None), (text(body="x"), "U2"), (text("x"), "U2"))
    assert holds(approval(), RevisionId(3), back, LEGAL.scope)
    assert not holds(approval(), RevisionId(2), back, LEGAL.scope)


def test_it_does_not_hold_for_an_older_text_or_one_of_another_line() -> None:
    revisions = chain((text(), None), (text(), "U2"))
    assert not holds(approval(2), RevisionId(1), revisions, ALL)
    assert edits_since(RevisionId(9), RevisionId(2), revisions) is None


@given(revisions=chains, data=st.data())
def test_only_a_text_that_lint_passed_is_carried_to(
    revisions: dict[RevisionId, Revision], data: st.DataObject
) -> None:
    newest = max(revisions)
    given_ = [
        approval(data.draw(st.sampled_from(sorted(revisions))), actor=actor, stage=name)
        for actor in ("U1", "U2")
        for name in ("copy", "legal", "dropped")
    ]
    assert carried(given_, revisions, is_passed=False) == tuple(given_)
    for before, after in zip(given_, carried(given_, revisions), strict=True):
        assert (after.actor, after.stage) == (before.actor, before.stage)
        assert after.revision_id in (before.revision_id, newest)
        if before.stage == "dropped":
            assert after == before


def test_an_approval_counts_once_more_only_for_its_own_stage() -> None:
    revisions = chain((text(), None), (text("x"), "U2"))
    given_ = [approval(stage="copy"), approval(stage="legal")]
    through = fully_approved(carried(given_, revisions))
    assert (VARIANT, RevisionId(2), "legal") in through
    assert (VARIANT, RevisionId(2), "copy") not in through


def test_two_people_may_approve_two_revisions_of_what_a_stage_covers() -> None:
    revisions = chain((text(), None), (text("x"), "U3"))
    first, second = (
        Approval(
            variant_id=VARIANT,
            revision_id=RevisionId(number),
            stage="legal",
            actor=f"U{number}",
            needed=2,
        )
        for number in (1, 2)
    )
    key = (VARIANT, RevisionId(2), "legal")
    assert key not in fully_approved(carried([first], revisions))
    assert key in fully_approved(carried([first, second], revisions))


# What an edit does ---------------------------------------------------------------------


def said(
    revisions: dict[RevisionId, Revision], *given_: Approval
) -> list[tuple[str, bool, str]]:
    newest = revisions[max(revisions)]
    return [
        (each.approval.stage, each.holds, each.why)
        for each in effects(given_, newest, revisions, STAGES)
    ]


BOTH = (approval(stage="copy"), approval(stage="legal"))


@pytest.mark.parametrize(
    ("changed", "copy_why", "legal_holds", "legal_why"),
    [
        (text("x"), "the subject changed", True, "it covers the body"),
        (text("x", "x"), "the subject and the preheader changed", True, "it covers"),
        (text(body="x"), "the body changed", False, "the body changed"),
        (
            text("x", "x", "x"),
            "the subject, the preheader and the body changed",
            False,
            "the body changed",
        ),
    ],
)
def test_an_edit_says_what_it_voids_and_what_holds(
    changed: Copy, copy_why: str, legal_why: str, *, legal_holds: bool
) -> None:
    copy, legal = said(chain((text(), None), (changed, "U2")), *BOTH)
    assert copy == ("copy", False, copy_why)
    assert legal[:2] == ("legal", legal_holds)
    assert legal[2].startswith(legal_why)


def test_a_text_written_anew_voids_all_of_them() -> None:
    why = "the text was written anew"
    assert said(chain((text(), None), (text("x"), None)), *BOTH) == [
        ("copy", False, why),
        ("legal", False, why),
    ]


def test_an_approvers_own_edit_voids_even_what_it_left_alone() -> None:
    _copy, legal = said(chain((text(), None), (text("x"), "U1")), *BOTH)
    assert legal == ("legal", False, "its approver edited the text")


def test_an_edit_that_gives_the_text_back_brings_the_approval_back() -> None:
    revisions = chain((text(), None), (text(body="x"), "U2"), (text(), "U2"))
    why = "the text is again as it was approved"
    assert said(revisions, *BOTH) == [("copy", True, why), ("legal", True, why)]


def test_what_was_void_before_is_not_said_again() -> None:
    voided = chain((text(), None), (text(body="x"), "U2"), (text(body="y"), "U2"))
    assert said(voided, *BOTH) == []


def test_other_variants_and_dropped_stages_are_left_out() -> None:
    other = Approval(
        variant_id=VariantId(8), revision_id=RevisionId(1), stage="copy", actor="U1"
    )
    revisions = chain((text(), None), (text("x"), "U2"))
    assert said(revisions, other, approval(stage="dropped")) == []
