"""A batch as the JSON of one transmission."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from domain.errors import Refused
from domain.send import CHUNK_SIZE
from pipeline.esp.batch_rules import check_batch
from pipeline.esp.factor import Factored, factor
from pipeline.esp.port import Batch, Mail

# SparkPost transmissions: content, metadata of one recipient, the campaign's id
MAX_REQUEST_BYTES: Final = 20 * 1024 * 1024
MAX_METADATA_BYTES: Final = 1_000
MAX_CAMPAIGN_BYTES: Final = 64


def transmission(batch: Batch) -> bytes:
    """The request for a batch; what recipients get is byte for byte `Mail`'s.

    What mails share stands in the content. What differs is substitution data, written
    with three braces: two would escape it in HTML.

    Raises:
        Refused: Too many mails or too large, no one-click unsubscribe, or mails with
            different headers.
    """
    check_batch(batch, title="SparkPost", most=CHUNK_SIZE)
    names = list(batch.mails[0].headers)
    if any(list(mail.headers) != names for mail in batch.mails):
        raise Refused("The mails of this batch do not have the same headers.")
    parts = {
        "subject": _whole([mail.subject for mail in batch.mails], "s"),
        "text": _shared([mail.text for mail in batch.mails], "t"),
        "html": _shared([mail.html for mail in batch.mails], "h"),
    }
    headers = {
        name: _whole([mail.headers[name] for mail in batch.mails], f"x{index}")
        for index, name in enumerate(names)
    }
    body = {
        "campaign_id": batch.batch_id,
        "options": _options(batch),
        "content": {
            "from": {"email": batch.from_address, "name": batch.from_name},
            **({"reply_to": batch.reply_to} if batch.reply_to else {}),
            **{name: part.template for name, part in parts.items() if part.template},
            "headers": {name: part.template for name, part in headers.items()},
        },
        "recipients": [
            {
                "address": {"email": mail.to},
                "metadata": _metadata(batch, mail),
                "substitution_data": _data([*parts.values(), *headers.values()], index),
            }
            for index, mail in enumerate(batch.mails)
        ],
    }
    packed = json.dumps(body, ensure_ascii=False).encode()
    if len(packed) > MAX_REQUEST_BYTES:
        raise Refused("The batch is larger than the 20 MB SparkPost takes at once.")
    return packed


def _options(batch: Batch) -> dict[str, Any]:
    given: dict[str, Any] = {
        "open_tracking": True,
        "click_tracking": True,
        # its suppressions for campaigns count, not those for receipts alone
        "transactional": False,
    }
    if batch.send_at is not None:
        given["start_time"] = batch.send_at.isoformat(timespec="seconds")
    return given


def _metadata(batch: Batch, mail: Mail) -> dict[str, str]:
    given = {
        **mail.custom_args,
        "send_id": str(mail.send_id),
        "campaign_id": str(batch.campaign_id),
    }
    if len(json.dumps(given, ensure_ascii=False).encode()) > MAX_METADATA_BYTES:
        raise Refused(
            "A mail has more than the 1,000 bytes of metadata SparkPost takes."
        )
    return given


def _data(parts: Sequence[Factored], index: int) -> Mapping[str, str]:
    """What the tags of all parts stand for, for one recipient."""
    return {
        tag: value for part in parts for tag, value in part.substitutions[index].items()
    }


def _whole(texts: Sequence[str], name: str) -> Factored:
    """Each text as one value; nothing of it is read as a template."""
    if not any(texts):
        return Factored(template="", substitutions=tuple({} for _ in texts))
    return Factored(
        template=f"{{{{{{{name}}}}}}}",
        substitutions=tuple({name: text} for text in texts),
    )


def _shared(texts: Sequence[str], name: str) -> Factored:
    """The texts' common part as the template, unless it would be read as one."""
    found = factor(texts, name)
    tags = {tag: f"{name}{at}" for at, tag in enumerate(found.substitutions[0])}
    template = found.template
    for tag, short in tags.items():
        template = template.replace(tag, f"{{{{{{{short}}}}}}}")
    if not _is_plain(found.template, tags):
        return _whole(texts, name)
    return Factored(
        template=template,
        substitutions=tuple(
            {tags[tag]: value for tag, value in own.items()}
            for own in found.substitutions
        ),
    )


def _is_plain(shared: str, tags: Mapping[str, str]) -> bool:
    """Whether the common part is read as text, and no brace touches a tag's own."""
    pieces = re.split("|".join(map(re.escape, tags)), shared) if tags else [shared]
    return not (
        any("{{" in piece for piece in pieces)
        or any(piece.endswith("{") for piece in pieces[:-1])
        or any(piece.startswith("}") for piece in pieces[1:])
    )
