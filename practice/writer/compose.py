"""Composing one text from the phrases and the brief, decided by a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from practice.writer import phrases
from practice.writer.asked import Asked, Fact
from practice.writer.intents import INTENTS, Intent

FINGERPRINT: Final = (
    "fp_"
    + blake2b(
        repr(
            [INTENTS]
            + [
                getattr(phrases, name)
                for name in sorted(vars(phrases))
                if name.isupper()
            ]
        ).encode(),
        digest_size=6,
    ).hexdigest()
)
FIRST_NAME: Final = "person.first_name"
SENDER: Final = ("sender.name", "sender_name")
MAX_SUBJECT: Final = 60
MAX_PREHEADER: Final = 100
MAX_QUOTE: Final = 240
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])")
_WORD: Final = re.compile(r"[a-z]{4,}")
_LINK: Final = re.compile(r"https?://|www\.|\{\{|\{%", re.IGNORECASE)
_TONES: Final = (
    ("formal", ("formal", "professional", "sober", "serious", "respectful")),
    ("warm", ("warm", "friend", "casual", "playful", "human", "personal")),
)
_FORMS: Final = {"no_questions": ("no question", "without question", "not ask")}
_SHORTER: Final = ("short", "brief", "concise", "trim", "tighter", "less text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """One text, and which sentence rests on which fact."""

    subject: str
    preheader: str
    body: str
    claims: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Room:
    """How much a channel that is no mail takes: characters, and words of the body."""

    headline: int
    line: int
    words: int
    has_link: bool = True


_ROOM: Final = {
    "landing_page": _Room(headline=60, line=160, words=300),
    "ad": _Room(headline=30, line=90, words=25, has_link=False),
    "chat": _Room(headline=60, line=160, words=80),
}


@dataclass(frozen=True, slots=True)
class _Part:
    """A paragraph; the highest `spare` goes first when words run out."""

    text: str
    spare: int = 0
    claims: tuple[tuple[str, str], ...] = ()


def compose(asked: Asked, seed: int) -> Composed:
    """Write one mail; the same request and seed give the same mail."""
    if asked.badly and not asked.findings:
        return _badly(asked, seed)
    return _Author(asked, seed).write()


class _Author:
    """One composition: its tone, its dice, and what it may not say."""

    def __init__(self, asked: Asked, seed: int) -> None:
        self._asked = asked
        self._tone = _tone(asked)
        self._banned = tuple(
            phrase.lower() for phrase in asked.forbidden if phrase.strip()
        )
        wish = asked.instruction.lower()
        self._no_questions = any(form in wish for form in _FORMS["no_questions"])
        self._short = any(form in wish for form in _SHORTER)
        # An A/B test of one part keeps the other part the same in every arm.
        turn = f"{seed}:{asked.instruction}:{asked.findings}"
        fixed, varied = random.Random(turn), random.Random(f"{turn}:{asked.variant}")
        self._head = fixed if asked.ab_variable == "body" else varied
        self._rng = fixed if asked.ab_variable == "subject" else varied
        self._intent = _intent(asked)

    def write(self) -> Composed:
        room = _ROOM.get(self._asked.channel)
        return self._mail() if room is None else self._shown(room)

    def _shown(self, room: _Room) -> Composed:
        """Copy that visitors see: no greeting, no sign-off, nothing to fill in."""
        asked, channel = self._asked, self._asked.channel
        headlines, lines = phrases.HEADLINES[channel], phrases.SUBHEADLINES[channel]
        headline = self._short_of(headlines, (asked.key_message,), room.headline)
        line = self._short_of(lines, (asked.offer, asked.key_message), room.line)
        action = self._action() if room.has_link else _Part(self._pick(lines), spare=2)
        parts = [
            _Part(self._given(asked.key_message)),
            *(_Part(each.text, each.spare or 3, each.claims) for each in self._proof()),
            _Part(self._led(phrases.OFFER_LEADS, asked.offer), spare=1),
            action,
        ]
        kept = self._fit([each for each in parts if each.text], room.words)
        return Composed(
            subject=headline.rstrip(".") or asked.title[: room.headline],
            preheader=line,
            body="\n\n".join(each.text for each in kept),
            claims=tuple(claim for each in kept for claim in each.claims),
        )

    def _short_of(self, options: Sequence[str], given: Iterable[str], most: int) -> str:
        """One of ours, or of the brief's words those that fit."""
        theirs = (self._given(each) for each in given)
        fit = [each for each in theirs if each and len(each) <= most]
        return self._pick([*options, *fit], self._head)

    def _mail(self) -> Composed:
        subject, preheader = self._subject(), self._preheader()
        kept = self._fit(self._parts())
        body = "\n\n".join(part.text for part in kept)
        if self._tone == "warm":
            body = _contracted(body, kept, self._asked)
        claims = tuple(claim for part in kept for claim in part.claims)
        return Composed(subject=subject, preheader=preheader, body=body, claims=claims)

    def _parts(self) -> list[_Part]:
        parts = [
            _Part(self._greeting()),
            _Part(self._pick(self._intent.openings), spare=2),
            _Part(self._led(phrases.KEY_LEADS, self._asked.key_message)),
        ]
        if self._rng.random() < 0.5:
            text = self._led(phrases.POSITION_LEADS, self._asked.positioning)
            parts.append(_Part(text, spare=4))
        parts.extend(self._proof())
        parts.append(_Part(self._led(phrases.OFFER_LEADS, self._asked.offer), spare=1))
        parts.append(self._action())
        parts.append(_Part(self._pick(phrases.CLOSINGS[self._tone]), spare=3))
        parts.append(_Part(self._sign_off()))
        return [part for part in parts if part.text]

    def _allowed(self, text: str) -> bool:
        lowered = text.lower()
        if self._no_questions and "?" in text:
            return False
        return not any(phrase in lowered for phrase in self._banned)

    def _pick(self, options: Sequence[str], rng: random.Random | None = None) -> str:
        fit = [option for option in options if self._allowed(option)]
        return (rng or self._rng).choice(fit) if fit else ""

    def _given(self, text: str) -> str:
        """Words of the brief as sentences, without those that are not allowed."""
        kept = [
            sentence
            for sentence in _SENTENCE.split(text)
            if self._allowed(sentence) and not _LINK.search(sentence)
        ]
        return _sentence(" ".join(kept))

    def _led(self, leads: Sequence[str], text: str) -> str:
        given = self._given(text)
        return f"{self._pick(leads)} {given}".strip() if given else ""

    def _greeting(self) -> str:
        greeting = self._pick(phrases.GREETINGS[self._tone])
        fallback = phrases.NAME_FALLBACK[self._tone]
        token = self._token((FIRST_NAME, "first_name"), FIRST_NAME)
        name = f"{{{{ {token} | default: '{fallback}' }}}}" if token else fallback
        return greeting.format(name=name)

    def _token(self, names: Sequence[str], unasked: str = "") -> str:
        """The first of `names` that may be used; `unasked` when no list was given."""
        if self._asked.tokens is None:
            return unasked
        return next((name for name in names if name in self._asked.tokens), "")

    def _proof(self) -> list[_Part]:
        usable = [(fact, self._given(_first(fact.text))) for fact in self._best()]
        usable = [(fact, text) for fact, text in usable if text][:4]
        count = min(len(usable), 1 if self._short else self._rng.choice((1, 2)))
        parts: list[_Part] = []
        leads = (phrases.PROOF_LEADS, phrases.SECOND_LEADS)
        for place, (fact, text) in enumerate(self._rng.sample(usable, count)):
            lead = self._pick(leads[place])
            claim = ((text, fact.id),)
            parts.append(_Part(f"{lead} {text}".strip(), 5 * place, claim))
        return parts

    def _best(self) -> list[Fact]:
        """Facts nearest in words to what the campaign says come first."""
        about = f"{self._asked.key_message} {self._asked.offer} {self._asked.objective}"
        wanted = set(_WORD.findall(about.lower()))
        return sorted(
            self._asked.facts,
            key=lambda fact: -len(wanted & set(_WORD.findall(fact.text.lower()))),
        )

    def _action(self) -> _Part:
        bridge = self._pick(self._intent.bridges)
        if not self._asked.cta_url:
            return _Part(bridge)
        label = self._pick(self._intent.labels) or "More"
        return _Part(f"{bridge}\n\n{label}: {self._asked.cta_url}".strip())

    def _sign_off(self) -> str:
        words = self._pick(phrases.SIGN_OFFS[self._tone])
        token = self._token(SENDER)
        return f"{words}\n{{{{ {token} }}}}" if token else words[:-1]

    def _subject(self) -> str:
        options = list(self._intent.subjects)
        key = self._given(self._asked.key_message).rstrip(".")
        if 0 < len(key) <= MAX_SUBJECT:
            options.append(key)
        subject = self._pick(options, self._head)
        return subject or self._asked.title[:MAX_SUBJECT] or "News for you"

    def _preheader(self) -> str:
        options = list(self._intent.preheaders)
        offer = self._given(self._asked.offer)
        if 0 < len(offer) <= MAX_PREHEADER:
            options.append(offer)
        return self._pick(options, self._head)

    def _fit(self, parts: list[_Part], most: int = 10_000) -> list[_Part]:
        """Leave out what can be spared until the words fit."""
        limit = min(self._asked.max_words or most, most)
        kept = list(parts)
        if self._short:
            kept = [part for part in kept if part.spare < 2]
        while _words(kept) > limit and any(part.spare for part in kept):
            kept.remove(max(kept, key=lambda part: part.spare))
        return kept


