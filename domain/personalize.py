"""Which merge tokens exist, what a recipient may fill them with, and what comes out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from domain.errors import Refused
from domain.folding import is_hidden
from domain.privacy import FieldRule, Privacy, coarsened


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One merge token a text may use.

    Attributes:
        path: As written between the braces, such as "person.first_name".
        about: What it stands for, in words a writer can use.
        needs_fallback: Whether a recipient may lack it, so that a default is a must.
        rule: What privacy.yaml says of it; None: it is nothing of a recipient's.
    """

    path: str
    about: str
    needs_fallback: bool
    rule: FieldRule | None = None


OURS: Final[Mapping[str, Token]] = {
    path: Token(path=path, about=about, needs_fallback=False)
    for path, about in (
        ("links.cta", "The brief's call-to-action link."),
        ("links.unsubscribe", "This recipient's own unsubscribe link."),
        ("sender.name", "Who signs the mail."),
        ("sender.company", "The sending company."),
        ("sender.postal_address", "The sender's postal address."),
    )
}
"""Tokens that hold nothing of the recipient's."""


def tokens_of(privacy: Privacy) -> dict[str, Token]:
    """Every token by its path: those of privacy.yaml, then ours."""
    fields = {
        rule.path: Token(
            path=rule.path,
            about=rule.about,
            needs_fallback=not rule.is_required,
            rule=rule,
        )
        for rule in privacy.fields.values()
    }
    return {**fields, **OURS}


ALLOWED_FILTERS: Final = frozenset(
    {"default", "capitalize", "upcase", "downcase", "strip"}
)
ALLOWED_TAGS: Final = frozenset({"if", "unless"})

CODE: Final = re.compile(r"\{\{[^{}]{0,300}\}\}|\{%[^{}%]{0,300}%\}")
"""A merge token or tag in a text; bounded, so that stray braces cost no time."""

MAX_VALUE: Final = 80
"""Longest personal value that is merged, in characters; longer ones look broken."""

_NOT_A_VALUE: Final = frozenset({"none", "nan", "null", "n/a", "undefined", "-"})
_UNFIT: Final = re.compile(
    r"[<>{}|\\`]|//|\bwww\.|@|\bhttps?:|\w\.(?:com|net|org|io|co|ru|info|biz)\b",
    re.IGNORECASE,
)
_SAYS_SOMETHING: Final = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUse:
    """One place where a template reads a value.

    Attributes:
        path: The token's path, such as "person.first_name".
        start: Index in the text, in code points, of the path.
        fallback: The default written beside it, or None.
        filters: Filters in the order written.
        guarded: Whether an enclosing `if` already asked for this value.
        printed: Whether it is put into the text, not only asked for.
    """

    path: str
    start: int
    end: int
    fallback: str | None = None
    filters: tuple[str, ...] = ()
    guarded: bool = False
    printed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """What every mail says about its sender; from the brand's own file."""

    sender_name: str
    company: str
    postal_address: str
    reason: str = "You get this mail because you asked to hear from us."
    unsubscribe_label: str = "Unsubscribe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One recipient's values; a missing one is absent, None or empty.

    Attributes:
        person: By the last part of the token, such as "first_name".
        attributes: The list's own columns, by their names.
        region: As the list spells it; empty when it is not known.
        cta_url: The call-to-action link for this recipient.
        unsubscribe_url: The recipient's own unsubscribe link.
        is_made_up: Nobody's values: region and crowd are not asked for.
    """

    cta_url: str
    unsubscribe_url: str
    person: Mapping[str, str | None] = field(default_factory=dict)
    attributes: Mapping[str, str | None] = field(default_factory=dict)
    region: str = ""
    is_made_up: bool = False


class Fallback(StrEnum):
    """Why a recipient's own value is not shown, but what the text says instead."""

    # the list has none for them
    MISSING = "missing"
    # too long, with a link, no number where there should be one, ...
    UNFIT = "unfit"
    # privacy.yaml keeps the field out of every text
    PRIVATE = "private"
    # privacy.yaml keeps the field out of their region
    REGION = "region"
    # fewer than k of the list share it
    RARE = "rare"


FOR_PRIVACY: Final = frozenset({Fallback.PRIVATE, Fallback.REGION, Fallback.RARE})
"""Values that are there and would read well, and are kept back all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One recipient's mail, ready to send.

    Attributes:
        kept_back: Why values were kept back for privacy; empty for most.
    """

    subject: str
    preheader: str
    text: str
    html: str
    kept_back: frozenset[Fallback] = frozenset()


class CannotRender(Refused):
    """This recipient's mail would come out wrong, so it is not sent.

    Attributes:
        reason: A sentence without any of the recipient's data.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def usable(value: str | None) -> str | None:
    """Return a personal value that may be merged, or None so that the fallback is.

    A value that is too long, spans lines, or carries a link, an address or markup
    would read as broken, or let whoever filled in a form put words in our mail.
    """
    if value is None:
        return None
    text = value.strip()
    if not text or len(text) > MAX_VALUE or text.lower() in _NOT_A_VALUE:
        return None
    if _UNFIT.search(text) or not _SAYS_SOMETHING.search(text):
        return None
    if text.isascii():
        return text if text.isprintable() else None
    return None if "\n" in text or any(map(is_hidden, text)) else text


def shown(
    rule: FieldRule, value: str | None, *, region: str, common: Collection[str]
) -> str | Fallback:
    """What a mail to somebody in that region shows of their value, or why not.

    Args:
        value: As the list has it.
        common: Values, as they are shown, that enough recipients of the list share.
    """
    if value is None or not value.strip():
        return Fallback.MISSING
    if not rule.in_text:
        # lint refuses it; the rule may be younger than the approved text
        return Fallback.PRIVATE
    if not rule.may_be_used_in(region):
        return Fallback.REGION
    text = presentable(rule, value)
    if text is None:
        return Fallback.UNFIT
    if rule.k > 1 and text not in common:
        return Fallback.RARE
    return text


def presentable(rule: FieldRule, value: str | None) -> str | None:
    """A value as it may stand in a text, coarsened where the team wants it so."""
    text = usable(value)
    if text is None or rule.bucket is None:
        return text
    return coarsened(text, rule.bucket)


def common_values(rule: FieldRule, counts: Iterable[tuple[str, int]]) -> frozenset[str]:
    """Values, as they are shown, that at least k recipients share.

    Args:
        counts: How many recipients of the list have each value.
    """
    total: Counter[str] = Counter()
    for value, count in counts:
        text = presentable(rule, value)
        if text is not None:
            total[text] += count
    return frozenset(text for text, count in total.items() if count >= rule.k)


def token_guide(privacy: Privacy) -> tuple[dict[str, str], ...]:
    """What a writer is told of each personal token: name, meaning, class.

    Never a value; what may not appear in a text is not told at all.
    """
    return tuple(
        {
            "name": token.path,
            "means": token.about,
            "class": token.rule.kind.value,
            "write": _written(token),
        }
        for token in tokens_of(privacy).values()
        if token.rule is not None and token.rule.in_text
    )


def _written(token: Token) -> str:
    fallback = " | default: '...'" if token.needs_fallback else ""
    return f"{{{{ {token.path}{fallback} }}}}"
