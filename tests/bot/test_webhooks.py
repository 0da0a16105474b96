from __future__ import annotations

import io
import json
import time
from typing import Any

from tests.bot.bot_lab import Lab
from tests.bot.stages import sending


def event(**changes: Any) -> dict[str, Any]:
    return {
        "event": "delivered",
        "timestamp": int(time.time()),
        "sg_event_id": "e1",
        "sg_message_id": "m1",
        "send_id": "1",
        "campaign_id": "1",
    } | changes


async def post(desk: Lab, *events: dict[str, Any], age_s: int = 0) -> int:
    body = json.dumps(events).encode()
    return await desk.webhook(body, desk.signed(body, age_s=age_s))


async def test_a_signed_batch_is_stored_before_its_answer(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    assert await post(desk, event(), event(send_id="2")) == 204
    assert desk.count("delivery_events") == 2


async def test_a_replayed_batch_counts_once(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    body = json.dumps([event()]).encode()
    headers = desk.signed(body)
    assert [await desk.webhook(body, headers) for _ in range(3)] == [204] * 3
    assert desk.count("delivery_events") == 1


async def test_a_batch_with_a_bad_signature_is_refused(desk: Lab) -> None:
    desk.write(sending, desk.deps.playbook)
    body = json.dumps([event()]).encode()
    headers = desk.signed(body)
    assert await desk.webhook(body + b" ", headers) == 403
    assert await desk.webhook(body, {"Content-Type": "application/json"}) == 403
    assert desk.count("delivery_events") == 0


async def test_a_batch_that_was_signed_long_ago_is_refused(desk: Lab) -> None:
    assert await post(desk, event(), age_s=86_400) == 403


async def test_a_body_that_is_no_list_of_events_is_refused(desk: Lab) -> None:
    for body in (b"", b"{}", b"[1]", b'[{"send_id": "x"}]', b"[" * 100_000):
        assert await desk.webhook(body, desk.signed(body)) == 400


async def test_a_body_that_is_too_large_is_refused(desk: Lab) -> None:
    body = io.BytesIO(b" " * (2 * 1024 * 1024 + 1))
    address = f"{desk.url}/webhooks/esp/sendgrid"
    async with desk.session.post(address, data=body) as answer:
        assert answer.status == 413


async def test_events_of_other_senders_are_taken_and_left_alone(desk: Lab) -> None:
    stranger = {"event": "delivered", "timestamp": 1, "email": "x@y.example"}
    assert await post(desk, stranger, event(campaign_id="9", send_id="900")) == 204
    assert desk.count("delivery_events") == 0