def _badly(asked: Asked, seed: int) -> Composed:
    """A draft no reviewer should see: a banned phrase, a bad token, a wrong link."""
    good = _Author(asked, seed).write()
    phrase = asked.forbidden[0] if asked.forbidden else "guaranteed results"
    wrong = (
        f"Act now, {phrase} for {{{{ person.shoe_size }}}}: "
        "https://deals.example.net/now"
    )
    return Composed(
        subject=good.subject,
        preheader=good.preheader,
        body=f"{good.body}\n\n{wrong}",
        claims=good.claims,
    )


def _tone(asked: Asked) -> str:
    for wish in (asked.instruction.lower(), asked.tone.lower()):
        for tone, clues in _TONES:
            if any(clue in wish for clue in clues):
                return tone
    return "plain"


def _intent(asked: Asked) -> Intent:
    """What the goal asks for; the message and offer decide when it says nothing."""
    for about in (
        f"{asked.title} {asked.objective}",
        f"{asked.key_message} {asked.offer}",
    ):
        for intent in INTENTS[:-1]:
            if all(
                any(clue in about.lower() for clue in group) for group in intent.clues
            ):
                return intent
    return INTENTS[-1]


def _first(text: str) -> str:
    """The first sentence or two of a fact, as far as they are short enough."""
    kept = ""
    for sentence in _SENTENCE.split(text)[:2]:
        if kept and len(kept) + len(sentence) >= MAX_QUOTE:
            break
        kept = f"{kept} {sentence}".strip()
    return kept


def _sentence(text: str) -> str:
    text = text.strip()
    if not text:
        return ""
    # A word such as "iPhone" keeps its own spelling.
    if text.split()[0].islower():
        text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?…:" else text + "."


def _words(parts: Iterable[_Part]) -> int:
    return sum(len(part.text.split()) for part in parts)


def _contracted(body: str, parts: Sequence[_Part], asked: Asked) -> str:
    """Shorten our own words; the brief's and the facts' stay as they were given."""
    given = [asked.key_message, asked.positioning, asked.offer]
    quoted = [text for part in parts for text, _ in part.claims]
    kept = [text.rstrip(".") for text in [*given, *quoted] if text]
    return "\n\n".join(
        paragraph if any(text in paragraph for text in kept) else _contract(paragraph)
        for paragraph in body.split("\n\n")
    )


def _contract(text: str) -> str:
    for long, short in phrases.CONTRACTIONS:
        text = text.replace(long, short)
    return text
