from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import openai
import pytest
from aiohttp import web

from practice.writer import PracticeWriter, build_app
from practice.writer.asked import read_messages
from practice.writer.compose import FINGERPRINT, Composed, compose
from practice.writer.intents import INTENTS

BRIEF: dict[str, Any] = {
    "title": "Recover stalled demos",
    "objective": "Recover stalled demos so that people book again",
    "key_message": "Reports build themselves while your team does the work",
    "offer": "A demo with your own data",
    "cta_url": "https://acme.example/demo",
    "tone": "plain and helpful",
    "forbidden_phrases": ["act now", "no strings"],
    "max_words": 200,
}
FACTS = [
    {"id": "product.md#1", "text": "Reports build 14 % faster than before."},
    {"id": "case.md#2", "text": "Northwind moved its report to Wednesday."},
]
TOKENS = [{"name": "person.first_name"}, {"name": "sender.name"}]


def make_messages(brief: dict[str, Any] | None = None, **more: Any) -> list[Any]:
    block = {"brief": {**BRIEF, **(brief or {})}, "facts": FACTS, "tokens": TOKENS}
    text = f"Write it.\n```json\n{json.dumps({**block, **more})}\n```\nThanks."
    return [{"role": "system", "content": "Write."}, {"role": "user", "content": text}]


def write(seed: int = 1, brief: dict[str, Any] | None = None, **more: Any) -> Composed:
    return compose(read_messages(make_messages(brief, **more)), seed)


@pytest.fixture
async def url() -> AsyncIterator[str]:
    config = PracticeWriter(latency=(0.0, 0.0), slow=60.0)
    runner = web.AppRunner(build_app(config), shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    await runner.cleanup()


@pytest.fixture
async def client(url: str) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as one:
        yield one


async def test_the_openai_client_gets_a_draft(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="sample-writer", messages=make_messages(), seed=3
    )
    draft = json.loads(answer.choices[0].message.content or "")
    assert draft.keys() == {"subject", "preheader", "body", "claims"}
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "sample-writer-1"
    assert answer.system_fingerprint == FINGERPRINT
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 50
    assert answer.usage.completion_tokens > 50


async def test_every_answer_says_that_no_model_is_connected(url: str) -> None:
    body = {"model": "sample-writer", "messages": make_messages()}
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{url}/chat/completions", json=body)
    assert "no AI model" in answer.headers["X-Practice-Writer"]
    assert answer.json()["provenance"]["digital_source_type"] == "algorithmicMedia"


async def test_a_stream_says_the_same_as_a_whole_answer(
    client: openai.AsyncOpenAI,
) -> None:
    messages = make_messages()
    whole = await client.chat.completions.create(
        model="sample-writer", messages=messages, seed=3
    )
    stream = await client.chat.completions.create(
        model="sample-writer",
        messages=messages,
        seed=3,
        stream=True,
        stream_options={"include_usage": True},
    )
    text, reasons, usage = "", [], None
    async for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reasons.append(choice.finish_reason)
    assert text == whole.choices[0].message.content
    assert reasons[-1] == "stop"
    assert usage is not None
    assert usage == whole.usage


async def test_a_schema_names_the_keys(client: openai.AsyncOpenAI) -> None:
    claim = {"type": "object", "properties": {"text": {}, "fact_id": {}}}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "subject": {"type": "string"},
            "claims": {"type": "array", "items": claim},
        },
    }
    answer = await client.chat.completions.create(
        model="sample-writer",
        messages=make_messages(),
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "draft", "schema": schema},
        },
    )
    draft = json.loads(answer.choices[0].message.content or "")
    assert draft.keys() == {"subject", "claims"}
    assert draft["claims"][0].keys() == {"text", "fact_id"}


async def test_models_are_listed_and_others_unknown(client: openai.AsyncOpenAI) -> None:
    names = [one.id async for one in client.models.list()]
    assert "sample-writer" in names
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        await client.chat.completions.create(model="other", messages=make_messages())


async def test_a_limited_writer_says_when_to_come_back(
    client: openai.AsyncOpenAI,
) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        await client.chat.completions.create(
            model="sample-writer-limited", messages=make_messages()
        )
    assert caught.value.response.headers["Retry-After"] == "2"


async def test_a_broken_writer_is_a_server_error(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.InternalServerError):
        await client.chat.completions.create(
            model="sample-writer-error", messages=make_messages()
        )


async def test_a_slow_writer_outlasts_a_timeout(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.APITimeoutError):
        await client.chat.completions.create(
            model="sample-writer-slow", messages=make_messages(), timeout=0.2
        )


async def test_a_truncated_answer_says_so(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="sample-writer-truncated", messages=make_messages()
    )
    capped = await client.chat.completions.create(
        model="sample-writer", messages=make_messages(), max_completion_tokens=10
    )
    assert answer.choices[0].finish_reason == "length"
    assert capped.choices[0].finish_reason == "length"
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.choices[0].message.content or "")


async def test_garbage_heals_in_the_repair_turn_when_asked_once(
    client: openai.AsyncOpenAI,
) -> None:
    first = await client.chat.completions.create(
        model="sample-writer-garbage-once", messages=make_messages()
    )
    garbage = first.choices[0].message.content or ""
    repair = [
        *make_messages(),
        {"role": "assistant", "content": garbage},
        {"role": "user", "content": "That was not JSON."},
    ]
    second = await client.chat.completions.create(
        model="sample-writer-garbage-once", messages=repair
    )
    with pytest.raises(json.JSONDecodeError):
        json.loads(garbage)
    assert json.loads(second.choices[0].message.content or "")["body"]


