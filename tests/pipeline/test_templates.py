"""What a process has compiled is used again, for the same list and no other."""

from __future__ import annotations

from dataclasses import replace

from domain.personalize import Profile
from domain.privacy import FieldRule
from pipeline.merge import Template
from pipeline.templates import MOST, Templates
from tests.pipeline.test_merge import FOOTER, make_copy, make_privacy, make_rule

PRIVACY = make_privacy(make_rule("person.company", k=2), make_rule("person.city", k=2))
TEXT = make_copy(body="Hello {{ person.company | default: 'all' }}.")


class Counting:
    """Counts that remember which fields they were asked for."""

    def __init__(self, *counts: tuple[str, int]) -> None:
        self.asked: list[str] = []
        self._counts = counts

    def __call__(self, rule: FieldRule) -> tuple[tuple[str, int], ...]:
        self.asked.append(rule.path)
        return self._counts


def read(template: Template) -> str:
    profile = Profile(
        cta_url="https://northwind.example/demo",
        unsubscribe_url="https://northwind.example/u/1",
        person={"company": "Cedar"},
    )
    return template.render(profile).text.splitlines()[0]


def test_a_list_is_counted_once_and_only_for_fields_of_the_text() -> None:
    templates, counts = Templates(), Counting(("Cedar", 2))
    first = templates.of(TEXT, FOOTER, PRIVACY, crowd=(1, 1), counts=counts)
    again = templates.of(TEXT, FOOTER, PRIVACY, crowd=(1, 1), counts=counts)
    assert first is again
    assert counts.asked == ["person.company"]
    assert read(first) == "Hello Cedar."


def test_another_list_shares_other_values() -> None:
    templates = Templates()
    many, few = Counting(("Cedar", 2)), Counting(("Cedar", 1))
    templates.of(TEXT, FOOTER, PRIVACY, crowd=(1, 1), counts=many)
    other = templates.of(TEXT, FOOTER, PRIVACY, crowd=(2, 1), counts=few)
    assert read(other) == "Hello all."
    assert few.asked == ["person.company"]


def test_another_footer_or_another_rule_is_another_text() -> None:
    templates, counts = Templates(), Counting(("Cedar", 2))
    first = templates.of(TEXT, FOOTER, PRIVACY, crowd=1, counts=counts)
    footer = replace(FOOTER, company="Southwind")
    assert templates.of(TEXT, footer, PRIVACY, crowd=1, counts=counts) is not first
    stricter = make_privacy(make_rule("person.company", in_text=False))
    kept = templates.of(TEXT, FOOTER, stricter, crowd=1, counts=counts)
    assert read(kept) == "Hello all."


def test_the_oldest_makes_room() -> None:
    templates, counts = Templates(), Counting()
    first = templates.of(TEXT, FOOTER, PRIVACY, crowd=0, counts=counts)
    for crowd in range(1, MOST):
        templates.of(TEXT, FOOTER, PRIVACY, crowd=crowd, counts=counts)
    assert templates.of(TEXT, FOOTER, PRIVACY, crowd=0, counts=counts) is first
    templates.of(TEXT, FOOTER, PRIVACY, crowd=MOST, counts=counts)
    templates.of(TEXT, FOOTER, PRIVACY, crowd=1, counts=counts)
    # 1 had been looked at longest ago, so it was compiled anew
    assert counts.asked.count("person.company") == MOST + 2
