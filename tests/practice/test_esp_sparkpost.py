"""The practice SparkPost: what it refuses, and events that our own reader takes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.esp import sparkpost_events
from tests.practice.esp_world import DAY, KEY, World, esp_world

PASSWORD = "0123456789abcdef"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with esp_world(tmp_path, vendor="sparkpost", webhook_password=PASSWORD) as up:
        up.receiver.status = 200
        yield up


async def ask(world: World, method: str, path: str, **more: Any) -> Any:
    return await world.http.request(
        method, f"/api/v1/{path}", headers={"Authorization": KEY}, **more
    )


def transmission(*emails: str, **changes: Any) -> dict[str, Any]:
    return {
        "campaign_id": "b1",
        "content": {
            "from": {"email": "news@acme.example", "name": "Acme"},
            "subject": "Hello {{{name}}}",
            "text": "Hi {{{name}}}: https://acme.example/demo",
            "html": "<p>Hi {{{name}}} https://acme.example/demo</p>",
        },
        "recipients": [
            {
                "address": {"email": email},
                "substitution_data": {"name": email.split("@")[0]},
                "metadata": {"send_id": str(number), "campaign_id": "42"},
            }
            for number, email in enumerate(emails, start=1)
        ],
        **changes,
    }


async def test_an_audience_reacts_and_our_reader_understands_it(world: World) -> None:
    emails = [
        *(f"a{n}@gmail-like.clicks.example" for n in range(3)),
        "b@bounces.example",
        "c@yahoo-like.complains.example",
        "d@leaves.example",
        "e@defers.example",
    ]
    answer = await ask(world, "POST", "transmissions", json=transmission(*emails))
    assert answer.json()["results"]["total_accepted_recipients"] == len(emails)
    await world.play(30 * DAY)
    events = []
    for post in world.receiver.posts:
        sparkpost_events.verify("copydesk", PASSWORD, post.headers)
        events += sparkpost_events.normalise(json.loads(post.body))
    kinds = {event.type for event in events}
    assert {
        "accepted",
        "delivered",
        "deferred",
        "bounced",
        "complained",
        "unsubscribed",
        "opened",
        "clicked",
    } <= kinds
    assert {event.campaign_id for event in events} == {42}
    assert any(event.is_hard for event in events)
    assert {e.url for e in events if e.type == "clicked"} == {
        "https://acme.example/demo"
    }


async def test_a_suppressed_address_is_rejected_at_generation(world: World) -> None:
    rows = [{"recipient": "a@calm.example", "type": "non_transactional"}]
    await ask(world, "PUT", "suppression-list", json={"recipients": rows})
    await ask(world, "POST", "transmissions", json=transmission("a@calm.example"))
    await world.play(DAY)
    read = sparkpost_events.normalise(world.receiver.events)
    assert {event.type for event in read} == {"rejected"}


async def test_only_200_ends_the_posting(world: World) -> None:
    world.receiver.status = 204
    await ask(world, "POST", "transmissions", json=transmission("a@calm.example"))
    world.clock.now += DAY
    from practice.esp.keys import POSTMAN
    from practice.esp.webhook import Posted

    assert await world.app[POSTMAN].deliver_due() is Posted.REFUSED


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"recipients": []}, 400, "required field is missing"),
        ({"content": {}}, 400, "Invalid domain"),
        ({"campaign_id": "x" * 65}, 422, "campaign_id exceeds 64 bytes"),
        (
            {"recipients": [{"address": {"email": "nobody"}}]},
            400,
            "At least one valid recipient",
        ),
        (
            {
                "recipients": [
                    {"address": "a@b.example", "metadata": {"x": "y" * 1_000}}
                ]
            },
            422,
            "metadata exceeds 1000 bytes",
        ),
    ],
)
async def test_what_sparkpost_refuses_is_refused(
    world: World, changes: dict[str, Any], status: int, said: str
) -> None:
    body = transmission("a@calm.example") | changes
    answer = await ask(world, "POST", "transmissions", json=body)
    assert answer.status_code == status
    assert said in answer.json()["errors"][0]["message"]


async def test_a_stranger_may_do_nothing(world: World) -> None:
    answer = await world.http.post(
        "/api/v1/transmissions",
        json=transmission("a@calm.example"),
        headers={"Authorization": f"Bearer {KEY}"},
    )
    assert answer.status_code == 401
