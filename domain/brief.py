"""The brief: what a marketer asks for, checked once at the edge."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Final, cast

from domain import link
from domain.brief_fields import BY_NAME, FIELDS, Field, Json, Kind
from domain.channel import MAIL_ONLY, NAMES, Channel
from domain.control import CHAMPION
from domain.errors import Refused
from domain.folding import clean
from domain.lint import did_you_mean

__all__ = [
    "BY_NAME",
    "FIELDS",
    "Brief",
    "BriefInvalid",
    "Field",
    "brief_sha256",
    "canonical",
    "json_schema",
    "parse_brief",
    "to_json",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What to write, for whom, within which limits.

    Attributes:
        audience: Key of the segment to write to, or for.
        champion: The sent campaign, and its arm, whose copy is variant A, the control;
            empty for none.
        slot: Key of the place where copy that is no mail is shown; empty for mail.
        allowed_links: Every link the mail may hold; the call to action is one.
        metric_target: Wanted value of `metric`, in the metric's own unit.
        arms: How many variants are sent or shown side by side, 1-8.
        variants: How many are written for the reviewers to choose from, 1-8.
        send_at: Aware time, or None for as soon as the mail is approved.
    """

    channel: str
    title: str
    objective: str
    audience: str
    personas: tuple[str, ...]
    positioning: str
    key_message: str
    offer: str
    cta_url: str
    allowed_links: tuple[str, ...]
    tone: str
    metric: str
    metric_target: float | None
    forbidden_phrases: tuple[str, ...]
    max_links: int
    max_words: int
    plain_text_part: bool
    no_image_only: bool
    ab_variable: str
    arms: int
    variants: int
    tier: str
    champion: str
    slot: str
    send_at: datetime | None


class BriefInvalid(Refused):
    """The brief cannot be accepted.

    Attributes:
        errors: Field name to a sentence that says what was wrong and what is allowed.
    """

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        lines = [f"{name}: {text}" for name, text in self.errors.items()]
        super().__init__("The brief has mistakes. " + " ".join(lines))


class _Wrong(Exception):
    """One field's sentence, on its way to `BriefInvalid`."""


def parse_brief(raw: Mapping[str, object]) -> Brief:
    """Check a brief as typed into the form, sent as JSON, or read from a file.

    A list may also come as one text with a line per entry, and a number as digits,
    since that is what a form gives.

    Raises:
        BriefInvalid: With every wrong field at once.
    """
    errors: dict[str, str] = {}
    values: dict[str, object] = {}
    for name in raw:
        if name not in BY_NAME:
            errors[clean(str(name), multiline=False)[:64]] = (
                f"There is no such field.{did_you_mean(str(name), BY_NAME)}"
            )
    for spec in FIELDS:
        try:
            values[spec.name] = _read(spec, raw.get(spec.name))
        except _Wrong as wrong:
            errors[spec.name] = str(wrong)
    if not errors:
        errors = _cross_check(values)
    if errors:
        raise BriefInvalid(errors)
    values["allowed_links"] = _with_cta(values)
    return Brief(**values)  # type: ignore[arg-type]  # each reader returns its field's type


def to_json(brief: Brief) -> dict[str, Json]:
    """Write a brief as `parse_brief` reads it."""
    out: dict[str, Json] = {}
    for each in fields(brief):
        value = getattr(brief, each.name)
        if isinstance(value, tuple):
            value = list(value)
        if isinstance(value, datetime):
            value = value.astimezone(UTC).isoformat()
        out[each.name] = value
    return out


def canonical(brief: Brief) -> str:
    """Write a brief as the one JSON text that its hash is taken of."""
    return json.dumps(
        to_json(brief), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )


def brief_sha256(brief: Brief) -> str:
    return hashlib.sha256(canonical(brief).encode()).hexdigest()


