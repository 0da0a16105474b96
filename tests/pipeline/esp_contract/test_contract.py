"""What every adapter of `pipeline.esp.port.Esp` does, whichever vendor is behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.errors import Refused, TryLater
from pipeline.esp.port import (
    BadSignature,
    BatchState,
    CancelState,
    Esp,
    OutcomeUnknown,
    Unsupported,
)
from pipeline.esp.vendors import VENDORS
from tests.pipeline.esp_contract.benches import (
    BENCHES,
    NOW,
    Bench,
    Trouble,
    make_batch,
    make_mail,
    nobody_there,
)


@pytest.fixture(params=BENCHES)
def vendor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def bench(vendor: str, tmp_path: Path) -> Iterator[Bench]:
    with BENCHES[vendor](tmp_path) as ready:
        yield ready


def test_every_vendor_has_a_bench() -> None:
    assert set(BENCHES) == set(VENDORS)


def test_it_is_called_as_its_vendor_is(bench: Bench, vendor: str) -> None:
    fitting: Esp = bench.esp
    assert (fitting.name, fitting.title) == (vendor, VENDORS[vendor].title)


# Sending


def test_each_reader_gets_the_very_words_of_their_mail(bench: Bench) -> None:
    mails = (make_mail(1), make_mail(2), make_mail(3, text="Quite another text.\n"))
    answer = bench.esp.send(make_batch(bench.esp, *mails))
    assert answer.accepted == 3
    assert not (answer.refused | answer.later | answer.unknown)
    inbox = bench.inbox()
    for mail in mails:
        got = inbox[mail.to]
        assert (got.subject, got.text, got.html) == (
            mail.subject,
            mail.text,
            mail.html,
        )


def test_both_headers_of_one_click_unsubscribe_arrive_whole(bench: Bench) -> None:
    bench.esp.send(make_batch(bench.esp))
    for number in (1, 2):
        mail = make_mail(number)
        assert bench.inbox()[mail.to].headers == mail.headers


def test_our_ids_travel_with_each_mail(bench: Bench) -> None:
    bench.esp.send(make_batch(bench.esp, make_mail(41), make_mail(42)))
    got = bench.inbox()["reader42@mail.example"]
    assert (got.send_id, got.campaign_id) == ("42", "7")


def test_text_that_looks_like_a_template_is_left_alone(bench: Bench) -> None:
    words = "Braces {{t0}} {{{s}}} {% if %} and -t1.0- stay."
    mails = [
        make_mail(n, text=f"{words} {n}", subject=f"{{{{s}}}} {n}") for n in (1, 2)
    ]
    bench.esp.send(make_batch(bench.esp, *mails))
    got = bench.inbox()[mails[0].to]
    assert (got.text.rstrip("\n"), got.subject) == (f"{words} 1", "{{s}} 1")


def test_a_mail_without_a_way_out_leaves_with_nobody(bench: Bench) -> None:
    with pytest.raises(Refused, match="no one-click unsubscribe"):
        bench.esp.send(make_batch(bench.esp, make_mail(1), make_mail(2, headers={})))
    assert bench.inbox() == {}


def test_more_mails_than_a_chunk_holds_are_refused(bench: Bench) -> None:
    most = bench.can.batch_size
    mails = [make_mail(number) for number in range(most + 1)]
    with pytest.raises(Refused, match=f"takes no more than {most:,} mails"):
        bench.esp.send(make_batch(bench.esp, *mails))
    assert bench.inbox() == {}


def test_a_whole_chunk_is_taken(bench: Bench) -> None:
    most = bench.can.batch_size
    mails = [make_mail(number) for number in range(1, most + 1)]
    patient = bench.connect()
    assert patient.send(make_batch(patient, *mails)).accepted == most
    patient.close()


def test_an_empty_batch_is_refused(bench: Bench) -> None:
    batch = make_batch(bench.esp)
    empty = type(batch)(
        batch_id=batch.batch_id,
        campaign_id=batch.campaign_id,
        from_address=batch.from_address,
        from_name=batch.from_name,
        mails=(),
    )
    with pytest.raises(Refused, match="holds no mail"):
        bench.esp.send(empty)


def test_a_bad_address_is_not_mailed_nor_repeated_in_words(bench: Bench) -> None:
    batch = make_batch(
        bench.esp, make_mail(1), make_mail(9, to="not an address@at all")
    )
    if bench.esp.name == "sendgrid":
        with pytest.raises(Refused, match="address") as caught:
            bench.esp.send(batch)
        assert "not an address" not in str(caught.value)
        assert bench.inbox() == {}
        return
    answer = bench.esp.send(batch)
    assert answer.accepted == 1
    assert list(bench.inbox()) == ["reader1@mail.example"]
    # SparkPost only counts whom it leaves out
    assert answer.refused == (frozenset() if bench.can.takes_all_or_none else {9})


def test_a_line_break_in_a_header_brings_no_header_of_its_own(bench: Bench) -> None:
    link = "<https://desk.example/u/1>\r\nBcc: thief@mail.example"
    headers = make_mail(1).headers | {"List-Unsubscribe": link}
    try:
        bench.esp.send(make_batch(bench.esp, make_mail(1, headers=headers)))
    except Refused:
        assert bench.inbox() == {}
    else:
        assert set(bench.inbox()) == {"reader1@mail.example"}
        assert "Bcc" not in bench.inbox()["reader1@mail.example"].headers


# Trouble

FATES: dict[str, dict[Trouble, type[Exception]]] = {
    "sendgrid": {
        Trouble.BUSY: TryLater,
        # the plan's credits are bought by a person
        Trouble.QUOTA: Refused,
        Trouble.BROKEN: OutcomeUnknown,
        Trouble.SILENT_BEFORE: OutcomeUnknown,
        Trouble.SILENT_AFTER: OutcomeUnknown,
        Trouble.HANGS_UP: OutcomeUnknown,
    },
    "sparkpost": {
        Trouble.BUSY: TryLater,
        Trouble.QUOTA: TryLater,
        Trouble.BROKEN: OutcomeUnknown,
        Trouble.SILENT_BEFORE: OutcomeUnknown,
        Trouble.SILENT_AFTER: OutcomeUnknown,
        Trouble.HANGS_UP: OutcomeUnknown,
    },
    "ses": {
        Trouble.BUSY: TryLater,
        Trouble.QUOTA: TryLater,
        Trouble.BROKEN: OutcomeUnknown,
        Trouble.SILENT_BEFORE: OutcomeUnknown,
        Trouble.SILENT_AFTER: OutcomeUnknown,
        Trouble.HANGS_UP: OutcomeUnknown,
    },
    "smtp": {
        Trouble.BUSY: TryLater,
        Trouble.QUOTA: TryLater,
        Trouble.BROKEN: TryLater,
        # before the text no server has anything
        Trouble.SILENT_BEFORE: TryLater,
        Trouble.SILENT_AFTER: OutcomeUnknown,
        Trouble.HANGS_UP: TryLater,
    },
}


@pytest.mark.parametrize("trouble", Trouble)
def test_a_send_that_fails_has_the_fate_of_its_fault(
    bench: Bench, vendor: str, trouble: Trouble
) -> None:
    bench.trouble(trouble)
    with pytest.raises(FATES[vendor][trouble]):
        bench.esp.send(make_batch(bench.esp, make_mail(1)))
    # what was not taken is not out; what went silent after it is
    assert len(bench.inbox()) == (trouble is Trouble.SILENT_AFTER)


@pytest.mark.parametrize("trouble", Trouble)
def test_only_an_unknown_outcome_can_have_mailed_anybody(
    bench: Bench, vendor: str, trouble: Trouble
) -> None:
    bench.trouble(trouble)
    with pytest.raises(FATES[vendor][trouble]) as caught:
        bench.esp.send(make_batch(bench.esp, make_mail(1)))
    assert not bench.inbox() or caught.type is OutcomeUnknown


def test_a_busy_server_says_how_long_to_wait(bench: Bench) -> None:
    bench.trouble(Trouble.BUSY)
    with pytest.raises(TryLater) as caught:
        bench.esp.send(make_batch(bench.esp))
    assert timedelta(0) < caught.value.retry_after <= timedelta(minutes=5)


def test_a_server_that_is_not_there_took_nothing(bench: Bench) -> None:
    gone = bench.connect(url=nobody_there())
    batch = make_batch(bench.esp)
    with pytest.raises(TryLater):
        gone.send(batch)
    gone.close()


def test_a_wrong_key_is_refused_with_the_variable_to_mend(bench: Bench) -> None:
    stranger = bench.connect(key="wrong")
    batch = make_batch(bench.esp)
    with pytest.raises(Refused, match=bench.key_name) as caught:
        stranger.send(batch)
    assert "wrong" not in str(caught.value)
    stranger.close()
    assert bench.inbox() == {}


# Stopping, suppressing, looking up: or saying plainly that it cannot


def test_what_is_scheduled_can_be_cancelled_or_is_refused(bench: Bench) -> None:
    esp, later = bench.esp, NOW + timedelta(hours=1)
    batch = make_batch(esp, send_at=later)
    if bench.can.schedule_ahead is None:
        with pytest.raises(Unsupported, match="cannot send at a later time"):
            esp.send(batch)
        return
    esp.send(batch)
    assert esp.batch_state(batch.batch_id) is BatchState.ACTIVE
    for _ in range(2):
        assert esp.cancel(batch.batch_id) is CancelState.CANCELLED
    assert esp.batch_state(batch.batch_id) is BatchState.CANCELLED
    assert bench.inbox() == {}


def test_too_near_its_time_it_is_too_late_to_cancel(bench: Bench) -> None:
    if bench.can.cancel_margin is None:
        with pytest.raises(Unsupported, match="cannot take back"):
            bench.esp.cancel("b")
        with pytest.raises(Unsupported, match="cannot take back"):
            bench.esp.batch_state("b")
        return
    batch = make_batch(bench.esp, send_at=NOW + bench.can.cancel_margin / 2)
    bench.esp.send(batch)
    assert bench.esp.cancel(batch.batch_id) is CancelState.TOO_LATE


def test_a_batch_nobody_sent_is_unknown(bench: Bench) -> None:
    if bench.can.cancel_margin is not None:
        assert bench.esp.cancel("no/such batch") is CancelState.UNKNOWN


def test_an_address_is_suppressed_until_it_is_lifted(bench: Bench) -> None:
    address = "a+b@mail.example"
    if not bench.can.suppresses:
        for act in (lambda: bench.esp.suppress([address]), lambda: bench.esp.lift("a")):
            with pytest.raises(Unsupported, match="suppression list"):
                act()
        return
    assert bench.is_suppressed is not None
    for _ in range(2):
        bench.esp.suppress([address, "other@mail.example"])
        assert bench.is_suppressed(address)
    for _ in range(2):
        bench.esp.lift(address)
        assert not bench.is_suppressed(address)
    assert bench.is_suppressed("other@mail.example")


def test_a_refused_suppression_does_not_repeat_the_address(bench: Bench) -> None:
    if bench.can.suppresses:
        with pytest.raises(Refused) as caught:
            bench.esp.suppress(["ok@mail.example", "bad@address@mail.example"])
        assert "bad@address" not in str(caught.value)


def test_a_look_up_names_the_sends_of_one_batch(bench: Bench) -> None:
    batch, other = make_batch(bench.esp), make_batch(bench.esp, make_mail(3))
    people = {number: f"Reader{number}@mail.example" for number in (1, 2, 3)}
    if bench.can.look_up_lag is None:
        with pytest.raises(Unsupported, match="cannot say"):
            bench.esp.look_up(batch.batch_id, people)
        return
    bench.esp.send(batch)
    bench.esp.send(other)
    assert bench.esp.look_up(batch.batch_id, people) == {1, 2}
    assert bench.esp.look_up("never-sent", people) == frozenset()


def test_a_send_that_went_silent_is_found_by_its_look_up(bench: Bench) -> None:
    if bench.can.look_up_lag is None:
        return
    bench.trouble(Trouble.SILENT_AFTER)
    batch = make_batch(bench.esp)
    with pytest.raises(OutcomeUnknown):
        bench.esp.send(batch)
    people = {mail.send_id: mail.to for mail in batch.mails}
    assert bench.esp.look_up(batch.batch_id, people) == {1, 2}


def test_two_batches_never_share_an_id(bench: Bench) -> None:
    ids = {bench.esp.new_batch() for _ in range(5)}
    assert len(ids) == 5
    # SparkPost: campaign_id, 64 bytes
    assert all(len(each.encode()) <= 64 for each in ids)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic Og=="}])
def test_without_its_secret_no_webhook_passes(bench: Bench, headers: Any) -> None:
    with pytest.raises(BadSignature):
        bench.esp.verify(headers, b"[]", now=NOW)
