"""The practice writer as an OpenAI-compatible HTTP application.

It composes from tables of sentences. No AI model is connected, and every
answer says so.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Final

from aiohttp import web

from practice.writer.asked import read_messages
from practice.writer.compose import FINGERPRINT, Composed, compose
from practice.writer.config import PracticeWriter

ANSWERS_AS: Final = "sample-writer-1"
# Each writes well; those with a suffix fail in the way it names.
MODELS: Final = (
    "sample-writer",
    ANSWERS_AS,
    "sample-writer-bad",
    "sample-writer-garbage",
    "sample-writer-garbage-once",
    "sample-writer-truncated",
    "sample-writer-slow",
    "sample-writer-limited",
    "sample-writer-error",
)
NOTE: Final = "Composed from a table of sentences; no AI model is connected."
PROVENANCE: Final = {
    # IPTC: made by an algorithm that was not trained on content.
    "digital_source_type": "algorithmicMedia",
    "note": NOTE,
}
GARBAGE: Final = "Certainly! Here is a great email for you:\n\nSubject: hello"
CONFIG: Final = web.AppKey("config", PracticeWriter)
CLOSING: Final = web.AppKey("closing", asyncio.Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One finished answer, before it is put on the wire."""

    id: str
    content: str
    finish_reason: str
    usage: Mapping[str, int]
    created: int


def build_app(config: PracticeWriter) -> web.Application:
    """`/v1/chat/completions` and `/v1/models`, whole or as a stream of events."""
    app = web.Application(client_max_size=4 * 1024 * 1024)
    app[CONFIG] = config
    app.add_routes(
        [
            web.post("/v1/chat/completions", chat_completions),
            web.get("/v1/models", list_models),
        ]
    )
    app.on_startup.append(_open)
    app.on_shutdown.append(_let_go)
    return app


async def _open(app: web.Application) -> None:
    app[CLOSING] = asyncio.Event()


async def _let_go(app: web.Application) -> None:
    app[CLOSING].set()


async def list_models(_request: web.Request) -> web.Response:
    entries = [
        {"id": name, "object": "model", "created": 0, "owned_by": "practice"}
        for name in MODELS
    ]
    return web.json_response({"object": "list", "data": entries})


async def chat_completions(request: web.Request) -> web.StreamResponse:
    """Compose, or fail as the model's name asks, after a believable while."""
    config = request.app[CONFIG]
    try:
        body = json.loads(await request.read())
    except ValueError:
        return _error(400, "We could not parse the JSON body of your request.")
    refusal = _refusal(body, config)
    if refusal is not None:
        return refusal
    reply = answer(body)
    await _wait(request, body["model"], reply)
    if body.get("stream"):
        options = body.get("stream_options") or {}
        with_usage = bool(options.get("include_usage"))
        return await _stream(request, reply, with_usage=with_usage)
    return web.json_response(_whole(reply), headers=_headers())


def _refusal(body: Any, config: PracticeWriter) -> web.Response | None:
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
        return _error(400, "Missing required parameter: 'messages'.", param="messages")
    model = body.get("model")
    if model not in MODELS:
        message = f"The model `{model}` does not exist or you do not have access to it."
        return _error(404, message, code="model_not_found")
    if body.get("n") not in (None, 1):
        return _error(400, "The sample writer gives one choice only.", param="n")
    if model == "sample-writer-limited":
        answer = _error(429, "Rate limit reached.", code="rate_limit_exceeded")
        answer.headers["Retry-After"] = str(config.retry_after)
        return answer
    if model == "sample-writer-error":
        return _error(500, "The server had an error while processing your request.")
    return None


