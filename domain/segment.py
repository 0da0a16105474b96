"""Segments: a small filter language over a list's people, parsed and typed.

`region = "DE" and (score >= 3 or last_order_at < 90 days ago) and not plan in ("trial")`
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from typing import Final, NoReturn, TypeAlias

from domain.attributes import WANTED, Kind, NotAValue, Value, parse_value
from domain.errors import Refused

Fields: TypeAlias = Mapping[str, Kind]

LONGEST_FILTER: Final = 1_000
MOST_COMPARISONS: Final = 50
DEEPEST: Final = 20
MOST_CHOICES: Final = 100
MOST_DAYS: Final = 36_500

OWN_FIELDS: Final[Fields] = dict.fromkeys(
    ("company", "domain", "locale", "provider", "region", "time_zone"), Kind.TEXT
)
"""What every list has. No names and no addresses: nobody is picked out by them."""

INTENT: Final = "intent."
INTENT_FIELDS: Final[Fields] = {
    "intent.topic": Kind.TEXT,
    "intent.score": Kind.NUMBER,
    "intent.source": Kind.TEXT,
    "intent.seen_at": Kind.DATE,
}
RFM: Final = "rfm."
RFM_FIELDS: Final[Fields] = dict.fromkeys(("rfm.r", "rfm.f", "rfm.m"), Kind.NUMBER)


def fields_of(attributes: Fields, *, has_rfm: bool) -> Fields:
    """All that a filter over a list with these attributes can ask for."""
    return {
        **attributes,
        **OWN_FIELDS,
        **INTENT_FIELDS,
        **(RFM_FIELDS if has_rfm else {}),
    }


class Op(StrEnum):
    IS = "="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class DaysAgo:
    """A day counted back from the day the filter is used on."""

    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """False, whatever it asks, when the person has no such value."""

    field: str
    kind: Kind
    op: Op
    value: Value | DaysAgo


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf:
    field: str
    kind: Kind
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Empty:
    field: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Not:
    part: Node


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Signal:
    """Some one intent signal, still valid, of which all of `part` is true."""

    part: Node


Node: TypeAlias = Compare | OneOf | Empty | Not | All | Either | Signal


class FilterInvalid(Refused):
    """The filter cannot be read; says where and what would do."""


def filter_sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def parse_filter(text: str, fields: Fields) -> Node:
    """Read a filter over these fields; intent comparisons come grouped by signal.

    Raises:
        FilterInvalid: A sentence with the place, and the nearest field's name.
    """
    if not text.strip():
        raise FilterInvalid('A filter is something like region = "DE" and score >= 3.')
    if len(text) > LONGEST_FILTER:
        raise FilterInvalid(f"A filter is at most {LONGEST_FILTER:,} characters long.")
    if not text.isprintable():
        raise FilterInvalid("A filter is one line, without control characters.")
    return _by_signal(_Parser(text, fields).read())


def _by_signal(node: Node) -> Node:
    """Let what is asked of intent with `and` and `or` alone be asked of one signal."""
    if _is_intent(node):
        return Signal(node)
    match node:
        case Not(part):
            return Not(_by_signal(part))
        case Either(parts):
            return Either(tuple(map(_by_signal, parts)))
        case All(parts):
            of_one = tuple(part for part in parts if _is_intent(part))
            others = tuple(_by_signal(part) for part in parts if not _is_intent(part))
            return All((*others, Signal(All(of_one)))) if of_one else All(others)
        case _:
            return node


def _is_intent(node: Node) -> bool:
    match node:
        case Compare(field=field) | OneOf(field=field) | Empty(field=field):
            return field.startswith(INTENT)
        case All(parts) | Either(parts):
            return all(map(_is_intent, parts))
        case _:
            return False


_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<text>"[^"\n]*"|'[^'\n]*')
    | (?P<date>\d{4}-\d{2}-\d{2})(?![\w-])
    | (?P<number>[+-]?\d+(?:\.\d+)?)(?![\w.])
    | (?P<word>[A-Za-z_]\w*(?:\.\w+)?)
    | (?P<sign><=|>=|!=|==|=|<|>|\(|\)|,)
    )""",
    re.VERBOSE | re.ASCII,
)
_SIGNS: Final[Mapping[str, Op]] = {"==": Op.IS, **{str(each): each for each in Op}}
_END: Final = ""


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of the text; of kind "end" after the last."""

    kind: str
    text: str
    at: int


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            raise FilterInvalid(
                f"The filter cannot be read from character {start + 1} on; a text stands"
                ' in quotes, such as "DE".'
            )
        kind = match.lastgroup
        found.append(_Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return [*found, _Token("end", _END, end)]


class _Parser:
    """Recursive descent; `or` binds loosest, then `and`, then `not`."""

    def __init__(self, text: str, fields: Fields) -> None:
        self.tokens, self.fields = _tokens(text), fields
        self.next, self.comparisons, self.depth = 0, 0, 0

    def read(self) -> Node:
        node = self._either()
        if self._now.kind != "end":
            self._refuse('"and", "or" or the end')
        return node

    @property
    def _now(self) -> _Token:
        return self.tokens[self.next]

    def _take(self, *words: str) -> bool:
        """Step over a keyword or sign, if it is what comes next."""
        is_it = self._now.kind in ("word", "sign") and self._now.text.lower() in words
        self.next += is_it
        return is_it

    def _refuse(self, wanted: str) -> NoReturn:
        token = self._now
        there = f'not "{token.text[:40]}"' if token.text else "but the filter ends"
        raise FilterInvalid(
            f"The filter needs {wanted} at character {token.at + 1}, {there}."
        )

    def _either(self) -> Node:
        parts = [self._all()]
        while self._take("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _all(self) -> Node:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self) -> Node:
        if self._take("not"):
            return Not(self._deeper(self._one))
        if self._take("("):
            inside = self._deeper(self._either)
            if not self._take(")"):
                self._refuse('"and", "or" or ")"')
            return inside
        return self._comparison()

    def _deeper(self, read: Callable[[], Node]) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise FilterInvalid(f"A filter is nested at most {DEEPEST} deep.")
        node = read()
        self.depth -= 1
        return node

    def _comparison(self) -> Node:
        self.comparisons += 1
        if self.comparisons > MOST_COMPARISONS:
            raise FilterInvalid(
                f"A filter makes at most {MOST_COMPARISONS} comparisons."
            )
        field, kind = self._field()
        if self._take("is"):
            is_not = self._take("not")
            node = self._empty(field, kind)
            return Not(node) if is_not else node
        if self._take("not"):
            if not self._take("in"):
                self._refuse('"in"')
            return Not(self._one_of(field, kind))
        if self._take("in"):
            return self._one_of(field, kind)
        if self._take("!="):
            return Not(
                Compare(field=field, kind=kind, op=Op.IS, value=self._value(kind))
            )
        return self._compared(field, kind)

    def _field(self) -> tuple[str, Kind]:
        if self._now.kind != "word":
            self._refuse("a field's name")
        name = self._now.text.lower()
        if name not in self.fields:
            near = get_close_matches(name, self.fields, n=1)
            said = f"Did you mean {near[0]}?" if near else self._known()
            if name in RFM_FIELDS:
                said = "Compute it first: copydesk audience rfm LIST."
            raise FilterInvalid(
                f'There is no field "{name[:40]}" at character {self._now.at + 1}. {said}'
            )
        self.next += 1
        return name, self.fields[name]

    def _known(self) -> str:
        return f"There are: {', '.join(sorted(self.fields))}."

    def _compared(self, field: str, kind: Kind) -> Node:
        token = self._now
        if token.kind != "sign" or token.text not in _SIGNS:
            self._refuse('one of =, !=, <, <=, >, >=, "in" and "is"')
        op = _SIGNS[token.text]
        if op is not Op.IS and kind in (Kind.TEXT, Kind.YES_NO):
            raise FilterInvalid(
                f"{field} is {_A[kind]}, which has no order: use =, != or in."
            )
        self.next += 1
        return Compare(field=field, kind=kind, op=op, value=self._value(kind, ago=True))

    def _empty(self, field: str, kind: Kind) -> Node:
        if not self._take("empty"):
            self._refuse('"empty" or "not empty"')
        if field.startswith(INTENT):
            raise FilterInvalid(
                f"A signal always has its {field.removeprefix(INTENT)};"
                " who has none is found with not intent.score >= 0."
            )
        return Empty(field=field, kind=kind)

    def _one_of(self, field: str, kind: Kind) -> Node:
        if not self._take("("):
            self._refuse('"("')
        values = [self._value(kind)]
        while self._take(","):
            values.append(self._value(kind))
        if not self._take(")"):
            self._refuse('"," or ")"')
        if len(values) > MOST_CHOICES:
            raise FilterInvalid(f'"in" takes at most {MOST_CHOICES} values.')
        plain = tuple(each for each in values if not isinstance(each, DaysAgo))
        return OneOf(field=field, kind=kind, values=plain)

    def _value(self, kind: Kind, *, ago: bool = False) -> Value | DaysAgo:
        token = self._now
        if kind not in _TAKES.get(token.kind, ()):
            if ago and kind is Kind.DATE and token.kind == "number":
                return self._days_ago()
            self._refuse(WANTED[kind] + (' in quotes, like "DE"' * (kind is Kind.TEXT)))
        said = token.text[1:-1] if token.kind == "text" else token.text
        if not said.strip():
            self._refuse('a text that is not empty (ask "is empty")')
        try:
            value = parse_value(kind, said)
        except NotAValue as error:
            raise FilterInvalid(
                f"What is compared at character {token.at + 1} {error}."
            ) from None
        self.next += 1
        return value

    def _days_ago(self) -> DaysAgo:
        token = self._now
        if not token.text.isdigit() or int(token.text[:9]) > MOST_DAYS:
            self._refuse(f"a whole number of days up to {MOST_DAYS:,}")
        self.next += 1
        if not (self._take("days", "day") and self._take("ago")):
            self._refuse('"days ago" after the number')
        return DaysAgo(int(token.text))


_A: Final[Mapping[Kind, str]] = {Kind.TEXT: "a text", Kind.YES_NO: "yes or no"}
_TAKES: Final[Mapping[str, tuple[Kind, ...]]] = {
    "text": (Kind.TEXT, Kind.DATE),
    "date": (Kind.DATE,),
    "number": (Kind.NUMBER,),
    "word": (Kind.YES_NO,),
}
"""Which kinds of value a piece of the text can be."""


def on_day(value: Value | DaysAgo, today: date) -> Value:
    """A value as it stands on a day."""
    if not isinstance(value, DaysAgo):
        return value
    earliest = date.min.toordinal()
    return date.fromordinal(max(earliest, today.toordinal() - value.days))
