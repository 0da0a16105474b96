"""An audit event's detail in words, so that the record reads like a story."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, TypeAlias

from domain.brief_fields import field_words
from domain.rejection import REASON_WORDS, parse_code

_SHOWN_OF_A_HASH: Final = 12

Say: TypeAlias = Callable[[object], str]


def fragment(detail: Mapping[str, object]) -> str:
    """Say a detail as part of a sentence, such as "stage copy, variant B, revision 2".

    Known keys come first, in the order of a story; any other follows under its own
    name. What is empty is left out.
    """
    known = [key for key in _WORDS if key in detail]
    others = sorted(key for key in detail if key not in _WORDS)
    return ", ".join(
        _WORDS.get(key, _named(key.replace("_", " ")))(detail[key])
        for key in [*known, *others]
        if detail[key] not in (None, "", [], {})
    )


def _plain(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:g}"
        case list():
            return _joined([_plain(each) for each in value])
        case Mapping():
            return f"({fragment(value)})"
        case _:
            return str(value)


def _joined(words: list[str]) -> str:
    if len(words) < 2:  # noqa: PLR2004 - nothing to join
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _named(name: str) -> Say:
    return lambda value: f"{name} {_plain(value)}"


def _key(name: str) -> Say:
    """A word of ours, such as a role or a trigger."""
    return lambda value: f"{name} {_plain(value).replace('_', ' ')}"


def _fields(name: str) -> Say:
    """A brief's fields, by what its form calls them."""

    def said(value: object) -> str:
        names = value if isinstance(value, list) else [value]
        return f"{name} {_joined([field_words(str(each)) for each in names])}"

    return said


def _numbered(name: str) -> Say:
    """A running number: no thousands separator."""
    return lambda value: f"{name} {value}"


def _counted(one: str, many: str) -> Say:
    return lambda value: f"{_plain(value)} {one if value == 1 else many}"


def _hash(name: str) -> Say:
    return lambda value: f"{name} {str(value)[:_SHOWN_OF_A_HASH]}"


def _quoted(name: str) -> Say:
    return lambda value: f'{name} "{value}"'


def _code(value: object) -> str:
    """What a text was rejected for, in the words of the form."""
    code = parse_code(value)
    return f"for {REASON_WORDS[code]}" if code else f"for {_plain(value)}"


def _step(value: object) -> str:
    """A ladder step, stored from 0 and said from 1; or a rollback step's name."""
    if isinstance(value, int):
        return f"step {value + 1}"
    return _plain(value).replace("_", " ")


def _time(name: str) -> Say:
    def said(value: object) -> str:
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            return f"{name} {value}"
        return f"{name} {moment:%Y-%m-%d %H:%M %Z}".rstrip()

    return said


def _rate(value: object) -> str:
    if not isinstance(value, int | float):
        return _plain(value)
    return f"a healthy send does this {100 * value:.2g} % of the time"


_WORDS: Final[Mapping[str, Say]] = {
    "source": _key("by"),
    "brief_version": _numbered("brief version"),
    "changed": _fields("changed"),
    "trigger": _key("by"),
    "audience": _named("audience"),
    "list": _named("list"),
    "file": _hash("file"),
    "where": _quoted("where"),
    "where_sha256": _hash("filter"),
    "recipients": _counted("recipient", "recipients"),
    "tier": _named("tier"),
    "passed": _key("passed"),
    "stage": _key("stage"),
    "role": _key("asked"),
    "pool": _key("pool"),
    "away": _named("out of office:"),
    "from": _key("from"),
    "to": _key("to"),
    "variant": _named("variant"),
    "variants": _named("variants"),
    "revision": _numbered("revision"),
    "approver": _named("approval by"),
    "given_for": _numbered("given for"),
    "parts": _named("changed"),
    "taken_back": _named("took back the"),
    "withdrawn": _named("withdrawn:"),
    "brought_back": _named("brought back:"),
    "suggestion": _numbered("suggestion"),
    "suggested_by": _named("words by"),
    "quote": _quoted("about"),
    "comment": _quoted("says"),
    "suggested_text": _hash("suggested text"),
    "outcome": _named("lint says"),
    "hard": _key("blocked by"),
    "notes": _counted("note", "notes"),
    "approval": _named("approval"),
    "tier_reason": _plain,
    "instruction": _quoted("asked for"),
    "arms": _named("sends variants"),
    "step": _step,
    "steps": _named("steps of"),
    "percent": lambda value: f"{_plain(value)} % of the list",
    "chunk": _numbered("chunk"),
    "size": _counted("mail", "mails"),
    "seeds": lambda value: f"to {_plain(value)} of the team",
    "accepted": _counted("mail accepted", "mails accepted"),
    "skipped": _counted("skipped", "skipped"),
    "capped": _counted("of them at the cadence cap", "of them at the cadence cap"),
    "given_up": _counted("of them put off too long", "of them put off too long"),
    "freeze": _numbered("freeze"),
    "scope": _key("of"),
    "target": _plain,
    "until": _time("until"),
    "not_merged": _counted("mail could not be merged", "mails could not be merged"),
    "with_fallback": _counted(
        "recipient read a fallback for privacy",
        "recipients read a fallback for privacy",
    ),
    "too_rare": _counted("value too rare", "values too rare"),
    "by_region": _counted("kept out of a region", "kept out of their regions"),
    "private": _counted("kept out of texts", "kept out of texts"),
    "recipient": _numbered("as recipient"),
    "send_at": _time("from"),
    "due_at": _time("due"),
    "told": _key("told"),
    "act": _key("to"),
    "paged": _named("paged"),
    "host": _named("through"),
    "cause": _key("cause"),
    "missed_by": _key("should have been caught by"),
    "missed_why": _quoted("it would have needed"),
    "action": _quoted("to do"),
    "said": _quoted("says"),
    "said_by": _named("written by"),
    "owner": _named("by"),
    "asked_by": _named("asked by"),
    "left_out": _counted(
        "left out, reported meanwhile", "left out, reported meanwhile"
    ),
    "may_duplicate": _counted("may get it twice", "may get it twice"),
    "complaints": _counted("complaint", "complaints"),
    "of": _named("of"),
    "complaints_to_roll_back": _counted("rolls it back", "roll it back"),
    "hard_bounces": _counted("hard bounce", "hard bounces"),
    "planned": _named("of"),
    "hard_bounces_to_roll_back": _counted("rolls it back", "roll it back"),
    "false_rollback_rate": _rate,
    "unsubscribes": _counted("unsubscribe", "unsubscribes"),
    "unsubscribes_to_roll_back": _counted("rolls it back", "roll it back"),
    "unsubscribes_to_roll_back_in_dry_run": _counted("would", "would"),
    "deferrals": _counted("deferral", "deferrals"),
    "deferrals_to_roll_back": _counted("rolls it back", "roll it back"),
    "deferrals_to_roll_back_in_dry_run": _counted("would", "would"),
    "alarm": _key("alarm:"),
    "visitors": _counted("visitor had seen it", "visitors had seen it"),
    "slot": _named("slot"),
    "campaign": _named("by campaign"),
    "mails_out": _counted("mail out", "mails out"),
    "mails_spared": _counted("mail spared", "mails spared"),
    "detail": _plain,
    "reason_code": _code,
    "reason": _named("because:"),
    "sha256": _hash("text"),
    "brief": _hash("brief"),
    "policy": _hash("policy"),
}
"""How each known key is said, in the order in which keys are said."""
