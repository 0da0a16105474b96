"""What every writer offers: one call that returns raw text, kept before it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from domain.errors import Refused
from domain.rejection import Rejection
from domain.variant import Copy


class DraftInvalid(Refused):
    """The reply is no draft; the sentence says why and goes into the repair turn."""


class WriterRefused(Refused):
    """The endpoint will not take this request, however often it is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One sentence of the knowledge base, with the id a claim cites."""

    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRequest:
    """Everything a writer may know about the variant it is to write.

    Attributes:
        system: The system prompt, from `playbook/prompts`.
        brief: The brief as plain JSON values.
        tokens: Merge tokens the draft may use: name, meaning, class and how it is
            written; never a value.
        label: The variant's letter.
        number: The variant's place, from 1; makes variants differ.
        instruction: What a person asked for in a rewrite.
        findings: Lint findings the rewrite has to cure.
        parent: The text being rewritten.
        rejected: What reviewers of the campaign rejected before, and why.
    """

    system: str
    brief: Mapping[str, object]
    facts: tuple[Fact, ...]
    tokens: tuple[Mapping[str, str], ...]
    label: str
    number: int
    model: str
    instruction: str | None = None
    findings: tuple[str, ...] = ()
    parent: Copy | None = None
    rejected: tuple[Rejection, ...] = ()
    seed: int | None = None
    temperature: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """The reply that was no draft, and what was wrong with it."""

    reply: str
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RawReply:
    """What came back, to be stored before `parse` looks at it.

    Attributes:
        request_sha256: Hash of the exact JSON that was asked.
        fingerprint: The endpoint's build label, where it has one.
        request_id: The vendor's id of the call, for its support desk.
    """

    text: str
    finish_reason: str
    model: str
    input_tokens: int
    output_tokens: int
    elapsed_s: float
    request_sha256: str
    fingerprint: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement of the draft and the fact it says it rests on; never trusted."""

    text: str
    fact_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    copy: Copy
    claims: tuple[Claim, ...] = field(default=())


class Writer(Protocol):
    """An endpoint that writes. `pipeline.writers.reply.parse` reads its replies."""

    @property
    def endpoint(self) -> str:
        """Its name for the record: scheme, host and path, never a key."""
        ...

    @property
    def is_sample(self) -> bool:
        """Whether no AI model is behind it."""
        ...

    def call(
        self,
        request: WriteRequest,
        *,
        timeout: timedelta,
        repair: Repair | None = None,
    ) -> RawReply:
        """Ask once, with HTTP retries as long as `timeout` lasts.

        Args:
            timeout: What is left of the deadline over call, retry and repair.
            repair: Makes this the repair turn of an earlier reply.

        Raises:
            TryLater: Busy, broken or silent; `retry_after` is the endpoint's word.
            WriterRefused: Wrong key, unknown model, or a request it cannot take.
        """
        ...

    def close(self) -> None: ...