def json_schema() -> dict[str, object]:
    """Describe a brief as JSON Schema, draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Copydesk brief",
        "type": "object",
        "additionalProperties": False,
        "required": [each.name for each in FIELDS if each.required],
        "properties": {each.name: _property(each) for each in FIELDS},
    }


def _property(spec: Field) -> dict[str, object]:
    schema = {"title": spec.label, "description": spec.help, **_SCHEMA[spec.kind](spec)}
    if not spec.required:
        schema["default"] = spec.default
    return schema


def _text_schema(spec: Field) -> dict[str, object]:
    least = {"minLength": 1} if spec.required else {}
    return {"type": "string", **least, "maxLength": spec.max_length}


def _url_schema(spec: Field) -> dict[str, object]:
    return {
        "type": "string",
        "format": "uri",
        "pattern": "^https://",
        "maxLength": spec.max_length,
    }


def _list_schema(
    item: Callable[[Field], dict[str, object]],
) -> Callable[[Field], dict[str, object]]:
    def schema(spec: Field) -> dict[str, object]:
        return {"type": "array", "items": item(spec), "maxItems": spec.max_items}

    return schema


_SCHEMA: Final[Mapping[Kind, Callable[[Field], dict[str, object]]]] = {
    "choice": lambda spec: {"type": "string", "enum": list(spec.choices)},
    "text": _text_schema,
    "long_text": _text_schema,
    "texts": _list_schema(_text_schema),
    "url": _url_schema,
    "urls": _list_schema(_url_schema),
    "int": lambda spec: {
        "type": "integer",
        "minimum": spec.low,
        "maximum": spec.high,
    },
    "number": lambda spec: {
        "type": ["number", "null"],
        "minimum": spec.low,
        "maximum": spec.high,
    },
    "bool": lambda _: {"type": "boolean"},
    "time": lambda _: {"type": ["string", "null"], "format": "date-time"},
}


def _read(spec: Field, given: object) -> object:
    if given is None or given in ("", []):
        if spec.required:
            raise _Wrong(f"{spec.label} is needed. {spec.help}")
        given = spec.default
    if given is None:
        return None
    return _READERS[spec.kind](spec, given)


def _read_text(spec: Field, given: object) -> str:
    if not isinstance(given, str):
        raise _Wrong(f"{spec.label} must be text, not {_named(given)}.")
    text = clean(given, multiline=spec.kind in {"long_text", "texts", "urls"})
    if spec.required and not text:
        raise _Wrong(f"{spec.label} is needed. {spec.help}")
    if len(text) > spec.max_length:
        raise _Wrong(
            f"{spec.label} has {len(text)} characters; at most {spec.max_length} fit."
        )
    return text


def _read_choice(spec: Field, given: object) -> str:
    allowed = " or ".join(spec.choices)
    if not isinstance(given, str) or given.strip() not in spec.choices:
        shown = clean(str(given), multiline=False)[:40]
        raise _Wrong(f"{spec.label} must be {allowed}, not {shown!r}.")
    return given.strip()


def _read_url(spec: Field, given: object) -> str:
    url = _read_text(spec, given)
    wrong = link.problem(url)
    if wrong is None:
        return link.normalised(url)
    raise _Wrong(f"{wrong[1]} Give a full link such as https://example.com/page.")


def _entries(spec: Field, given: object) -> list[object]:
    """Split what was given, whole entries in, blank ones out."""
    if isinstance(given, str):
        given = given.splitlines()
    if not isinstance(given, list | tuple):
        raise _Wrong(f"{spec.label} must be a list of texts, not {_named(given)}.")
    entries = [
        each for each in given if not (isinstance(each, str) and not each.strip())
    ]
    if len(entries) > spec.max_items:
        raise _Wrong(
            f"{spec.label} has {len(entries)} entries; at most {spec.max_items} fit."
        )
    return entries


def _read_texts(spec: Field, given: object) -> tuple[str, ...]:
    texts = (_read_text(spec, each) for each in _entries(spec, given))
    return tuple(dict.fromkeys(" ".join(each.split()) for each in texts if each))


def _read_urls(spec: Field, given: object) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_read_url(spec, each) for each in _entries(spec, given)))


def _read_number(spec: Field, given: object) -> float:
    number = _as_number(given)
    if number is None or not math.isfinite(number):
        raise _Wrong(f"{spec.label} must be a number, not {_named(given)}.")
    if not spec.low <= number <= spec.high:
        raise _Wrong(f"{spec.label} must be from {spec.low} to {spec.high}.")
    return number


def _read_int(spec: Field, given: object) -> int:
    number = _as_number(given)
    if number is None or not math.isfinite(number) or not number.is_integer():
        raise _Wrong(f"{spec.label} must be a whole number, not {_named(given)}.")
    if not spec.low <= number <= spec.high:
        raise _Wrong(f"{spec.label} must be from {spec.low} to {spec.high}.")
    return int(number)


def _as_number(given: object) -> float | None:
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return None
    try:
        return float(given)
    except (ValueError, OverflowError):
        return None


_BOOLEANS: Final = {"true": True, "yes": True, "false": False, "no": False}


def _read_bool(spec: Field, given: object) -> bool:
    if isinstance(given, bool):
        return given
    word = given.strip().lower() if isinstance(given, str) else ""
    if word not in _BOOLEANS:
        raise _Wrong(f"{spec.label} must be true or false, not {_named(given)}.")
    return _BOOLEANS[word]


def _read_time(spec: Field, given: object) -> datetime:
    """Read ISO 8601 with an offset, or the Unix seconds that Slack's picker gives."""
    example = "2026-12-01T09:00:00+01:00"
    try:
        if isinstance(given, int) and not isinstance(given, bool):
            return datetime.fromtimestamp(given, UTC)
        when = datetime.fromisoformat(cast("str", given).strip())
        if when.tzinfo is not None:
            return when.astimezone(UTC)
    except (ValueError, OverflowError, OSError, TypeError, AttributeError) as error:
        raise _Wrong(f"{spec.label} must be a time such as {example}.") from error
    raise _Wrong(f"{spec.label} needs a time zone, such as {example}.")


