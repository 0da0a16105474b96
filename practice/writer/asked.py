"""What was asked: the fenced JSON of the messages, read with patience."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_FENCE: Final = re.compile(r"```json\s*\n(.*?)```", re.DOTALL | re.IGNORECASE)
_QUOTED: Final = re.compile(r"[\"“‘'`]([^\"”’'`\n]{3,60})[\"”’'`]")  # noqa: RUF001 - curly quotes are meant
_BADLY: Final = "[write badly]"
_BRIEF_KEYS: Final = frozenset({"objective", "key_message", "cta_url", "offer"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing known to be true, with the id a claim has to name."""

    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, with every missing key turned into something harmless."""

    objective: str = ""
    key_message: str = ""
    positioning: str = ""
    offer: str = ""
    cta_url: str = ""
    tone: str = ""
    title: str = ""
    ab_variable: str = "none"
    channel: str = "email"
    max_words: int = 0
    forbidden: tuple[str, ...] = ()
    tokens: tuple[str, ...] | None = None
    facts: tuple[Fact, ...] = ()
    instruction: str = ""
    findings: tuple[str, ...] = ()
    variant: str = ""
    badly: bool = False


def read_messages(messages: Sequence[object]) -> Asked:
    """Read brief, facts and wishes out of a conversation's user messages."""
    found: dict[str, Any] = {}
    for text in _user_texts(messages):
        for block in _FENCE.findall(text):
            found.update(_keys(block))
    return _asked(found)


def _user_texts(messages: Sequence[object]) -> Iterator[str]:
    for message in messages:
        if not isinstance(message, Mapping) or message.get("role") != "user":
            continue
        content = message.get("content")
        parts = content if isinstance(content, list) else [{"text": content}]
        for part in parts:
            text = part.get("text") if isinstance(part, Mapping) else None
            if isinstance(text, str):
                yield text


def _keys(block: str) -> dict[str, Any]:
    try:
        value = json.loads(block)
    except ValueError:
        return {}
    if isinstance(value, list):
        return {"facts": value}
    if not isinstance(value, dict):
        return {}
    if "brief" not in value and _BRIEF_KEYS & value.keys():
        return {"brief": value, **{key: value[key] for key in _OWN if key in value}}
    return value


_OWN: Final = (
    "facts",
    "instruction",
    "findings",
    "rejected",
    "variant",
    "tokens",
    "practice",
)


def _asked(found: Mapping[str, Any]) -> Asked:
    brief = found.get("brief")
    if not isinstance(brief, Mapping):
        brief = {}
    findings = _texts(found.get("findings"))
    objective, instruction = (
        _text(brief.get("objective")),
        _text(found.get("instruction")),
    )
    wishes = f"{objective} {instruction}".lower()
    tokens = found.get("tokens", brief.get("tokens"))
    return Asked(
        objective=objective,
        key_message=_text(brief.get("key_message")),
        positioning=_text(brief.get("positioning")),
        offer=_text(brief.get("offer")),
        cta_url=_text(brief.get("cta_url")),
        tone=_text(brief.get("tone")),
        title=_text(brief.get("title")),
        ab_variable=_text(brief.get("ab_variable")) or "none",
        channel=_text(brief.get("channel")) or "email",
        max_words=_number(brief.get("max_words")),
        forbidden=(
            *_texts(brief.get("forbidden_phrases")),
            *_quoted(findings),
            *(each for each in _quoted(_texts(found.get("rejected"))) if " " in each),
        ),
        tokens=None if tokens is None else _texts(tokens),
        facts=_facts(found.get("facts")),
        instruction=instruction.replace(_BADLY, "").strip(),
        findings=findings,
        variant=json.dumps(found.get("variant"), sort_keys=True),
        badly=_BADLY in wishes
        or "bad" in (found.get("practice"), brief.get("practice")),
    )


def _text(value: object) -> str:
    return " ".join(str(value).split()) if isinstance(value, str | int | float) else ""


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | float) and value > 0 else 0


def _texts(value: object) -> tuple[str, ...]:
    """Strings of a list; of objects, what they are named or what they say."""
    if isinstance(value, str):
        value = value.splitlines()
    if not isinstance(value, list):
        return ()
    texts = (_text(_said(one)) for one in value)
    return tuple(text for text in texts if text)


def _said(entry: object) -> object:
    if not isinstance(entry, Mapping):
        return entry
    keys = ("name", "path", "message", "text", "finding")
    return next((entry[key] for key in keys if entry.get(key)), json.dumps(entry))


def _quoted(findings: Sequence[str]) -> tuple[str, ...]:
    """Phrases that findings put in quotes; those are to be avoided."""
    return tuple(phrase for text in findings for phrase in _QUOTED.findall(text))


def _facts(value: object) -> tuple[Fact, ...]:
    if not isinstance(value, list):
        return ()
    facts: list[Fact] = []
    for number, one in enumerate(value, 1):
        if isinstance(one, Mapping) and isinstance(one.get("text"), str):
            name = one.get("id", one.get("source_id", number))
            facts.append(Fact(id=str(name), text=_text(one["text"])))
        elif isinstance(one, str):
            facts.append(Fact(id=str(number), text=_text(one)))
    return tuple(facts)
