"""A rejection needs a code and words; what a form of another make sends is answered."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from blocks.ids import Action, Callback, Field
from domain.rejection import REASON_MOST, RejectReason
from domain.variant import VariantId
from tests.bot.bot_lab import CLEO, Json, Lab
from tests.bot.stages import in_review
from tests.bot.test_server import headers

CHOOSE = "Choose what comes closest; your words say the rest."
WRITE = "Write a few words, so that the others know what is meant."


def chosen(code: str) -> Json:
    option = {"text": {"type": "plain_text", "text": code}, "value": code}
    return {"type": "static_select", "selected_option": option}


def typed(text: object) -> Json:
    return {"type": "plain_text_input", "value": text}


async def sent(desk: Lab, request_id: int, values: Json) -> Any:
    """Submit a reject form with any state at all, signed as Slack signs it."""
    team = {"id": "T0PRACTICE", "domain": "practice"}
    payload = {
        "type": "view_submission",
        "user": {"id": CLEO, "name": "someone", "team_id": team["id"]},
        "team": team,
        "trigger_id": "1.2.3",
        "view": {
            "id": "V0FORM",
            "type": "modal",
            "callback_id": Callback.REJECT_FORM,
            "private_metadata": str(request_id),
            "state": {"values": values},
        },
    }
    raw = urlencode({"payload": json.dumps(payload)}).encode()
    address = f"{desk.url}/slack/events"
    async with desk.session.post(address, data=raw, headers=headers(raw)) as answer:
        assert answer.status == 200
        body = await answer.text()
    await desk.idle()
    return json.loads(body) if body else {}


async def test_a_rejection_keeps_its_code_and_its_words(desk: Lab) -> None:
    first, _second = desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.REJECT, first, by=CLEO)
    report = await desk.submit(
        {
            Field.REASON_CODE: chosen(RejectReason.UNSUPPORTED_CLAIM),
            Field.REASON: "No source says so.",
        },
        by=CLEO,
    )
    assert report["closed"] is True
    with desk.deps.database.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT reason_code, reason FROM decisions")
        assert found.all() == [("unsupported_claim", "No source says so.")]
        (detail,) = connection.exec_driver_sql(
            "SELECT detail FROM audit_events WHERE event = 'variant_rejected'"
        ).one()
    assert json.loads(detail)["reason_code"] == "unsupported_claim"
    with desk.deps.database.begin() as store:
        reason = store.variants.get(VariantId(1)).reason
    assert reason == "Unsupported claim: No source says so."


@pytest.mark.parametrize("unseen", ["\x00", "\ud800", "\udfff\x00"], ids=ascii)
async def test_what_no_database_keeps_is_left_out_of_the_words(
    desk: Lab, unseen: str
) -> None:
    first, _second = desk.write(in_review, desk.deps.playbook)
    values = {
        "reason_code": {"reason_code": chosen("writing")},
        "reason": {"reason": typed(f"Too{unseen} loud{unseen}")},
    }
    await sent(desk, first, values)
    with desk.deps.database.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT reason FROM decisions").scalar_one()
    assert found == "Too loud"


async def test_a_rejection_without_code_or_words_is_said_at_both(desk: Lab) -> None:
    first, _second = desk.write(in_review, desk.deps.playbook)
    await desk.press(Action.REJECT, first, by=CLEO)
    report = await desk.submit({Field.REASON: "Too loud"}, by=CLEO)
    assert list(report["errors"]) == [Field.REASON_CODE]
    assert desk.has_view(CLEO)
    answer = await sent(desk, first, {"reason": {"reason": typed("  ")}})
    assert answer["errors"] == {"reason_code": CHOOSE, "reason": WRITE}
    assert desk.count("decisions") == 0


HOSTILE_CODES: dict[str, Any] = {
    "unknown": {"selected_option": {"value": "because"}},
    "injected": {"selected_option": {"value": "legal'; DROP TABLE decisions; --"}},
    "in capitals": {"selected_option": {"value": "LEGAL"}},
    "a number": {"selected_option": {"value": 3}},
    "a list": {"selected_option": {"value": ["legal"]}},
    "an object": {"selected_option": {"value": {"value": "legal"}}},
    "no option": {"selected_option": None},
    "an option of text": {"selected_option": "legal"},
    "typed": {"value": "legal"},
    "nothing": {},
    "no object": "legal",
    "null": None,
}


@pytest.mark.parametrize("given", HOSTILE_CODES.values(), ids=HOSTILE_CODES)
async def test_a_code_that_is_none_of_ours_is_said_at_its_field(
    desk: Lab, given: Any
) -> None:
    first, _second = desk.write(in_review, desk.deps.playbook)
    values = {
        "reason_code": {"reason_code": given},
        "reason": {"reason": typed("Too loud")},
    }
    answer = await sent(desk, first, values)
    assert answer == {"response_action": "errors", "errors": {"reason_code": CHOOSE}}
    assert desk.count("decisions") == 0


@pytest.mark.parametrize("given", [None, [], "legal", {"other": {}}], ids=str)
async def test_a_block_that_is_no_block_is_said_at_its_field(
    desk: Lab, given: Any
) -> None:
    first, _second = desk.write(in_review, desk.deps.playbook)
    values = {"reason_code": given, "reason": {"reason": typed("Too loud")}}
    answer = await sent(desk, first, values)
    assert answer["errors"] == {"reason_code": CHOOSE}


async def test_words_longer_than_the_box_are_said_at_the_field(desk: Lab) -> None:
    first, _second = desk.write(in_review, desk.deps.playbook)
    values = {
        "reason_code": {"reason_code": chosen("legal")},
        "reason": {"reason": typed("x" * (REASON_MOST + 1))},
    }
    answer = await sent(desk, first, values)
    too_long = "This has 1,001 characters; 1,000 are allowed."
    assert answer["errors"] == {"reason": too_long}
    assert desk.count("decisions") == 0
