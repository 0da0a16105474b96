"""An audit event's detail in words, so that the record reads like a story."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

_SHOWN_OF_A_HASH: Final = 12


def fragment(detail: Mapping[str, object]) -> str:
    """Say a detail as part of a sentence, such as "stage copy, variant B, revision 2".

    Known keys come first and in the order of a story; any other follows under its
    own name. What is empty is left out.
    """
    known = [key for key in _WORDS if key in detail]
    others = sorted(key for key in detail if key not in _WORDS)
    said = (_said(key, detail[key]) for key in [*known, *others])
    return ", ".join(each for each in said if each)


def _said(key: str, value: object) -> str:
    if value is None or value in ("", [], {}):
        return ""
    if key in _WORDS:
        return _WORDS[key](value)
    return f"{key.replace('_', ' ')} {_plain(value)}"


def _plain(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:g}"
        case list() | tuple():
            return " and ".join(_plain(each) for each in value)
        case Mapping():
            pairs = (f"{key} {_plain(each)}" for key, each in sorted(value.items()))
            return f"({', '.join(pairs)})"
        case _:
            return str(value).replace("_", " ")


def _named(name: str) -> Callable[[object], str]:
    return lambda value: f"{name} {_plain(value)}"


def _number(name: str) -> Callable[[object], str]:
    """An id or a running number: no thousands separator."""
    return lambda value: f"{name} {value}"


def _counted(one: str, many: str | None = None) -> Callable[[object], str]:
    several = many or f"{one}s"
    return lambda value: f"{_plain(value)} {one if value == 1 else several}"


def _hash(name: str) -> Callable[[object], str]:
    return lambda value: f"{name} {str(value)[:_SHOWN_OF_A_HASH]}"


def _quoted(value: object) -> str:
    return f'"{value}"'


def _verbatim(name: str) -> Callable[[object], str]:
    return lambda value: f"{name} {value}"


_WORDS: Final[Mapping[str, Callable[[object], str]]] = {
    "title": _quoted,
    "tier": _verbatim("tier"),
    "audience": _verbatim("audience"),
    "recipients": _counted("recipient"),
    "suppressed_before": _counted("suppressed before", "suppressed before"),
    "source": _named("by"),
    "stage": _named("stage"),
    "role": _named("asked"),
    "variant": _verbatim("variant"),
    "variants": _named("variants"),
    "label": _verbatim("variant"),
    "labels": _named("variants"),
    "revision": _number("revision"),
    "number": _number("number"),
    "outcome": _named("outcome"),
    "rule": _verbatim("rule"),
    "rules": _named("rules"),
    "instruction": lambda value: f'asked for "{value}"',
    "arms": _named("arms"),
    "shelved": _named("shelved"),
    "step": _number("step"),
    "percent": lambda value: f"{_plain(value)} %",
    "planned": _counted("mail planned", "mails planned"),
    "chunk": _number("chunk"),
    "chunks": _counted("chunk"),
    "accepted": _counted("mail accepted", "mails accepted"),
    "skipped": _counted("skipped", "skipped"),
    "verdict": _named("verdict"),
    "complaints": _counted("complaint"),
    "hard_bounces": _counted("hard bounce"),
    "mails_out": _counted("mail out", "mails out"),
    "mails_spared": _counted("mail spared", "mails spared"),
    "revoked": _counted("chunk revoked", "chunks revoked"),
    "suppressed": _counted("suppressed", "suppressed"),
    "trigger": _named("by"),
    "send_at": _verbatim("sends"),
    "decides_at": _verbatim("decides"),
    "due_at": _verbatim("due"),
    "reason": lambda value: f"because: {value}",
    "error": _verbatim("error"),
    "reference": _verbatim("reference"),
    "policy_hash": _hash("policy"),
    "policy": _hash("policy"),
    "sha256": _hash("text"),
    "revision_sha256": _hash("text"),
    "brief_sha256": _hash("brief"),
}
"""How each known key is said, in the order in which keys are said."""
