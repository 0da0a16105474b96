from __future__ import annotations

from pathlib import Path

from tests.practice.esp_world import START, World, esp_world

STOPS = "/v3/user/scheduled_sends"
GLOBAL = "/v3/asm/suppressions/global"
HOUR = 3600


async def make_batch(world: World) -> str:
    answer = await world.http.post("/v3/mail/batch")
    assert answer.status_code == 201
    batch_id = answer.json()["batch_id"]
    assert isinstance(batch_id, str)
    return batch_id


async def stop(world: World, batch_id: str, status: str = "cancel") -> int:
    body = {"batch_id": batch_id, "status": status}
    return (await world.http.post(STOPS, json=body)).status_code


async def states(world: World) -> dict[str, int]:
    stats: dict[str, dict[str, int]] = (await world.http.get("/practice/stats")).json()
    return stats["mails"]


async def test_a_batch_id_is_known_after_it_was_made(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        batch_id = await make_batch(world)
        known = await world.http.get(f"/v3/mail/batch/{batch_id}")
        unknown = await world.http.get("/v3/mail/batch/none")
    assert known.json() == {"batch_id": batch_id}
    assert unknown.status_code == 400


async def test_a_cancelled_batch_is_discarded_at_its_time(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        batch_id = await make_batch(world)
        later = int(START) + HOUR
        await world.send("ana@acme.calm.example", batch_id=batch_id, send_at=later)
        assert await stop(world, batch_id) == 201
        assert await states(world) == {"waiting": 1}
        await world.play(2 * HOUR)
        assert await states(world) == {"discarded": 1}
    assert world.receiver.events == []


async def test_a_scheduled_mail_leaves_at_its_time(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        await world.send("ana@silent.clicks.example", send_at=int(START) + HOUR)
        await world.play(HOUR - 1)
        assert await states(world) == {"waiting": 1}
        await world.play(HOUR)
        assert await states(world) == {"sent": 1}


async def test_mail_of_a_cancelled_batch_never_leaves(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        batch_id = await make_batch(world)
        await stop(world, batch_id)
        answer = await world.send("ana@acme.calm.example", batch_id=batch_id)
        assert answer.status_code == 202
        assert await states(world) == {"discarded": 1}


async def test_a_second_stop_is_refused_and_patch_is_not(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        batch_id = await make_batch(world)
        assert await stop(world, batch_id, "pause") == 201
        assert await stop(world, batch_id) == 400
        change = await world.http.patch(
            f"{STOPS}/{batch_id}", json={"status": "cancel"}
        )
        listed = await world.http.get(STOPS)
        one = await world.http.get(f"{STOPS}/{batch_id}")
    assert change.status_code == 204
    assert listed.json() == one.json() == [{"batch_id": batch_id, "status": "cancel"}]


async def test_a_stop_names_a_known_batch_and_status(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        batch_id = await make_batch(world)
        assert await stop(world, "none") == 400
        assert await stop(world, batch_id, "halt") == 400
        patch = await world.http.patch(f"{STOPS}/{batch_id}", json={"status": "pause"})
        delete = await world.http.delete(f"{STOPS}/{batch_id}")
    assert (patch.status_code, delete.status_code) == (404, 404)


async def test_a_resumed_pause_leaves_late(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        batch_id = await make_batch(world)
        later = int(START) + HOUR
        await world.send("ana@acme.calm.example", batch_id=batch_id, send_at=later)
        await stop(world, batch_id, "pause")
        await world.play(2 * HOUR)
        assert await states(world) == {"waiting": 1}
        gone = await world.http.delete(f"{STOPS}/{batch_id}")
        assert gone.status_code == 204
        await world.play(1)
        assert await states(world) == {"sent": 1}


async def test_a_pause_ends_after_72_hours_with_the_mail_discarded(
    tmp_path: Path,
) -> None:
    async with esp_world(tmp_path) as world:
        batch_id = await make_batch(world)
        later = int(START) + HOUR
        await world.send("ana@acme.calm.example", batch_id=batch_id, send_at=later)
        await stop(world, batch_id, "pause")
        await world.play(74 * HOUR)
        assert await states(world) == {"discarded": 1}


async def test_ten_batches_may_be_stopped_and_not_eleven(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        codes = [await stop(world, await make_batch(world)) for _ in range(11)]
    assert codes == [201] * 10 + [400]


async def test_less_than_ten_minutes_ahead_is_too_late(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        batch_id = await make_batch(world)
        soon = int(START) + 599
        await world.send("ana@acme.calm.example", batch_id=batch_id, send_at=soon)
        assert await stop(world, batch_id) == 400
    async with esp_world(tmp_path / "fast", time_scale=240) as world:
        batch_id = await make_batch(world)
        await world.send("ana@acme.calm.example", batch_id=batch_id, send_at=soon)
        assert await stop(world, batch_id) == 201


async def test_a_suppressed_address_is_dropped(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        body = {"recipient_emails": ["Ana@acme.calm.example"]}
        assert (await world.http.post(GLOBAL, json=body)).status_code == 201
        assert (await world.http.post(GLOBAL, json=body)).status_code == 201
        await world.send("ana@acme.calm.example")
        await world.play()
    assert world.receiver.kinds("ana@acme.calm.example") == {"dropped"}
    assert world.receiver.events[0]["reason"] == "Unsubscribed Address"


async def test_a_suppression_can_be_read_and_lifted(tmp_path: Path) -> None:
    email = "ana@acme.calm.example"
    async with esp_world(tmp_path) as world:
        before = await world.http.get(f"{GLOBAL}/{email}")
        await world.http.post(GLOBAL, json={"recipient_emails": [email]})
        during = await world.http.get(f"{GLOBAL}/{email}")
        everyone = await world.http.get(GLOBAL)
        dated = await world.http.get("/v3/suppression/unsubscribes")
        first = await world.http.delete(f"{GLOBAL}/{email}")
        second = await world.http.delete(f"{GLOBAL}/{email}")
    assert before.json() == {}
    assert during.json() == {"recipient_email": email}
    assert everyone.json() == [email]
    assert dated.json()[0]["created"] == START
    assert (first.status_code, second.status_code) == (204, 404)


async def test_a_suppression_needs_addresses(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        none = await world.http.post(GLOBAL, json={})
        bad = await world.http.post(GLOBAL, json={"recipient_emails": ["x"]})
    assert (none.status_code, bad.status_code) == (400, 400)


async def test_bounces_and_complaints_are_listed_once_they_happened(
    tmp_path: Path,
) -> None:
    async with esp_world(tmp_path) as world:
        await world.send("ana@corp.bounces.example", "ben@corp.complains.example")
        early = (await world.http.get("/v3/suppression/bounces")).json()
        await world.play()
        bounces = (await world.http.get("/v3/suppression/bounces")).json()
        reports = (await world.http.get("/v3/suppression/spam_reports")).json()
        again = await world.send("ben@corp.complains.example")
        assert again.status_code == 202
        await world.play()
    assert early == []
    assert [one["email"] for one in bounces] == ["ana@corp.bounces.example"]
    assert bounces[0]["reason"].startswith("550 5.1.1")
    assert [one["email"] for one in reports] == ["ben@corp.complains.example"]
    assert "dropped" in world.receiver.kinds("ben@corp.complains.example")


async def test_activity_answers_by_custom_arg(tmp_path: Path) -> None:
    query = """unique_args['campaign_id']="42" AND to_email="ben@corp.calm.example" """
    async with esp_world(tmp_path) as world:
        await world.send("ana@corp.calm.example", "ben@corp.calm.example")
        await world.play()
        found = await world.http.get("/v3/messages", params={"query": query})
        (one,) = found.json()["messages"]
        whole = (await world.http.get(f"/v3/messages/{one['msg_id']}")).json()
        none = await world.http.get("/v3/messages/none")
    assert one["to_email"] == "ben@corp.calm.example"
    assert one["status"] == "delivered"
    assert whole["unique_args"] == '{"campaign_id": "42", "send_id": "1"}'
    assert "delivered" in {event["event_name"] for event in whole["events"]}
    assert none.status_code == 404


async def test_activity_refuses_what_it_does_not_understand(tmp_path: Path) -> None:
    async with esp_world(tmp_path) as world:
        query = await world.http.get("/v3/messages", params={"query": "1=1"})
        limit = await world.http.get(
            "/v3/messages", params={"query": 'status="delivered"', "limit": "1001"}
        )
    assert (query.status_code, limit.status_code) == (400, 400)