def test_the_same_request_and_seed_write_the_same() -> None:
    assert write(5) == write(5) != write(6)


def test_variants_differ() -> None:
    variants = [write(variant={"label": "ABC"[n], "number": n + 1}) for n in range(3)]
    assert len({one.body for one in variants}) == 3


@pytest.mark.parametrize(
    ("variable", "same"), [("subject", "body"), ("body", "subject")]
)
def test_an_ab_test_changes_one_part_only(variable: str, same: str) -> None:
    brief = {"ab_variable": variable}
    arms = [write(brief=brief, variant={"number": number}) for number in range(12)]
    assert len({getattr(one, same) for one in arms}) == 1
    assert len({getattr(one, variable) for one in arms}) > 1


@pytest.mark.parametrize("intent", INTENTS, ids=lambda one: str(one.name))
def test_an_intent_has_thousands_of_texts(intent: Any) -> None:
    words = " ".join(group[0] for group in intent.clues) or "grow"
    texts = {
        write(seed, {"title": "x", "objective": words}).body for seed in range(5_500)
    }
    assert len(texts) > 5_000


def test_a_text_holds_the_brief_its_link_and_known_tokens_only() -> None:
    for seed in range(300):
        one = write(seed)
        assert BRIEF["key_message"] in one.body
        assert re.findall(r"https?://\S+", one.body) == [BRIEF["cta_url"]]
        assert set(re.findall(r"\{\{ ([\w.]+)", one.body)) <= {
            "person.first_name",
            "sender.name",
        }
        assert len(one.subject) <= 60


def test_numbers_and_claims_come_from_the_facts() -> None:
    texts = {one["id"]: one["text"] for one in FACTS}
    for seed in range(300):
        one = write(seed)
        assert one.claims
        assert all(texts[name] == text for text, name in one.claims)
        assert all(text in one.body for text, _ in one.claims)
        bare = one.body.replace("14 %", "")
        assert not re.search(r"\d", bare)


def test_forbidden_phrases_never_appear() -> None:
    brief = {
        "objective": "win back lapsed customers",
        "forbidden_phrases": ["no strings", "have a look", "reports build"],
    }
    for seed in range(300):
        one = write(seed, brief)
        whole = f"{one.subject} {one.preheader} {one.body}".lower()
        assert not any(phrase in whole for phrase in brief["forbidden_phrases"])


def test_an_instruction_is_followed() -> None:
    for seed in range(100):
        plain = write(seed)
        short = write(seed, instruction="Make it shorter, no questions")
        formal = write(seed, instruction="more formal")
        warm = write(seed, instruction="warmer please")
        assert len(short.body.split()) <= len(plain.body.split())
        assert "?" not in short.subject + short.body
        assert formal.body.startswith(("Dear", "Good day"))
        assert "do not" not in warm.body


def test_the_word_limit_is_kept() -> None:
    for seed in range(100):
        assert len(write(seed, {"max_words": 60}).body.split()) <= 60


@pytest.mark.parametrize(
    "wish",
    [
        {"brief": {"objective": "Recover demos [write badly]"}},
        {"instruction": "[write badly]"},
        {"practice": "bad"},
    ],
)
def test_a_bad_draft_is_cured_by_its_findings(wish: dict[str, Any]) -> None:
    bad = write(**wish)
    good = write(**wish, findings=[{"message": 'Forbidden phrase "act now".'}])
    assert "act now" in bad.body
    assert "{{ person.shoe_size }}" in bad.body
    assert "https://deals.example.net/now" in bad.body
    for wrong in ("act now", "shoe_size", "deals.example.net", "write badly"):
        assert wrong not in good.body


@pytest.mark.parametrize(
    ("tokens", "greeted"),
    [
        (["first_name"], "{{ first_name | default:"),
        (["person.first_name"], "{{ person.first_name | default:"),
        (["person.city"], "there,"),
    ],
)
def test_only_listed_tokens_are_used(tokens: list[str], greeted: str) -> None:
    one = write(tokens=tokens)
    assert greeted in one.body
    assert "sender" not in one.body


def test_a_finding_drops_the_fact_it_quotes() -> None:
    findings = ['No source says "14 % faster".']
    assert all("14 %" not in write(seed, findings=findings).body for seed in range(50))


@pytest.mark.parametrize(
    "content",
    [
        "hello",
        "```json\n{broken\n```",
        "```json\n[]\n```",
        '```json\n{"brief": null, "facts": "x", "findings": 3}\n```',
        [{"type": "text", "text": '```json\n{"objective": "demo"}\n```'}],
        None,
    ],
)
def test_missing_keys_still_make_a_mail(content: object) -> None:
    one = compose(read_messages([{"role": "user", "content": content}]), 1)
    assert one.subject
    assert "Hi " in one.body or "Hello " in one.body
    assert "http" not in one.body


@pytest.mark.parametrize(
    ("channel", "headline", "line", "words"),
    [("landing_page", 60, 160, 300), ("ad", 30, 90, 25), ("chat", 60, 160, 80)],
)
def test_copy_that_is_no_mail_fits_and_speaks_to_nobody_by_name(
    channel: str, headline: int, line: int, words: int
) -> None:
    for seed in range(40):
        text = write(seed, {"channel": channel, "max_words": 2000}, tokens=[])
        assert 0 < len(text.subject) <= headline
        assert 0 < len(text.preheader) <= line
        assert 0 < len(text.body.split()) <= words
        assert "{" not in f"{text.subject}{text.preheader}{text.body}"
        assert not text.body.startswith(("Hi ", "Hello ", "Dear "))
        assert (BRIEF["cta_url"] in text.body) is (channel != "ad")
