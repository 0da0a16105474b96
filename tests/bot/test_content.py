"""Slots over real HTTP: who sees what, what counts, and what nobody outside can do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from domain.campaign import Actor, CampaignId, State
from domain.errors import Refused
from domain.freeze import Scope
from domain.rollback import Trigger
from pipeline import record
from pipeline.record.canary import start
from pipeline.schedule import schedule
from pipeline.slot_keys import slot_secret
from pipeline.wall_clock import utc_now
from practice.site import PracticeSite
from storage import queries
from tests.bot.bot_lab import DEV, ONCALL, SECRET_KEY, Lab, lab
from tests.bot.site import (
    OTHER_SLOT,
    SLOT,
    Site,
    approved,
    event,
    in_canary,
    live,
    playbook_in,
    token,
)

PEOPLE = [f"visitor-{number}" for number in range(80)]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Lab]:
    playbook = playbook_in(tmp_path, ladder="[50, 100]", exposures="[300, 600]")
    async with lab(tmp_path / "data", COPYDESK_PLAYBOOK=playbook) as up:
        yield up


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Lab]:
    playbook = playbook_in(tmp_path, ladder="[50, 100]", exposures="[5, 9]")
    async with lab(tmp_path / "data", COPYDESK_PLAYBOOK=playbook) as up:
        yield up


def state(desk: Lab, number: int) -> State:
    return desk.campaign(number).state


def totals(desk: Lab, number: int) -> dict[str, int]:
    return desk.write(lambda store: store.events.totals(CampaignId(number)))


async def by_shown(site: Site, people: list[str] = PEOPLE) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"new": [], "live": [], "none": []}
    for each in people:
        answer = await site.shown(each)
        found[str(answer["shown"])].append(each)
    return found


# Who sees what --------------------------------------------------------------------


async def test_a_slot_without_a_campaign_shows_the_sites_own(desk: Lab) -> None:
    answer = await Site(desk=desk).shown("ann")
    assert answer == {"slot": SLOT, "shown": "none", "content": None}


async def test_a_share_of_the_visitors_sees_the_new_version_and_keeps_it(
    desk: Lab,
) -> None:
    in_canary(desk)
    site = Site(desk=desk)
    first = await by_shown(site)
    assert len(first["new"]) + len(first["none"]) == len(PEOPLE)
    assert 20 < len(first["new"]) < 60  # half of 80: chance is far off these
    assert await by_shown(site) == first


async def test_an_answer_holds_the_approved_text_and_says_which(desk: Lab) -> None:
    number = in_canary(desk)
    site = Site(desk=desk)
    (visitor, *_) = (await by_shown(site))["new"]
    answer = await site.shown(visitor)
    content = answer["content"]
    assert answer["campaign"] == number
    assert answer["variant"] in {"A", "B"}
    assert len(answer["version"]) == 64
    assert content["parts"] == {
        "headline": "Still weighing the demo?",
        "subheadline": "Two things other teams asked",
        "body": "Hello there,\n\nSetup takes two working days.",
    }
    assert "<h1>Still weighing the demo?</h1>" in content["html"]
    assert content["link"].startswith("https://northwind.example/demo?cd=1-")


async def test_no_answer_may_be_kept_by_anything_between(desk: Lab) -> None:
    site = Site(desk=desk)
    target = f"/v1/content/{SLOT}?key=ann"
    async with desk.session.get(
        desk.url + target, headers=site.signed("GET", target)
    ) as answer:
        assert answer.headers["Cache-Control"] == "private, no-store"


async def test_who_sees_it_stays_in_while_the_share_grows(desk: Lab) -> None:
    number = in_canary(desk)
    site = Site(desk=desk)
    before = set((await by_shown(site))["new"])
    desk.write(
        lambda store: store.campaigns.swap(
            store.campaigns.lock(number), State.EXPANDING, moved_by="test", step=1
        )
    )
    assert before < set((await by_shown(site))["new"]) == set(PEOPLE)


async def test_others_see_the_live_version_and_no_token(desk: Lab) -> None:
    old = live(desk)
    new = in_canary(desk)
    answers = [await Site(desk=desk).shown(each) for each in PEOPLE]
    assert {(a["shown"], a["campaign"], "token" in a) for a in answers} == {
        ("new", new, True),
        ("live", old, False),
    }


async def test_a_held_campaign_is_shown_to_nobody(desk: Lab) -> None:
    number = in_canary(desk)
    desk.write(record.hold, desk.deps.playbook, number, actor=ONCALL)
    assert (await by_shown(Site(desk=desk)))["new"] == []


async def test_a_freeze_stops_a_new_version_and_not_the_live_one(desk: Lab) -> None:
    old = live(desk)
    in_canary(desk)
    desk.write(
        record.freeze,
        desk.deps.playbook,
        scope=Scope.TENANT,
        target="",
        reason="a test",
        lasts=timedelta(hours=1),
        actor=Actor(id=ONCALL),
    )
    answers = [await Site(desk=desk).shown(each) for each in PEOPLE]
    assert {(a["shown"], a["campaign"]) for a in answers} == {("live", old)}


async def test_a_full_step_shows_it_to_its_own_visitors_and_no_others(
    small: Lab,
) -> None:
    number = in_canary(small)
    site = Site(desk=small)
    new = (await by_shown(site))["new"]
    told = [(await site.shown(each))["token"] for each in new[:5]]
    await site.report(*(event(each) for each in told))
    assert small.campaign(number).decides_at is not None
    assert (await by_shown(site))["new"] == new[:5]


async def test_a_rollback_restores_the_version_before_at_once(desk: Lab) -> None:
    old, site = live(desk), Site(desk=desk)
    new = in_canary(desk)
    assert (await by_shown(site))["new"]
    desk.write(
        record.roll_back,
        desk.deps.playbook,
        new,
        trigger=Trigger.BUTTON,
        actor=Actor(id=ONCALL),
    )
    answers = [await site.shown(each) for each in PEOPLE]
    assert {(a["shown"], a["campaign"]) for a in answers} == {("live", old)}
    steps = desk.write(lambda s: s.incidents.steps(s.incidents.of(new).id))
    assert [(each.name, each.state) for each in steps] == [
        ("halt", "done"),
        ("restore", "done"),
        ("notify", "pending"),
    ]
    assert steps[1].detail == f"{SLOT} shows the version of #{old} again"
    incident = desk.write(lambda s: s.incidents.of(new))
    assert incident.contained_at == incident.opened_at


async def test_a_live_version_can_be_rolled_back_to_the_one_before(desk: Lab) -> None:
    first, second, site = live(desk), live(desk), Site(desk=desk)
    assert (await site.shown("ann"))["campaign"] == second
    for number, left in ((second, first), (first, None)):
        desk.write(
            record.roll_back,
            desk.deps.playbook,
            number,
            trigger=Trigger.COMMAND,
            actor=Actor(id=ONCALL),
        )
        assert (await site.shown("ann")).get("campaign") == left
    assert (await site.shown("ann"))["shown"] == "none"


async def test_a_rollback_in_the_middle_of_many_asks_is_seen_by_all_after_it(
    desk: Lab,
) -> None:
    new, site = in_canary(desk), Site(desk=desk)

    async def stop() -> None:
        await asyncio.to_thread(
            desk.write,
            record.roll_back,
            desk.deps.playbook,
            new,
            trigger=Trigger.BUTTON,
            actor=Actor(id=ONCALL),
        )

    asked = [site.ask(each) for each in PEOPLE]
    answers = await asyncio.gather(*asked[:40], stop(), *asked[40:])
    assert {each[0] for each in answers if each} == {200}
    assert (await by_shown(site))["new"] == []


async def test_one_campaign_at_a_time_is_tried_and_the_next_says_why_it_waits(
    desk: Lab,
) -> None:
    first = in_canary(desk)
    second = approved(desk)
    schedule(desk.deps, second, desk.campaign(second).version)
    for _ in range(2):
        desk.write(start, desk.deps.playbook, second)
    waiting = desk.campaign(second)
    assert waiting.state is State.SCHEDULED
    assert waiting.reason == f"#{first} is being tried in {SLOT}; one at a time is."
    elsewhere = in_canary(desk, OTHER_SLOT)
    assert state(desk, elsewhere) is State.CANARY
    desk.write(
        record.roll_back,
        desk.deps.playbook,
        first,
        trigger=Trigger.BUTTON,
        actor=Actor(id=ONCALL),
    )
    desk.write(start, desk.deps.playbook, second)
    assert state(desk, second) is State.CANARY
    told = [line.event for line in desk.write(audit, second)]
    assert told.count("waits_for_slot") == 1


def audit(store: Any, number: CampaignId) -> Any:
    return queries.audit(store.connection, number)


# What counts ----------------------------------------------------------------------


async def test_complaints_roll_back_before_the_post_is_answered(desk: Lab) -> None:
    number, site = in_canary(desk), Site(desk=desk)
    complaints = [event(token(number, each), "complained") for each in PEOPLE]
    assert (await site.report(*complaints))["new"] == len(PEOPLE)
    assert state(desk, number) is State.ROLLED_BACK
    incident = desk.write(lambda s: s.incidents.of(number))
    assert (incident.trigger, incident.mails_out) == (Trigger.COMPLAINTS, 80)
    assert (await by_shown(site))["new"] == []


async def test_failures_roll_back_as_well_in_words_of_a_page(desk: Lab) -> None:
    number, site = in_canary(desk), Site(desk=desk)
    await site.report(*(event(token(number, each), "failed") for each in PEOPLE))
    incident = desk.write(lambda s: s.incidents.of(number))
    assert incident.trigger is Trigger.HARD_BOUNCES
    assert "a page that fails for 2 %" in str(incident.reason)


async def test_a_report_of_any_kind_counts_its_exposure_as_well(desk: Lab) -> None:
    number, site = in_canary(desk), Site(desk=desk)
    told = await site.report(event(token(number, "ann"), "clicked"))
    assert (told["new"], told["known"]) == (1, 0)
    assert totals(desk, number) == {"clicked": 1, "delivered": 1}
    told = await site.report(event(token(number, "ann")))
    assert (told["new"], told["known"]) == (0, 1)
    assert totals(desk, number) == {"clicked": 1, "delivered": 1}


async def test_a_visitor_counts_once_of_each_kind_under_whatever_id(desk: Lab) -> None:
    number, site = in_canary(desk), Site(desk=desk)
    later = utc_now() - timedelta(minutes=2)
    once = [
        event(token(number, "ann"), "complained", id=f"event-{n}") for n in range(50)
    ]
    again = event(token(number, "ann", issued_at=later), "complained", id="x")
    other_arm = event(token(number, "ann", variant_id=2), "complained", id="y")
    told = await site.report(*once, again, other_arm)
    assert (told["new"], told["known"]) == (1, 51)
    assert totals(desk, number)["complained"] == 1
    assert state(desk, number) is State.CANARY
    assert desk.count("exposures") == 1


async def test_the_same_post_again_changes_nothing(desk: Lab) -> None:
    number, site = in_canary(desk), Site(desk=desk)
    body = json.dumps(
        {"events": [event(token(number, each)) for each in PEOPLE]}
    ).encode()
    assert [(await site.post(body))[1]["new"] for _ in range(3)] == [80, 0, 0]
    assert totals(desk, number) == {"delivered": 80}


async def test_a_full_step_begins_its_window_and_a_full_last_step_is_live(
    small: Lab,
) -> None:
    number, site = in_canary(small), Site(desk=small)
    await site.report(*(event(token(number, each)) for each in PEOPLE[:4]))
    assert small.campaign(number).decides_at is None
    await site.report(event(token(number, PEOPLE[4])))
    assert small.campaign(number).decides_at is not None
    # five visitors cannot show a rate: a person lets it go on
    small.write(record.expand, small.deps.playbook, number, actor=DEV)
    assert state(small, number) is State.EXPANDING
    assert set((await by_shown(site))["new"]) == set(PEOPLE)
    await site.report(*(event(token(number, each)) for each in PEOPLE[5:9]))
    assert state(small, number) is State.SENT
    assert (await by_shown(site))["live"] == PEOPLE


async def test_a_step_whose_visitors_have_not_come_cannot_be_expanded(
    desk: Lab,
) -> None:
    number = in_canary(desk)
    with pytest.raises(Refused, match="once as many visitors have seen it"):
        desk.write(record.expand, desk.deps.playbook, number, actor=DEV)


async def test_a_breach_in_the_post_that_fills_the_last_step_still_stops_it(
    small: Lab,
) -> None:
    number, site = in_canary(small), Site(desk=small)
    await site.report(*(event(token(number, each)) for each in PEOPLE[:5]))
    small.write(record.expand, small.deps.playbook, number, actor=DEV)
    bad = [event(token(number, each), "complained") for each in PEOPLE[:9]]
    await site.report(*bad)
    assert state(small, number) is State.ROLLED_BACK


async def test_what_is_reported_after_a_rollback_is_counted_and_moves_nothing(
    desk: Lab,
) -> None:
    number, site = in_canary(desk), Site(desk=desk)
    await site.report(event(token(number, "ann")))
    desk.write(
        record.roll_back,
        desk.deps.playbook,
        number,
        trigger=Trigger.BUTTON,
        actor=Actor(id=ONCALL),
    )
    version = desk.campaign(number).version
    await asyncio.sleep(0.01)
    await site.report(event(token(number, "bob"), "complained"))
    assert desk.campaign(number).version == version
    with desk.deps.database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT mails_out, leaked FROM incidents")
        assert rows.all() == [(1, 1)]


async def test_without_reports_a_window_passes_and_nothing_expands(small: Lab) -> None:
    number, site = in_canary(small), Site(desk=small)
    desk = small
    await site.report(*(event(token(number, each)) for each in PEOPLE[:5]))
    past = utc_now() - timedelta(hours=5)

    def age(store: Any) -> Any:
        store.campaigns.note(
            number, step_started_at=past, decides_at=past + timedelta(hours=4)
        )
        store.connection.exec_driver_sql(
            "UPDATE pulses SET last_ingest_at = '2026-01-01 00:00:00'"
        )
        policy = replace(desk.deps.playbook.canary, min_reporting=1)
        changed = replace(desk.deps.playbook, canary=policy)
        return record.judge_due(store, changed, number)

    judgement = desk.write(age)
    assert judgement.verdict == "no_data"
    assert "the site has been silent" in judgement.reason
    assert state(desk, number) is State.CANARY


async def test_an_empty_post_is_a_sign_of_life_of_the_site(desk: Lab) -> None:
    number, site = in_canary(desk), Site(desk=desk)
    assert desk.write(lambda s: s.events.pulse(number)) is None
    told = await site.report()
    assert told == {"new": 0, "known": 0, "refused": 0, "why": []}
    assert desk.write(lambda s: s.events.pulse(number)) is not None
    assert desk.write(lambda s: s.events.last_pulse()) is None


# What nobody outside can do ---------------------------------------------------------


@pytest.mark.parametrize("slot", ["nowhere", "..", "%00", "home-hero%20"])
async def test_a_slot_that_does_not_exist_is_not_found(desk: Lab, slot: str) -> None:
    address = URL(f"{desk.url}/v1/content/{slot}?key=a", encoded=True)
    async with desk.session.get(address) as answer:
        assert answer.status == 404
    address = URL(f"{desk.url}/v1/events?slot={slot}", encoded=True)
    async with desk.session.post(address, data=b"{}") as answer:
        assert answer.status == 404


@pytest.mark.parametrize(
    ("site", "why"),
    [
        ({"key": "a guess at the secret"}, "X-Copydesk-Signature does not match."),
        ({"age_s": 301}, "X-Copydesk-Timestamp is more than five minutes off."),
        ({"age_s": -301}, "X-Copydesk-Timestamp is more than five minutes off."),
    ],
)
async def test_only_the_slots_own_site_is_answered(
    desk: Lab, site: dict[str, Any], why: str
) -> None:
    stranger = Site(desk=desk, **site)
    assert await stranger.ask("ann") == (401, {"error": why})
    assert await stranger.post(b'{"events": []}') == (401, {"error": why})


async def test_another_slots_secret_opens_nothing_here(desk: Lab) -> None:
    other = slot_secret(SECRET_KEY, desk.deps.playbook.slots[OTHER_SLOT])
    assert (await Site(desk=desk, key=other).ask("ann"))[0] == 401


def test_another_generation_is_another_secret(desk: Lab) -> None:
    slot = desk.deps.playbook.slots[SLOT]
    after = replace(slot, generation=2)
    assert slot_secret(SECRET_KEY, slot) != slot_secret(SECRET_KEY, after)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Copydesk-Timestamp": "9" * 40},
        {"X-Copydesk-Timestamp": "-1"},
        {"X-Copydesk-Timestamp": "\u0661"},
        {"X-Copydesk-Timestamp": "1", "X-Copydesk-Signature": "v1=\u20ac"},
    ],
)
async def test_headers_that_cannot_be_are_a_plain_401(
    desk: Lab, headers: dict[str, str]
) -> None:
    address = f"{desk.url}/v1/content/{SLOT}?key=ann"
    async with desk.session.get(address, headers=headers) as answer:
        assert answer.status == 401
        assert (await answer.json())["error"].startswith("X-Copydesk-Timestamp")


async def test_a_signature_is_for_one_visitor_one_slot_and_one_body(desk: Lab) -> None:
    site = Site(desk=desk)
    signed = site.signed("GET", f"/v1/content/{SLOT}?key=ann")
    async with desk.session.get(
        f"{desk.url}/v1/content/{SLOT}?key=bob", headers=signed
    ) as answer:
        assert answer.status == 401
    signed = site.signed("POST", f"/v1/events?slot={SLOT}", b'{"events": []}')
    async with desk.session.post(
        f"{desk.url}/v1/events?slot={SLOT}", data=b'{"events":[]}', headers=signed
    ) as answer:
        assert answer.status == 401


@pytest.mark.parametrize("visitor", ["", "a" * 201, "\x00", "a\nb", "\u202e"])
async def test_a_key_that_no_site_should_have_is_refused(
    desk: Lab, visitor: str
) -> None:
    status, answer = await Site(desk=desk).ask(visitor)
    assert status == 400
    assert answer == {"error": "key must be 1 to 200 printable characters."}


async def test_a_visitors_key_is_stored_and_told_nowhere(
    desk: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    number, site = in_canary(desk), Site(desk=desk)
    visitor = "ann@customer.example"
    while (answer := await site.shown(visitor))["shown"] != "new":
        visitor = f"x{visitor}"
    await site.report(event(answer["token"]))
    with desk.deps.database.engine.connect() as connection:
        rows = [
            connection.exec_driver_sql(f"SELECT * FROM {table}").all()  # noqa: S608  # a word of this test
            for table in ("exposures", "delivery_events", "audit_events")
        ]
    assert desk.count("exposures") == 1
    out = capsys.readouterr()
    assert "customer" not in repr(rows) + out.out + out.err + str(answer["token"])
    assert number == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b"null",
        b'{"events": {}}',
        b'{"events": [], "slot": "home-hero"}',
        b'{"events": [' + b"1," * 500 + b"1]}",
        b'{"events": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b'{"events": [' + b"9" * 5_000 + b"]}",
    ],
)
async def test_a_body_that_is_no_list_of_events_is_refused_whole(
    desk: Lab, body: bytes
) -> None:
    status, answer = await Site(desk=desk).post(body)
    assert status == 400
    assert "body" in answer["error"]


async def test_a_body_above_the_limit_is_not_read(desk: Lab) -> None:
    for size in (256 * 1024 + 1, 1024 * 1024):
        status, answer = await Site(desk=desk).post(b" " * size)
        assert (status, answer["error"]) == (413, "The body is larger than 256 KB.")


def old(**ago: float) -> datetime:
    return utc_now() - timedelta(**ago)


NOT_OURS = "token: this desk did not give it out."
WRONG: dict[str, tuple[Any, str]] = {
    "no object": (7, "It is no object with id, token, type, at."),
    "deep": ([[[[]]]], "It is no object"),
    "a field more": ({"visitor": "ann"}, "There is no field 'visitor'"),
    "no id": ({"id": ""}, "id: must be 1 to 80 printable ASCII characters."),
    "a NUL": ({"id": "a\x00b"}, "id: must be 1 to 80"),
    "a long id": ({"id": "x" * 81}, "id: must be 1 to 80"),
    "a number for an id": ({"id": 10**300}, "id: must be 1 to 80"),
    "a long token": ({"token": "x" * 201}, "token: must be 1 to 200"),
    "no token": ({"token": None}, "token: must be 1 to 200"),
    "a token of dashes": ({"token": "----"}, NOT_OURS),
    "another type": ({"type": "liked"}, "type: must be one of exposed, complained"),
    "no type": ({"type": ["exposed"]}, "type: must be one of exposed, complained"),
    "the future": ({"at": "2099-01-01T00:00:00Z"}, "at: must lie within"),
    "the end of time": ({"at": "9999-12-31T23:59:59-14:00"}, "at: must lie within"),
    "long ago": ({"at": "0001-01-01T00:00:00+14:00"}, "at: must lie within"),
    "no zone": ({"at": "2026-05-01T14:02:00"}, "at: must be a time with its zone"),
    "a number for a time": ({"at": 1e308}, "at: must be a time with its zone"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_a_wrong_report_is_told_and_keeps_no_other_from_counting(
    desk: Lab, case: str
) -> None:
    number, site = in_canary(desk), Site(desk=desk)
    changes, why = WRONG[case]
    good = event(token(number, "ann"))
    wrong = good | changes if isinstance(changes, dict) else changes
    told = await site.report(wrong, good)
    assert (told["new"], told["refused"]) == (1, 1)
    assert told["why"][0]["event"] == 1
    assert told["why"][0]["error"].startswith(why)


async def test_tokens_that_prove_nothing_count_nothing(desk: Lab) -> None:
    number, site = in_canary(desk), Site(desk=desk)
    elsewhere = in_canary(desk, OTHER_SLOT)
    good = token(number, "ann")
    campaign, variant, minute, visitor, mark = good.split("-")
    forged = {
        f"{campaign}-{variant}-{minute}-{'0' * 32}-{mark}": NOT_OURS,
        f"{elsewhere}-{variant}-{minute}-{visitor}-{mark}": NOT_OURS,
        f"{campaign}-{int(variant) + 1}-{minute}-{visitor}-{mark}": NOT_OURS,
        f"{campaign}-{variant}-{int(minute) + 60}-{visitor}-{mark}": NOT_OURS,
        f"{good[:-1]}g": NOT_OURS,
        token(elsewhere, "ann"): "token: it was given out for another slot.",
        token(99, "ann"): "token: it was given out for another slot.",
        token(number, "ann", issued_at=old(hours=25)): "token: is older than 24 hours.",
    }
    told = await site.report(*(event(each, "complained") for each in forged))
    assert (told["new"], told["refused"]) == (0, len(forged))
    assert [each["error"] for each in told["why"]] == list(forged.values())
    assert totals(desk, number) == totals(desk, elsewhere) == {}
    assert desk.count("exposures") == 0


async def test_nothing_can_have_happened_before_its_answer(desk: Lab) -> None:
    number, site = in_canary(desk), Site(desk=desk)
    early = event(token(number, "ann"), at=old(minutes=30).isoformat())
    told = await site.report(early)
    assert told["why"][0]["error"] == (
        "at: is before the answer that the token came with."
    )


async def test_five_hundred_wrong_reports_do_not_mask_a_breach(desk: Lab) -> None:
    number, site = in_canary(desk), Site(desk=desk)
    bad = [event(token(number, each), "complained") for each in PEOPLE[:40]]
    told = await site.report(*[{}] * 460, *bad)
    assert (told["refused"], len(told["why"])) == (460, 20)
    assert state(desk, number) is State.ROLLED_BACK


async def test_the_practice_site_is_answered_and_stops_what_its_visitors_hate(
    desk: Lab,
) -> None:
    number = in_canary(desk)
    secret = slot_secret(SECRET_KEY, desk.deps.playbook.slots[SLOT])
    site = PracticeSite(
        url=desk.url, slot=SLOT, secret=secret, bad_rate=1.0, per_second=10_000
    )
    told: list[int] = []
    tally = await site.play(60, lambda tally: told.append(tally.visits))
    assert tally.visits == 60
    assert set(tally.shown) == {"new", "none"}
    assert (
        tally.reported["complained"] == tally.reported["exposed"] == tally.shown["new"]
    )
    assert (tally.campaigns, tally.last_error) == ({number}, "")
    assert told[-1] == 60
    assert state(desk, number) is State.ROLLED_BACK


async def test_visitors_of_the_practice_site_click_more_what_they_like(
    desk: Lab,
) -> None:
    number = in_canary(desk)
    secret = slot_secret(SECRET_KEY, desk.deps.playbook.slots[SLOT])
    site = PracticeSite(
        url=desk.url, slot=SLOT, secret=secret, liked="B", per_second=10_000
    )
    await site.play(400)
    policy = desk.deps.playbook.canary
    found = desk.deps.database.read(queries.arms, number, today=policy, now=utc_now())
    assert found is not None
    a, b = found.arms
    assert b.clicked / b.delivered > 2 * a.clicked / a.delivered > 0


async def test_a_practice_site_with_another_secret_says_what_it_was_refused(
    desk: Lab,
) -> None:
    site = PracticeSite(url=desk.url, slot=SLOT, secret="none", per_second=10_000)
    tally = await site.play(3)
    assert tally.shown == {"failed": 3}
    assert tally.last_error == "X-Copydesk-Signature does not match."
