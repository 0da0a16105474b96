"""What is Amazon SES's alone: an answer for each entry, and never a retry by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from domain.errors import Refused, TryLater
from pipeline.esp.port import Accepted, OutcomeUnknown
from pipeline.esp.ses import Ses
from pipeline.esp.ses_answers import FATES, STOPS
from tests.pipeline.esp_contract.benches import NOW, make_batch, make_mail
from tests.pipeline.wire import Says, Wire, wire


@pytest.fixture
def line() -> Iterator[Wire]:
    with wire() as ready:
        yield ready


def connected(line: Wire, **changes: Any) -> Ses:
    given: dict[str, Any] = {
        "region": "eu-west-1",
        "clock": lambda: NOW,
        "configuration_set": "copydesk",
        "api_url": line.url,
        "credentials": ("key", "secret"),
        "timeout_s": 0.5,
    }
    return Ses(**given | changes)


def says(*statuses: str) -> Says:
    rows = [{"Status": status, "Error": "for a@b.example"} for status in statuses]
    return Says(json={"BulkEmailEntryResults": rows})


def send(esp: Ses, count: int) -> Accepted:
    return esp.send(make_batch(esp, *(make_mail(n) for n in range(1, count + 1))))


def test_each_entry_has_its_own_fate(line: Wire) -> None:
    line.says(says("SUCCESS", "TRANSIENT_FAILURE", "INVALID_PARAMETER", "NEW_STATUS"))
    answer = send(connected(line), 4)
    assert answer.accepted == 1
    assert (answer.later, answer.refused, answer.unknown) == ({2}, {3}, {4})
    assert answer.put_off == {2}
    assert not answer.bounced


def test_an_entry_whose_address_is_invalid_has_bounced(line: Wire) -> None:
    rows = [
        {"Status": "SUCCESS"},
        {"Status": "INVALID_PARAMETER", "Error": "Domain contains dot-dot"},
        {"Status": "INVALID_PARAMETER", "Error": "Illegal address: a@b..example"},
        {"Status": "INVALID_PARAMETER", "Error": "Header value is too long"},
        {"Status": "FAILED", "Error": "Illegal address"},
    ]
    line.says(Says(json={"BulkEmailEntryResults": rows}))
    answer = send(connected(line), 5)
    assert (answer.accepted, answer.refused) == (1, {2, 3, 4, 5})
    assert answer.bounced == {2, 3}


@pytest.mark.parametrize("status", STOPS)
def test_what_is_about_the_account_stops_and_keeps_what_is_out(
    line: Wire, status: str
) -> None:
    line.says(says("SUCCESS", status, "SUCCESS"))
    answer = send(connected(line), 3)
    assert (answer.accepted, answer.later) == (2, {2})
    assert not answer.unknown


@pytest.mark.parametrize("status", STOPS)
def test_when_nothing_is_out_the_account_decides_for_all(
    line: Wire, status: str
) -> None:
    line.says(says(status, status))
    words, wait = STOPS[status]
    with pytest.raises(TryLater if wait else Refused) as caught:
        send(connected(line), 2)
    assert words in str(caught.value)


def test_a_request_that_is_wrong_for_everyone_parks_instead_of_skipping(
    line: Wire,
) -> None:
    line.says(says("INVALID_PARAMETER", "INVALID_PARAMETER"))
    with pytest.raises(Refused, match=r"refused every mail: .* for \[address\]"):
        send(connected(line), 2)


def test_fifty_entries_travel_in_one_request(line: Wire) -> None:
    line.says(says(*["SUCCESS"] * 50), says(*["SUCCESS"] * 50), says(*["SUCCESS"] * 20))
    assert send(connected(line), 120).accepted == 120
    sizes = [len(heard.json["BulkEmailEntries"]) for heard in line.heard]
    assert sizes == [50, 50, 20]


@pytest.mark.parametrize(
    "silence", [Says(status=503), Says(hangs=True), Says(drops=True)]
)
def test_silence_leaves_that_request_unknown_and_the_rest_untried(
    line: Wire, silence: Says
) -> None:
    line.says(says(*["SUCCESS"] * 50), silence)
    answer = send(connected(line), 120)
    assert answer.accepted == 50
    assert answer.unknown == set(range(51, 101))
    assert answer.later == set(range(101, 121))
    # boto3 would have tried again by itself
    assert len(line.heard) == 2


def test_an_answer_that_is_too_short_leaves_the_others_unknown(line: Wire) -> None:
    line.says(says("SUCCESS"))
    answer = send(connected(line), 3)
    assert (answer.accepted, answer.unknown) == (1, {2, 3})


def test_an_answer_that_cannot_be_read_is_unknown(line: Wire) -> None:
    line.says(Says(raw=b"<html>"))
    with pytest.raises(OutcomeUnknown):
        send(connected(line), 2)


def test_when_time_is_up_nothing_more_is_begun(line: Wire) -> None:
    with pytest.raises(TryLater, match="slow") as caught:
        send(connected(line, time_limit_s=-1), 2)
    assert caught.value.retry_after == timedelta(seconds=1)
    assert line.heard == []


@pytest.mark.parametrize(
    ("code", "status", "fate", "said"),
    [
        ("TooManyRequestsException", 429, TryLater, "rate limit"),
        ("LimitExceededException", 400, TryLater, "sending quota"),
        ("AccountSuspendedException", 400, Refused, "AccountSuspendedException"),
        ("SendingPausedException", 400, Refused, "SendingPausedException"),
        ("MessageRejected", 400, Refused, r"MessageRejected Not verified: \[address\]"),
        ("MailFromDomainNotVerifiedException", 400, Refused, "MailFromDomain"),
        ("NotFoundException", 404, Refused, "NotFoundException"),
        ("AccessDeniedException", 403, Refused, "AWS_ACCESS_KEY_ID"),
        ("ExpiredTokenException", 403, Refused, "AWS_ACCESS_KEY_ID"),
    ],
)
def test_an_error_of_the_whole_call_has_its_fate(
    line: Wire, code: str, status: int, fate: type[Exception], said: str
) -> None:
    line.says(
        Says(
            status=status,
            json={"message": "Not verified: a@b.example"},
            headers={"x-amzn-ErrorType": code},
        )
    )
    with pytest.raises(fate, match=said):
        send(connected(line), 2)
    assert len(line.heard) == 1


def test_each_mail_carries_its_tags_and_the_configuration_set(line: Wire) -> None:
    line.says(says("SUCCESS"))
    esp = connected(line)
    batch = make_batch(esp, make_mail(41), reply_to="help@brand.example")
    esp.send(batch)
    (heard,) = line.heard
    body = heard.json
    assert body["ConfigurationSetName"] == "copydesk"
    assert body["ReplyToAddresses"] == ["help@brand.example"]
    (entry,) = body["BulkEmailEntries"]
    tags = {tag["Name"]: tag["Value"] for tag in entry["ReplacementTags"]}
    assert tags == {"send_id": "41", "campaign_id": "7", "batch": batch.batch_id}


def test_a_mail_that_is_too_large_is_refused_unsent(line: Wire) -> None:
    esp = connected(line)
    with pytest.raises(Refused, match="262,144 bytes"):
        esp.send(make_batch(esp, make_mail(1, html="x" * 300_000)))
    assert line.heard == []


def test_no_status_is_in_two_tables() -> None:
    assert not FATES.keys() & STOPS.keys()


def test_the_account_says_what_it_may(line: Wire) -> None:
    line.says(Says(json={"SendingEnabled": True, "ProductionAccessEnabled": False}))
    account = connected(line).account()
    assert (account.can_send, account.is_sandbox) == (True, True)
