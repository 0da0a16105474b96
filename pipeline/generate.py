"""Write one variant: the answer is stored before it is read, and paid for once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from domain.campaign import FINAL, Campaign
from domain.errors import Overtaken, TryLater
from domain.personalize import token_guide
from domain.variant import LABELS, Copy, Origin, Variant, VariantId, VariantState
from pipeline import failpoint
from pipeline.record import drafted, write_failed
from pipeline.tasks import Task
from pipeline.wiring import Deps
from pipeline.writers import late
from pipeline.writers.port import (
    Draft,
    DraftInvalid,
    RawReply,
    Repair,
    WriteRequest,
    WriterRefused,
)
from pipeline.writers.reply import parse
from storage.store import Store

DEADLINE: Final = timedelta(seconds=80)
"""Over the call, its retries and the one repair turn."""

REJECTIONS_TOLD: Final = 10
"""The newest; a prompt does not grow with the history of its campaign."""

_TEMPERATURE: Final = 0.7


def write(deps: Deps, variant_id: int, version: int) -> None:
    """Have one variant written, or written anew.

    Raises:
        Overtaken: The variant is no longer waiting for these words.
        TryLater: The endpoint is busy or away.
    """
    started = deps.clock()
    variant, request = deps.database.look(
        lambda store: _request(deps, _waiting(store, variant_id, version), store)
    )
    try:
        draft, reply = _draft(deps, variant, request, started + DEADLINE)
    except (DraftInvalid, WriterRefused) as error:
        with deps.database.begin() as store:
            write_failed(store, _waiting(store, variant_id, version), str(error))
        return
    origin = Origin(
        endpoint=deps.writer.endpoint,
        model=str(reply["model"]),
        temperature=request.temperature,
        seed=request.seed,
        sources=tuple(sorted({claim.fact_id for claim in draft.claims})),
        instruction=variant.instruction,
        is_sample=deps.writer.is_sample,
    )
    with deps.database.begin() as store:
        drafted(store, _waiting(store, variant_id, version), draft.copy, origin)


def give_up(deps: Deps, variant_id: int, reason: str) -> None:
    """The endpoint stayed away: this variant fails, the others go on."""
    with deps.database.begin() as store:
        variant = store.variants.get(VariantId(variant_id))
        if variant.state is VariantState.BRIEFED:
            write_failed(store, variant, reason)


def _waiting(store: Store, variant_id: int, version: int) -> Variant:
    """The variant, if these words are still wanted."""
    variant = store.variants.get(VariantId(variant_id))
    campaign = store.campaigns.get(variant.campaign_id)
    if (
        variant.version != version
        or variant.state is not VariantState.BRIEFED
        or campaign.state in FINAL
    ):
        raise Overtaken(f"Variant {variant.label} is not waiting to be written.")
    return variant


def _request(
    deps: Deps, variant: Variant, store: Store
) -> tuple[Variant, WriteRequest]:
    campaign: Campaign = store.campaigns.get(variant.campaign_id)
    parent: Copy | None = None
    findings: tuple[str, ...] = ()
    if variant.revision_id is not None:
        parent = store.variants.revision(variant.revision_id).text
        hard = store.variants.hard_findings(variant.revision_id)
        findings = tuple(f"{rule}: {message}" for rule, message in hard)
    number = LABELS.index(variant.label) + 1
    return variant, WriteRequest(
        system=deps.playbook.prompt(campaign.brief_channel).text,
        brief=store.campaigns.brief(campaign.id),
        facts=deps.playbook.facts,
        # a visitor is nobody's recipient: there is nothing to merge
        tokens=token_guide(deps.playbook.privacy)
        if campaign.brief_channel.is_mailed
        else (),
        label=variant.label,
        number=number,
        model=deps.settings.openai_model,
        instruction=variant.instruction,
        findings=findings,
        parent=parent,
        rejected=store.decisions.rejections(campaign.id, most=REJECTIONS_TOLD),
        seed=campaign.id * 1000 + number * 10 + variant.version,
        temperature=_TEMPERATURE,
    )


def _draft(
    deps: Deps, variant: Variant, request: WriteRequest, deadline: datetime
) -> tuple[Draft, Mapping[str, object]]:
    """Call, and repair once; raises DraftInvalid when the repair is no draft either."""
    key = f"{variant.id}:{variant.version}"
    reply = _answer(deps, f"{key}:draft", variant, request, deadline=deadline)
    text, finish = str(reply["text"]), str(reply["finish_reason"])
    try:
        return parse(text, finish_reason=finish), reply
    except DraftInvalid as error:
        repair = Repair(reply=text, explanation=str(error))
    reply = _answer(
        deps, f"{key}:repair", variant, request, deadline=deadline, repair=repair
    )
    return (
        parse(str(reply["text"]), finish_reason=str(reply["finish_reason"])),
        reply,
    )


def _answer(
    deps: Deps,
    key: str,
    variant: Variant,
    request: WriteRequest,
    *,
    deadline: datetime,
    repair: Repair | None = None,
) -> Mapping[str, object]:
    """The stored answer of this call, or a new one, stored before anyone reads it."""
    with deps.database.begin() as store:
        store.variants.intend_call(
            key,
            variant.id,
            endpoint=deps.writer.endpoint,
            model=request.model,
            request_sha256="",
        )
        stored = store.variants.call_reply(key)
    if stored is not None:
        return stored
    failpoint.hit("write.after_intent")
    left = deadline - deps.clock()
    if left <= timedelta(0):
        raise TryLater("The writing endpoint used up its time.")
    reply = deps.writer.call(request, timeout=left, repair=repair)
    failpoint.hit("write.after_call")
    facts = _facts(reply, request)
    with deps.database.begin() as store:
        store.variants.finish_call(
            key,
            "answered",
            model=reply.model,
            response=reply.text,
            request_sha256=reply.request_sha256,
            facts=facts,
        )
    return {**facts, "text": reply.text}


def _facts(reply: RawReply, request: WriteRequest) -> dict[str, object]:
    return {
        "model": reply.model,
        "requested_model": request.model,
        "finish_reason": reply.finish_reason,
        "input_tokens": reply.input_tokens,
        "output_tokens": reply.output_tokens,
        "elapsed_s": round(reply.elapsed_s, 3),
        "temperature": request.temperature,
        "seed": request.seed,
        "fingerprint": reply.fingerprint,
        "request_id": reply.request_id,
        "facts": [fact.id for fact in request.facts],
    }


TASK: Final = Task(
    name="write",
    queue="write",
    run=write,
    is_patient=False,
    give_up=give_up,
    load=late.load,
)
