"""Personal data that has no place in a mail's own text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import phonenumbers

from domain.folding import Folded, fold
from domain.lint import Finding, mark
from domain.personalize import CODE
from domain.variant import Copy
from pipeline.checks.port import LintContext, fields_of

Span = tuple[int, int]

_EMAIL: Final = re.compile(
    r"(?<![\w.+-])[a-z0-9][\w.+-]{0,63}@(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}"
)
_CARD: Final = re.compile(r"(?<![\d.])[2-6](?:[ -]?\d){12,18}(?!\d)")
_IBAN: Final = re.compile(r"\b[a-z]{2}\d{2}(?:[ -]?[a-z0-9]){11,30}")
_SSN: Final = re.compile(
    r"(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])"
)
_LINK: Final = re.compile(rf"https?://\S+|{CODE.pattern}")

# Length of an IBAN by country, from the SWIFT IBAN registry.
_IBAN_LENGTHS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("no",), 15),
    **dict.fromkeys(("be",), 16),
    **dict.fromkeys(("dk", "fi", "nl"), 18),
    **dict.fromkeys(("si", "mk"), 19),
    **dict.fromkeys(("at", "ee", "lt", "lu"), 20),
    **dict.fromkeys(("ch", "hr", "lv", "li"), 21),
    **dict.fromkeys(("bg", "de", "gb", "ge", "ie", "me", "rs"), 22),
    **dict.fromkeys(("ae", "il", "gi"), 23),
    **dict.fromkeys(("cz", "es", "ro", "sa", "se", "sk"), 24),
    **dict.fromkeys(("pt",), 25),
    **dict.fromkeys(("is", "tr"), 26),
    **dict.fromkeys(("fr", "gr", "it", "sm", "mc"), 27),
    **dict.fromkeys(("cy", "hu", "pl", "al"), 28),
    **dict.fromkeys(("mt",), 31),
}


class PersonalData:
    ids: Final = frozenset(
        {"pii.email", "pii.phone", "pii.card", "pii.iban", "pii.ssn"}
    )

    def run(self, text: Copy, context: LintContext) -> Iterator[Finding]:
        known = fold(context.brief_words()).text
        for field, value in fields_of(text):
            folded = fold(value)
            prose = Folded(
                text=_LINK.sub(lambda found: " " * len(found[0]), folded.text),
                origins=folded.origins,
                length=folded.length,
            )
            taken: list[Span] = []
            for rule, spans in _FINDERS.items():
                for start, end in spans(prose.text, context.region):
                    if _overlaps((start, end), taken) or prose.text[start:end] in known:
                        continue
                    taken.append((start, end))
                    span = prose.span(start, end)
                    yield mark(rule, field, value, span, _MESSAGES[rule])


_MESSAGES: Final = {
    "pii.ssn": "This reads as a US social security number.",
    "pii.iban": "This reads as a bank account number.",
    "pii.card": "This reads as a payment card number.",
    "pii.email": "This email address is in neither the brief nor the footer.",
    "pii.phone": "This phone number is not in the brief.",
}


def _overlaps(span: Span, taken: list[Span]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in taken)


def _emails(text: str, _region: str) -> Iterator[Span]:
    return (found.span() for found in _EMAIL.finditer(text))


def _ssns(text: str, _region: str) -> Iterator[Span]:
    return (found.span() for found in _SSN.finditer(text))


def _cards(text: str, _region: str) -> Iterator[Span]:
    for found in _CARD.finditer(text):
        if passes_luhn([int(each) for each in found[0] if each.isdecimal()]):
            yield found.span()


def _ibans(text: str, _region: str) -> Iterator[Span]:
    for found in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(found[0][:2])
        places = [i for i, each in enumerate(found[0]) if each not in " -"]
        if length is None or len(places) < length:
            continue
        compact = "".join(found[0][i] for i in places[:length])
        if passes_mod97(compact):
            yield found.start(), found.start() + places[length - 1] + 1


def _phones(text: str, region: str) -> Iterator[Span]:
    for match in phonenumbers.PhoneNumberMatcher(text, region):
        yield match.start, match.end


_FINDERS: Final[Mapping[str, Callable[[str, str], Iterator[Span]]]] = {
    # the strictest first: what one has taken, the next leaves alone
    "pii.ssn": _ssns,
    "pii.iban": _ibans,
    "pii.card": _cards,
    "pii.email": _emails,
    "pii.phone": _phones,
}


def passes_luhn(digits: list[int]) -> bool:
    """Tell whether the last digit is the check digit of the others (Luhn, mod 10)."""
    doubled = (sum(divmod(2 * each, 10)) for each in digits[-2::-2])
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def passes_mod97(iban: str) -> bool:
    """Tell whether an IBAN's check digits fit (ISO 7064, mod 97-10)."""
    turned = iban[4:] + iban[:4]
    if not turned.isascii() or not turned.isalnum():
        return False
    return int("".join(str(int(each, 36)) for each in turned)) % 97 == 1
