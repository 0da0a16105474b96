"""Which merge tokens exist, what a recipient may fill them with, and what comes out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from domain.errors import Refused
from domain.folding import is_hidden


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One merge token a writer may use.

    Attributes:
        path: As written between the braces, such as "person.first_name".
        about: What it stands for, in words a writer can use.
        needs_fallback: Whether a recipient may lack it, so that a default is a must.
    """

    path: str
    about: str
    needs_fallback: bool


TOKENS: Final[Mapping[str, Token]] = {
    each.path: each
    for each in (
        Token(path="person.first_name", about="Given name.", needs_fallback=True),
        Token(path="person.last_name", about="Family name.", needs_fallback=True),
        Token(path="person.company", about="Employer's name.", needs_fallback=True),
        Token(path="person.job_title", about="Job title.", needs_fallback=True),
        Token(path="person.city", about="City.", needs_fallback=True),
        Token(
            path="links.cta",
            about="The brief's call-to-action link.",
            needs_fallback=False,
        ),
        Token(
            path="links.unsubscribe",
            about="This recipient's own unsubscribe link.",
            needs_fallback=False,
        ),
        Token(path="sender.name", about="Who signs the mail.", needs_fallback=False),
        Token(
            path="sender.company", about="The sending company.", needs_fallback=False
        ),
        Token(
            path="sender.postal_address",
            about="The sender's postal address.",
            needs_fallback=False,
        ),
    )
}

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
        cta_url: The call-to-action link for this recipient.
        unsubscribe_url: The recipient's own unsubscribe link.
    """

    cta_url: str
    unsubscribe_url: str
    person: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One recipient's mail, ready to send."""

    subject: str
    preheader: str
    text: str
    html: str


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
    if _UNFIT.search(text):
        return None
    if text.isascii():
        return text if text.isprintable() else None
    return None if "\n" in text or any(map(is_hidden, text)) else text


def token_guide() -> str:
    """List the tokens for a writer: names and meaning, never a value."""
    return "\n".join(map(_guide_line, TOKENS.values()))


def _guide_line(token: Token) -> str:
    fallback = " | default: '...'" if token.needs_fallback else ""
    return f"{{{{ {token.path}{fallback} }}}}: {token.about}"
