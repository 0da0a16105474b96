from __future__ import annotations

import time
from urllib.parse import urlencode

import pytest
from slack_sdk.signature import SignatureVerifier

from tests.bot.bot_lab import MARA, SECRET, Lab
from tests.bot.stages import scheduled

FORM = {"command": "/brief", "text": "help", "user_id": MARA, "team_id": "T0PRACTICE"}


def headers(raw: bytes, *, age_s: int = 0, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(time.time()) - age_s)
    verifier = SignatureVerifier(secret)
    signature = verifier.generate_signature(timestamp=stamp, body=raw)
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": str(signature),
    }


async def post(desk: Lab, raw: bytes, given: dict[str, str]) -> int:
    address = f"{desk.url}/slack/events"
    async with desk.session.post(address, data=raw, headers=given) as answer:
        return answer.status


async def test_a_genuine_request_is_answered(desk: Lab) -> None:
    raw = urlencode(FORM).encode()
    assert await post(desk, raw, headers(raw)) == 200


async def test_a_request_signed_with_another_secret_is_refused(desk: Lab) -> None:
    raw = urlencode(FORM).encode()
    assert await post(desk, raw, headers(raw, secret="guess")) == 401
    assert await post(desk, raw + b"&x=1", headers(raw)) == 401
    assert await post(desk, raw, {}) == 401


async def test_a_request_older_than_five_minutes_is_refused(desk: Lab) -> None:
    raw = urlencode(FORM).encode()
    assert await post(desk, raw, headers(raw, age_s=301)) == 401


@pytest.mark.parametrize("stamp", ["soon", "", "\uff11\uff17\uff19\uff10", "9" * 30])
async def test_a_timestamp_that_is_no_time_is_refused(desk: Lab, stamp: str) -> None:
    raw = urlencode(FORM).encode()
    given = headers(raw) | {"X-Slack-Request-Timestamp": stamp}
    assert await post(desk, raw, given) == 401


@pytest.mark.parametrize("raw", [b"payload=%7Bnot+json", b"payload=%FF", b"{" * 9])
async def test_a_signed_body_that_cannot_be_read_is_refused(
    desk: Lab, raw: bytes
) -> None:
    assert await post(desk, raw, headers(raw)) in {400, 404}


async def test_a_body_that_is_no_text_is_refused(desk: Lab) -> None:
    assert await post(desk, b"\xff\xfe", headers(b"a=1")) == 401


async def test_health_and_metrics_answer(desk: Lab) -> None:
    for path, words in (
        ("/healthz", "ok"),
        ("/readyz", "ready"),
        ("/metrics", "copydesk_esp_ingest_seconds"),
    ):
        async with desk.session.get(desk.url + path) as answer:
            assert answer.status == 200
            assert words in await answer.text()


async def test_home_shows_what_is_live(desk: Lab) -> None:
    desk.write(scheduled, desk.deps.playbook)
    await desk.do("home", by=MARA)
    assert "Recover stalled demos" in str(desk.slack.workspace.world.homes[MARA])


async def test_desk_status_says_how_it_is_going(desk: Lab) -> None:
    desk.write(scheduled, desk.deps.playbook)
    await desk.say("/desk status")
    assert desk.whispers()[-1].startswith("Desk status: 1 campaign live")
    await desk.say("/desk")
    assert desk.whispers()[-1] == "How to use /desk"


async def test_an_invitation_of_the_bot_is_heard(desk: Lab) -> None:
    await desk.do("invite", by=MARA, channel="C0GENERAL")
    seen = desk.slack.workspace.courier.rows
    rows = [each for each in seen if each["kind"] == "event"]
    assert rows
    assert all(each["verdict"] == "ok" for each in rows)
