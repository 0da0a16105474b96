"""What SendGrid refuses in a mail/send body, with its own words and fields.

Limits: SendGrid v3 API reference, "Mail Send" and its errors page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any, Final

Json = dict[str, Any]

MAX_PERSONALIZATIONS: Final = 1_000
MAX_RECIPIENTS: Final = 1_000
MAX_CUSTOM_ARGS_BYTES: Final = 10_000
MAX_SUBSTITUTIONS_BYTES: Final = 10_000
MAX_CATEGORIES: Final = 10
MAX_CATEGORY_CHARS: Final = 255
MAX_AHEAD_S: Final = 72 * 3600
RESERVED_HEADERS: Final = frozenset(
    {
        "x-sg-id",
        "x-sg-eid",
        "received",
        "dkim-signature",
        "content-type",
        "content-transfer-encoding",
        "to",
        "from",
        "subject",
        "reply-to",
        "cc",
        "bcc",
    }
)
HELP: Final = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#"
_ADDRESS: Final = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+")


def error(message: str, field: str | None = None, anchor: str | None = None) -> Json:
    """One entry of SendGrid's `errors` list."""
    return {
        "message": message,
        "field": field,
        "help": HELP + anchor if anchor else None,
    }


def is_address(value: object) -> bool:
    """Whether SendGrid would take this as an email address."""
    return (
        isinstance(value, str)
        and len(value) <= 254
        and _ADDRESS.fullmatch(value) is not None
    )


def check_mail(body: object, now: float, is_batch: Callable[[str], bool]) -> list[Json]:
    """All that is wrong with a mail/send body; an empty list means accepted.

    Args:
        body: The decoded JSON.
        now: Unix seconds, the base of the 72 hour limit.
        is_batch: Whether a batch id was created here before.
    """
    if not isinstance(body, dict):
        return [error("Bad Request", None)]
    found: list[Json] = []
    for check in (_from, _personalizations, _subject, _content, _custom, _categories):
        found.extend(check(body))
    found.extend(_headers(body.get("headers"), "headers"))
    found.extend(_send_at(body, "", now))
    batch = body.get("batch_id")
    if batch is not None and not (isinstance(batch, str) and is_batch(batch)):
        found.append(
            error("The batch_id is not valid.", "batch_id", "message.batch_id")
        )
    for index, one in enumerate(_people(body)):
        found.extend(_send_at(one, f"personalizations.{index}.", now))
    return found


def _people(body: Json) -> list[Json]:
    people = body.get("personalizations")
    if not isinstance(people, list):
        return []
    return [one for one in people if isinstance(one, dict)]


def _from(body: Json) -> Iterator[Json]:
    sender = body.get("from")
    if not isinstance(sender, dict) or "email" not in sender:
        yield error(
            "The from object must be provided for every email send. It is an object "
            "that requires the email parameter, but may also contain a name "
            'parameter.  e.g. {"email" : "example@example.com"}  or '
            '{"email" : "example@example.com", "name" : "Example Recipient"}.',
            "from.email",
            "message.from",
        )
    elif not is_address(sender["email"]):
        yield error(
            "The from email does not contain a valid address.",
            "from.email",
            "message.from",
        )


def _personalizations(body: Json) -> Iterator[Json]:
    people = body.get("personalizations")
    if not isinstance(people, list) or not people:
        yield error(
            "The personalizations field is required and must have at least one "
            "personalization.",
            "personalizations",
            "-Personalizations-Errors",
        )
        return
    if len(people) > MAX_PERSONALIZATIONS:
        yield error(
            "The personalizations field must have no more than 1000 personalizations.",
            "personalizations",
            "-Personalizations-Errors",
        )
        return
    for index, one in enumerate(people):
        yield from _personalization(one, f"personalizations.{index}")


def _personalization(one: object, at: str) -> Iterator[Json]:
    if not isinstance(one, dict):
        yield error("Each personalization must be an object.", at)
        return
    yield from _recipients(one, at)
    yield from _strings(one.get("substitutions"), f"{at}.substitutions")
    yield from _too_large(
        one.get("substitutions"), f"{at}.substitutions", MAX_SUBSTITUTIONS_BYTES
    )
    yield from _strings(one.get("custom_args"), f"{at}.custom_args")
    yield from _headers(one.get("headers"), f"{at}.headers")


def _recipients(one: Json, at: str) -> Iterator[Json]:
    if not isinstance(one.get("to"), list) or not one["to"]:
        yield error(
            "The to array is required for all personalization objects, and must have "
            "at least one email object with a valid email address.",
            f"{at}.to",
            "message.personalizations.to",
        )
        return
    seen: set[str] = set()
    for kind in ("to", "cc", "bcc"):
        entries = one.get(kind) or []
        for index, entry in enumerate(entries):
            field = f"{at}.{kind}.{index}.email"
            address = entry.get("email") if isinstance(entry, dict) else None
            if not isinstance(address, str) or not is_address(address):
                yield error(
                    "Does not contain a valid address.",
                    field,
                    f"message.personalizations.{kind}",
                )
            elif address.lower() in seen:
                yield error(
                    "Each email address in the personalization block should be unique "
                    "between to, cc, and bcc.",
                    field,
                    "message.recipient-errors",
                )
            else:
                seen.add(address.lower())
    if len(seen) > MAX_RECIPIENTS:
        yield error("There must be no more than 1000 recipients.", f"{at}.to")