def answer(body: Mapping[str, Any]) -> Reply:
    """The reply to a checked request; the same for the same request."""
    messages, model = body["messages"], body["model"]
    asked = read_messages(messages)
    if model == "sample-writer-bad":
        asked = replace(asked, badly=True)
    seed = body.get("seed")
    seed = seed if isinstance(seed, int) else 0
    content = json.dumps(
        _shaped(compose(asked, seed), body.get("response_format")), ensure_ascii=False
    )
    repairing = any(one.get("role") == "assistant" for one in messages)
    if model == "sample-writer-garbage" or (
        model == "sample-writer-garbage-once" and not repairing
    ):
        content = GARBAGE
    cap = body.get("max_completion_tokens") or body.get("max_tokens")
    if model == "sample-writer-truncated":
        cap = _tokens(content) // 2
    full = content
    if isinstance(cap, int) and cap < _tokens(content):
        content = content[: cap * 4]
    prompt = _tokens(json.dumps(messages, ensure_ascii=False))
    written = _tokens(content)
    digest = blake2b(
        json.dumps([dict(body), content], sort_keys=True).encode(), digest_size=12
    )
    return Reply(
        id=f"chatcmpl-{digest.hexdigest()}",
        content=content,
        finish_reason="stop" if content == full else "length",
        usage={
            "prompt_tokens": prompt,
            "completion_tokens": written,
            "total_tokens": prompt + written,
        },
        created=int(time.time()),
    )


def _tokens(text: str) -> int:
    # A common estimate for English: four characters a token.
    return max(1, -(-len(text) // 4))


def _shaped(draft: Composed, response_format: object) -> dict[str, Any]:
    """The draft under the names the caller's schema uses, where it gives one."""
    schema: Any = response_format if isinstance(response_format, dict) else {}
    schema = (schema.get("json_schema") or {}).get("schema") or {}
    wanted = schema.get("properties") or {}
    source = "fact_id" if '"fact_id"' in json.dumps(schema) else "source_id"
    whole: dict[str, Any] = {
        "subject": draft.subject,
        "preheader": draft.preheader,
        "body": draft.body,
        "claims": [{"text": text, source: name} for text, name in draft.claims],
    }
    return {key: value for key, value in whole.items() if not wanted or key in wanted}


async def _wait(request: web.Request, model: str, reply: Reply) -> None:
    config = request.app[CONFIG]
    seconds = random.Random(reply.id).uniform(*config.latency)
    if model == "sample-writer-slow":
        seconds = config.slow
    try:
        await asyncio.wait_for(request.app[CLOSING].wait(), seconds)
    except TimeoutError:
        return


def _headers() -> dict[str, str]:
    return {"X-Practice-Writer": NOTE}


def _frame(reply: Reply, kind: str) -> dict[str, Any]:
    return {
        "id": reply.id,
        "object": kind,
        "created": reply.created,
        "model": ANSWERS_AS,
        "system_fingerprint": FINGERPRINT,
        "provenance": PROVENANCE,
    }


def _whole(reply: Reply) -> dict[str, Any]:
    message = {"role": "assistant", "content": reply.content, "refusal": None}
    choice = {
        "index": 0,
        "message": message,
        "finish_reason": reply.finish_reason,
        "logprobs": None,
    }
    frame = _frame(reply, "chat.completion")
    return {**frame, "choices": [choice], "usage": dict(reply.usage)}


async def _stream(
    request: web.Request, reply: Reply, *, with_usage: bool
) -> web.StreamResponse:
    response = web.StreamResponse(headers=_headers())
    response.content_type = "text/event-stream"
    await response.prepare(request)
    frame = _frame(reply, "chat.completion.chunk")
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in _pieces(reply.content)]
    for delta in deltas:
        choice = {"index": 0, "delta": delta, "finish_reason": None}
        await _send(response, {**frame, "choices": [choice]})
    last = {"index": 0, "delta": {}, "finish_reason": reply.finish_reason}
    await _send(response, {**frame, "choices": [last]})
    if with_usage:
        await _send(response, {**frame, "choices": [], "usage": dict(reply.usage)})
    await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response


def _pieces(text: str, size: int = 24) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


async def _send(response: web.StreamResponse, data: Mapping[str, Any]) -> None:
    await response.write(b"data: " + json.dumps(data).encode() + b"\n\n")


def _error(
    status: int, message: str, *, code: str | None = None, param: str | None = None
) -> web.Response:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    error = {"message": message, "type": kind, "param": param, "code": code}
    return web.json_response({"error": error}, status=status, headers=_headers())
