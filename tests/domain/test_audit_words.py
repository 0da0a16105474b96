from __future__ import annotations

import pytest

from domain.audit_words import fragment


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ({}, ""),
        (
            {"revision": 2, "variant": "B", "stage": "copy", "sha256": "3fa4" * 16},
            "stage copy, variant B, revision 2, text 3fa43fa43fa4",
        ),
        ({"role": "copy_editor"}, "asked copy editor"),
        ({"recipients": 48200, "tier": "B"}, "48,200 recipients, tier B"),
        ({"chunk": 1400, "size": 1}, "chunk 1400, 1 mail"),
        ({"step": 0, "percent": 1.0}, "step 1, 1 % of the list"),
        ({"step": "read_back", "detail": "no mail left"}, "read back, no mail left"),
        ({"arms": ["A", "B", "D"]}, "sends variants A, B and D"),
        (
            {"hard": ["forbidden_phrase"], "notes": 0},
            "blocked by forbidden phrase, 0 notes",
        ),
        (
            {"complaints": 3, "complaints_to_roll_back": 3, "of": 482},
            "3 complaints, of 482, 3 roll it back",
        ),
        (
            {"false_rollback_rate": 0.00213},
            "a healthy send does this 0.21 % of the time",
        ),
        (
            {"send_at": "2026-11-24T09:00:00.000000+00:00"},
            "from 2026-11-24 09:00 UTC",
        ),
        (
            {"brief_version": 2, "changed": ["objective", "ab_variable", "cta_url"]},
            "brief version 2, changed goal, A/B test and call-to-action link",
        ),
        (
            {"told": "brand_lead", "due_at": "2026-11-24T17:00:00+00:00"},
            "due 2026-11-24 17:00 UTC, told brand lead",
        ),
        ({"approval": "1 of 2", "variant": "A"}, "variant A, approval 1 of 2"),
        ({"reason": "", "skipped": None, "arms": []}, ""),
        ({"new_thing": True, "x": {"tier": "A"}}, "new thing yes, x (tier A)"),
        ({"instruction": "be_brief"}, 'asked for "be_brief"'),
        (
            {"variant": "A", "stage": "copy", "taken_back": "approval"},
            "stage copy, variant A, took back the approval",
        ),
        (
            {"brought_back": ["D"], "withdrawn": ["legal", "ops"]},
            "withdrawn: legal and ops, brought back: D",
        ),
        (
            {"variant": "B", "quote": "30 % faster", "comment": "Says who?"},
            'variant B, about "30 % faster", says "Says who?"',
        ),
        (
            {
                "stage": "legal",
                "approver": "U0LEGAL",
                "given_for": 1,
                "parts": ["subject", "body"],
            },
            "stage legal, approval by U0LEGAL, given for 1, changed subject and body",
        ),
        (
            {"variant": "B", "reason": "Says who?", "reason_code": "off_brand"},
            "variant B, for off brand or tone, because: Says who?",
        ),
        ({"reason_code": "astrology"}, "for astrology"),
        (
            {"suggestion": 1200, "suggested_by": "U0COPYONE"},
            "suggestion 1200, words by U0COPYONE",
        ),
    ],
)
def test_a_detail_reads_as_part_of_a_sentence(
    detail: dict[str, object], said: str
) -> None:
    assert fragment(detail) == said


def test_what_a_person_wrote_is_kept_letter_for_letter() -> None:
    assert (
        fragment({"reason": "too_pushy <!channel>"}) == "because: too_pushy <!channel>"
    )