_READERS: Final[Mapping[Kind, Callable[[Field, object], object]]] = {
    "choice": _read_choice,
    "text": _read_text,
    "long_text": _read_text,
    "texts": _read_texts,
    "url": _read_url,
    "urls": _read_urls,
    "int": _read_int,
    "number": _read_number,
    "bool": _read_bool,
    "time": _read_time,
}


def _cross_check(values: Mapping[str, object]) -> dict[str, str]:
    """What is wrong with fields that are right each by itself; the first of it."""
    return next((wrong for check in _CHECKS if (wrong := check(values))), {})


def _arms(values: Mapping[str, object]) -> dict[str, str]:
    arms, variants = cast("int", values["arms"]), cast("int", values["variants"])
    if arms > variants:
        return {"arms": f"{arms} arms need at least {arms} variants, not {variants}."}
    if values["ab_variable"] == "none" and arms > 1:
        return {"ab_variable": f"Say what differs between the {arms} arms."}
    if values["ab_variable"] != "none" and arms == 1:
        return {
            "arms": "An A/B test needs 2 arms or more, as many as there are variants."
        }
    return {}


def _champion(values: Mapping[str, object]) -> dict[str, str]:
    champion = cast("str", values["champion"])
    if champion and CHAMPION.fullmatch(champion) is None:
        return {
            "champion": "A champion is a campaign's number, or 41B for an arm of it."
        }
    if champion and values["arms"] == 1:
        return {"champion": "A champion goes out beside new copy: ask for 2 arms."}
    return {}


def _slot(values: Mapping[str, object]) -> dict[str, str]:
    channel = Channel(cast("str", values["channel"]))
    if channel.is_mailed and values["slot"]:
        return {"slot": "A mail is shown in no slot; leave it empty."}
    if channel.is_mailed:
        return {}
    if not values["slot"]:
        return {"slot": f"{NAMES[channel]} copy needs the slot that shows it."}
    return {
        name: f"{BY_NAME[name].label} is about a mail; leave it out of"
        f" {NAMES[channel].lower()} copy."
        for name in sorted(MAIL_ONLY)
        if values[name] != BY_NAME[name].default
    }


_CHECKS: Final = (_arms, _champion, _slot)


def _with_cta(values: Mapping[str, object]) -> tuple[str, ...]:
    cta = cast("str", values["cta_url"])
    return tuple(
        dict.fromkeys((cta, *cast("tuple[str, ...]", values["allowed_links"])))
    )


def _named(given: object) -> str:
    names = {
        bool: "true or false",
        dict: "an object",
        list: "a list",
        type(None): "null",
    }
    shown = clean(str(given), multiline=False)[:40]
    return names.get(type(given), repr(shown))
