from __future__ import annotations

import pytest

from domain.channel import Channel
from domain.checklist import WORDS, Question, checklist, unanswered

Q = Question
ALL = tuple(Question)
FOR_A_PERSON = {
    Q.BRIEF_FIT,
    Q.BRAND_VOICE,
    Q.CLAIMS_SOURCED,
    Q.DETECTORS_LOW_RISK,
}


def test_every_question_has_words() -> None:
    assert set(WORDS) == set(Question)
    assert len(Question) == 7


def test_a_clean_text_leaves_only_what_no_machine_can_answer() -> None:
    checked = checklist(ALL, rules_found=(), canary=1.0)

    assert [each.question for each in checked] == list(ALL)
    assert {each.question for each in unanswered(checked, ())} == FOR_A_PERSON


@pytest.mark.parametrize(
    ("rule", "question"),
    [
        ("phrase.banned", Q.NO_PROHIBITED_LANGUAGE),
        ("token.unknown", Q.TOKENS_RESOLVE),
        ("pii.phone", Q.TOKENS_RESOLVE),
    ],
)
def test_a_finding_leaves_its_question_to_a_person(rule: str, question: Q) -> None:
    checked = checklist(ALL, rules_found=[rule], canary=1.0)

    asked = {each.question for each in unanswered(checked, ())}

    assert asked == FOR_A_PERSON | {question}


def test_a_finding_of_another_family_changes_nothing() -> None:
    checked = checklist(ALL, rules_found=["grammar.spelling"], canary=1.0)

    assert {each.question for each in unanswered(checked, ())} == FOR_A_PERSON


def test_the_canary_is_told_with_its_share() -> None:
    (checked,) = checklist([Q.TESTED_IN_CANARY], rules_found=(), canary=0.5)

    assert checked.evidence is not None
    assert checked.evidence.startswith("0.5 % of the list goes first")


def test_what_a_person_answered_is_not_asked_again() -> None:
    checked = checklist(ALL, rules_found=(), canary=1.0)

    left = unanswered(checked, {"brief_fit", "brand_voice"})

    assert {each.question for each in left} == {
        Q.CLAIMS_SOURCED,
        Q.DETECTORS_LOW_RISK,
    }


def test_copy_that_is_no_mail_is_answered_in_its_own_words() -> None:
    mail = checklist(ALL, rules_found=(), canary=1.0)
    page = checklist(ALL, rules_found=(), canary=1.0, channel=Channel.LANDING_PAGE)
    assert [each.question for each in page] == [each.question for each in mail]
    said = " ".join(each.evidence or "" for each in page)
    assert "list" not in said
    assert "no merge tokens" in said
    asked = checklist(ALL, rules_found=["token.no_recipient"], canary=1.0)
    assert Q.TOKENS_RESOLVE in {
        each.question for each in asked if each.evidence is None
    }