def _subject(body: Json) -> Iterator[Json]:
    people = _people(body)
    everyone = bool(people) and all(one.get("subject") for one in people)
    if not body.get("subject") and not everyone and not body.get("template_id"):
        yield error(
            "The subject is required. You can get around this requirement if you use a "
            "template with a subject defined or if every personalization has a subject "
            "defined.",
            "subject",
            "message.subject",
        )


def _content(body: Json) -> Iterator[Json]:
    content = body.get("content")
    if not isinstance(content, list) or not content:
        if not body.get("template_id"):
            yield error(
                "Unless a valid template_id is provided, the content parameter is "
                "required. There must be at least one defined content block. We "
                "typically suggest both text/plain and text/html blocks are included, "
                "but only one block is required.",
                "content",
                "message.content",
            )
        return
    types: list[object] = []
    for index, block in enumerate(content):
        if not isinstance(block, dict) or not block.get("value"):
            yield error(
                "The content value must be a string at least one character in length.",
                f"content.{index}.value",
                "message.content.value",
            )
            continue
        types.append(block.get("type"))
        if not isinstance(block.get("type"), str) or "/" not in block["type"]:
            yield error(
                "The content type must be a mime type.",
                f"content.{index}.type",
                "message.content.type",
            )
    if "text/plain" in types and types[0] != "text/plain":
        yield error(
            "If present, text/plain must be first, followed by text/html, followed by "
            "any other content.",
            "content",
            "message.content",
        )


def _custom(body: Json) -> Iterator[Json]:
    shared = body.get("custom_args")
    yield from _strings(shared, "custom_args")
    base = shared if isinstance(shared, dict) else {}
    for index, one in enumerate(_people(body) or [{}]):
        own = one.get("custom_args")
        both = {**base, **(own if isinstance(own, dict) else {})}
        field = f"personalizations.{index}.custom_args" if own else "custom_args"
        yield from _too_large(both, field, MAX_CUSTOM_ARGS_BYTES)


def _too_large(value: object, field: str, limit: int) -> Iterator[Json]:
    if value and len(json.dumps(value, ensure_ascii=False).encode()) > limit:
        name = field.rpartition(".")[2]
        yield error(
            f"The {name} may not exceed {limit} bytes.", field, f"message.{name}"
        )


def _strings(value: object, field: str) -> Iterator[Json]:
    """SendGrid takes objects of strings for custom_args and substitutions."""
    if value is None:
        return
    if not isinstance(value, dict):
        yield error(f"The {field} must be an object.", field)
        return
    for key, inner in value.items():
        if not isinstance(inner, str):
            yield error(f"The value of {key} must be a string.", f"{field}.{key}")


def _categories(body: Json) -> Iterator[Json]:
    categories = body.get("categories") or []
    if not isinstance(categories, list) or len(categories) > MAX_CATEGORIES:
        yield error("You can not have more than 10 categories.", "categories")
    elif any(len(str(name)) > MAX_CATEGORY_CHARS for name in categories):
        yield error("A category may not exceed 255 characters.", "categories")


def _headers(headers: object, field: str) -> Iterator[Json]:
    if headers is None:
        return
    if not isinstance(headers, Mapping):
        yield error("The headers must be an object.", field, "message.headers")
        return
    for name, value in headers.items():
        if str(name).lower() in RESERVED_HEADERS:
            yield error(
                f"The header {name} is reserved and may not be set.",
                f"{field}.{name}",
                "message.headers",
            )
        elif not isinstance(value, str) or "\n" in value or "\r" in value:
            yield error("A header must be one line of text.", f"{field}.{name}")


def _send_at(holder: Json, prefix: str, now: float) -> Iterator[Json]:
    send_at = holder.get("send_at")
    if send_at is None:
        return
    if not isinstance(send_at, int) or isinstance(send_at, bool):
        yield error("The send_at must be a unix timestamp.", f"{prefix}send_at")
    elif send_at > now + MAX_AHEAD_S:
        yield error(
            "Scheduling more than 72 hours in advance is forbidden.",
            f"{prefix}send_at",
            "message.send_at",
        )


def sender_of(written: str) -> dict[str, str]:
    """`Name <address>` in parts, as SendGrid takes a sender; the name in plain letters."""
    name, address = parseaddr(written)
    try:
        plain = str(make_header(decode_header(name)))
    except (LookupError, ValueError):
        plain = name
    return {"email": address or written, **({"name": plain} if plain else {})}
