from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.practice.esp_world import KEY, START, esp_world, make_mail


async def test_good_mail_is_accepted_with_an_empty_body(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        answer = await world.send("ana@acme.calm.example")
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["X-Message-Id"]
    assert answer.headers["X-RateLimit-Remaining"] == "2999"


async def test_a_wrong_key_is_refused(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        world.http.headers["Authorization"] = "Bearer other"
        wrong = await world.send("ana@acme.calm.example")
        del world.http.headers["Authorization"]
        missing = await world.send("ana@acme.calm.example")
    assert (wrong.status_code, missing.status_code) == (401, 401)
    assert KEY not in wrong.text
    assert missing.json()["errors"][0]["message"] == "authorization required"


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no sender": ({"from": None}, "from.email"),
    "bad sender": ({"from": {"email": "nobody"}}, "from.email"),
    "nobody to send to": ({"personalizations": []}, "personalizations"),
    "no recipient": ({"personalizations": [{"to": []}]}, "personalizations.0.to"),
    "bad recipient": (
        {"personalizations": [{"to": [{"email": "a b@x.y"}]}]},
        "personalizations.0.to.0.email",
    ),
    "the same recipient twice": (
        {"personalizations": [{"to": [{"email": "a@x.yy"}, {"email": "A@x.yy"}]}]},
        "personalizations.0.to.1.email",
    ),
    "no subject": ({"subject": ""}, "subject"),
    "no content": ({"content": []}, "content"),
    "empty content": (
        {"content": [{"type": "text/plain", "value": ""}]},
        "content.0.value",
    ),
    "html before text": (
        {
            "content": [
                {"type": "text/html", "value": "x"},
                {"type": "text/plain", "value": "x"},
            ]
        },
        "content",
    ),
    "a custom arg that is no string": ({"custom_args": {"n": 1}}, "custom_args.n"),
    "large custom args": (
        {"custom_args": {"n": "x" * 10_000}},
        "personalizations.0.custom_args",
    ),
    "a reserved header": ({"headers": {"Reply-To": "a@x.yy"}}, "headers.Reply-To"),
    "a broken header": ({"headers": {"X-A": "a\nb"}}, "headers.X-A"),
    "an unknown batch": ({"batch_id": "none"}, "batch_id"),
    "too far ahead": ({"send_at": int(START) + 72 * 3600 + 1}, "send_at"),
    "eleven categories": ({"categories": ["a"] * 11}, "categories"),
}


@pytest.mark.parametrize("name", BAD)
async def test_what_sendgrid_refuses_is_refused_on_its_field(
    tmp_path: Path, name: str
) -> None:
    change, field = BAD[name]
    async with esp_world(tmp_path) as world:
        answer = await world.send("ana@acme.calm.example", **change)
        stats = (await world.http.get("/practice/stats")).json()
    assert answer.status_code == 400
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert answer.json()["errors"][0].keys() == {"message", "field", "help"}
    assert stats["mails"] == {}


async def test_a_thousand_personalizations_fit_and_one_more_does_not(
    tmp_path: Path,
) -> None:
    people = [f"p{number}@acme.calm.example" for number in range(1_001)]
    async with esp_world(tmp_path) as world:
        more = await world.send(*people)
        fit = await world.send(*people[:1_000])
    assert (more.status_code, fit.status_code) == (400, 202)


async def test_a_body_over_30_megabytes_is_413(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        answer = await world.http.post("/v3/mail/send", content=b"x" * 31_500_000)
    assert answer.status_code == 413


async def test_the_rate_limit_answers_429_until_the_next_minute(tmp_path: Path) -> None:
    async with esp_world(tmp_path, rate_limit=1) as world:
        first = await world.send("ana@acme.calm.example")
        second = await world.send("ben@acme.calm.example")
        world.clock.now += 60
        third = await world.send("ben@acme.calm.example")
    assert [one.status_code for one in (first, second, third)] == [202, 429, 202]
    assert second.headers["X-RateLimit-Remaining"] == "0"
    assert int(second.headers["X-RateLimit-Reset"]) > START


async def test_sandbox_mail_is_checked_and_forgotten(tmp_path: Path) -> None:
    sandbox = {"mail_settings": {"sandbox_mode": {"enable": True}}}
    async with esp_world(tmp_path) as world:
        answer = await world.send("ana@acme.calm.example", **sandbox)
        mails = (await world.http.get("/practice/mails")).json()
    assert (answer.status_code, mails) == (200, [])


async def test_a_mail_reads_back_as_its_recipient_sees_it(tmp_path: Path) -> None:
    mail = make_mail("ana@acme.calm.example", headers={"X-Shared": "yes"})
    mail["personalizations"][0]["headers"] = {"List-Unsubscribe": "<https://x.yy/u/1>"}
    async with esp_world(tmp_path) as world:
        await world.http.post("/v3/mail/send", json=mail)
        query = {"campaign": "42", "limit": "5"}
        listed = (await world.http.get("/practice/mails", params=query)).json()
        other = await world.http.get("/practice/mails", params={"campaign": "7"})
        whole = (await world.http.get(f"/practice/mail/{listed[0]['id']}")).json()
    assert other.json() == []
    assert listed[0]["subject"] == whole["subject"] == "Hello ana"
    assert whole["content"][1]["value"] == "<p>Hi ana</p>"
    assert whole["headers"] == {
        "X-Shared": "yes",
        "List-Unsubscribe": "<https://x.yy/u/1>",
    }


async def test_the_inbox_shows_a_mail_that_can_do_nothing(tmp_path: Path) -> None:
    content = [{"type": "text/html", "value": "<script>alert(1)</script>"}]
    async with esp_world(tmp_path) as world:
        await world.send("ana@acme.calm.example", subject="<b>Hi", content=content)
        listing = await world.http.get("/practice/inbox")
        page = await world.http.get("/practice/inbox/1")
        body = await world.http.get("/practice/mail/1/body")
    assert "&lt;b&gt;Hi" in listing.text
    assert "<iframe sandbox" in page.text
    assert body.headers["Content-Security-Policy"].startswith("sandbox;")


async def test_other_sites_cannot_reach_the_esp(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        host = await world.http.get("/practice/mails", headers={"Host": "evil.example"})
        origin = await world.http.post(
            "/practice/faults", headers={"Origin": "https://evil.example"}
        )
    assert (host.status_code, origin.status_code) == (403, 403)


@pytest.mark.parametrize(("kind", "status"), [("429", 429), ("500", 500)])
async def test_a_fault_lasts_as_long_as_asked(
    tmp_path: Path, kind: str, status: int
) -> None:
    async with esp_world(tmp_path) as world:
        await world.http.post("/practice/faults", json={"kind": kind, "count": 2})
        answers = [await world.send("ana@acme.calm.example") for _ in range(3)]
        stats = (await world.http.get("/practice/stats")).json()
    assert [one.status_code for one in answers] == [status, status, 202]
    assert int(answers[0].headers["X-RateLimit-Reset"]) >= START
    assert sum(stats["mails"].values()) == 1


@pytest.mark.parametrize(
    ("kind", "kept"),
    [("timeout_after_accept", 1), ("timeout_before", 0)],
)
async def test_a_stalled_answer_may_hide_accepted_mail(
    tmp_path: Path, kind: str, kept: int
) -> None:
    async with esp_world(tmp_path) as world:
        await world.http.post("/practice/faults", json={"kind": kind, "count": 1})
        mail = make_mail("ana@acme.calm.example")
        with pytest.raises(httpx.ReadTimeout):
            await world.http.post("/v3/mail/send", json=mail, timeout=0.3)
        query = {"query": """unique_args['send_id']="0" """, "limit": "10"}
        found = (await world.http.get("/v3/messages", params=query)).json()
    assert len(found["messages"]) == kept


async def test_a_refused_connection_takes_nothing(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        await world.http.post("/practice/faults", json={"kind": "refuse", "count": 1})
        with pytest.raises(httpx.TransportError):
            await world.send("ana@acme.calm.example")
        stats = (await world.http.get("/practice/stats")).json()
    assert stats["mails"] == {}


async def test_an_unknown_fault_is_named(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        answer = await world.http.post("/practice/faults", json={"kind": "flood"})
    assert answer.status_code == 400
    assert "timeout_after_accept" in answer.text
