"""Rows about text: linting against Harper alone, merging against Liquid alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from harper import Language, Linter
from liquid import Environment

from benchmarks.desk import PLAYBOOK
from benchmarks.numbers import median
from benchmarks.result import Result
from domain.brief import parse_brief
from domain.channel import Channel
from domain.personalize import Profile
from domain.variant import Copy
from pipeline.checks import LintContext, run_checks
from pipeline.merge import Template
from pipeline.playbook import load_playbook

_MAILS: Final = 40
_ROUNDS: Final = 5
_RENDERS: Final = 2000

_SENTENCES: Final = (
    "Most teams who stop after a demo tell us the same thing in the end",
    "They liked what they saw and then the week filled up with other work",
    "Setup takes two working days and one person from your side",
    "We move the existing lists first so that nothing has to be typed again",
    "Your reviewers keep the tools they have and only see a new channel",
    "Nothing is sent before the people you name have read the exact text",
    "If something looks wrong after the first hour the rest never leaves",
    "A colleague of mine can walk through the plan with you on a short call",
    "There is no contract to sign before the first campaign has gone out",
    "The price depends on the number of readers and not on the number of seats",
    "Two customers in your field agreed to share what their first month was like",
    "You can answer this mail directly because a person reads every reply",
    "The team in Lisbon finished its move on a Tuesday and wrote on the Thursday",
    "Please tell us which day suits and we will prepare your own material for it",
    "If the timing is wrong say so and we will not write about this again",
    "Everything you decide is kept with a name and a date for your own records",
)


def mail(number: int) -> Copy:
    """A mail of about 220 words; no two numbers share a sentence."""
    order = [
        _SENTENCES[(number + at) % len(_SENTENCES)] for at in range(len(_SENTENCES))
    ]
    lines = [f"{text}, as of note {number} and {at}." for at, text in enumerate(order)]
    paragraphs = [" ".join(lines[at : at + 2]) for at in range(0, 10, 2)]
    greeting = "Hello {{ person.first_name | default: 'there' }},"
    return Copy(
        subject=f"Still weighing demo {number}?",
        preheader=f"Two things that {number} other teams asked us",
        body="\n\n".join([greeting, *paragraphs, "Book a slot: {{ links.cta }}"]),
    )


async def lint_tier_one() -> list[Result]:
    """Each mail is new to both linters; then all are linted again, grammar cached."""
    return await asyncio.to_thread(_lint)


def _lint() -> list[Result]:
    context = _context()
    harper = Linter()
    harper.lint("A first sentence warms it up.", language=Language.PLAINTEXT)
    run_checks(mail(9999), context)
    alone, all_checks, cached = [], [], []
    for number in range(_MAILS):
        # in turn, and each engine is the first to see a text as often as the other
        first, second = mail(2 * number), mail(2 * number + 1)
        alone.append(_seconds(lambda text=first: _only_harper(harper, text)))  # type: ignore[misc]
        all_checks.append(_seconds(lambda text=second: run_checks(text, context)))  # type: ignore[misc]
        cached.append(_seconds(lambda text=second: run_checks(text, context)))  # type: ignore[misc]
    ratio = median(all_checks) / median(alone)
    words = len(mail(1).body.split())
    return [
        Result(
            name=f"lint tier 1, {words}-word mail",
            value=round(1000 * median(all_checks), 1),
            unit="ms",
            reference=f"Harper alone: {1000 * median(alone):.1f} ms",
            ratio=round(ratio, 2),
            target="ratio at most 1.6",
            holds=ratio <= 1.6,
        ),
        Result(
            name=f"lint tier 1, {words}-word mail, grammar cached",
            value=round(1000 * median(cached), 2),
            unit="ms",
            reference=f"Harper alone: {1000 * median(alone):.1f} ms",
            ratio=round(median(cached) / median(alone), 2),
            target="under 10 ms",
            holds=median(cached) < 0.010,
        ),
    ]


def _context() -> LintContext:
    playbook = load_playbook(PLAYBOOK, time_scale=1)
    brief = parse_brief(
        {
            "title": "Recover stalled demos",
            "objective": "Get people back to the demo",
            "audience": "bench",
            "key_message": "Setup takes two working days",
            "cta_url": "https://northwind.example/demo",
        }
    )
    return LintContext(
        policy=playbook.policies[Channel.EMAIL],
        brief=brief,
        footer=playbook.footer,
        privacy=playbook.privacy,
        dictionary=playbook.dictionary,
    )


def _only_harper(harper: Linter, text: Copy) -> None:
    """The same words a paragraph at a time, and nothing else."""
    for part in (text.subject, text.preheader, *text.body.split("\n\n")):
        harper.lint(part, language=Language.PLAINTEXT)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


async def merge_rate() -> list[Result]:
    """A finished mail, text and HTML, against Liquid filling in the same words."""
    return await asyncio.to_thread(_merge)


def _merge() -> list[Result]:
    playbook = load_playbook(PLAYBOOK, time_scale=1)
    text = mail(1)
    ours = Template(text, playbook.footer, playbook.privacy)
    bare, people = _bare(text), _people()
    rates: tuple[list[float], list[float]] = ([], [])
    for _ in range(_ROUNDS):
        rates[0].append(_RENDERS / _seconds(lambda: _render_ours(ours, people)))
        rates[1].append(_RENDERS / _seconds(lambda: _render_bare(bare, people)))
    ratio = median([a / b for a, b in zip(*rates, strict=True)])
    return [
        Result(
            name="merge, text and HTML of a 220-word mail",
            value=round(median(rates[0])),
            unit="mails/s",
            reference=f"bare python-liquid: {median(rates[1]):,.0f} renders/s",
            ratio=round(ratio, 3),
            target="ratio at least 0.5 (provisional)",
            holds=ratio >= 0.5,
        )
    ]


def bare_rate(text: Copy) -> float:
    """Renders a second of python-liquid filling in a mail's words, nothing more."""
    bare, people = _bare(text), _people()
    return median(
        [
            _RENDERS / _seconds(lambda: _render_bare(bare, people))
            for _ in range(_ROUNDS)
        ]
    )


def _bare(text: Copy) -> object:
    return Environment().from_string(f"{text.subject}\n{text.preheader}\n{text.body}")


def _people() -> list[dict[str, str]]:
    return [
        {"first_name": f"Ada{number}", "company": "Cedar Labs"}
        for number in range(_RENDERS)
    ]


def _render_ours(template: Template, people: Sequence[dict[str, str]]) -> None:
    for number, person in enumerate(people):
        template.render(
            Profile(
                person=dict(person),
                cta_url=f"https://northwind.example/demo?r={number}",
                unsubscribe_url=f"https://desk.example/u/{number}",
            )
        )


def _render_bare(template: object, people: Sequence[dict[str, str]]) -> None:
    for number, person in enumerate(people):
        template.render(  # type: ignore[attr-defined]  # liquid is untyped here
            person=person, links={"cta": f"https://northwind.example/demo?r={number}"}
        )
