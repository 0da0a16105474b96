"""Reading what a model wrote: text that is validated, and never executed."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any, Final

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from domain.variant import Copy
from pipeline.writers.port import Claim, Draft, DraftInvalid

MAX_REPLY_CHARS: Final = 60_000
"""Far above any mail; a longer reply is a model that ran away."""

CUT_SHORT: Final = {
    "length": "The reply was cut off before its end; write a shorter text.",
    "content_filter": "The endpoint's content filter stopped the reply.",
    "tool_calls": "The reply called a tool instead of writing the text.",
}
_FENCE: Final = re.compile(r"\A\s*```(?:json)?\s*\n(.*)\n\s*```\s*\Z", re.DOTALL)
_KEPT: Final = frozenset("\n\t")

_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Claim(BaseModel):
    model_config = ConfigDict(extra="ignore")
    text: str = Field(max_length=2_000)
    # models without a schema like to call it otherwise
    fact_id: str = Field(
        max_length=200,
        validation_alias=AliasChoices("fact_id", "source_id", "fact", "id"),
    )


class _Draft(BaseModel):
    """The reply's schema: bounds are the brief page's own, with room to lint."""

    model_config = ConfigDict(extra="ignore")
    subject: Annotated[_Line, Field(max_length=300)]
    preheader: Annotated[str, Field(max_length=500)]
    body: Annotated[_Line, Field(max_length=20_000)]
    claims: list[_Claim] = Field(default_factory=list, max_length=100)


def reply_schema() -> dict[str, Any]:
    """JSON Schema of a reply, in the strict subset that endpoints accept."""
    text = {"type": "string"}
    claim = _closed({"text": text, "fact_id": text})
    return _closed(
        {
            "subject": text,
            "preheader": text,
            "body": text,
            "claims": {"type": "array", "items": claim},
        }
    )


def parse(text: str, *, finish_reason: str = "stop") -> Draft:
    """The draft in a stored reply.

    Raises:
        DraftInvalid: It is none; the sentence says why.
    """
    if finish_reason in CUT_SHORT:
        raise DraftInvalid(CUT_SHORT[finish_reason])
    if len(text) > MAX_REPLY_CHARS:
        raise DraftInvalid(f"The reply is longer than {MAX_REPLY_CHARS:,} characters.")
    fenced = _FENCE.match(text)
    try:
        draft = _Draft.model_validate_json(fenced[1] if fenced else text)
    except ValidationError as error:
        raise DraftInvalid(_explain(error)) from error
    copy = Copy(
        subject=_one_line(draft.subject),
        preheader=_one_line(draft.preheader),
        body=clean(draft.body),
    )
    if not copy.subject or not copy.body.strip():
        raise DraftInvalid("The reply has an empty subject or body.")
    claims = tuple(Claim(text=c.text, fact_id=c.fact_id) for c in draft.claims)
    return Draft(copy=copy, claims=claims)


def repair_prompt(explanation: str) -> str:
    """What the one repair turn says."""
    return (
        f"That reply could not be used: {explanation}\n"
        "Answer again with one JSON object with the keys subject, preheader, body and "
        "claims, and nothing before or after it."
    )


def clean(text: str) -> str:
    """`text` without control, zero-width and bidirectional characters.

    Line breaks and tabs stay; so does the joiner inside emoji sequences.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        char for index, char in enumerate(text) if _is_kept(text, index, char)
    )


def _is_kept(text: str, index: int, char: str) -> bool:
    if char in _KEPT:
        return True
    if char == "\u200d":  # zero-width joiner, meant only right after a picture
        before = text[index - 1] if index else ""
        return before == "\ufe0f" or unicodedata.category(before or " ") in {"So", "Sk"}
    return unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn"}


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _explain(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    if first["type"] == "json_invalid":
        return "The reply is not one JSON object."
    where = ".".join(str(part) for part in first["loc"]) or "The reply"
    return f"In the reply, {where} is wrong: {first['msg'].rstrip('.')}."
