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
        ({"reason": "", "skipped": None, "arms": []}, ""),
        ({"new_thing": True, "x": {"tier": "A"}}, "new thing yes, x (tier A)"),
        ({"instruction": "be_brief"}, 'asked for "be_brief"'),
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
