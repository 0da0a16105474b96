"""oncall.yaml and runbooks/: what is read, and what is refused by name."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from domain.errors import Refused
from domain.incident import Cause, OnCall, retry_alert_after
from pipeline import wiring
from pipeline.playbook import load_playbook
from pipeline.playbook_oncall import load_on_call
from pipeline.playbook_scaled import playbook_of
from pipeline.playbook_values import PlaybookRefused
from pipeline.settings import refuse_unsigned
from tests.pipeline.lab import make_settings

SHIPPED = Path("playbook")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(SHIPPED, tmp_path / "playbook")
    return tmp_path / "playbook"


def say(folder: Path, text: str) -> None:
    (folder / "oncall.yaml").write_text(text, encoding="utf-8")


def test_the_shipped_playbook_has_a_runbook_for_every_cause() -> None:
    found = load_on_call(SHIPPED, 1)
    assert set(found.runbooks) == set(Cause)
    assert found.page_after == timedelta(minutes=5)
    assert found.second_person_within == timedelta(minutes=30)
    assert (found.page_url, found.ticket_url) == ("", "")


def test_without_the_file_the_usual_times_hold(folder: Path) -> None:
    (folder / "oncall.yaml").unlink()
    shutil.rmtree(folder / "runbooks")
    assert load_on_call(folder, 1) == OnCall()
    assert load_playbook(folder, time_scale=1).on_call == OnCall()


def test_practice_time_makes_neither_people_faster_nor_a_stop_late() -> None:
    found = load_on_call(SHIPPED, 10_000)
    assert found.page_after == timedelta(seconds=20)
    assert found.second_person_within == timedelta(minutes=2)


def test_addresses_are_read(folder: Path) -> None:
    say(folder, "page: https://pager.example.com/x?k=1\nticket: http://127.0.0.1:9/t\n")
    found = load_on_call(folder, 1)
    assert found.page_url == "https://pager.example.com/x?k=1"
    assert found.ticket_url == "http://127.0.0.1:9/t"


@pytest.mark.parametrize(
    "address",
    [
        "http://pager.example.com/x",
        "ftp://pager.example.com",
        "file:///etc/passwd",
        "https://",
        "https://user:secret-word@pager.example.com",
        "https://pager.example.com:notaport/",
        "https://[::1",
        "javascript:alert(1)",
        "3",
        "[https://a.example, https://b.example]",
        "''",
    ],
)
def test_an_address_that_is_none_is_refused_without_repeating_it(
    folder: Path, address: str
) -> None:
    say(folder, f"page: {address}\n")
    with pytest.raises(
        PlaybookRefused, match=r"oncall\.yaml: page must be one https"
    ) as no:
        load_on_call(folder, 1)
    assert "secret-word" not in str(no.value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("page_afer: 5 min", "does not know page_afer"),
        ("page_after: soon", 'page_after is "soon"'),
        ("page_after: 0 s", "more than 0 s is allowed"),
        ("second_person_within: -1 h", "second_person_within is"),
        ("- a\n- b", "must be a table"),
        ("page: [", "is not readable YAML"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    folder: Path, text: str, named: str
) -> None:
    say(folder, text)
    with pytest.raises(PlaybookRefused, match=named):
        load_on_call(folder, 1)


@pytest.mark.parametrize("name", ["complaints.md", "False_Positive.md", "x.md"])
def test_a_runbook_of_no_cause_is_refused(folder: Path, name: str) -> None:
    (folder / "runbooks" / name).write_text("# A\n\nb\n", encoding="utf-8")
    with pytest.raises(
        PlaybookRefused, match=r"allowed are false_positive\.md, harmful"
    ):
        load_on_call(folder, 1)


@pytest.mark.parametrize(
    "text",
    ["", "no title\nb", "# \nb", "# Title\n\n", "# T\n" + "b" * 9000, "# T\n\x00"],
)
def test_a_runbook_that_says_nothing_or_too_much_is_refused(
    folder: Path, text: str
) -> None:
    (folder / "runbooks" / "wrong_segment.md").write_text(text, encoding="utf-8")
    with pytest.raises(PlaybookRefused, match=r"runbooks/wrong_segment\.md"):
        load_on_call(folder, 1)


def test_a_runbook_that_is_no_text_is_refused(folder: Path) -> None:
    (folder / "runbooks" / "wrong_segment.md").write_bytes(b"# \xff\xfe\n1")
    with pytest.raises(PlaybookRefused, match="not readable UTF-8"):
        load_on_call(folder, 1)


def test_the_judges_triggers_know_where_to_begin_and_a_click_does_not() -> None:
    found = load_on_call(SHIPPED, 1)
    by_trigger = {
        trigger: found.runbook(None, trigger)
        for trigger in ("complaints", "hard_bounces", "button", "never heard of")
    }
    causes = [book and book.cause for book in by_trigger.values()]
    assert causes == [Cause.DELIVERABILITY_HIT] * 2 + [None] * 2
    said = found.runbook(Cause.WRONG_SEGMENT, "complaints")
    assert said is not None
    assert said.cause is Cause.WRONG_SEGMENT


def test_nothing_is_posted_unsigned(tmp_path: Path, folder: Path) -> None:
    settings = make_settings(tmp_path, COPYDESK_PLAYBOOK=folder)
    refuse_unsigned(settings, ("", ""))
    with pytest.raises(Refused, match="COPYDESK_WEBHOOK_KEY must hold at least 16"):
        refuse_unsigned(settings, ("https://pager.example.com", ""))
    signed = settings.model_copy(update={"webhook_key": SecretStr("k" * 16)})
    refuse_unsigned(signed, ("https://pager.example.com", ""))
    say(folder, "page: https://pager.example.com\n")
    with pytest.raises(Refused, match="COPYDESK_WEBHOOK_KEY"):
        wiring.build(settings)
    # a shell that stops a campaign needs no key
    assert playbook_of(settings).on_call.page_url


@given(attempts=st.integers(0, 10_000))
def test_waits_between_tries_grow_and_never_exceed_a_minute(attempts: int) -> None:
    wait = retry_alert_after(attempts)
    assert timedelta(seconds=1) <= wait <= timedelta(minutes=1)
    assert retry_alert_after(attempts + 1) >= wait
